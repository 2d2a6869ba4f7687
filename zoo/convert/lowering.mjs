// The values of a source graph while it becomes ONNX. A source tensor keeps the axis order of its own
// framework; the ONNX value that holds it may store its axes in another order, which every value
// carries along. So a transpose in the source costs nothing, and one is written only where a reshape
// needs it.
import { permute } from './layout.mjs';
import { countOf } from './source-graph.mjs';

/**
 * @typedef {import('./onnx-graph.mjs').OnnxGraph} OnnxGraph
 * @typedef {import('./source-graph.mjs').Data} Data
 * @typedef {{shape: number[], data: Data, name?: undefined}} Constant
 * @typedef {{shape: number[], data?: undefined, name: string, order: number[]}} Tensor the ONNX value
 *   `name`, whose axis i is the source's axis order[i]
 * @typedef {{dilations: number[], pads: number[], weights?: Constant, oihw?: number[]}} Spread
 * @typedef {{shape: number[], data?: undefined, name?: undefined, image: Tensor, spread: Spread}}
 *   SpreadImage an image that space-to-batch has dealt out
 * @typedef {Constant | Tensor | SpreadImage} Value; the shape is in the source's axes
 */

/** @param {Value | undefined} value @returns {Tensor} an input that must come from the image */
export function tensorOf(value) {
  if (value === undefined || value.name === undefined) {
    throw new Error('an input would have to be a tensor');
  }
  return value;
}

/** @param {Value | undefined} value @returns {Constant} an input that must not */
export function constantOf(value) {
  if (value?.data === undefined) {
    throw new Error('an input would have to be constant');
  }
  return value;
}

/** @param {Value | undefined} value @returns {number[]} */
export function numbersOf(value) {
  return Array.from(constantOf(value).data);
}

/** @param {number} axis @param {number} rank @returns {number} an axis counted from the front */
export function axisOf(axis, rank) {
  if (!(axis >= -rank && axis < rank)) {
    throw new Error(`axis ${axis} of a tensor of rank ${rank}`);
  }
  return axis < 0 ? axis + rank : axis;
}

export class Lowering {
  /** @param {OnnxGraph} graph */
  constructor(graph) {
    this.graph = graph;
  }

  /**
   * @param {Constant | Tensor} value
   * @param {number[]} order
   * @returns {string} the name of an ONNX value that holds it with its axes in this order
   */
  inOrder(value, order) {
    if (order.length !== value.shape.length) {
      throw new Error(`[${value.shape}] where ${order.length} axes are wanted`);
    }
    if (value.data) {
      const shape = order.map((axis) => value.shape[axis]);
      return this.graph.addInitializer(permute(value.data, value.shape, order), shape);
    }
    const perm = order.map((axis) => value.order.indexOf(axis));
    if (perm.every((axis, i) => axis === i)) {
      return value.name;
    }
    if (this.#keepsNumbers(value, perm)) {
      return this.onnxReshape(value.name, order.map((axis) => value.shape[axis]));
    }
    return this.graph.addNode('Transpose', [value.name], { perm });
  }

  /** @param {Tensor} value @param {number[]} perm @returns {boolean} only axes of size 1 change places */
  #keepsNumbers(value, perm) {
    const moved = perm.filter((axis) => this.graph.shapeOf(value.name)[axis] > 1);
    return moved.every((axis, i) => i === 0 || axis > moved[i - 1]);
  }

  /** @param {string} name @param {number[]} shape @returns {string} */
  onnxReshape(name, shape) {
    return this.graph.addNode('Reshape', [name, this.graph.addIntegers(shape)]);
  }

  /** @param {string} name an ONNX value @param {number[]} order @returns {Tensor} */
  tensor(name, order) {
    const stored = this.graph.shapeOf(name);
    /** @type {number[]} */
    const shape = [];
    order.forEach((axis, i) => {
      shape[axis] = stored[i];
    });
    return { shape, name, order };
  }

  /**
   * @param {string} op
   * @param {string[]} inputs ONNX values
   * @param {Record<string, any>} attributes
   * @param {number[]} order of the output
   * @returns {Tensor}
   */
  emit(op, inputs, attributes, order) {
    return this.tensor(this.graph.addNode(op, inputs, attributes), order);
  }

  /**
   * Joins and splits axes. Axes are grouped so that each group of old axes holds the numbers of one
   * group of new axes; a group whose axes lie in sequence in the stored order can be reshaped where
   * it is, the others must be moved first.
   *
   * @template {Constant | Tensor} T
   * @param {T} value
   * @param {number[]} shape
   * @returns {T}
   */
  reshape(value, shape) {
    if (shape.join() === value.shape.join()) {
      return value;
    }
    if (value.data) {
      return { ...value, shape };
    }
    return /** @type {T} */ (this.#reshapeTensor(/** @type {Tensor} */ (value), shape));
  }

  /** @param {Tensor} value @param {number[]} shape @returns {Tensor} */
  #reshapeTensor(value, shape) {
    /** @param {number} axis */
    const position = (axis) => value.order.indexOf(axis);
    /** @param {{from: number[]}} group where its first axis that matters is stored */
    const firstOf = ({ from }) => {
      const wide = from.filter((axis) => value.shape[axis] > 1);
      return wide.length > 0 ? Math.min(...wide.map(position)) : -1;
    };
    const placed = matchAxes(value.shape, shape).sort((a, b) => firstOf(a) - firstOf(b));
    const order = placed.flatMap((group) => group.to);
    const from = placed.flatMap((group) => group.from);
    const stored = this.#keepsNumbers(value, from.map(position))
      ? value.name
      : this.inOrder(value, from);
    return this.tensor(this.onnxReshape(stored, order.map((axis) => shape[axis])), order);
  }
}

/**
 * @param {number[]} from a shape
 * @param {number[]} to another shape of as many elements
 * @returns {{from: number[], to: number[]}[]} the axes of both in groups of equal element counts
 */
function matchAxes(from, to) {
  if (countOf(from) !== countOf(to) || !to.every((size) => Number.isInteger(size) && size > 0)) {
    throw new Error(`[${from}] cannot become [${to}]`);
  }
  /** @type {{from: number[], to: number[]}[]} */
  const groups = [];
  let i = 0;
  let j = 0;
  while (i < from.length && j < to.length) {
    const group = { from: [i], to: [j] };
    let left = from[i++];
    let right = to[j++];
    while (left !== right) {
      if (left < right) {
        left *= from[i];
        group.from.push(i++);
      } else {
        right *= to[j];
        group.to.push(j++);
      }
    }
    groups.push(group);
  }
  const last = groups.at(-1) ?? { from: [], to: [] };
  while (i < from.length) {
    last.from.push(i++);
  }
  while (j < to.length) {
    last.to.push(j++);
  }
  return groups.length > 0 ? groups : [last];
}
