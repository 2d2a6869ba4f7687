// Reads a TensorFlow Lite flatbuffer into a source graph. Field numbers are those of TensorFlow
// Lite's published schema, version 3.
import { FlatTable } from './flatbuffer-view.mjs';
import { fromHalves } from './float16.mjs';
import { countOf, unsupported } from './source-graph.mjs';

/**
 * @typedef {import('./source-graph.mjs').SourceGraph} SourceGraph
 * @typedef {import('./source-graph.mjs').SourceNode} SourceNode
 * @typedef {(operator: Operator) => SourceNode[]} Reader
 * @typedef {{options: FlatTable, inputs: string[], outputs: string[]}} Operator `options` is empty
 *   where the file has none
 */

const MAGIC = 0x334c4654; // "TFL3"

/** Element types by their number in the schema: how to read them, and how wide they are. */
const elementTypes = [
  { size: 4, read: (/** @type {ArrayBuffer} */ buffer) => new Float32Array(buffer) },
  { size: 2, read: (/** @type {ArrayBuffer} */ buffer) => fromHalves(new Uint16Array(buffer)) },
  { size: 4, read: (/** @type {ArrayBuffer} */ buffer) => new Int32Array(buffer) },
];

/** @type {(string | undefined)[]} fused activations by their number in the schema */
const activations = [undefined, 'relu', undefined, 'relu6', 'tanh'];

/** @param {Uint8Array} bytes @returns {SourceGraph} */
export function readTflite(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(4, true) !== MAGIC) {
    throw new Error('not a TFLite file: no TFL3 mark at byte 4');
  }
  const model = FlatTable.root(view);
  const [subgraph] = model.tables(2);
  if (subgraph === undefined) {
    throw new Error('the file holds no graph');
  }
  const buffers = model.tables(4);
  const tensors = subgraph.tables(0).map((table) => readTensor(table, buffers));
  nameApart(tensors);
  const constants = new Map();
  for (const { name, shape, data } of tensors) {
    if (data) {
      constants.set(name, { shape, data });
    }
  }
  const codes = model.tables(1).map((code) => Math.max(code.int8(0), code.int32(3)));
  const nodes = subgraph.tables(3).flatMap((operator) => readOperator(operator, codes, tensors));
  const entries = subgraph.int32s(1).map((index) => tensorAt(tensors, index));
  return { nodes, constants, entries };
}

/**
 * @param {FlatTable} table
 * @param {FlatTable[]} buffers
 * @returns {{name: string, shape: number[], data?: import('./source-graph.mjs').Data}}
 */
function readTensor(table, buffers) {
  const shape = table.int32s(0);
  // A fused tensor is called by all the nodes it was fused from: "last;first;…".
  const [name] = table.string(3).split(';');
  const bytes = buffers[table.int32(2)]?.bytes(0) ?? new Uint8Array(0);
  const type = elementTypes[table.int8(1)];
  if (bytes.length === 0 || type === undefined) {
    return { name, shape };
  }
  if (bytes.length !== countOf(shape) * type.size) {
    throw new Error(`${name} has ${bytes.length} bytes for the shape [${shape}]`);
  }
  // A copy, because the typed arrays want aligned bytes.
  return { name, shape, data: type.read(bytes.slice().buffer) };
}

/** Gives tensors of the same name a number. @param {{name: string}[]} tensors */
function nameApart(tensors) {
  const taken = new Set();
  tensors.forEach((tensor, i) => {
    tensor.name = taken.has(tensor.name) ? `${tensor.name}#${i}` : tensor.name;
    taken.add(tensor.name);
  });
}

/** @param {{name: string, shape: number[]}[]} tensors @param {number} index */
function tensorAt(tensors, index) {
  if (tensors[index] === undefined) {
    throw new Error(`tensor ${index} of ${tensors.length}`);
  }
  return tensors[index];
}

/**
 * @param {FlatTable} table
 * @param {number[]} codes
 * @param {{name: string, shape: number[]}[]} tensors
 * @returns {SourceNode[]}
 */
function readOperator(table, codes, tensors) {
  const code = codes[table.int32(0)];
  // Index -1 marks an absent optional input; only trailing ones occur.
  const names = (/** @type {number} */ field) =>
    table.int32s(field).filter((index) => index !== -1).map((index) => tensorAt(tensors, index).name);
  const options = table.table(4) ?? FlatTable.empty();
  const operator = { options, inputs: names(1), outputs: names(2) };
  const read = operators[code];
  if (read === undefined) {
    const reason = `the TFLite operator ${code} is not supported`;
    return [unsupported(operator.inputs, operator.outputs, reason)];
  }
  return read(operator);
}

/**
 * @param {string} op
 * @param {Operator} operator
 * @param {Record<string, any>} [attributes]
 * @param {number} [activationField] of the fused activation in the options
 * @returns {SourceNode[]}
 */
function nodesOf(op, { inputs, outputs, options }, attributes = {}, activationField = -1) {
  const code = activationField === -1 ? 0 : options.int8(activationField);
  if (code === 0) {
    return [{ op, inputs, outputs, attributes }];
  }
  if (activations[code] === undefined) {
    throw new Error(`the fused activation ${code} is not supported`);
  }
  const inner = `${outputs[0]}/before-activation`;
  return [
    { op, inputs, outputs: [inner], attributes },
    { op: activations[code], inputs: [inner], outputs, attributes: {} },
  ];
}

/** @param {FlatTable} options @returns {string} */
function paddingOf(options) {
  return options.int8(0) ? 'valid' : 'same';
}

/** @type {Reader} */
function conv(operator) {
  const { options } = operator;
  const attributes = {
    padding: paddingOf(options),
    strides: [options.int32(2), options.int32(1)],
    dilations: [options.int32(5, 1), options.int32(4, 1)],
    oihw: [0, 3, 1, 2],
  };
  return nodesOf('conv', operator, attributes, 3);
}

/** @type {Reader} */
function depthwiseConv(operator) {
  const { options } = operator;
  const attributes = {
    padding: paddingOf(options),
    strides: [options.int32(2), options.int32(1)],
    dilations: [options.int32(6, 1), options.int32(5, 1)],
    oihw: [3, 0, 1, 2],
  };
  return nodesOf('depthwise-conv', operator, attributes, 4);
}

/** @param {string} op @returns {Reader} */
function poolReader(op) {
  return (operator) => {
    const { options } = operator;
    const attributes = {
      padding: paddingOf(options),
      strides: [options.int32(2), options.int32(1)],
      kernel: [options.int32(4), options.int32(3)],
    };
    return nodesOf(op, operator, attributes, 5);
  };
}

/** @param {string} op @param {number} [activationField] @returns {Reader} */
function plain(op, activationField) {
  return (operator) => nodesOf(op, operator, {}, activationField);
}

/** @type {Reader} */
function fullyConnected(operator) {
  const [x, weights, bias] = operator.inputs;
  const [output] = operator.outputs;
  const product = bias === undefined ? output : `${output}/product`;
  const matrix = { op: 'matmul', inputs: [x, weights], outputs: [product] };
  return [
    { ...matrix, attributes: { transposeB: true } },
    ...(bias === undefined ? [] : nodesOf('add', { ...operator, inputs: [product, bias] }, {}, 0)),
  ];
}

/** @param {string} mode @returns {Reader} */
function resizeReader(mode) {
  return (operator) => {
    const { options } = operator;
    const first = mode === 'linear' ? 2 : 0;
    const attributes = {
      mode,
      alignCorners: options.int8(first) === 1,
      halfPixel: options.int8(first + 1) === 1,
    };
    return nodesOf('resize', operator, attributes);
  };
}

/** Readers by builtin operator code. @type {Record<number, Reader>} */
const operators = {
  0: plain('add', 0),
  1: poolReader('avg-pool'),
  2: (operator) => nodesOf('concat', operator, { axis: operator.options.int32(0) }, 1),
  3: conv,
  4: depthwiseConv,
  6: plain('identity'),
  9: fullyConnected,
  14: plain('sigmoid'),
  17: poolReader('max-pool'),
  18: plain('mul', 0),
  19: plain('relu'),
  21: plain('relu6'),
  22: plain('reshape'),
  23: resizeReader('linear'),
  25: plain('softmax'),
  28: plain('tanh'),
  34: plain('pad'),
  39: plain('transpose'),
  40: (operator) => nodesOf('mean', operator, { keepDims: operator.options.int8(0) === 1 }),
  41: plain('sub', 0),
  42: plain('div', 0),
  54: plain('prelu'),
  97: resizeReader('nearest'),
  98: (operator) => nodesOf('leaky-relu', operator, { alpha: operator.options.float32(0) }),
  117: plain('hard-swish'),
};
