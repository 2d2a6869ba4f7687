// Rewrites an ONNX graph into fewer, faster nodes that compute the same: constants after a
// convolution go into its weights, in double precision; activations written as arithmetic become
// the operators that they are.
import { Uses } from './graph-uses.mjs';
import * as arithmetic from './rewrite-arithmetic.mjs';
import * as convolution from './rewrite-conv.mjs';

/**
 * @typedef {import('./onnx-graph.mjs').OnnxGraph} OnnxGraph
 * @typedef {import('./onnx-graph.mjs').OnnxNode} OnnxNode
 */

/** @param {OnnxGraph} graph changed in place */
export function simplify(graph) {
  // Each rewrite removes a node or puts it into a form that no rule changes back, so this ends.
  while (rewriteOnce(new Uses(graph))) {
    dropUnused(graph);
  }
  dropUnused(graph);
}

/** @param {Uses} uses @returns {boolean} whether something changed */
function rewriteOnce(uses) {
  let changed = false;
  for (const node of uses.graph.nodes) {
    if (rewrites[node.op]?.some((rewrite) => rewrite(uses, node))) {
      // The other rewrites of this round would see stale readers.
      changed = true;
      break;
    }
  }
  return changed;
}

/** @param {OnnxGraph} graph */
function dropUnused(graph) {
  const used = new Set([graph.output]);
  const kept = [];
  for (const node of graph.nodes.toReversed()) {
    if (used.has(node.output)) {
      node.inputs.forEach((input) => used.add(input));
      kept.push(node);
    }
  }
  graph.nodes = kept.reverse();
  for (const name of graph.initializers.keys()) {
    if (!used.has(name)) {
      graph.initializers.delete(name);
    }
  }
}

/** By the operator that they apply to. @type {Record<string, import('./graph-uses.mjs').Rewrite[]>} */
const rewrites = {
  Mul: [arithmetic.constantLast, convolution.foldMul, arithmetic.mulToHardSwish],
  Add: [arithmetic.constantLast, convolution.foldAdd, arithmetic.addToPRelu],
  Sub: [arithmetic.invertConstant('Add', (c) => -c)],
  Div: [arithmetic.invertConstant('Mul', (c) => 1 / c)],
  Conv: [convolution.foldPad, convolution.foldBeforeConv],
  MaxPool: [convolution.foldPadIntoPool],
  Relu: [arithmetic.dropRelu],
  Min: [arithmetic.minToClip],
  Max: [arithmetic.maxToRelu],
};
