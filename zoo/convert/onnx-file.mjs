// OnnxGraph <-> bytes of an ONNX file.
import { fromHalves, HALF_MAX, toHalf, toHalves } from './float16.mjs';
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
    const half = data instanceof Float32Array && data.byteLength > SMALL_SIZE && halvesOf(data);
    if (half) {
      initializer.push(encodeTensor(`${name}h`, shape, schema.FLOAT16, half));
      casts.push({ op: 'Cast', inputs: [`${name}h`], outputs: [name], attributes: { to: schema.FLOAT } });
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

/** @param {Float32Array} data @returns {Uint16Array | false} false when it leaves half's range */
function halvesOf(data) {
  return data.every((value) => Math.abs(value) <= HALF_MAX) && toHalves(data);
}

/** @param {Initializer['data']} data @returns {number} */
function typeOf(data) {
  if (data instanceof Float32Array) {
    return schema.FLOAT;
  }
  return data instanceof Int32Array ? schema.INT32 : schema.INT64;
}

/** All machines that run this are little-endian, as ONNX files are. */
function encodeTensor(name, dims, dataType, data) {
  return { name, dims, dataType, rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** @param {OnnxGraph} graph @param {string} name */
function encodeValue(graph, name) {
  const dim = graph.shapeOf(name).map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: schema.FLOAT, shape: { dim } } } };
}

/** @param {import('./onnx-graph.mjs').OnnxNode} node */
function encodeNode({ op, inputs, outputs, attributes }) {
  const attribute = Object.keys(attributes).sort().map((name) => encodeAttribute(name, attributes[name]));
  return { opType: op, input: inputs, output: outputs, attribute };
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
