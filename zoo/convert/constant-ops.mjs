// Operators on constants alone, computed at conversion: weights behind a few operators, and the
// shape arithmetic of dynamic graphs.
import { permute } from './layout.mjs';
import { broadcastShapes } from './onnx-shapes.mjs';
import { countOf } from './source-graph.mjs';

/**
 * @typedef {import('./source-graph.mjs').SourceNode} SourceNode
 * @typedef {import('./source-graph.mjs').Constant} Constant
 */

/**
 * @param {SourceNode} node
 * @param {Constant[]} inputs
 * @returns {Constant}
 */
export function foldConstants(node, inputs) {
  const rule = rules[node.op];
  if (rule === undefined) {
    throw new Error(`the operator ${node.op} is not supported on constants`);
  }
  return rule(inputs, node.attributes);
}

/** @typedef {(inputs: Constant[], attributes: any) => Constant} Rule */

/** @param {(a: number, b: number) => number} combine @returns {Rule} */
function binaryRule(combine) {
  return ([a, b]) => {
    const shape = broadcastShapes(a.shape, b.shape);
    const strides = [a, b].map((value) => broadcastStrides(value.shape, shape));
    const data = new /** @type {any} */ (a.data.constructor)(countOf(shape));
    for (let i = 0; i < data.length; i++) {
      let rest = i;
      let atA = 0;
      let atB = 0;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const at = rest % shape[axis];
        rest = (rest - at) / shape[axis];
        atA += at * strides[0][axis];
        atB += at * strides[1][axis];
      }
      data[i] = combine(a.data[atA], b.data[atB]);
    }
    return { shape, data };
  };
}

/** @param {number[]} shape @param {number[]} full @returns {number[]} 0 along repeated axes */
function broadcastStrides(shape, full) {
  const padded = [...Array(full.length - shape.length).fill(1), ...shape];
  return padded.map((size, axis) => (size === 1 ? 0 : countOf(padded.slice(axis + 1))));
}

/** @param {Constant[]} inputs @returns {Constant} */
function reshape([x, target]) {
  const sizes = Array.from(target.data);
  const known = countOf(sizes.filter((size) => size !== -1));
  const shape = sizes.map((size) => (size === -1 ? x.data.length / known : size));
  if (countOf(shape) !== x.data.length) {
    throw new Error(`[${x.shape}] cannot become [${sizes}]`);
  }
  return { shape, data: x.data };
}

/**
 * Of slices only what shape arithmetic needs: a run of a vector, or one of its numbers.
 *
 * @param {Constant[]} inputs
 * @param {{shrink: boolean, openStart: boolean, openEnd: boolean}} attributes
 * @returns {Constant}
 */
function stridedSlice([x, begin, end, strides], { shrink, openStart, openEnd }) {
  if (x.shape.length !== 1 || strides.data[0] !== 1) {
    throw new Error(`a slice of [${x.shape}] with the stride ${strides.data}`);
  }
  if (shrink) {
    return { shape: [], data: x.data.slice(begin.data[0]).slice(0, 1) };
  }
  const data = x.data.slice(openStart ? 0 : begin.data[0], openEnd ? x.data.length : end.data[0]);
  return { shape: [data.length], data };
}

/** @param {Constant[]} inputs of one shape @returns {Constant} */
function pack(inputs) {
  const shape = [inputs.length, ...inputs[0].shape];
  const data = new /** @type {any} */ (inputs[0].data.constructor)(countOf(shape));
  inputs.forEach((input, i) => data.set(input.data, i * input.data.length));
  return { shape, data };
}

/** @type {Record<string, Rule>} */
const rules = {
  'floor-mod': binaryRule((a, b) => a - Math.floor(a / b) * b),
  'strided-slice': stridedSlice,
  pack,
  add: binaryRule((a, b) => a + b),
  sub: binaryRule((a, b) => a - b),
  mul: binaryRule((a, b) => a * b),
  div: binaryRule((a, b) => a / b),
  reshape,
  transpose: ([x, perm]) => ({
    shape: Array.from(perm.data, (axis) => x.shape[axis]),
    data: permute(x.data, x.shape, Array.from(perm.data)),
  }),
};
