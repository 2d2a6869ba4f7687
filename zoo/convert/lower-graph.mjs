// Source graph -> ONNX graph, from the image to the taps, and from them to the feature vector.
import { identityOrder, NCHW_FROM_NHWC } from './layout.mjs';
import { Lowering, tensorOf } from './lowering.mjs';
import { lowerNode } from './lower-ops.mjs';
import { OnnxGraph } from './onnx-graph.mjs';
import { cutGraph, inNode } from './source-graph.mjs';

/**
 * @typedef {import('./source-graph.mjs').SourceGraph} SourceGraph
 * @typedef {import('./lowering.mjs').Value} Value
 */

/**
 * @param {SourceGraph} source
 * @param {{taps: string[], entry: string, shape: number[], channelsFirst: boolean}} options
 *   shape: [1, channels, height, width]; channelsFirst: so in the source, too
 * @returns {{graph: OnnxGraph, taps: string[]}} with every shape known, and the taps' new names
 */
export function lowerGraph(source, { taps, entry, shape, channelsFirst }) {
  const graph = new OnnxGraph('image', shape);
  const lowering = new Lowering(graph);
  /** @type {Map<string, Value>} */
  const values = new Map(source.constants);
  values.set(entry, lowering.tensor('image', channelsFirst ? identityOrder(4) : NCHW_FROM_NHWC));
  /** @param {string} name of a value that comes before its readers */
  const valueOf = (name) => /** @type {Value} */ (values.get(name));
  for (const node of cutGraph(source, taps, entry)) {
    inNode(node, () => {
      values.set(node.outputs[0], lowerNode(lowering, node, node.inputs.map(valueOf)));
    });
  }
  const order = channelsFirst ? identityOrder(4) : NCHW_FROM_NHWC;
  const stored = taps.map((tap) => {
    const value = tensorOf(valueOf(tap));
    return lowering.inOrder(value, value.shape.length === 4 ? order : identityOrder(2));
  });
  return { graph, taps: stored };
}

/**
 * Ends the graph in one vector [1, D]: the spatial means of all taps, in sequence.
 *
 * @param {OnnxGraph} graph
 * @param {string[]} taps NCHW values or vectors
 */
export function joinFeatures(graph, taps) {
  const vectors = taps.map((tap) => {
    const { length: rank } = graph.shapeOf(tap);
    if (rank !== 4 && rank !== 2) {
      throw new Error(`a tap of shape [${graph.shapeOf(tap)}] is neither an image nor a vector`);
    }
    return rank === 2
      ? tap
      : graph.addNode('Flatten', [graph.addNode('GlobalAveragePool', [tap])]);
  });
  const features =
    vectors.length === 1 ? vectors[0] : graph.addNode('Concat', vectors, { axis: 1 });
  graph.setOutput(features, 'features');
}
