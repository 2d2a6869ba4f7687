// The small head that looks at new images, the labels of the plot, and the lines of code to copy.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NearestHead, findConfusions, guessLinear } from '../../web/head.mjs';
import { javascriptSnippet, pythonSnippet } from '../../web/snippets.mjs';
import { placeLabels } from '../../web/views/place-labels.mjs';

/** @param {string} name @param {...number[]} rows */
const labelled = (name, ...rows) => ({ name, features: rows.map((row) => Float32Array.from(row)) });

test('an image is taken for the class that it lies among', () => {
  const classes = [labelled('a', [1, 0], [0.9, 0.1], [1.1, 0]), labelled('b', [0, 1], [0.1, 0.9], [0, 1.1])];
  const [first, second] = new NearestHead(classes).guess(Float32Array.of(0.95, 0.02));
  assert.equal(first.name, 'a');
  assert.ok(first.share > 0.8, `${first.share}`);
  assert.ok(Math.abs(first.share + second.share - 1) < 1e-12);
});

test('features that are all alike give shares that are numbers', () => {
  const classes = [labelled('a', [1, 1], [1, 1]), labelled('b', [1, 1])];
  const shares = new NearestHead(classes).guess(Float32Array.of(1, 1)).map(({ share }) => share);
  assert.ok(shares.every(Number.isFinite));
});

test('a linear head says what softmax of its logits says', () => {
  const head = { weights: Float32Array.of(1, 2, -1, 0.5), intercepts: Float32Array.of(0.25, -3) };
  const [first, second] = guessLinear(head, [labelled('a'), labelled('b')], Float32Array.of(0.5, 1));
  // Logits 2.75 and -3; 1 / (1 + exp(-5.75)) = 0.996827…
  assert.deepEqual([first.name, second.name], ['a', 'b']);
  assert.ok(Math.abs(first.share - 0.9968269) < 1e-6, `${first.share}`);
  // Logits of hundreds overflow no exponential.
  const [sure] = guessLinear({ ...head, intercepts: Float32Array.of(800, -800) }, [labelled('a'), labelled('b')], Float32Array.of(0, 0));
  assert.deepEqual(sure, { name: 'a', share: 1 });
});

test('classes that lie within each other are found, others are not', () => {
  const classes = [
    labelled('near', [1, 0, 0], [1, 0.2, 0]), labelled('nearer', [1, 0.05, 0], [1, 0.25, 0]), labelled('far', [-1, 0, 3], [-1, 0, 3.1]),
  ];
  const { pairs, right, total } = findConfusions(classes);
  assert.deepEqual(pairs, [{ a: 'near', b: 'nearer', count: 4 }]);
  assert.deepEqual([right, total], [2, 6]);
});

test('names do not cover each other or the dots, and stay in the plot', () => {
  const points = Array.from({ length: 30 }, (_, i) => ({ x: 60 + (i % 6) * 75, y: 50 + Math.floor(i / 6) * 9, text: `model ${i}` }));
  const places = placeLabels(points, { left: 40, right: 500 });
  const boxes = places.flatMap((place, i) => {
    const width = points[i].text.length * 6.6;
    return place ? [{ left: place.anchor === 'start' ? place.x : place.x - width, width, top: place.y - 11 }] : [];
  });
  assert.ok(boxes.length >= 5, `only ${boxes.length} names`);
  boxes.forEach((a, i) => {
    assert.ok(a.left >= 40 && a.left + a.width <= 500);
    boxes.slice(i + 1).forEach((b) => assert.ok(a.left + a.width <= b.left || b.left + b.width <= a.left || Math.abs(a.top - b.top) >= 14));
  });
});

const entry = {
  id: 'm', name: 'M', trained_for: '', architecture: '', licence: 'MIT', origin: '', features: 8, parameters: 1, macs: 1,
  source: { package: 'p', version: '1', file: 'f' }, onnx: { sha256: '', bytes: 1 },
  input: { width: 20, height: 10, channels: /** @type {const} */ ('rgb'), fit: /** @type {const} */ ('crop'), mean: [1, 2, 3], std: [4, 5, 6] },
};

/**
 * Runs the JavaScript of the page on a picture of one colour.
 *
 * @param {any} model
 * @param {number[]} colour
 */
async function runSnippet(model, colour) {
  const code = javascriptSnippet(model).replace(/^import .*$/m, '').replace('export async function', 'return async function').replace(/^const session = await /m, 'const session = ');
  const { width, height } = model.input;
  /** @type {any} */
  let fed;
  const session = {
    inputNames: ['in'], outputNames: ['out'],
    async run(/** @type {any} */ feeds) {
      fed = feeds.in;
      return { out: { dims: [1, 2, 1, 2], data: Float32Array.of(1, 3, 10, 20) } };
    },
  };
  const ort = { InferenceSession: { create: () => session }, Tensor: class { constructor(/** @type {string} */ type, /** @type {Float32Array} */ data, /** @type {number[]} */ dims) { Object.assign(this, { type, data, dims }); } } };
  const data = new Uint8ClampedArray(width * height * 4).map((_, i) => [...colour, 255][i % 4]);
  const context = { fillRect() {}, drawImage() {}, getImageData: () => ({ data }) };
  const Canvas = class { getContext() { return context; } };
  const featuresOf = new Function('ort', 'createImageBitmap', 'OffscreenCanvas', code)(ort, async () => ({ width: 40, height: 40 }), Canvas);
  return { features: await featuresOf('blob'), fed };
}

test('the JavaScript that the page gives out feeds a model by its recipe', async () => {
  const { features, fed } = await runSnippet(entry, [11, 22, 33]);
  assert.deepEqual([...features], [2, 15]);
  assert.deepEqual(fed.dims, [1, 3, 10, 20]);
  assert.deepEqual([fed.data[0], fed.data[200], fed.data[400]], [10 / 4, 4, 5].map(Math.fround));
});

test('other channel orders and grey are fed in their order', async () => {
  const bgr = await runSnippet({ ...entry, input: { ...entry.input, channels: 'bgr' } }, [11, 22, 33]);
  assert.deepEqual([bgr.fed.data[0], bgr.fed.data[400]], [(33 - 1) / 4, (11 - 3) / 6].map(Math.fround));
  const grey = await runSnippet({ ...entry, input: { ...entry.input, channels: 'grey', mean: [0], std: [1] } }, [100, 100, 100]);
  assert.deepEqual(grey.fed.dims, [1, 1, 10, 20]);
  assert.ok(Math.abs(grey.fed.data[0] - 100) < 1e-4);
});

test('the Python that the page gives out names file, size and numbers', () => {
  const code = pythonSnippet(entry);
  for (const part of ['InferenceSession("m.onnx")', '(20, 10)', '[1, 2, 3]', '[4, 5, 6]']) {
    assert.ok(code.includes(part), part);
  }
});
