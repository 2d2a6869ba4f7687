// How each operator of a source graph becomes ONNX. Their names and attributes, x being the
// tensor and all axes those of the source:
//   conv, depthwise-conv   x, weights, [bias]; strides, dilations, padding, oihw (weight axes)
//   max-pool, avg-pool     x; kernel, strides, padding ('same', 'valid' or [top, left, bottom, right])
//   add sub mul div min max                  a, b
//   relu relu6 sigmoid tanh abs neg sqrt exp hard-swish     x
//   leaky-relu             x; alpha           prelu   x, alpha
//   batch-norm             x, scale, offset, mean, variance; epsilon
//   mean reduce-max        x, [axes]; axes, keepDims
//   softmax                x; axis            matmul  a, b; transposeB
//   pad                    x, pads, [value]   concat  x…, [axis]; axis
//   reshape x, shape       transpose x, perm  squeeze x; axes     expand-dims x, axis
//   resize                 x, size; mode, alignCorners, halfPixel
//   space-to-batch x, block, pads    batch-to-space x, block, crops    (around a depthwise-conv)
//   identity x      shape x
// On constants alone there are more: see constant-ops.mjs.
import { countOf } from './source-graph.mjs';
import { foldConstants } from './constant-ops.mjs';
import { identityOrder, NCHW_FROM_NHWC, permute } from './layout.mjs';
import { broadcastShapes } from './onnx-shapes.mjs';

/**
 * @typedef {import('./lowering.mjs').Lowering} Lowering
 * @typedef {import('./lowering.mjs').Value} Value
 * @typedef {import('./source-graph.mjs').Data} Data
 * @typedef {import('./source-graph.mjs').SourceNode} SourceNode
 * @typedef {(lowering: Lowering, inputs: Value[], attributes: Record<string, any>) => Value} Rule
 */

/**
 * @param {Lowering} lowering
 * @param {SourceNode} node
 * @param {Value[]} inputs
 * @returns {Value} its only output
 */
export function lowerNode(lowering, node, inputs) {
  if (node.op === 'unsupported') {
    throw new Error(node.attributes.reason);
  }
  if (node.op === 'identity') {
    return inputs[0];
  }
  if (inputs.length > 0 && inputs.every((input) => input.data)) {
    return foldConstants(node, inputs);
  }
  const rule = rules[node.op];
  if (rule === undefined) {
    throw new Error(`the operator ${node.op} is not supported`);
  }
  return rule(lowering, inputs, node.attributes);
}

/** @param {Value} value @returns {Data} the numbers of an input that must be constant */
function dataOf(value) {
  if (!value?.data) {
    throw new Error('an input would have to be constant');
  }
  return value.data;
}

/** @param {Value} value @returns {number[]} */
function numbersOf(value) {
  return Array.from(dataOf(value));
}

/** @param {number} axis @param {number} rank @returns {number} */
function positive(axis, rank) {
  if (!(axis >= -rank && axis < rank)) {
    throw new Error(`axis ${axis} of a tensor of rank ${rank}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/**
 * Explicit ONNX pads, which engines treat more uniformly than SAME.
 *
 * @param {string | number[]} padding
 * @param {number[]} sizes spatial input sizes
 * @param {number[]} kernel
 * @param {number[]} strides
 * @param {number[]} dilations
 * @returns {{pads?: number[]}} [top, left, bottom, right], absent when all are 0
 */
function padsOf(padding, sizes, kernel, strides, dilations) {
  let pads = padding;
  if (padding === 'same') {
    const totals = sizes.map((size, i) => {
      const span = (kernel[i] - 1) * dilations[i] + 1;
      return Math.max((Math.ceil(size / strides[i]) - 1) * strides[i] + span - size, 0);
    });
    pads = [...totals.map((n) => Math.floor(n / 2)), ...totals.map((n) => Math.ceil(n / 2))];
  }
  return Array.isArray(pads) && pads.some((n) => n !== 0) ? { pads } : {};
}

/** @param {Record<string, number[]>} lists @returns {Record<string, number[]>} those not all 1 */
function unlessOnes(lists) {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.some((n) => n !== 1)));
}

/** @param {boolean} depthwise @returns {Rule} */
function convRule(depthwise) {
  return (lowering, [x, weights, bias], { strides, dilations, padding, oihw }) => {
    if (x.spread) {
      // Its batch is put together again by the batch-to-space that follows.
      return { ...x, spread: { ...x.spread, weights, oihw } };
    }
    const data = permute(dataOf(weights), weights.shape, oihw);
    let shape = oihw.map((axis) => weights.shape[axis]);
    if (depthwise) {
      // Channel c gives the multiplier's outputs c·m … c·m + m - 1, as in a grouped convolution.
      shape = [shape[0] * shape[1], 1, shape[2], shape[3]];
    }
    const kernel = shape.slice(2);
    const attributes = {
      kernel_shape: kernel,
      ...padsOf(padding, x.shape.slice(1, 3), kernel, strides, dilations),
      ...unlessOnes({ strides, dilations }),
    };
    const group = x.shape[3] / shape[1];
    if (group !== 1) {
      attributes.group = group;
    }
    const inputs = [lowering.inOrder(x, NCHW_FROM_NHWC), lowering.graph.addInitializer(data, shape)];
    if (bias) {
      inputs.push(lowering.graph.addInitializer(Float32Array.from(dataOf(bias)), bias.shape));
    }
    return lowering.emit('Conv', inputs, attributes, NCHW_FROM_NHWC);
  };
}

/** @param {string} op @param {string} global the same over all pixels @returns {Rule} */
function poolRule(op, global) {
  return (lowering, [x], { kernel, strides, padding }) => {
    const sizes = x.shape.slice(1, 3);
    const pads = padsOf(padding, sizes, kernel, strides, [1, 1]);
    const image = [lowering.inOrder(x, NCHW_FROM_NHWC)];
    if (!pads.pads && kernel.join() === sizes.join()) {
      return lowering.emit(global, image, {}, NCHW_FROM_NHWC);
    }
    const attributes = { kernel_shape: kernel, ...pads, ...unlessOnes({ strides }) };
    return lowering.emit(op, image, attributes, NCHW_FROM_NHWC);
  };
}

/**
 * A constant operand for broadcasting against a tensor: axes in the tensor's stored order, leading
 * ones dropped.
 *
 * @param {Lowering} lowering
 * @param {Value} value
 * @param {number[]} order
 * @returns {string}
 */
function operand(lowering, value, order) {
  const padded = [...Array(order.length - value.shape.length).fill(1), ...value.shape];
  if (!value.data) {
    return lowering.inOrder(lowering.reshape(value, padded), order);
  }
  const shape = order.map((axis) => padded[axis]);
  while (shape[0] === 1) {
    shape.shift();
  }
  const data = Float32Array.from(permute(value.data, padded, order));
  return lowering.graph.addInitializer(data, shape);
}

/** @param {string} op @returns {Rule} */
function binaryRule(op) {
  return (lowering, [a, b]) => {
    const shape = broadcastShapes(a.shape, b.shape);
    const full = [a, b].find((value) => value.name && value.shape.length === shape.length);
    const order = full?.order ?? identityOrder(shape.length);
    const inputs = [a, b].map((value) =>
      value === full ? value.name : operand(lowering, value, order),
    );
    return lowering.emit(op, inputs, {}, order);
  };
}

/** @param {string} op @param {(attributes: any) => any} [convert] @returns {Rule} */
function unaryRule(op, convert = () => ({})) {
  return (lowering, [x], attributes) =>
    lowering.emit(op, [x.name], convert(attributes), x.order);
}

/** @type {Rule} */
function relu6(lowering, [x]) {
  const limits = [lowering.graph.addScalar(0), lowering.graph.addScalar(6)];
  return lowering.emit('Clip', [x.name, ...limits], {}, x.order);
}

/** @type {Rule} */
function prelu(lowering, [x, alpha]) {
  return lowering.emit('PRelu', [x.name, operand(lowering, alpha, x.order)], {}, x.order);
}

/** @type {Rule} */
function batchNorm(lowering, [x, ...statistics], { epsilon }) {
  const [scale, offset, mean, variance] = statistics.map(numbersOf);
  const factor = scale.map((gain, c) => gain / Math.sqrt(variance[c] + epsilon));
  const shift = factor.map((gain, c) => offset[c] - mean[c] * gain);
  const constant = (list) => ({ shape: [list.length], data: Float32Array.from(list) });
  const scaled = rules.mul(lowering, [x, constant(factor)], {});
  return rules.add(lowering, [scaled, constant(shift)], {});
}

/** @param {'ReduceMean' | 'ReduceMax'} op @returns {Rule} */
function reduceRule(op) {
  return (lowering, [x, axesInput], { axes: given, keepDims }) => {
    const axes = (given ?? numbersOf(axesInput)).map((axis) => positive(axis, x.shape.length));
    const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const stored = axes.map((axis) => x.order.indexOf(axis)).sort();
    const isGlobal = x.shape.length === 4 && stored.join() === '2,3';
    const global = op === 'ReduceMean' ? 'GlobalAveragePool' : 'GlobalMaxPool';
    const reduced = isGlobal
      ? lowering.emit(global, [x.name], {}, x.order)
      : lowering.emit(op, [x.name], { axes: stored, keepdims: 1 }, x.order);
    const shape = kept.filter((_, axis) => keepDims || !axes.includes(axis));
    return keepDims ? reduced : lowering.reshape(reduced, shape);
  };
}

/** @type {Rule} */
function pad(lowering, [x, padsInput, value]) {
  const pairs = numbersOf(padsInput);
  const pads = [
    ...x.order.map((axis) => pairs[2 * axis]),
    ...x.order.map((axis) => pairs[2 * axis + 1]),
  ];
  const inputs = [x.name, lowering.graph.addIntegers(pads)];
  if (value && dataOf(value)[0] !== 0) {
    inputs.push(lowering.graph.addScalar(dataOf(value)[0]));
  }
  return lowering.emit('Pad', inputs, {}, x.order);
}

/** @type {Rule} */
function concat(lowering, inputs, { axis }) {
  const parts = axis === undefined ? inputs.slice(0, -1) : inputs;
  const { order } = parts.find((part) => part.order);
  const stored = order.indexOf(positive(axis ?? dataOf(inputs.at(-1))[0], order.length));
  const names = parts.map((part) => lowering.inOrder(part, order));
  return lowering.emit('Concat', names, { axis: stored }, order);
}

/** @type {Rule} */
function reshape(lowering, [x, shapeInput]) {
  const target = numbersOf(shapeInput);
  const known = countOf(target.filter((size) => size !== -1));
  return lowering.reshape(x, target.map((size) => (size === -1 ? countOf(x.shape) / known : size)));
}

/** @type {Rule} */
function transpose(_, [x, permInput]) {
  const perm = numbersOf(permInput).map((axis) => positive(axis, x.shape.length));
  const shape = perm.map((axis) => x.shape[axis]);
  return { shape, name: x.name, order: x.order.map((axis) => perm.indexOf(axis)) };
}

/** @type {Rule} */
function squeeze(lowering, [x], { axes }) {
  const dropped = axes.map((axis) => positive(axis, x.shape.length));
  const drop = (size, axis) => (dropped.length ? dropped.includes(axis) : size === 1);
  return lowering.reshape(x, x.shape.filter((size, axis) => !drop(size, axis)));
}

/** @type {Rule} */
function expandDims(lowering, [x, axisInput]) {
  const axis = positive(dataOf(axisInput)[0], x.shape.length + 1);
  return lowering.reshape(x, x.shape.toSpliced(axis, 0, 1));
}

/** @type {Rule} */
function matMul(lowering, [a, b], { transposeB = false }) {
  const left = lowering.inOrder(a, [0, 1]);
  const right = lowering.inOrder(b, transposeB ? [1, 0] : [0, 1]);
  return lowering.emit('MatMul', [left, right], {}, [0, 1]);
}

/** @type {Rule} */
function softmax(lowering, [x], { axis = -1 }) {
  const stored = x.order.indexOf(positive(axis, x.shape.length));
  return lowering.emit('Softmax', [x.name], { axis: stored }, x.order);
}

/** @type {Rule} */
function resize(lowering, [x, sizeInput], { mode, alignCorners, halfPixel }) {
  const [height, width] = numbersOf(sizeInput);
  const coordinates = alignCorners ? 'align_corners' : halfPixel ? 'half_pixel' : 'asymmetric';
  const attributes = { mode, coordinate_transformation_mode: coordinates };
  if (mode === 'nearest') {
    attributes.nearest_mode = 'floor';
  }
  const sizes = lowering.graph.addIntegers([x.shape[0], x.shape[3], height, width]);
  const inputs = [lowering.inOrder(x, NCHW_FROM_NHWC), '', '', sizes];
  return lowering.emit('Resize', inputs, attributes, NCHW_FROM_NHWC);
}

/**
 * A dilated convolution in the old spelling of TensorFlow: the image is dealt out into a batch of
 * images, each convolved, and put together again. The pieces of the puzzle are kept on the value.
 *
 * @type {Rule}
 */
function spaceToBatch(_, [x, block, pads]) {
  const [top, bottom, left, right] = numbersOf(pads);
  return { ...x, spread: { dilations: numbersOf(block), pads: [top, left, bottom, right] } };
}

/** @type {Rule} */
function batchToSpace(lowering, [x, , cropsInput]) {
  if (!x.spread?.weights) {
    throw new Error('a batch-to-space without its space-to-batch and convolution');
  }
  const { weights, oihw, dilations, pads } = x.spread;
  const [top, bottom, left, right] = numbersOf(cropsInput);
  // What is cropped from a convolution of stride 1 needs no padding in the first place.
  const padding = [top, left, bottom, right].map((crop, i) => pads[i] - crop);
  const image = { shape: x.shape, name: x.name, order: x.order };
  return rules['depthwise-conv'](lowering, [image, weights], {
    strides: [1, 1],
    dilations,
    padding,
    oihw,
  });
}

/** @type {Rule} */
function shapeOf(_, [x]) {
  return { shape: [x.shape.length], data: Int32Array.from(x.shape) };
}

/** @type {Record<string, Rule>} */
const rules = {
  'space-to-batch': spaceToBatch,
  'batch-to-space': batchToSpace,
  shape: shapeOf,
  conv: convRule(false),
  'depthwise-conv': convRule(true),
  'max-pool': poolRule('MaxPool', 'GlobalMaxPool'),
  'avg-pool': poolRule('AveragePool', 'GlobalAveragePool'),
  add: binaryRule('Add'),
  sub: binaryRule('Sub'),
  mul: binaryRule('Mul'),
  div: binaryRule('Div'),
  min: binaryRule('Min'),
  max: binaryRule('Max'),
  relu: unaryRule('Relu'),
  relu6,
  sigmoid: unaryRule('Sigmoid'),
  tanh: unaryRule('Tanh'),
  abs: unaryRule('Abs'),
  neg: unaryRule('Neg'),
  sqrt: unaryRule('Sqrt'),
  exp: unaryRule('Exp'),
  'hard-swish': unaryRule('HardSwish'),
  'leaky-relu': unaryRule('LeakyRelu', ({ alpha }) => ({ alpha })),
  prelu,
  'batch-norm': batchNorm,
  mean: reduceRule('ReduceMean'),
  'reduce-max': reduceRule('ReduceMax'),
  pad,
  concat,
  reshape,
  transpose,
  squeeze,
  'expand-dims': expandDims,
  matmul: matMul,
  softmax,
  resize,
};
