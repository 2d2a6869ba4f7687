// node bench/start-once.mjs WARM INPUT < FILE.onnx: one process of start.mjs, with a warm-up where WARM
// is 1; INPUT is the network's recipe. Prints JSON, in milliseconds and bytes.
import { setTimeout } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { picture } from '../tests/parity/picture.mjs';
import { readWasm } from '../tests/wasm/wasm-file.mjs';
import { createEngine } from '../wasm/modelspider.mjs';

/** While the user picks files, or the first is decoded. */
const pause = 100;
const imagesAfterFirst = 30;

/** @type {Record<string, number>} */
const measured = {};

/** @template T @param {string} name @param {() => T | Promise<T>} work @returns {Promise<T>} */
async function time(name, work) {
  const started = performance.now();
  const result = await work();
  measured[name] = performance.now() - started;
  return result;
}

const [warm, recipe] = process.argv.slice(2);
const input = JSON.parse(recipe);
const image = picture(input.width, input.height);
const bytes = new Uint8Array(await buffer(process.stdin));
const wasm = await readWasm();
const engine = await time('compile', () => createEngine(wasm));
const network = await time('load', () => engine.loadNetwork(bytes, input));
if (warm === '1') {
  await time('warmUp', () => network.warmUp());
  await setTimeout(pause);
}
await time('first', () => network.embed(image));
const rest = [];
for (let i = 0; i < imagesAfterFirst; i++) {
  const started = performance.now();
  network.embed(image);
  rest.push(performance.now() - started);
}
measured.steady = rest.sort((a, b) => a - b)[imagesAfterFirst / 2];
measured.memory = engine.memorySize;
process.stdout.write(JSON.stringify(measured));
