// The bytes of the built page, gzipped as a server would send them.
import { readFile, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { builtPage } from './browser.mjs';

/** @param {string} path below the page */
const gzipped = async (path) => gzipSync(await readFile(join(builtPage, path))).length;

/** @param {number[]} values */
const sum = (values) => values.reduce((total, value) => total + value, 0);

/**
 * @returns {Promise<{firstPaint: number, scripts: number, engine: number, encoder: number,
 *   precached: number}>} firstPaint: the document and what it names; precached: all but models,
 *   gzipped as well
 */
export async function weighPage() {
  const html = await readFile(join(builtPage, 'index.html'), 'utf8');
  const named = [...html.matchAll(/<(?:link|script)\b[^>]*\b(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path);
  const files = (await readdir(builtPage, { recursive: true })).filter((path) => extname(path) !== '');
  const kept = files.filter((path) => !path.startsWith('zoo/models/'));
  return {
    firstPaint: sum(await Promise.all(['index.html', ...named].map(gzipped))),
    scripts: sum(await Promise.all(files.filter((path) => path.endsWith('.js')).map(gzipped))),
    engine: await gzipped('engine/modelspider.wasm'),
    encoder: await gzipped('zoo/encoder.onnx'),
    precached: sum(await Promise.all(kept.map(gzipped))),
  };
}
