// node consumer.mjs  A program of a user of the npm package, beside whose node_modules it lies: ranks
// pictures that it draws, as encoded files and as pixels, and prints both rankings.
import { writeFileSync } from 'node:fs';
import sharp from 'sharp';
import { fetchModels, openRanker, toCsv } from 'modelspider';
import { createEngine } from 'modelspider/wasm/modelspider.mjs';

const size = 40;

/** Stripes of a width, moved a little from picture to picture. @param {number} width @param {number} shift */
function drawStripes(width, shift) {
  const data = new Uint8Array(size * size * 4).fill(255);
  for (let i = 0; i < size * size; i++) {
    const value = Math.floor((i % size + shift) / width) % 2 ? 230 : 20 + shift * 9;
    data.fill(value, i * 4, i * 4 + 3);
  }
  return { data, width: size, height: size };
}

const classes = [2, 5, 11].map((width) =>
  ({ name: `stripes of ${width}`, images: [0, 1, 2, 3, 4].map((shift) => drawStripes(width, shift)) }));
const encoded = await Promise.all(classes.map(async ({ name, images }, c) => ({
  name,
  images: await Promise.all(images.map(async ({ data, width, height }, i) => {
    const bytes = new Uint8Array(await sharp(data, { raw: { width, height, channels: 4 } }).png().toBuffer());
    writeFileSync(`${c}-${i}.png`, bytes);
    return i % 2 ? bytes : `${c}-${i}.png`;
  })),
})));

await fetchModels(['encoder', 'ppocr-cls']);
/** @type {string[]} */
const messages = [];
const ranker = await openRanker({ workers: 2, onMessage: (kind, text) => messages.push(`${kind}: ${text}`) });
const fromPixels = await ranker.rank(classes);
const [fromFiles, again] = await Promise.all([ranker.rank(encoded, { rerank: 1 }), ranker.rank(encoded)]);
const reasons = await Promise.all([ranker.rank([]), ranker.rank('nowhere')].map((wrong) =>
  wrong.catch((error) => `${error.kind}: ${error.message}`)));
ranker.close();
process.stdout.write(JSON.stringify({
  fromPixels, fromFiles, again, messages, reasons, rows: toCsv(again).trim().split('\n').length, models: ranker.models.length,
  engine: typeof createEngine,
}));
