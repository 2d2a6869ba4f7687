// Shape inference for the ONNX operators that occur in the zoo, at opset 13 and 14.
import { countOf } from './source-graph.mjs';

/**
 * @typedef {import('./onnx-graph.mjs').OnnxGraph} OnnxGraph
 * @typedef {import('./onnx-graph.mjs').OnnxNode} OnnxNode
 * @typedef {(graph: OnnxGraph, node: OnnxNode) => number[]} Rule
 */

/**
 * @param {OnnxGraph} graph
 * @param {OnnxNode} node
 * @returns {number[]}
 */
export function inferShape(graph, node) {
  const rule = rules[node.op];
  if (rule === undefined) {
    throw new Error(`the operator ${node.op} is not supported`);
  }
  const shape = rule(graph, node);
  if (!shape.every((size) => Number.isInteger(size) && size > 0)) {
    throw new Error(`${node.op} would give the shape [${shape}]`);
  }
  return shape;
}

/** @param {number[][]} shapes @returns {number[]} */
export function broadcastShapes(...shapes) {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((shape) => shape[shape.length - rank + i] ?? 1);
    const size = Math.max(...sizes);
    if (sizes.some((other) => other !== 1 && other !== size)) {
      throw new Error(`the shapes [${shapes.join('] and [')}] do not match`);
    }
    return size;
  });
}

/**
 * The spatial output sizes of a convolution or a pooling window.
 *
 * @param {number[]} sizes spatial input sizes
 * @param {number[]} kernel
 * @param {Record<string, any>} attributes of the ONNX node
 * @returns {number[]}
 */
function slide(sizes, kernel, attributes) {
  const { strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] } = attributes;
  if (attributes.auto_pad && attributes.auto_pad !== 'NOTSET') {
    throw new Error(`auto_pad ${attributes.auto_pad} is not supported`);
  }
  const round = attributes.ceil_mode ? Math.ceil : Math.floor;
  return sizes.map((size, i) => {
    const span = (kernel[i] - 1) * dilations[i] + 1;
    return round((size + pads[i] + pads[i + 2] - span) / strides[i]) + 1;
  });
}

/** @type {Rule} */
function conv(graph, { inputs, attributes }) {
  const [batch, channels, ...sizes] = graph.shapeOf(inputs[0]);
  const [filters, depth, ...kernel] = graph.shapeOf(inputs[1]);
  const group = attributes.group ?? 1;
  if (channels !== depth * group || filters % group !== 0) {
    throw new Error(`${channels} channels meet ${filters} filters of ${depth}, ${group} groups`);
  }
  return [batch, filters, ...slide(sizes, kernel, attributes)];
}

/** @type {Rule} */
function pool(graph, { inputs, attributes }) {
  const [batch, channels, ...sizes] = graph.shapeOf(inputs[0]);
  return [batch, channels, ...slide(sizes, attributes.kernel_shape, attributes)];
}

/** @type {Rule} */
function globalPool(graph, { inputs }) {
  const [batch, channels, ...sizes] = graph.shapeOf(inputs[0]);
  return [batch, channels, ...sizes.map(() => 1)];
}

/** @type {Rule} */
function same(graph, { inputs }) {
  return graph.shapeOf(inputs[0]);
}

/** @type {Rule} */
function broadcast(graph, { inputs }) {
  return broadcastShapes(...inputs.map((input) => graph.shapeOf(input)));
}

/** @type {Rule} */
function matMul(graph, { inputs }) {
  const [a, b] = inputs.map((input) => graph.shapeOf(input));
  if (a.length !== 2 || b.length !== 2 || a[1] !== b[0]) {
    throw new Error(`a matrix product of [${a}] and [${b}]`);
  }
  return [a[0], b[1]];
}

/** @type {Rule} */
function transpose(graph, { inputs, attributes }) {
  const shape = graph.shapeOf(inputs[0]);
  return attributes.perm.map((/** @type {number} */ axis) => shape[axis]);
}

/** @type {Rule} */
function reshape(graph, { inputs }) {
  const shape = graph.shapeOf(inputs[0]);
  const count = countOf(shape);
  const target = graph.integersOf(inputs[1]).map((size, i) => (size === 0 ? shape[i] : size));
  const known = countOf(target.filter((size) => size !== -1));
  const result = target.map((size) => (size === -1 ? count / known : size));
  if (countOf(result) !== count) {
    throw new Error(`[${shape}] cannot become [${target}]`);
  }
  return result;
}

/** @type {Rule} */
function flatten(graph, { inputs, attributes }) {
  const shape = graph.shapeOf(inputs[0]);
  const axis = attributes.axis ?? 1;
  return [countOf(shape.slice(0, axis)), countOf(shape.slice(axis))];
}

/** @type {Rule} */
function concat(graph, { inputs, attributes }) {
  const shapes = inputs.map((input) => graph.shapeOf(input));
  const axis = attributes.axis < 0 ? attributes.axis + shapes[0].length : attributes.axis;
  for (const shape of shapes) {
    if (shape.length !== shapes[0].length || shape.some((n, i) => i !== axis && n !== shapes[0][i])) {
      throw new Error(`[${shapes.join('] and [')}] cannot be joined along axis ${axis}`);
    }
  }
  return shapes[0].map((n, i) => (i === axis ? shapes.reduce((sum, s) => sum + s[axis], 0) : n));
}

/** @type {Rule} */
function pad(graph, { inputs }) {
  const shape = graph.shapeOf(inputs[0]);
  const pads = graph.integersOf(inputs[1]);
  return shape.map((size, i) => size + pads[i] + pads[i + shape.length]);
}

/** @type {Rule} */
function reduce(graph, { inputs, attributes }) {
  const shape = graph.shapeOf(inputs[0]);
  const given = /** @type {number[]} */ (attributes.axes ?? [...shape.keys()]);
  const axes = new Set(given.map((axis) => (axis < 0 ? axis + shape.length : axis)));
  return attributes.keepdims === 0
    ? shape.filter((_, i) => !axes.has(i))
    : shape.map((size, i) => (axes.has(i) ? 1 : size));
}

/** @type {Rule} */
function resize(graph, { inputs }) {
  if (!inputs[3]) {
    throw new Error('Resize by scales is not supported');
  }
  return graph.integersOf(inputs[3]);
}

/** @type {Record<string, Rule>} */
const rules = {
  Conv: conv,
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  MatMul: matMul,
  Transpose: transpose,
  Reshape: reshape,
  Flatten: flatten,
  Concat: concat,
  Pad: pad,
  ReduceMean: reduce,
  ReduceMax: reduce,
  Resize: resize,
};
for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max']) {
  rules[op] = broadcast;
}
for (const op of [
  ...['Relu', 'Clip', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh', 'LeakyRelu', 'PRelu'],
  ...['Softmax', 'Abs', 'Neg', 'Sqrt', 'Exp'],
]) {
  rules[op] = same;
}
