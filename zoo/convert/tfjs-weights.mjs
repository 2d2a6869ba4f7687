// The weights manifest of TF.js models: dense arrays one after another, some of them quantised.
import { fromHalves } from './float16.mjs';
import { countOf } from './source-graph.mjs';

/**
 * @typedef {import('./source-graph.mjs').Constant} Constant
 * @typedef {{name: string, shape: number[], dtype: string,
 *   quantization?: {dtype: string, scale?: number, min?: number}}} Weight
 */

/** @type {Record<string, number>} */
const widths = { float32: 4, int32: 4, uint16: 2, float16: 2, uint8: 1, bool: 1 };

/**
 * @param {{weights: Weight[]}[]} manifest
 * @param {Uint8Array} bytes all shards, joined
 * @returns {Map<string, Constant>}
 */
export function readWeights(manifest, bytes) {
  const constants = new Map();
  let at = 0;
  for (const weight of manifest.flatMap((group) => group.weights)) {
    const stored = weight.quantization?.dtype ?? weight.dtype;
    const size = countOf(weight.shape) * widths[stored];
    if (!Number.isInteger(size) || size < 0 || at + size > bytes.length) {
      throw new Error(
        `the weight ${weight.name} (${stored} [${weight.shape}]) passes the end of ${bytes.length} bytes`,
      );
    }
    // A copy, because the typed arrays want aligned bytes.
    const data = decode(weight, stored, new Uint8Array(bytes.subarray(at, at + size)).buffer);
    constants.set(weight.name, { shape: weight.shape, data });
    at += size;
  }
  if (at !== bytes.length) {
    throw new Error(`the weights take ${at} of ${bytes.length} bytes`);
  }
  return constants;
}

/**
 * @param {Weight} weight
 * @param {string} stored
 * @param {ArrayBuffer} buffer
 * @returns {Constant['data']}
 */
function decode({ name, dtype, quantization }, stored, buffer) {
  const { scale = 1, min = 0 } = quantization ?? {};
  switch (stored) {
    case 'float32':
      return new Float32Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'float16':
      return fromHalves(new Uint16Array(buffer));
    case 'uint16':
      return dequantise(new Uint16Array(buffer), dtype, scale, min);
    case 'uint8':
    case 'bool':
      return dequantise(new Uint8Array(buffer), dtype, scale, min);
    default:
      throw new Error(`the weight ${name} has the element type ${stored}`);
  }
}

/**
 * @param {Uint8Array | Uint16Array} levels
 * @param {string} dtype
 * @param {number} scale
 * @param {number} min
 * @returns {Constant['data']}
 */
function dequantise(levels, dtype, scale, min) {
  const data = dtype === 'float32' ? new Float32Array(levels.length) : new Int32Array(levels.length);
  for (let i = 0; i < levels.length; i++) {
    data[i] = levels[i] * scale + min;
  }
  return data;
}
