// Our engine against onnxruntime on the very same converted files. The picture has the network's
// input size, so nothing is resized and both see the same numbers.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { before, test } from 'node:test';
import ort from 'onnxruntime-web';
import { createEngine } from '../../wasm/modelspider.mjs';
import { convertModel } from '../../zoo/convert/convert.mjs';
import { readWasm } from '../wasm/wasm-file.mjs';

const { encoder, models } = JSON.parse(await readFile(new URL('../../zoo/browser/manifest.json', import.meta.url), 'utf8'));
const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
/** @type {import('../../wasm/modelspider.mjs').Engine} */
let engine;

before(async () => {
  ort.env.wasm.numThreads = 1;
  engine = await createEngine(await readWasm());
});

/** Waves of colour and noise, the same every time. @param {number} width @param {number} height */
function picture(width, height) {
  const data = new Uint8ClampedArray(width * height * 4);
  let state = 1;
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < 3; k++) {
      state = (state * 48271) % 2147483647;
      data[4 * i + k] = 127 + 90 * Math.sin((i % width) / 9 + k) + (state % 37);
    }
    data[4 * i + 3] = 255;
  }
  return { data, width, height };
}

/** The input as the recipe says, in ONNX's order. @param {any} input @param {Uint8ClampedArray} data */
function normalise({ width, height, channels, mean, std }, data) {
  const count = width * height;
  const planes = channels === 'grey' ? 1 : 3;
  const values = new Float32Array(planes * count);
  for (let i = 0; i < count; i++) {
    const [red, green, blue] = data.subarray(4 * i, 4 * i + 3);
    const ordered = { rgb: [red, green, blue], bgr: [blue, green, red], grey: [0.299 * red + 0.587 * green + 0.114 * blue] }[/** @type {'rgb' | 'bgr' | 'grey'} */ (channels)];
    ordered.forEach((value, k) => { values[k * count + i] = (value - mean[k]) / std[k]; });
  }
  return new ort.Tensor('float32', values, [1, planes, height, width]);
}

for (const entry of [encoder, ...models]) {
  test(`${entry.id} agrees with onnxruntime`, async () => {
    const bytes = await convertModel(entry, { packageRoot });
    const image = picture(entry.input.width, entry.input.height);
    const network = engine.loadNetwork(bytes, { ...entry.input, signature: false });
    const ours = network.embed(image);
    network.destroy();
    const session = await ort.InferenceSession.create(bytes);
    const outputs = await session.run({ [session.inputNames[0]]: normalise(entry.input, image.data) });
    const theirs = /** @type {Float32Array} */ (outputs[session.outputNames[0]].data);
    await session.release();
    assert.equal(ours.length, theirs.length);
    const dot = (/** @type {Float32Array} */ a, /** @type {Float32Array} */ b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
    const cosine = dot(ours, theirs) / Math.sqrt(dot(ours, ours) * dot(theirs, theirs));
    assert.ok(cosine >= 0.99999, `cosine ${cosine}`);
    // Both round every sum of some thousand products to float, in different orders.
    const worst = Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]))) / Math.sqrt(dot(theirs, theirs));
    assert.ok(worst <= 1e-4, `largest difference ${worst} of the norm`);
  });
}
