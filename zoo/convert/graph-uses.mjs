// Who makes and who reads each value of an ONNX graph, for rewriting it.

/**
 * @typedef {import('./onnx-graph.mjs').OnnxGraph} OnnxGraph
 * @typedef {import('./onnx-graph.mjs').OnnxNode} OnnxNode
 * @typedef {(uses: Uses, node: OnnxNode) => boolean} Rewrite says whether it changed something, after
 *   which the uses are out of date
 */

export class Uses {
  /** @param {OnnxGraph} graph */
  constructor(graph) {
    this.graph = graph;
    /** @type {Map<string, OnnxNode>} */
    this.producers = new Map();
    /** @type {Map<string, OnnxNode[]>} */
    this.readers = new Map();
    for (const node of graph.nodes) {
      this.producers.set(node.output, node);
      node.inputs.forEach((input) => {
        this.readers.set(input, [...(this.readers.get(input) ?? []), node]);
      });
    }
  }

  /** @param {string} value @returns {boolean} exactly one node reads it, and it is no output */
  isPrivate(value) {
    return this.readers.get(value)?.length === 1 && value !== this.graph.output;
  }

  /** @param {string} value @param {string} op @returns {OnnxNode | undefined} the node making it */
  from(value, op) {
    const node = this.producers.get(value);
    return node?.op === op ? node : undefined;
  }

  /** @param {string} value @returns {number | undefined} the value of a scalar constant */
  scalar(value) {
    const initializer = this.graph.initializers.get(value);
    return initializer?.data.length === 1 ? Number(initializer.data[0]) : undefined;
  }

  /**
   * @param {OnnxNode} node with two inputs
   * @returns {{tensor: string, constant: string} | undefined} if exactly one of them is constant
   */
  sides(node) {
    const [a, b] = node.inputs;
    const isConstant = (/** @type {string} */ value) => this.graph.initializers.has(value);
    if (isConstant(a) === isConstant(b)) {
      return undefined;
    }
    return isConstant(b) ? { tensor: a, constant: b } : { tensor: b, constant: a };
  }

  /**
   * @param {OnnxNode} node
   * @param {string} value that all readers of the node read instead
   */
  bypass(node, value) {
    for (const reader of this.readers.get(node.output) ?? []) {
      reader.inputs = reader.inputs.map((input) => (input === node.output ? value : input));
    }
    return true;
  }

  /**
   * @param {OnnxNode} node
   * @param {string} op
   * @param {string[]} inputs
   * @returns {string} the output of a new node that runs before the given one
   */
  insertBefore(node, op, inputs) {
    const { graph } = this;
    const output = graph.addNode(op, inputs);
    graph.nodes.splice(graph.nodes.indexOf(node), 0, ...graph.nodes.splice(-1));
    return output;
  }

  /**
   * The node's place is taken by another one with the same output.
   *
   * @param {OnnxNode} node
   * @param {string} op
   * @param {string[]} inputs
   * @param {Record<string, any>} [attributes]
   */
  replace(node, op, inputs, attributes = {}) {
    Object.assign(node, { op, inputs, attributes });
    this.graph.setShape(node);
    return true;
  }
}
