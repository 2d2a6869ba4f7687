// Files from outside: cut short or with flipped bits they give one ConversionError that names the
// file, or convert to something; they never hang and never fail in another way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConversionError } from '../../zoo/convert/conversion-error.mjs';
import { convertFiles } from '../../zoo/convert/convert.mjs';
import { toHalf } from '../../zoo/convert/float16.mjs';
import { measure } from '../../zoo/convert/measure.mjs';
import { readTfjsJson } from '../../zoo/convert/tfjs-files.mjs';
import { attr, randomFloats, tfjsGraphFiles, tfliteFile, tinyRecipe } from './tiny-models.mjs';

const size = { width: 8, height: 8 };

const tflite = tfliteFile({
  ...size,
  filters: 2,
  halves: Uint16Array.from(randomFloats(54, 1), toHalf),
  bias: randomFloats(2, 2),
});
const tfliteRecipe = tinyRecipe('tflite', 'tiny.tflite', ['block/Relu6'], size);
const convertTflite = (bytes) => convertFiles(tfliteRecipe, [{ file: 'tiny.tflite', bytes }], '');

const graphFiles = tfjsGraphFiles(
  [1, 8, 8, 3],
  [
    {
      name: 'c',
      op: 'Conv2D',
      input: ['image', 'w'],
      attr: { strides: attr.ints([1, 2, 2, 1]), padding: attr.text('SAME') },
    },
    { name: 'r', op: 'Reshape', input: ['c', 'shape'] },
    { name: 'out', op: 'AddV2', input: ['r', 'b'] },
  ],
  {
    w: { shape: [3, 3, 3, 2], data: randomFloats(54, 3) },
    shape: { shape: [4], data: Int32Array.of(1, 4, 4, 2) },
    b: { shape: [2], data: randomFloats(2, 4) },
  },
);
const graphRecipe = tinyRecipe('tfjs-graph', 'tiny.json', ['out'], size);
const convertGraph = (json, weights) =>
  convertFiles(graphRecipe, [{ file: 'tiny.json', bytes: json }, { file: 'tiny.bin', bytes: weights }], '');

const onnx = convertGraph(graphFiles[0].bytes, graphFiles[1].bytes);
const onnxRecipe = tinyRecipe('onnx', 'tiny.onnx', ['features'], size);
const convertOnnx = (bytes) => convertFiles(onnxRecipe, [{ file: 'tiny.onnx', bytes }], '');

/**
 * @param {() => unknown} convert
 * @param {RegExp} file
 * @param {string} what
 * @returns {boolean} whether it was refused
 */
function refuses(convert, file, what) {
  try {
    convert();
    return false;
  } catch (error) {
    assert.ok(error instanceof ConversionError, `${what}: ${error.stack}`);
    assert.match(error.message, file, what);
    return true;
  }
}

/** @param {Uint8Array} bytes @param {(damaged: Uint8Array) => unknown} convert @param {RegExp} file */
function flipEveryByte(bytes, convert, file) {
  let refused = 0;
  for (let at = 0; at < bytes.length; at++) {
    for (const mask of [0x01, 0x80, 0xff]) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] ^= mask;
      refused += refuses(() => convert(damaged), file, `byte ${at} ^ ${mask}`) ? 1 : 0;
    }
  }
  assert.ok(refused > 0, 'some damage is found');
}

test('the undamaged models convert', () => {
  for (const bytes of [convertTflite(tflite), onnx, convertOnnx(onnx)]) {
    assert.ok(measure(bytes).macs > 0);
  }
});

test('a TFLite file cut anywhere is refused, or lacks nothing that was needed', () => {
  for (let length = 0; length < tflite.length; length++) {
    refuses(() => convertTflite(tflite.slice(0, length)), /^tiny\.tflite: /, `${length} bytes`);
  }
  assert.throws(() => convertTflite(tflite.slice(0, 40)), /^ConversionError: tiny\.tflite: /);
  assert.throws(() => convertTflite(new Uint8Array(0)), ConversionError);
  assert.throws(() => convertTflite(new Uint8Array(64)), /not a TFLite file/);
});

test('a TFLite file with any byte flipped is refused or converts', () => {
  flipEveryByte(tflite, convertTflite, /^tiny\.tflite: /);
});

test('a TF.js model cut or damaged in its JSON is refused or converts', () => {
  const [{ bytes: json }, { bytes: weights }] = graphFiles;
  for (let length = 0; length < json.length; length++) {
    assert.ok(refuses(() => convertGraph(json.slice(0, length), weights), /^tiny\.json: /, `${length} bytes`));
  }
  flipEveryByte(json, (damaged) => convertGraph(damaged, weights), /^tiny\.json: /);
});

test('TF.js weights that are too short or too long are refused', () => {
  const [{ bytes: json }, { bytes: weights }] = graphFiles;
  for (let length = 0; length < weights.length; length++) {
    assert.ok(refuses(() => convertGraph(json, weights.slice(0, length)), /passes the end/, `${length} bytes`));
  }
  assert.throws(() => convertGraph(json, Buffer.concat([weights, Buffer.of(0)])), /take \d+ of \d+ bytes/);
  const rest = weights.slice(250);
  const convert = (part) => convertGraph(json, Buffer.concat([part, rest]));
  flipEveryByte(weights.slice(0, 250), convert, /^tiny\.json: /);
});

test('an ONNX file cut or damaged anywhere is refused or converts, and is measured or not', () => {
  for (let length = 0; length < onnx.length; length++) {
    refuses(() => convertOnnx(onnx.slice(0, length)), /^tiny\.onnx: /, `${length} bytes`);
    refuses(() => measure(onnx.slice(0, length), 'tiny.onnx'), /^tiny\.onnx: /, `${length} bytes`);
  }
  flipEveryByte(onnx, convertOnnx, /^tiny\.onnx: /);
  flipEveryByte(onnx, (damaged) => measure(damaged, 'tiny.onnx'), /^tiny\.onnx: /);
});

test('a graph with a cycle, an unknown operator or a missing tap is refused by name', () => {
  const model = readTfjsJson('tiny.json', graphFiles[0].bytes);
  const withNode = (change) => {
    const copy = structuredClone(model);
    Object.assign(copy.modelTopology.node.find(({ name }) => name === 'c'), change);
    return new TextEncoder().encode(JSON.stringify(copy));
  };
  const weights = graphFiles[1].bytes;
  const convert = (change) => () => convertGraph(withNode(change), weights);
  assert.throws(convert({ input: ['out', 'w'] }), /tiny\.json: the graph has a cycle/);
  assert.throws(convert({ op: 'Fancy' }), /tiny\.json: .*the TensorFlow operator Fancy is not supported/);
  assert.throws(convert({ name: 'other' }), /tiny\.json: no node or weight is called c/);
});

test('a chain of a hundred thousand nodes does not exhaust the stack', () => {
  const nodes = Array.from({ length: 100000 }, (_, i) => ({
    name: `n${i}`,
    op: 'Identity',
    input: [i === 0 ? 'image' : `n${i - 1}`],
  }));
  const files = tfjsGraphFiles([1, 8, 8, 3], nodes, {});
  assert.ok(convertFiles(tinyRecipe('tfjs-graph', 'tiny.json', ['n99999'], size), files, '').length > 0);
});
