// Our engine against onnxruntime on the very same converted files. The picture has the network's
// input size, so nothing is resized and both see the same numbers.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { before, test } from 'node:test';
import ort from 'onnxruntime-web';
import { createEngine } from '../../wasm/modelspider.mjs';
import { convertModel } from '../../zoo/convert/convert.mjs';
import { normalise, picture } from './picture.mjs';
import { readWasm } from '../wasm/wasm-file.mjs';

const { encoder, models } = JSON.parse(await readFile(new URL('../../zoo/browser/manifest.json', import.meta.url), 'utf8'));
const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
/** @type {import('../../wasm/modelspider.mjs').Engine} */
let engine;

before(async () => {
  ort.env.wasm.numThreads = 1;
  engine = await createEngine(await readWasm());
});

for (const entry of [encoder, ...models]) {
  test(`${entry.id} agrees with onnxruntime`, async () => {
    const bytes = await convertModel(entry, { packageRoot });
    const image = picture(entry.input.width, entry.input.height);
    const network = engine.loadNetwork(bytes, { ...entry.input, signature: false });
    const ours = network.embed(image);
    network.destroy();
    const session = await ort.InferenceSession.create(bytes);
    const outputs = await session.run({ [session.inputNames[0]]: normalise(ort, entry.input, image.data) });
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

test('the encoder needs at most 24 MB, and 50 images more take none', async () => {
  const bytes = await convertModel(encoder, { packageRoot });
  const ownEngine = await createEngine(await readWasm());
  const network = ownEngine.loadNetwork(bytes, encoder.input);
  const image = picture(encoder.input.width, encoder.input.height);
  network.embed(image);
  const size = ownEngine.memorySize;
  assert.ok(size <= 24e6, `${size} bytes`);
  for (let i = 0; i < 50; i++) {
    network.embed(image);
  }
  assert.equal(ownEngine.memorySize, size);
});
