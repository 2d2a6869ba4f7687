// Reads a TF.js layers model (a Keras model as JSON) into a source graph. A layer's output has the
// layer's name.
import { unsupported } from './source-graph.mjs';
import { readWeights } from './tfjs-weights.mjs';

/**
 * @typedef {import('./source-graph.mjs').SourceGraph} SourceGraph
 * @typedef {import('./source-graph.mjs').SourceNode} SourceNode
 * @typedef {{name: string, class_name: string, config: Record<string, any>, inbound_nodes: any[]}}
 *   KerasLayer
 * @typedef {(layer: KerasLayer, inputs: string[], graph: SourceGraph) => Step[]} Reader the
 *   operators that a layer consists of; the first reads the layer's inputs, each other the one before
 * @typedef {{op: string, more?: string[], attributes?: Record<string, any>}} Step `more` are inputs
 *   after the first
 */

/**
 * @param {any} model the parsed model.json
 * @param {Uint8Array} weightBytes
 * @returns {SourceGraph}
 */
export function readTfjsLayers(model, weightBytes) {
  const layers = model.modelTopology?.model_config?.config?.layers;
  if (!Array.isArray(layers) || !Array.isArray(model.weightsManifest)) {
    throw new Error('no functional layers model: model_config.config.layers is missing');
  }
  /** @type {SourceGraph} */
  const graph = {
    nodes: [],
    constants: readWeights(model.weightsManifest, weightBytes),
    entries: [],
  };
  for (const layer of layers) {
    if (layer.class_name === 'InputLayer') {
      /** @type {(number | null)[]} */
      const [, ...sizes] = layer.config.batch_input_shape;
      graph.entries.push({ name: layer.name, shape: [1, ...sizes.map((size) => size ?? undefined)] });
    } else {
      graph.nodes.push(...readLayer(layer, graph));
    }
  }
  return graph;
}

/** @param {KerasLayer} layer @param {SourceGraph} graph @returns {SourceNode[]} */
function readLayer(layer, graph) {
  if (layer.inbound_nodes.length !== 1) {
    throw new Error(`${layer.name}: a layer used ${layer.inbound_nodes.length} times`);
  }
  const inputs = layer.inbound_nodes[0].map((/** @type {[string]} */ [name]) => name);
  const read = readers[layer.class_name];
  if (read === undefined) {
    const reason = `the Keras layer ${layer.class_name} is not supported`;
    return [unsupported(inputs, [layer.name], reason)];
  }
  const steps = read(layer, inputs, graph);
  let previous = inputs;
  return steps.map(({ op, more = [], attributes = {} }, i) => {
    const output = i === steps.length - 1 ? layer.name : `${layer.name}/step-${i}`;
    const node = { op, inputs: [...previous, ...more], outputs: [output], attributes };
    previous = [output];
    return node;
  });
}

/** @param {string | undefined} name @returns {Step[]} */
function activation(name) {
  if (name === undefined || name === 'linear') {
    return [];
  }
  if (!['relu', 'relu6', 'sigmoid', 'tanh', 'softmax'].includes(name)) {
    throw new Error(`the activation ${name} is not supported`);
  }
  return [{ op: name }];
}

/** @param {KerasLayer} layer */
function checkLayout({ name, config }) {
  if (config.data_format !== undefined && config.data_format !== 'channels_last') {
    throw new Error(`${name}: the layout ${config.data_format} is not supported`);
  }
}

/** @param {string} op @param {string} kernel weight name @param {number[]} oihw @returns {Reader} */
function convReader(op, kernel, oihw) {
  return (layer) => {
    checkLayout(layer);
    const { strides, padding, dilation_rate: dilations, use_bias, activation: after } = layer.config;
    const bias = use_bias ? [{ op: 'add', more: [`${layer.name}/bias`] }] : [];
    const attributes = { strides, padding, dilations, oihw };
    return [{ op, more: [`${layer.name}/${kernel}`], attributes }, ...bias, ...activation(after)];
  };
}

/** @type {Reader} */
function batchNorm({ name, config }, _, graph) {
  const names = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) => `${name}/${part}`);
  const shape = graph.constants.get(names[2])?.shape ?? [];
  // A layer without scale or centre has no such weight.
  const neutral = [config.scale ? undefined : 1, config.center ? undefined : 0];
  neutral.forEach((value, i) => {
    if (value !== undefined) {
      graph.constants.set(names[i], { shape, data: new Float32Array(shape[0]).fill(value) });
    }
  });
  return [{ op: 'batch-norm', more: names, attributes: { epsilon: config.epsilon } }];
}

/** @type {Reader} */
function zeroPadding(layer, _, graph) {
  checkLayout(layer);
  const pads = Int32Array.of(0, 0, ...layer.config.padding.flat(), 0, 0);
  graph.constants.set(`${layer.name}/pads`, { shape: [4, 2], data: pads });
  return [{ op: 'pad', more: [`${layer.name}/pads`] }];
}

/** @param {string} op @returns {Reader} */
function poolReader(op) {
  return (layer) => {
    checkLayout(layer);
    const { pool_size: kernel, strides, padding } = layer.config;
    return [{ op, attributes: { kernel, strides, padding } }];
  };
}

/** @type {Record<string, Reader>} */
const readers = {
  Conv2D: convReader('conv', 'kernel', [3, 2, 0, 1]),
  DepthwiseConv2D: convReader('depthwise-conv', 'depthwise_kernel', [2, 3, 0, 1]),
  BatchNormalization: batchNorm,
  ZeroPadding2D: zeroPadding,
  MaxPooling2D: poolReader('max-pool'),
  AveragePooling2D: poolReader('avg-pool'),
  ReLU: ({ config }) => activation(config.max_value === 6 ? 'relu6' : 'relu'),
  Activation: ({ config }) => activation(config.activation),
  Add: () => [{ op: 'add' }],
  Concatenate: ({ config }) => [{ op: 'concat', attributes: { axis: config.axis } }],
  Dropout: () => [{ op: 'identity' }],
};
