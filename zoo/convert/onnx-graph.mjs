// An ONNX graph in memory: one input, one output, every shape known. Attributes are plain numbers,
// strings and arrays; which ONNX attribute type they become is known from their name.
import { countOf } from './source-graph.mjs';
import { inferShape } from './onnx-shapes.mjs';

/**
 * @typedef {import('./source-graph.mjs').Data | BigInt64Array} OnnxData Float32Array is written as
 *   float (or float16), Int32Array as int32, BigInt64Array as int64
 * @typedef {{shape: number[], data: OnnxData}} Initializer
 * @typedef {{op: string, inputs: string[], output: string, attributes: Record<string, any>}}
 *   OnnxNode no operator in use has a second output; an empty input name is an absent input
 */

export class OnnxGraph {
  /** @type {OnnxNode[]} */
  nodes = [];
  /** @type {Map<string, Initializer>} */
  initializers = new Map();
  /** @type {Map<string, number[]>} shapes of all values, initializers included */
  shapes = new Map();
  #nextName = 0;

  /** @param {string} input @param {number[]} shape */
  constructor(input, shape) {
    this.input = input;
    this.output = '';
    this.shapes.set(input, shape);
  }

  /** @param {string} prefix @returns {string} */
  #name(prefix) {
    return `${prefix}${this.#nextName++}`;
  }

  /** @param {OnnxData} data @param {number[]} shape @returns {string} its name */
  addInitializer(data, shape) {
    if (data.length !== countOf(shape)) {
      throw new Error(`${data.length} values for the shape [${shape}]`);
    }
    const name = this.#name('w');
    this.initializers.set(name, { shape, data });
    this.shapes.set(name, shape);
    return name;
  }

  /** @param {number[]} values @returns {string} the name of an int64 vector */
  addIntegers(values) {
    return this.addInitializer(BigInt64Array.from(values, BigInt), [values.length]);
  }

  /** @param {number} value @returns {string} the name of a float scalar */
  addScalar(value) {
    return this.addInitializer(Float32Array.of(value), []);
  }

  /**
   * @param {string} op
   * @param {string[]} inputs
   * @param {Record<string, any>} [attributes]
   * @returns {string} the name of its output
   */
  addNode(op, inputs, attributes = {}) {
    const node = { op, inputs, output: this.#name('t'), attributes };
    this.nodes.push(node);
    this.setShape(node);
    return node.output;
  }

  /**
   * Makes a value the graph's output, under a name of its own.
   *
   * @param {string} value
   * @param {string} name
   */
  setOutput(value, name) {
    for (const node of this.nodes) {
      node.inputs = node.inputs.map((input) => (input === value ? name : input));
      node.output = node.output === value ? name : node.output;
    }
    this.shapes.set(name, this.shapeOf(value));
    this.output = name;
  }

  /** Infers and records the shape of a node's output. @param {OnnxNode} node */
  setShape(node) {
    this.shapes.set(node.output, inferShape(this, node));
  }

  /** @param {string} name @returns {number[]} */
  shapeOf(name) {
    const shape = this.shapes.get(name);
    if (shape === undefined) {
      throw new Error(`the value ${name} is used before it is made`);
    }
    return shape;
  }

  /** @param {string} name @returns {{shape: number[], data: Float32Array}} a constant float input */
  floatsOf(name) {
    const { shape, data } = this.initializers.get(name) ?? {};
    if (shape === undefined || !(data instanceof Float32Array)) {
      throw new Error(`${name} would have to be constant floats`);
    }
    return { shape, data };
  }

  /** @param {string} name @returns {number[]} the numbers of a constant integer input */
  integersOf(name) {
    const initializer = this.initializers.get(name);
    if (initializer === undefined) {
      throw new Error(`${name} would have to be a constant`);
    }
    return Array.from(initializer.data, Number);
  }
}
