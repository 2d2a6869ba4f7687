// Runs a TFLite graph as it stands, in NHWC, with TF.js's own operators: a second path from the
// file to the features that shares only the file's reader with the converter.
import * as tf from '@tensorflow/tfjs-core';

const operators = {
  identity: ([x]) => x,
  add: ([a, b]) => tf.add(a, b),
  mul: ([a, b]) => tf.mul(a, b),
  relu: ([x]) => tf.relu(x),
  relu6: ([x]) => tf.relu6(x),
  sigmoid: ([x]) => tf.sigmoid(x),
  conv: ([x, weights, bias], { strides, padding, dilations }) => {
    const hwio = tf.transpose(weights, [1, 2, 3, 0]);
    const out = tf.conv2d(x, hwio, strides, padding, 'NHWC', dilations);
    return bias ? tf.add(out, bias) : out;
  },
  'depthwise-conv': ([x, weights, bias], { strides, padding, dilations }) => {
    const [, height, width, channels] = weights.shape;
    const hwcm = tf.reshape(weights, [height, width, x.shape[3], channels / x.shape[3]]);
    const out = tf.depthwiseConv2d(x, hwcm, strides, padding, 'NHWC', dilations);
    return bias ? tf.add(out, bias) : out;
  },
};

/**
 * @param {import('../../zoo/convert/source-graph.mjs').SourceGraph} graph
 * @param {string[]} taps
 * @param {(name: string, shape: number[]) => void} [watch] is told every tensor's shape
 * @returns {(image: any) => any[]}
 */
export function tfliteInterpreter(graph, taps, watch = () => {}) {
  return (image) => {
    const values = new Map([[graph.entries[0].name, image]]);
    for (const [name, { shape, data }] of graph.constants) {
      values.set(name, tf.tensor(data, shape));
    }
    // The file lists its operators in the order of execution.
    for (const { op, inputs, outputs, attributes } of graph.nodes) {
      const run = operators[op];
      const given = inputs.map((name) => values.get(name));
      if (run && given.every(Boolean)) {
        const value = run(given, attributes);
        values.set(outputs[0], value);
        watch(outputs[0], value.shape);
      }
      if (taps.every((tap) => values.has(tap))) {
        break;
      }
    }
    return taps.map((tap) => values.get(tap));
  };
}
