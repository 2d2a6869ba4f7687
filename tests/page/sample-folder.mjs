// Folders of small pictures for tests of the page, made from shapes and colours by a fixed seed.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

/** Numerical Recipes' generator: enough for colours. @param {number} seed @returns {() => number} 0 … 1 */
function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** @type {((random: () => number) => string)[]} what a class shows */
const shapes = [
  (random) => `<circle cx="${30 + random() * 36}" cy="${30 + random() * 36}" r="${12 + random() * 14}"/>`,
  (random) => `<rect x="${10 + random() * 30}" y="${10 + random() * 30}" width="${20 + random() * 30}" height="${20 + random() * 30}"/>`,
  (random) => `<path d="M48 ${8 + random() * 20}L${70 + random() * 20} 84L${6 + random() * 20} 84z"/>`,
];

/** @param {number} kind @param {() => number} random @returns {Promise<Buffer>} a PNG */
export function drawPicture(kind, random) {
  const hue = () => Math.floor(random() * 360);
  const shape = shapes[kind % shapes.length](random);
  return sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"><rect width="96" height="96" fill="hsl(${hue()} 40% 85%)"/><g fill="hsl(${(hue() + kind * 47) % 360} 70% 40%)">${shape}</g></svg>`)).png().toBuffer();
}

/**
 * @param {Record<string, number>} classes how many pictures of each
 * @param {Record<string, string | Uint8Array>} [others] further files by path
 * @returns {Promise<{folder: string, remove(): Promise<void>}>}
 */
export async function makeFolder(classes, others = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'modelspider-page-'));
  const random = createRandom(20231);
  for (const [i, [name, count]] of Object.entries(classes).entries()) {
    await mkdir(join(folder, name), { recursive: true });
    for (let j = 0; j < count; j++) {
      await writeFile(join(folder, name, `${String(j).padStart(3, '0')}.png`), await drawPicture(i, random));
    }
  }
  for (const [path, content] of Object.entries(others)) {
    await writeFile(join(folder, path), content);
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
