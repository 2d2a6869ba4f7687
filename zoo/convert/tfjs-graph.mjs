// Reads a TF.js graph model (TensorFlow GraphDef as JSON) into a source graph.
import { unsupported } from './source-graph.mjs';
import { readWeights } from './tfjs-weights.mjs';

/**
 * @typedef {import('./source-graph.mjs').SourceGraph} SourceGraph
 * @typedef {import('./source-graph.mjs').SourceNode} SourceNode
 * @typedef {{name: string, op: string, input?: string[], attr?: Record<string, any>}} GraphNode
 * @typedef {(node: Reading) => SourceNode[]} Reader
 */

/**
 * @param {any} model the parsed model.json
 * @param {Uint8Array} weightBytes
 * @returns {SourceGraph}
 */
export function readTfjsGraph(model, weightBytes) {
  const graphNodes = model.modelTopology?.node;
  if (!Array.isArray(graphNodes) || !Array.isArray(model.weightsManifest)) {
    throw new Error('no graph model: modelTopology.node or weightsManifest is missing');
  }
  const constants = readWeights(model.weightsManifest, weightBytes);
  const entries = graphNodes
    .filter(({ op }) => op === 'Placeholder')
    .map((node) => ({ name: node.name, shape: placeholderShape(node) }));
  const nodes = graphNodes
    .filter(({ op }) => op !== 'Const' && op !== 'Placeholder')
    .flatMap((node) => readNode(new Reading(node)));
  return { nodes, constants, entries };
}

/** @param {GraphNode} node @returns {(number | undefined)[]} */
function placeholderShape({ attr }) {
  const dims = attr?.shape?.shape?.dim ?? [];
  return dims.map((/** @type {{size: string}} */ { size }) => Number(size) > 0 ? Number(size) : undefined);
}

/** A node and its attributes, which are protobuf messages as JSON. */
class Reading {
  /** @param {GraphNode} node */
  constructor(node) {
    this.op = node.op;
    this.name = node.name;
    // "^name" is a control dependency, "name:0" the first output.
    this.inputs = (node.input ?? [])
      .filter((input) => !input.startsWith('^'))
      .map((input) => input.replace(/:0$/, ''));
    this.attr = node.attr ?? {};
  }

  /** @param {string} name @param {number} fallback @returns {number} */
  number(name, fallback) {
    const { i, f } = this.attr[name] ?? {};
    return Number(i ?? f ?? fallback);
  }

  /** @param {string} name @returns {number[]} */
  numbers(name) {
    return (this.attr[name]?.list?.i ?? []).map(Number);
  }

  /** @param {string} name @returns {boolean} */
  flag(name) {
    return this.attr[name]?.b === true;
  }

  /** @param {string} name @returns {string} */
  string(name) {
    return fromBase64(this.attr[name]?.s ?? '');
  }

  /** @param {string} name @returns {string[]} */
  strings(name) {
    return (this.attr[name]?.list?.s ?? []).map(fromBase64);
  }
}

/** @param {string} text @returns {string} */
function fromBase64(text) {
  return Buffer.from(text, 'base64').toString('latin1');
}

/** @param {Reading} node @returns {SourceNode[]} */
function readNode(node) {
  const { inputs, name, op } = node;
  const read = readers[op];
  if (read === undefined) {
    return [unsupported(inputs, [name], `the TensorFlow operator ${op} is not supported`)];
  }
  try {
    return read(node);
  } catch (error) {
    return [unsupported(inputs, [name], error instanceof Error ? error.message : String(error))];
  }
}

/**
 * @param {Reading} node
 * @param {string} op
 * @param {Record<string, any>} [attributes]
 * @returns {SourceNode[]}
 */
function one({ inputs, name }, op, attributes = {}) {
  return [{ op, inputs, outputs: [name], attributes }];
}

/**
 * A base operator, then what was fused into it: BiasAdd and an activation.
 *
 * @param {Reading} node
 * @param {string} op
 * @param {Record<string, any>} attributes
 * @returns {SourceNode[]}
 */
function fused(node, op, attributes) {
  const [x, weights, bias, alpha] = node.inputs;
  const steps = node.strings('fused_ops').map((step) => {
    const inputs = step === 'BiasAdd' ? [bias] : step === 'Prelu' ? [alpha] : [];
    const activation = fusedOps[step];
    if (activation === undefined) {
      throw new Error(`the fused operator ${step} is not supported`);
    }
    return { op: activation, inputs, attributes: { alpha: node.number('leakyrelu_alpha', 0.2) } };
  });
  const chain = [{ op, inputs: [x, weights], attributes }, ...steps];
  /** @type {string | undefined} */
  let previous;
  return chain.map((step, i) => {
    const output = i === chain.length - 1 ? node.name : `${node.name}/step-${i}`;
    const inputs = previous === undefined ? step.inputs : [previous, ...step.inputs];
    previous = output;
    return { ...step, inputs, outputs: [output] };
  });
}

/** @type {Record<string, string>} */
const fusedOps = {
  BiasAdd: 'add',
  Relu: 'relu',
  Relu6: 'relu6',
  Prelu: 'prelu',
  LeakyRelu: 'leaky-relu',
  Sigmoid: 'sigmoid',
};

/** @param {Reading} node @param {number[]} oihw */
function convAttributes(node, oihw) {
  const layout = node.string('data_format');
  if (layout !== '' && layout !== 'NHWC') {
    throw new Error(`the layout ${layout} is not supported`);
  }
  /** @param {string} name */
  const pairOf = (name) => {
    const list = node.numbers(name);
    return list.length === 4 ? list.slice(1, 3) : [1, 1];
  };
  return {
    padding: paddingOf(node),
    strides: pairOf('strides'),
    dilations: pairOf('dilations'),
    oihw,
  };
}

/** @param {Reading} node @returns {string | number[]} */
function paddingOf(node) {
  const padding = node.string('padding');
  if (padding === 'EXPLICIT') {
    const [, , top, bottom, left, right] = node.numbers('explicit_paddings');
    return [top, left, bottom, right];
  }
  return padding === 'VALID' ? 'valid' : 'same';
}

/** @param {string} op @param {number[]} oihw weight axes, as ONNX wants them @returns {Reader} */
function convReader(op, oihw) {
  return (node) => fused(node, op, convAttributes(node, oihw));
}

/** @param {string} op @returns {Reader} */
function poolReader(op) {
  return (node) => {
    const kernel = node.numbers('ksize').slice(1, 3);
    const strides = node.numbers('strides').slice(1, 3);
    return one(node, op, { kernel, strides, padding: paddingOf(node) });
  };
}

/** @param {string} op @returns {Reader} */
function plain(op) {
  return (node) => one(node, op);
}

/** @param {string} op @returns {Reader} */
function reduceReader(op) {
  return (node) => one(node, op, { keepDims: node.flag('keep_dims') });
}

/** @param {Reading} node @returns {SourceNode[]} */
function matMul(node) {
  if (node.flag('transpose_a')) {
    throw new Error('transpose_a is not supported');
  }
  return fused(node, 'matmul', { transposeB: node.flag('transpose_b') });
}

/** @param {Reading} node @returns {SourceNode[]} */
function batchNorm(node) {
  return one(node, 'batch-norm', { epsilon: node.number('epsilon', 1e-4) });
}

/** @param {Reading} node @returns {SourceNode[]} */
function stridedSlice(node) {
  return one(node, 'strided-slice', {
    shrink: node.number('shrink_axis_mask', 0) === 1,
    openStart: node.number('begin_mask', 0) === 1,
    openEnd: node.number('end_mask', 0) === 1,
  });
}

/** @param {Reading} node @returns {SourceNode[]} */
function pack(node) {
  if (node.number('axis', 0) !== 0) {
    throw new Error('only the first axis is supported');
  }
  return one(node, 'pack');
}

/** A sum of several tensors, two at a time. @type {Reader} */
function addN({ inputs, name }) {
  return inputs.slice(1).map((input, i) => ({
    op: 'add',
    inputs: [i === 0 ? inputs[0] : `${name}/step-${i - 1}`, input],
    outputs: [i === inputs.length - 2 ? name : `${name}/step-${i}`],
    attributes: {},
  }));
}

/** @param {string} mode @returns {Reader} */
function resizeReader(mode) {
  return (node) => {
    const alignCorners = node.flag('align_corners');
    return one(node, 'resize', { mode, alignCorners, halfPixel: node.flag('half_pixel_centers') });
  };
}

const HWIO = [3, 2, 0, 1];
const HWCM = [2, 3, 0, 1];

/** @type {Record<string, Reader>} */
const readers = {
  Identity: plain('identity'),
  Conv2D: convReader('conv', HWIO),
  _FusedConv2D: convReader('conv', HWIO),
  DepthwiseConv2dNative: convReader('depthwise-conv', HWCM),
  FusedDepthwiseConv2dNative: convReader('depthwise-conv', HWCM),
  MatMul: matMul,
  _FusedMatMul: matMul,
  FusedBatchNormV3: batchNorm,
  MaxPool: poolReader('max-pool'),
  AvgPool: poolReader('avg-pool'),
  BiasAdd: plain('add'),
  Add: plain('add'),
  AddV2: plain('add'),
  AddN: addN,
  Sub: plain('sub'),
  Mul: plain('mul'),
  RealDiv: plain('div'),
  Minimum: plain('min'),
  Maximum: plain('max'),
  Relu: plain('relu'),
  Relu6: plain('relu6'),
  Prelu: plain('prelu'),
  LeakyRelu: (node) => one(node, 'leaky-relu', { alpha: node.number('alpha', 0.2) }),
  Sigmoid: plain('sigmoid'),
  Tanh: plain('tanh'),
  Abs: plain('abs'),
  Neg: plain('neg'),
  Sqrt: plain('sqrt'),
  Exp: plain('exp'),
  Softmax: plain('softmax'),
  Mean: reduceReader('mean'),
  Max: reduceReader('reduce-max'),
  Pad: plain('pad'),
  PadV2: plain('pad'),
  Reshape: plain('reshape'),
  Transpose: plain('transpose'),
  Squeeze: (node) => one(node, 'squeeze', { axes: node.numbers('squeeze_dims') }),
  ExpandDims: plain('expand-dims'),
  ConcatV2: plain('concat'),
  Shape: plain('shape'),
  FloorMod: plain('floor-mod'),
  StridedSlice: stridedSlice,
  Pack: pack,
  SpaceToBatchND: plain('space-to-batch'),
  BatchToSpaceND: plain('batch-to-space'),
  ResizeBilinear: resizeReader('linear'),
  ResizeNearestNeighbor: resizeReader('nearest'),
};
