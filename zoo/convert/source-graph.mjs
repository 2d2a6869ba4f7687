// What every reader produces: the operations of a published model in their own axis order
// (usually NHWC), under the operator names listed at the top of lower-ops.mjs.

/**
 * @typedef {Float32Array | Int32Array} Data
 * @typedef {{shape: number[], data: Data}} Constant
 * @typedef {{op: string, inputs: string[], outputs: string[], attributes: Record<string, any>}}
 *   SourceNode
 * @typedef {{nodes: SourceNode[], constants: Map<string, Constant>, entries: Entry[]}} SourceGraph
 * @typedef {{name: string, shape: (number | undefined)[]}} Entry an input of the model
 */

/**
 * A node that a reader cannot read. That is an error only if a tap needs the node.
 *
 * @param {string[]} inputs
 * @param {string[]} outputs
 * @param {string} reason
 * @returns {SourceNode}
 */
export function unsupported(inputs, outputs, reason) {
  return { op: 'unsupported', inputs, outputs, attributes: { reason } };
}

/**
 * @template T
 * @param {SourceNode} node that errors are about
 * @param {() => T} step
 * @returns {T}
 */
export function inNode({ op, outputs }, step) {
  try {
    return step();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${op} ${outputs[0]}: ${reason}`, { cause: error });
  }
}

/** @param {readonly number[]} shape @returns {number} */
export function countOf(shape) {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * The nodes that the taps need, each after the nodes it reads from, starting at the entry.
 *
 * @param {{nodes: SourceNode[], constants: Map<string, unknown>}} graph
 * @param {string[]} taps
 * @param {string} entry the tensor that the image replaces
 * @returns {SourceNode[]}
 */
export function cutGraph(graph, taps, entry) {
  /** @type {Map<string, SourceNode>} */
  const producers = new Map();
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      producers.set(output, node);
    }
  }
  /** @type {SourceNode[]} */
  const sorted = [];
  const state = new Map();
  // An explicit stack: a corrupt file may chain more nodes than the call stack holds.
  const stack = [...taps].reverse().map((name) => ({ name, done: false }));
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { name, done } = top;
    const node = name === entry || graph.constants.has(name) ? undefined : producers.get(name);
    if (node === undefined) {
      requireKnown(graph, name, entry);
    } else if (done) {
      state.set(node, 'sorted');
      sorted.push(node);
    } else if (state.get(node) === 'open') {
      throw new Error(`the graph has a cycle through ${name}`);
    } else if (!state.has(node)) {
      state.set(node, 'open');
      stack.push({ name, done: true });
      const inputs = node.inputs.filter((input) => input !== '').reverse();
      stack.push(...inputs.map((input) => ({ name: input, done: false })));
    }
  }
  return sorted;
}

/** @param {{constants: Map<string, unknown>}} graph @param {string} name @param {string} entry */
function requireKnown(graph, name, entry) {
  if (name !== entry && !graph.constants.has(name)) {
    throw new Error(`no node or weight is called ${name}`);
  }
}
