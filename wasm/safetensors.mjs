// Safetensors files, read strictly and written in one way, as src/zoo/safetensors.c does.

import { fromHalf, toHalf } from './half.mjs';

/**
 * @typedef {'F32' | 'F16' | 'I32' | 'U8'} DType
 * @typedef {{dtype: DType, shape: number[], data: Float32Array | Int32Array | Uint8Array}} Tensor F16
 *   is Float32Array here, rounded when written
 */

const headerLimit = 2 ** 24;
/** @type {Record<DType, number>} */
const sizes = { F32: 4, F16: 2, I32: 4, U8: 1 };

/** What is wrong with a file, in one sentence. */
export class SafetensorsError extends Error {}

/** @param {number[]} shape */
const countOf = (shape) => shape.reduce((count, side) => count * side, 1);

/**
 * @param {Map<string, Tensor>} tensors written in this order
 * @param {Record<string, string>} metadata
 * @returns {Uint8Array}
 */
export function writeSafetensors(tensors, metadata) {
  /** @type {Record<string, unknown>} */
  const header = { __metadata__: metadata };
  let end = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    if (countOf(shape) !== data.length) {
      throw new SafetensorsError(`${name} has ${data.length} values for the shape [${shape}]`);
    }
    const start = end;
    end += data.length * sizes[dtype];
    header[name] = { dtype, shape, data_offsets: [start, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerSize = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerSize + end).fill(0x20, 8, 8 + headerSize);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerSize), true);
  bytes.set(text, 8);
  let at = 8 + headerSize;
  for (const { dtype, data } of tensors.values()) {
    const stored = dtype === 'F16' ? Uint16Array.from(data, toHalf) : data;
    bytes.set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength), at);
    at += stored.byteLength;
  }
  return bytes;
}

/**
 * @param {Uint8Array} bytes
 * @returns {{tensors: Map<string, Tensor>, metadata: Map<string, string>}}
 */
export function readSafetensors(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerSize = bytes.length < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (headerSize > Math.min(headerLimit, bytes.length - 8)) {
    throw new SafetensorsError('its header is longer than the file, or than 16 MiB');
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerSize));
  const { __metadata__: metadata, ...entries } = header;
  const body = bytes.subarray(8 + headerSize);
  const sorted = Object.entries(entries).map(([name, entry]) => checkEntry(name, entry)).sort((a, b) => a.start - b.start || a.end - b.end);
  let covered = 0;
  for (const { name, start, end } of sorted) {
    if (start !== covered) {
      throw new SafetensorsError(`the bytes of ${name} do not follow those before it`);
    }
    covered = end;
  }
  if (covered !== body.length) {
    throw new SafetensorsError(`${body.length} bytes of tensors, the header speaks of ${covered}`);
  }
  return {
    tensors: new Map(sorted.map(({ name, dtype, shape, start, end }) => [name, { dtype, shape, data: decode(dtype, body.subarray(start, end)) }])),
    metadata: new Map(Object.entries(metadata ?? {}).map(([key, value]) => [key, String(value)])),
  };
}

/** @param {Uint8Array} bytes @returns {Record<string, any>} */
function parseHeader(bytes) {
  let header;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new SafetensorsError('its header is no JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new SafetensorsError('its header is no JSON object');
  }
  return header;
}

/** @param {string} name @param {any} entry */
function checkEntry(name, entry) {
  const { dtype, shape, data_offsets: offsets } = entry ?? {};
  const isWhole = (/** @type {unknown} */ value) => Number.isSafeInteger(value) && Number(value) >= 0;
  if (!Object.hasOwn(sizes, dtype) || !Array.isArray(shape) || !shape.every(isWhole)
    || !Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isWhole)) {
    throw new SafetensorsError(`${name} has a type, shape or place that is not read here`);
  }
  const [start, end] = offsets;
  if (end - start !== countOf(shape) * sizes[/** @type {DType} */ (dtype)]) {
    throw new SafetensorsError(`${name} has ${end - start} bytes, its shape [${shape}] wants others`);
  }
  return { name, dtype: /** @type {DType} */ (dtype), shape, start, end };
}

/** @param {DType} dtype @param {Uint8Array} bytes @returns {Tensor['data']} */
function decode(dtype, bytes) {
  // A copy starts at 0, as wider types need.
  const own = Uint8Array.from(bytes);
  switch (dtype) {
    case 'F32': return new Float32Array(own.buffer);
    case 'F16': return Float32Array.from(new Uint16Array(own.buffer), fromHalf);
    case 'I32': return new Int32Array(own.buffer);
    default: return own;
  }
}
