// Source graph -> ONNX graph, from the image to the feature vector.
import { identityOrder, NCHW_FROM_NHWC } from './layout.mjs';
import { Lowering } from './lowering.mjs';
import { lowerNode } from './lower-ops.mjs';
import { OnnxGraph } from './onnx-graph.mjs';
import { cutGraph } from './source-graph.mjs';

/**
 * @typedef {import('./source-graph.mjs').SourceGraph} SourceGraph
 * @typedef {import('./lowering.mjs').Value} Value
 */

/**
 * @param {SourceGraph} source
 * @param {{taps: string[], entry: string, image: {channels: number, height: number, width: number},
 *   channelsFirst: boolean}} options
 * @returns {OnnxGraph}
 */
export function lowerGraph(source, { taps, entry, image, channelsFirst }) {
  const graph = new OnnxGraph('image', [1, image.channels, image.height, image.width]);
  const lowering = new Lowering(graph);
  /** @type {Map<string, Value>} */
  const values = new Map(source.constants);
  values.set(entry, lowering.tensor('image', channelsFirst ? identityOrder(4) : NCHW_FROM_NHWC));
  for (const node of cutGraph(source, taps, entry)) {
    try {
      const inputs = node.inputs.map((name) => values.get(name));
      lowerNode(lowering, node, inputs).forEach((value, i) => values.set(node.outputs[i], value));
    } catch (error) {
      throw new Error(`${node.op} ${node.outputs[0]}: ${error.message}`, { cause: error });
    }
  }
  const features = joinFeatures(lowering, taps.map((tap) => values.get(tap)), channelsFirst);
  graph.setOutput(features, 'features');
  return graph;
}

/**
 * @param {Lowering} lowering
 * @param {Value[]} taps
 * @param {boolean} channelsFirst
 * @returns {string} the value [1, D]: the spatial means of all taps, in sequence
 */
function joinFeatures(lowering, taps, channelsFirst) {
  const vectors = taps.map((tap) => {
    if (tap.shape.length === 4) {
      const order = channelsFirst ? identityOrder(4) : NCHW_FROM_NHWC;
      const pooled = lowering.graph.addNode('GlobalAveragePool', [lowering.inOrder(tap, order)])[0];
      return lowering.graph.addNode('Flatten', [pooled])[0];
    }
    if (tap.shape.length !== 2) {
      throw new Error(`a tap has the shape [${tap.shape}], neither an image nor a vector`);
    }
    return lowering.inOrder(tap, [0, 1]);
  });
  return vectors.length === 1
    ? vectors[0]
    : lowering.graph.addNode('Concat', vectors, { axis: 1 })[0];
}
