// OnnxGraph <-> bytes of an ONNX file.
import { fromHalf, HALF_MAX, toHalf } from './float16.mjs';
import { OnnxGraph } from './onnx-graph.mjs';
import * as schema from './onnx-schema.mjs';

/** @typedef {import('./onnx-graph.mjs').Initializer} Initializer */

const OPSET = 14; // the first with HardSwish
const IR_VERSION = 8;

/** Float tensors of at most this many bytes stay float: halving them saves nothing. */
const SMALL_SIZE = 1024;

/** Attributes that are floats even when their value is a whole number. */
const floatAttributes = new Set(['alpha', 'beta', 'epsilon']);

/**
 * @param {OnnxGraph} graph
 * @param {Record<string, string>} metadata
 * @returns {Uint8Array} the same bytes for the same graph
 */
export function encodeOnnx(graph, metadata) {
  const initializer = [];
  const casts = [];
  for (const [name, { shape, data }] of graph.initializers) {
    const isLarge = data instanceof Float32Array && data.byteLength > SMALL_SIZE;
    const half = isLarge && halvesOf(/** @type {Float32Array} */ (data), shape);
    if (half) {
      initializer.push(encodeTensor(`${name}h`, shape, schema.FLOAT16, half));
      casts.push({ op: 'Cast', inputs: [`${name}h`], output: name, attributes: { to: schema.FLOAT } });
    } else {
      initializer.push(encodeTensor(name, shape, typeOf(data), data));
    }
  }
  return schema.ModelProto.encode({
    irVersion: IR_VERSION,
    producerName: 'modelspider',
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: 'features',
      node: [...casts, ...graph.nodes].map(encodeNode),
      initializer,
      input: [encodeValue(graph, graph.input)],
      output: [encodeValue(graph, graph.output)],
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  }).finish();
}

/**
 * Rounds weights to half precision, filter by filter, each rounding error carried over to the next
 * weight: so the sum of a filter stays what it was, and with it the response to an even area. Rounded
 * one by one, some of the zoo's networks drift from their originals ten times as far.
 *
 * @param {Float32Array} data
 * @param {number[]} shape filters first
 * @returns {Uint16Array | false} false when a weight is outside half's range
 */
function halvesOf(data, shape) {
  const halves = new Uint16Array(data.length);
  const size = shape.length === 4 ? data.length / shape[0] : 1;
  let carry = 0;
  for (let i = 0; i < data.length; i++) {
    carry = i % size === 0 ? data[i] : carry + data[i];
    if (!(Math.abs(carry) <= HALF_MAX)) {
      return false;
    }
    halves[i] = toHalf(carry);
    carry -= fromHalf(halves[i]);
  }
  return halves;
}

/** @param {Initializer['data']} data @returns {number} */
function typeOf(data) {
  if (data instanceof Float32Array) {
    return schema.FLOAT;
  }
  return data instanceof Int32Array ? schema.INT32 : schema.INT64;
}

/**
 * All machines that run this are little-endian, as ONNX files are.
 *
 * @param {string} name
 * @param {number[]} dims
 * @param {number} dataType
 * @param {Initializer['data'] | Uint16Array} data
 */
function encodeTensor(name, dims, dataType, data) {
  return { name, dims, dataType, rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** @param {OnnxGraph} graph @param {string} name */
function encodeValue(graph, name) {
  const dim = graph.shapeOf(name).map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: schema.FLOAT, shape: { dim } } } };
}

/** @param {import('./onnx-graph.mjs').OnnxNode} node */
function encodeNode({ op, inputs, output, attributes }) {
  const attribute = Object.keys(attributes).sort().map((name) => encodeAttribute(name, attributes[name]));
  return { opType: op, input: inputs, output: [output], attribute };
}

/** @param {string} name @param {number | string | number[]} value */
function encodeAttribute(name, value) {
  const { ATTRIBUTE } = schema;
  if (Array.isArray(value)) {
    return { name, ints: value, type: ATTRIBUTE.INTS };
  }
  if (typeof value === 'string') {
    return { name, s: new TextEncoder().encode(value), type: ATTRIBUTE.STRING };
  }
  return floatAttributes.has(name)
    ? { name, f: value, type: ATTRIBUTE.FLOAT }
    : { name, i: value, type: ATTRIBUTE.INT };
}
