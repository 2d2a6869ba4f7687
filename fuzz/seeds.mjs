// The inputs that the fuzzers start from, small and well-formed, made anew each time.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { operatorNetworks } from './onnx-seeds.mjs';
import { tinyNetwork } from '../tests/wasm/tiny-network.mjs';

/**
 * @param {object} header
 * @param {number} dataSize
 * @returns {Uint8Array} a safetensors file whose data are 0, 1, 2, …
 */
function safetensors(header, dataSize) {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataSize);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(Uint8Array.from({ length: dataSize }, (_, i) => i), 8 + text.length);
  return bytes;
}

/** @param {string} id @returns {object} an entry of a zoo's manifest */
function model(id) {
  const sha256 = '0123456789abcdef'.repeat(4);
  return {
    id,
    name: 'Net',
    trained_for: 'detection',
    architecture: 'MobileNetV2',
    source: { package: '@scope/name', version: '1.0.0', file: 'a/b.json', sha256, format: 'tflite', offset: 0, size: 9 },
    taps: ['block/Relu6'],
    input: { width: 224, height: 192, channels: 'rgb', fit: 'crop', mean: [0, 0, 0], std: [1, 1, 1] },
    features: 1280,
    parameters: 2223872,
    macs: 299000000,
    onnx: { sha256, bytes: 4500000 },
    licence: 'Apache-2.0',
    origin: 'a project',
    note: 'é',
  };
}

/** @param {number[]} shape the first six bytes @param {number} width @param {number} height */
const image = (shape, width, height) => (
  Uint8Array.from({ length: 6 + width * height * 4 }, (_, i) => shape[i] ?? i * 37));

/**
 * Rows for metrics_fuzz.c, dealt to the classes one after another, once for each group of metrics.
 *
 * @param {number[]} header how features are read, their number, repeats, classes, and both options
 * @param {number} count
 * @param {(row: number, column: number) => number} feature a byte
 * @returns {Uint8Array[]}
 */
function labelled([reading, width, repeats, classCount, ...options], count, feature) {
  const valueSize = reading === 1 ? 4 : 1;
  const rows = Array.from({ length: count }, (_, row) => (
    [row % classCount, ...Array.from({ length: width * valueSize }, (__, column) => feature(row, column))]));
  return Array.from({ length: 7 }, (_, group) => (
    Uint8Array.from([group, reading, width, repeats - 1, classCount, ...options, ...rows.flat()])));
}

/** @type {Record<string, () => Uint8Array[]>} by fuzz target */
const seeds = {
  image: () => [
    image([7, 7, 16, 0, 0, 0], 16, 12),
    image([31, 20, 5, 1, 1, 0], 5, 9),
    image([0, 255, 40, 0, 2, 0], 40, 30),
  ],
  manifest: () => [
    { schema: 1, zoo: 'browser', encoder: model('encoder'), models: [model('b'), model('a-1')] },
  ].map((manifest) => new TextEncoder().encode(JSON.stringify(manifest))),
  metrics: () => {
    const mixed = (/** @type {number} */ row, /** @type {number} */ column) => row % 3 * 20 + (row * 37 + column * 101) % 89 + 64;
    // The exponents of floats near 1 are in their last byte.
    const near1 = (/** @type {number} */ row, /** @type {number} */ column) => (
      column % 4 === 3 ? 0x3f : (row * 37 + column * 101) % 256);
    return [
      ...labelled([0, 4, 1, 3, 5, 0], 24, mixed),
      ...labelled([0, 16, 1, 3, 64, 1], 12, mixed),
      ...labelled([0, 6, 4, 2, 0, 2], 10, mixed),
      ...labelled([1, 5, 1, 3, 2, 0], 15, near1),
      ...labelled([2, 5, 2, 4, 2, 6], 16, (row, column) => (row * 7 + column * 5) % 256),
      ...labelled([3, 5, 1, 3, 3, 5], 15, mixed),
      ...labelled([0, 3, 1, 2, 1, 0], 8, () => 130),
    ];
  },
  onnx: () => [tinyNetwork(1), tinyNetwork(2, 3), ...operatorNetworks()],
  safetensors: () => [
    safetensors({}, 0),
    safetensors({
      __metadata__: { encoder: 'abc', é: 'a\nb' },
      weights: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
      bias: { dtype: 'I64', shape: [], data_offsets: [24, 32] },
      none: { dtype: 'U8', shape: [0], data_offsets: [32, 32] },
    }, 32),
  ],
};

/** The names of the fuzz targets. */
export const targets = Object.keys(seeds);

/**
 * @param {string} target
 * @param {string} folder receives one file a seed
 */
export async function writeSeeds(target, folder) {
  await mkdir(folder, { recursive: true });
  await Promise.all(seeds[target]().map((bytes, i) => writeFile(join(folder, `seed-${i}`), bytes)));
}
