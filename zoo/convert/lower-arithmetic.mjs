// Arithmetic on the numbers of one or two tensors, and means over axes.
import { identityOrder, permute } from './layout.mjs';
import { axisOf, numbersOf, tensorOf } from './lowering.mjs';
import { broadcastShapes } from './onnx-shapes.mjs';

/**
 * @typedef {import('./lowering.mjs').Lowering} Lowering
 * @typedef {import('./lowering.mjs').Tensor} Tensor
 * @typedef {import('./lowering.mjs').Value} Value
 * @typedef {import('./lower-ops.mjs').Rule} Rule
 */

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
    return lowering.inOrder(lowering.reshape(tensorOf(value), padded), order);
  }
  const shape = order.map((axis) => padded[axis]);
  while (shape[0] === 1) {
    shape.shift();
  }
  const data = Float32Array.from(permute(value.data, padded, order));
  return lowering.graph.addInitializer(data, shape);
}

/** @param {string} op @returns {Rule} */
export function binaryRule(op) {
  return (lowering, [a, b]) => {
    const shape = broadcastShapes(a.shape, b.shape);
    const full = [a, b].find((value) => value.name && value.shape.length === shape.length);
    const order = full ? tensorOf(full).order : identityOrder(shape.length);
    const inputs = [a, b].map((value) =>
      value === full ? tensorOf(full).name : operand(lowering, value, order),
    );
    return lowering.emit(op, inputs, {}, order);
  };
}

/** @param {string} op @param {(attributes: any) => any} [convert] @returns {Rule} */
export function unaryRule(op, convert = () => ({})) {
  return (lowering, [input], attributes) => {
    const x = tensorOf(input);
    return lowering.emit(op, [x.name], convert(attributes), x.order);
  };
}

/** @type {Rule} */
export function relu6(lowering, [input]) {
  const x = tensorOf(input);
  const limits = [lowering.graph.addScalar(0), lowering.graph.addScalar(6)];
  return lowering.emit('Clip', [x.name, ...limits], {}, x.order);
}

/** @type {Rule} */
export function prelu(lowering, [input, alpha]) {
  const x = tensorOf(input);
  return lowering.emit('PRelu', [x.name, operand(lowering, alpha, x.order)], {}, x.order);
}

/** @type {Rule} */
export function batchNorm(lowering, [x, ...statistics], { epsilon }) {
  const [scale, offset, mean, variance] = statistics.map(numbersOf);
  const factor = scale.map((gain, c) => gain / Math.sqrt(variance[c] + epsilon));
  const shift = factor.map((gain, c) => offset[c] - mean[c] * gain);
  /** @param {number[]} list */
  const constant = (list) => ({ shape: [list.length], data: Float32Array.from(list) });
  const scaled = binaryRule('Mul')(lowering, [x, constant(factor)], {});
  return binaryRule('Add')(lowering, [scaled, constant(shift)], {});
}

/** @param {'ReduceMean' | 'ReduceMax'} op @returns {Rule} */
export function reduceRule(op) {
  return (lowering, [input, axesInput], { axes: given, keepDims }) => {
    const x = tensorOf(input);
    const list = /** @type {number[]} */ (given ?? numbersOf(axesInput));
    const axes = list.map((axis) => axisOf(axis, x.shape.length));
    const stored = axes.map((axis) => x.order.indexOf(axis)).sort();
    const isGlobal = x.shape.length === 4 && stored.join() === '2,3';
    const global = op === 'ReduceMean' ? 'GlobalAveragePool' : 'GlobalMaxPool';
    const reduced = isGlobal
      ? lowering.emit(global, [x.name], {}, x.order)
      : lowering.emit(op, [x.name], { axes: stored, keepdims: 1 }, x.order);
    const shape = x.shape.filter((_, axis) => !axes.includes(axis));
    return keepDims ? reduced : lowering.reshape(reduced, shape);
  };
}

/** @type {Rule} */
export function matMul(lowering, [a, b], { transposeB = false }) {
  const left = lowering.inOrder(tensorOf(a), [0, 1]);
  const matrix = 'spread' in b ? tensorOf(b) : b;
  return lowering.emit('MatMul', [left, lowering.inOrder(matrix, transposeB ? [1, 0] : [0, 1])], {}, [0, 1]);
}

/** @type {Rule} */
export function softmax(lowering, [input], { axis = -1 }) {
  const x = tensorOf(input);
  const stored = x.order.indexOf(axisOf(axis, x.shape.length));
  return lowering.emit('Softmax', [x.name], { axis: stored }, x.order);
}
