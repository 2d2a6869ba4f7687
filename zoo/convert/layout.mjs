// Orders of axes. An order lists, for each stored axis, the source's axis that it holds.
import { countOf } from './source-graph.mjs';

/** @typedef {import('./source-graph.mjs').Data} Data */

/** @param {number} rank @returns {number[]} */
export function identityOrder(rank) {
  return Array.from({ length: rank }, (_, i) => i);
}

/** NHWC tensors are stored NCHW. */
export const NCHW_FROM_NHWC = [0, 3, 1, 2];

/**
 * @param {Data} data row-major
 * @param {number[]} shape
 * @param {number[]} order
 * @returns {Data} the same array with its axes in the given order
 */
export function permute(data, shape, order) {
  const strides = shape.map((_, axis) => countOf(shape.slice(axis + 1)));
  const sizes = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  const result = new /** @type {any} */ (data.constructor)(data.length);
  const at = sizes.map(() => 0);
  for (let i = 0, from = 0; i < data.length; i++) {
    result[i] = data[from];
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++at[axis] < sizes[axis]) {
        break;
      }
      from -= at[axis] * steps[axis];
      at[axis] = 0;
    }
  }
  return result;
}
