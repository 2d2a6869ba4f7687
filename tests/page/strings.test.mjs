// The page's languages have the same strings, and the page uses each of them.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { strings as english } from '../../web/strings/en.mjs';
import { purposes, strings as chinese } from '../../web/strings/zh.mjs';

const web = fileURLToPath(new URL('../../web', import.meta.url));

/** Keys that are put together at run time. */
const composed = /^(reason|samples|kind|head)\./;

async function readPage() {
  const names = await readdir(web, { recursive: true });
  const sources = names.filter((name) => /\.(mjs|html)$/.test(name) && !/^(strings|build)\//.test(name));
  return (await Promise.all(sources.map((name) => readFile(join(web, name), 'utf8')))).join('\n');
}

test('English and Chinese have the same keys with the same kind of value', () => {
  const kinds = (/** @type {Record<string, unknown>} */ strings) =>
    Object.fromEntries(Object.entries(strings).map(([key, value]) =>
      [key, typeof value === 'function' ? `function of ${value.length}` : typeof value]).sort());
  // English plurals may take the same count twice, so only the number of values is compared.
  assert.deepEqual(kinds(chinese), kinds(english));
});

test('what every model was made for is there in Chinese', async () => {
  const { models } = JSON.parse(await readFile(join(web, '../zoo/browser/manifest.json'), 'utf8'));
  const wanted = new Set(models.map((/** @type {{trained_for: string}} */ { trained_for: purpose }) => purpose));
  assert.deepEqual([...wanted].filter((purpose) => !Object.hasOwn(purposes, purpose)), []);
});

test('no Chinese string is English that was forgotten', () => {
  // Names of products, formats and units, and what looks the same in both.
  const known = /modelspider|WebAssembly|SIMD|JavaScript|Chrome|Firefox|Safari|English|Fashion-MNIST|ONNX|zip64|zip|JPEG|PNG|WebP|GIF|AVIF|BMP|SVG|MiB|GiB|Markdown|CSV|JSON/g;
  const forgotten = Object.entries(chinese).filter(([key, value]) => {
    const text = String(typeof value === 'function' ? value(2, 3, 4) : value);
    return /[a-z]{3}/i.test(text.replaceAll(known, '')) && key !== 'model.purpose';
  });
  assert.deepEqual(forgotten, []);
});

test('every string that the page asks for exists', async () => {
  const text = await readPage();
  const asked = [...text.matchAll(/\bt\(\s*'([\w.-]+)'|data-(?:text|label|title)="([\w.-]+)"/g)].map(([, a, b]) => a ?? b);
  assert.ok(asked.length > 50, `only ${asked.length} uses found`);
  assert.deepEqual(asked.filter((key) => !Object.hasOwn(english, key)), []);
});

test('no string is without use', async () => {
  const text = await readPage();
  const unused = Object.keys(english).filter((key) => !composed.test(key) && !text.includes(`'${key}'`) && !text.includes(`"${key}"`));
  assert.deepEqual(unused.filter((key) => !/^ranking\.(table|plot|map|why)$/.test(key)), []);
});
