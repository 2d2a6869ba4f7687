// What a converted model costs: its parameters, and the multiply-adds of one image.
import { naming } from './conversion-error.mjs';
import { readOnnx, rebuildOnnx } from './onnx-source.mjs';
import { countOf } from './source-graph.mjs';

/**
 * @param {Uint8Array} onnxBytes with a fixed input size
 * @param {string} [file] its name, for errors
 * @returns {{params: number, macs: number}} macs: of convolutions and matrix products
 */
export function measure(onnxBytes, file = 'model.onnx') {
  return naming(file, () => {
    const source = readOnnx(onnxBytes);
    const [entry] = source.entries;
    const shape = entry?.shape.map(Number);
    const { graph } = rebuildOnnx(source, { taps: source.outputs, entry: entry?.name, shape });
    let params = 0;
    for (const { shape, data } of graph.initializers.values()) {
      // Scalars are limits of activations, integers are shapes: neither was learned.
      params += data instanceof Float32Array && shape.length > 0 ? data.length : 0;
    }
    return { params, macs: graph.nodes.reduce((sum, node) => sum + macsOf(graph, node), 0) };
  });
}

/**
 * @param {import('./onnx-graph.mjs').OnnxGraph} graph
 * @param {import('./onnx-graph.mjs').OnnxNode} node
 * @returns {number}
 */
function macsOf(graph, { op, inputs, output }) {
  const outputCount = countOf(graph.shapeOf(output));
  switch (op) {
    case 'Conv':
      return outputCount * countOf(graph.shapeOf(inputs[1]).slice(1));
    case 'MatMul':
      return outputCount * graph.shapeOf(inputs[0])[1];
    default:
      return 0;
  }
}
