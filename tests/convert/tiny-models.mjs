// Very small models in each source format, made by hand, and the recipes that convert them.
import * as flatbuffers from 'flatbuffers';

/** @param {number} count @param {number} seed @returns {Float32Array} numbers in [-1, 1) */
export function randomFloats(count, seed) {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/**
 * @param {string} format
 * @param {string} file
 * @param {string[]} taps
 * @param {{width: number, height: number, channels?: string}} input
 * @returns {any} as much of a recipe as a conversion reads
 */
export function tinyRecipe(format, file, taps, { width, height, channels = 'rgb' }) {
  return {
    id: 'tiny',
    source: { package: 'tiny', version: '1.0.0', file, sha256: '', format },
    taps,
    input: { width, height, channels },
    licence: 'none',
  };
}

/** The attributes of TensorFlow nodes, as TF.js writes them. */
export const attr = {
  ints: (list) => ({ list: { i: list.map(String) } }),
  int: (i) => ({ i: String(i) }),
  float: (f) => ({ f }),
  flag: (b) => ({ b }),
  text: (text) => ({ s: Buffer.from(text).toString('base64') }),
  texts: (list) => ({ list: { s: list.map((text) => Buffer.from(text).toString('base64')) } }),
};

/**
 * A TF.js graph model.
 *
 * @param {number[]} inputShape
 * @param {{name: string, op: string, input: string[], attr?: any}[]} nodes
 * @param {Record<string, {shape: number[], data: Float32Array | Int32Array}>} weights
 * @returns {{file: string, bytes: Uint8Array}[]}
 */
export function tfjsGraphFiles(inputShape, nodes, weights) {
  const dim = inputShape.map((size) => ({ size: String(size) }));
  const placeholder = {
    name: 'image',
    op: 'Placeholder',
    attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim } } },
  };
  const names = Object.keys(weights);
  const dtypeOf = ({ data }) => (data instanceof Float32Array ? 'float32' : 'int32');
  const constants = names.map((name) => ({
    name,
    op: 'Const',
    attr: { dtype: { type: dtypeOf(weights[name]) === 'float32' ? 'DT_FLOAT' : 'DT_INT32' } },
  }));
  const model = {
    format: 'graph-model',
    modelTopology: { versions: { producer: '1.15' }, node: [placeholder, ...constants, ...nodes.map((node) => ({ attr: {}, ...node }))] },
    weightsManifest: [
      {
        paths: ['tiny.bin'],
        weights: names.map((name) => ({ name, shape: weights[name].shape, dtype: dtypeOf(weights[name]) })),
      },
    ],
  };
  const parts = names.map((name) => Buffer.from(weights[name].data.buffer));
  return [
    { file: 'tiny.json', bytes: new TextEncoder().encode(JSON.stringify(model)) },
    { file: 'tiny.bin', bytes: new Uint8Array(Buffer.concat(parts)) },
  ];
}

/**
 * A TFLite file of one convolution (3×3, stride 2, SAME, ReLU6) with half-precision weights behind a
 * DEQUANTIZE, written with the published FlatBuffers runtime.
 *
 * @param {{height: number, width: number, filters: number, weights: Float32Array, halves: Uint16Array,
 *   bias: Float32Array}} options
 * @returns {Uint8Array}
 */
export function tfliteFile({ height, width, filters, halves, bias }) {
  const builder = new flatbuffers.Builder(1024);
  const table = (fieldCount, fields) => {
    builder.startObject(fieldCount);
    fields.forEach((write) => write());
    return builder.endObject();
  };
  const offsets = (list) => {
    builder.startVector(4, list.length, 4);
    list.toReversed().forEach((offset) => builder.addOffset(offset));
    return builder.endVector();
  };
  const ints = (list) => {
    builder.startVector(4, list.length, 4);
    list.toReversed().forEach((value) => builder.addInt32(value));
    return builder.endVector();
  };
  const bytes = (view) => {
    builder.startVector(1, view.byteLength, 16);
    new Uint8Array(view.buffer).toReversed().forEach((value) => builder.addInt8(value));
    return builder.endVector();
  };
  const buffer = (view) => {
    const data = view && bytes(view);
    return table(1, data ? [() => builder.addFieldOffset(0, data, 0)] : []);
  };
  const tensor = (name, shape, type, bufferIndex) => {
    const nameOffset = builder.createString(name);
    const shapeOffset = ints(shape);
    return table(4, [
      () => builder.addFieldOffset(0, shapeOffset, 0),
      () => builder.addFieldInt8(1, type, 0),
      () => builder.addFieldInt32(2, bufferIndex, 0),
      () => builder.addFieldOffset(3, nameOffset, 0),
    ]);
  };
  const operator = (code, inputs, outputs, options) => {
    const inputsOffset = ints(inputs);
    const outputsOffset = ints(outputs);
    return table(5, [
      () => builder.addFieldInt32(0, code, 0),
      () => builder.addFieldOffset(1, inputsOffset, 0),
      () => builder.addFieldOffset(2, outputsOffset, 0),
      () => builder.addFieldOffset(4, options ?? 0, 0),
    ]);
  };
  const code = (builtin) => table(4, [() => builder.addFieldInt8(0, builtin, 0)]);

  const buffers = offsets([buffer(), buffer(halves), buffer(bias)]);
  const outSize = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const tensors = offsets([
    tensor('image', [1, height, width, 3], 0, 0),
    tensor('weights_half', [filters, 3, 3, 3], 1, 1),
    tensor('weights', [filters, 3, 3, 3], 0, 0),
    tensor('bias', [filters], 0, 2),
    tensor('block/Relu6;block/Conv2D', [1, ...outSize, filters], 0, 0),
  ]);
  const convOptions = table(6, [
    () => builder.addFieldInt8(0, 0, 1),
    () => builder.addFieldInt32(1, 2, 0),
    () => builder.addFieldInt32(2, 2, 0),
    () => builder.addFieldInt8(3, 3, 0),
  ]);
  const operators = offsets([operator(0, [1], [2]), operator(1, [0, 2, 3], [4], convOptions)]);
  const inputs = ints([0]);
  const outputs = ints([4]);
  const subgraph = table(4, [
    () => builder.addFieldOffset(0, tensors, 0),
    () => builder.addFieldOffset(1, inputs, 0),
    () => builder.addFieldOffset(2, outputs, 0),
    () => builder.addFieldOffset(3, operators, 0),
  ]);
  const subgraphs = offsets([subgraph]);
  const codes = offsets([code(6), code(3)]);
  const model = table(5, [
    () => builder.addFieldInt32(0, 3, 0),
    () => builder.addFieldOffset(1, codes, 0),
    () => builder.addFieldOffset(2, subgraphs, 0),
    () => builder.addFieldOffset(4, buffers, 0),
  ]);
  builder.finish(model, 'TFL3');
  return builder.asUint8Array();
}
