// A small ONNX file with weights from a seed, for tests that need some network: one convolution,
// 3×3, stride 2, then ReLU. Its features are the mean over space.
import { OnnxGraph } from '../../zoo/convert/onnx-graph.mjs';
import { encodeOnnx } from '../../zoo/convert/onnx-file.mjs';

export const tinyInput = { width: 16, height: 16, mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] };

/** @param {number} seed @param {number} [featureCount] @returns {Uint8Array} */
export function tinyNetwork(seed, featureCount = 8) {
  const graph = new OnnxGraph('image', [1, 3, 16, 16]);
  const random = createRandom(seed);
  const weights = Float32Array.from({ length: featureCount * 27 }, () => random() - 0.5);
  const convolved = graph.addNode('Conv', ['image', graph.addInitializer(weights, [featureCount, 3, 3, 3])],
    { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 });
  const features = graph.addNode('Relu', [convolved]);
  graph.setOutput(features, 'features');
  return encodeOnnx(graph, { source: 'test' });
}

/** @param {number} seed @returns {() => number} a linear congruential generator, in [0, 1) */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** @param {number} seed @param {number} width @param {number} height */
export function randomImage(seed, width, height) {
  const random = createRandom(seed);
  return { width, height, data: Uint8Array.from({ length: width * height * 4 }, () => random() * 256) };
}
