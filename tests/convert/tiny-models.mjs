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
    modelTopology: {
      versions: { producer: '1.15' },
      node: [placeholder, ...constants, ...nodes.map((node) => ({ attr: {}, ...node }))],
    },
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

/** Writes the tables of TFLite's schema with the published FlatBuffers runtime. */
class TfliteWriter {
  builder = new flatbuffers.Builder(1024);

  /** @param {number} fieldCount @param {[number, 'Int8' | 'Int32' | 'Offset', number][]} fields */
  table(fieldCount, fields) {
    this.builder.startObject(fieldCount);
    // The default, which would not be written, is one that no field here has.
    fields.forEach(([field, type, value]) => this.builder[`addField${type}`](field, value, -1));
    return this.builder.endObject();
  }

  offsets(list) {
    this.builder.startVector(4, list.length, 4);
    list.toReversed().forEach((offset) => this.builder.addOffset(offset));
    return this.builder.endVector();
  }

  ints(list) {
    this.builder.startVector(4, list.length, 4);
    list.toReversed().forEach((value) => this.builder.addInt32(value));
    return this.builder.endVector();
  }

  buffer(view) {
    if (!view) {
      return this.table(1, []);
    }
    this.builder.startVector(1, view.byteLength, 16);
    new Uint8Array(view.buffer).toReversed().forEach((value) => this.builder.addInt8(value));
    return this.table(1, [[0, 'Offset', this.builder.endVector()]]);
  }

  tensor(name, shape, type, buffer) {
    const nameOffset = this.builder.createString(name);
    const shapeOffset = this.ints(shape);
    return this.table(4, [
      [0, 'Offset', shapeOffset], [1, 'Int8', type], [2, 'Int32', buffer], [3, 'Offset', nameOffset],
    ]);
  }

  operator(code, inputs, outputs, options) {
    const lists = [this.ints(inputs), this.ints(outputs)];
    const optional = options ? [[4, 'Offset', options]] : [];
    return this.table(5, [
      [0, 'Int32', code], [1, 'Offset', lists[0]], [2, 'Offset', lists[1]], ...optional,
    ]);
  }
}

/**
 * A TFLite file of one convolution (3×3, stride 2, SAME, ReLU6) with half-precision weights behind
 * a DEQUANTIZE.
 *
 * @param {{height: number, width: number, filters: number, halves: Uint16Array,
 *   bias: Float32Array}} options
 * @returns {Uint8Array}
 */
export function tfliteFile({ height, width, filters, halves, bias }) {
  const writer = new TfliteWriter();
  const buffers = writer.offsets([writer.buffer(), writer.buffer(halves), writer.buffer(bias)]);
  const tensors = writer.offsets([
    writer.tensor('image', [1, height, width, 3], 0, 0),
    writer.tensor('weights_half', [filters, 3, 3, 3], 1, 1),
    writer.tensor('weights', [filters, 3, 3, 3], 0, 0),
    writer.tensor('bias', [filters], 0, 2),
    writer.tensor('block/Relu6;block/Conv2D', [1, Math.ceil(height / 2), Math.ceil(width / 2), filters], 0, 0),
  ]);
  // SAME, both strides 2, ReLU6.
  const options = writer.table(6, [[0, 'Int8', 0], [1, 'Int32', 2], [2, 'Int32', 2], [3, 'Int8', 3]]);
  const operators = writer.offsets([
    writer.operator(0, [1], [2]),
    writer.operator(1, [0, 2, 3], [4], options),
  ]);
  const [inputs, outputs] = [writer.ints([0]), writer.ints([4])];
  const subgraph = writer.table(4, [
    [0, 'Offset', tensors], [1, 'Offset', inputs], [2, 'Offset', outputs], [3, 'Offset', operators],
  ]);
  const subgraphs = writer.offsets([subgraph]);
  // DEQUANTIZE and CONV_2D.
  const codes = writer.offsets([6, 3].map((code) => writer.table(4, [[0, 'Int8', code]])));
  const model = writer.table(5, [
    [0, 'Int32', 3], [1, 'Offset', codes], [2, 'Offset', subgraphs], [4, 'Offset', buffers],
  ]);
  writer.builder.finish(model, 'TFL3');
  return writer.builder.asUint8Array();
}
