// Reads somebody else's ONNX file and cuts it to our own shape: from the image to the feature
// vector, at one fixed input size, in the operators and the opset that we write.
import { fromHalves } from './float16.mjs';
import { OnnxGraph } from './onnx-graph.mjs';
import * as schema from './onnx-schema.mjs';
import { cutGraph, unsupported } from './source-graph.mjs';

/**
 * @typedef {import('./source-graph.mjs').SourceGraph} SourceGraph
 * @typedef {import('./onnx-graph.mjs').Initializer} Initializer
 */

const readersByType = {
  [schema.FLOAT]: { raw: (buffer) => new Float32Array(buffer), field: 'floatData' },
  [schema.INT32]: { raw: (buffer) => new Int32Array(buffer), field: 'int32Data' },
  [schema.INT64]: { raw: (buffer) => new BigInt64Array(buffer), field: 'int64Data' },
  [schema.FLOAT16]: {
    raw: (buffer) => fromHalves(new Uint16Array(buffer)),
    field: 'int32Data',
  },
};

/** Operators that meant something else before some opset; the others in use never changed. */
const meaningSince = { Pad: 11, Resize: 11, Softmax: 13 };

/** @param {any} tensor TensorProto @returns {Initializer} */
function readTensor(tensor) {
  const reader = readersByType[tensor.dataType];
  if (reader === undefined || tensor.dataLocation) {
    throw new Error(`the tensor ${tensor.name} has the element type ${tensor.dataType}`);
  }
  const shape = tensor.dims.map(Number);
  if (tensor.rawData.length > 0) {
    // A copy, because the typed arrays want aligned bytes.
    return { shape, data: reader.raw(new Uint8Array(tensor.rawData).buffer) };
  }
  const values = Array.from(tensor[reader.field], Number);
  switch (tensor.dataType) {
    case schema.FLOAT:
      return { shape, data: Float32Array.from(values) };
    case schema.FLOAT16:
      return { shape, data: fromHalves(Uint16Array.from(values)) };
    case schema.INT32:
      return { shape, data: Int32Array.from(values) };
    default:
      return { shape, data: BigInt64Array.from(values, BigInt) };
  }
}

/** @param {any[]} list AttributeProto @returns {Record<string, any>} */
function readAttributes(list) {
  const { ATTRIBUTE } = schema;
  return Object.fromEntries(
    list.map((attribute) => {
      switch (attribute.type) {
        case ATTRIBUTE.FLOAT:
          return [attribute.name, attribute.f];
        case ATTRIBUTE.INT:
          return [attribute.name, Number(attribute.i)];
        case ATTRIBUTE.STRING:
          return [attribute.name, new TextDecoder().decode(attribute.s)];
        case ATTRIBUTE.TENSOR:
          return [attribute.name, readTensor(attribute.t)];
        case ATTRIBUTE.INTS:
          return [attribute.name, attribute.ints.map(Number)];
        default:
          throw new Error(`the attribute ${attribute.name} has the type ${attribute.type}`);
      }
    }),
  );
}

/** @param {Uint8Array} bytes @returns {any} ModelProto */
function decodeModel(bytes) {
  const model = schema.ModelProto.decode(bytes);
  if (!model.graph || model.graph.node.length === 0) {
    throw new Error('no ONNX model: it holds no graph');
  }
  return model;
}

/**
 * @param {Uint8Array} bytes
 * @returns {SourceGraph & {outputs: string[]}} in ONNX's own operators
 */
export function readOnnx(bytes) {
  const { graph, opsetImport } = decodeModel(bytes);
  const opset = Number(opsetImport.find(({ domain }) => domain === '')?.version ?? 1);
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, readTensor(tensor)]));
  const nodes = [];
  for (const node of graph.node) {
    const attributes = readAttributes(node.attribute);
    const inputs = [...node.input];
    if (node.opType === 'Constant') {
      constants.set(node.output[0], attributes.value);
    } else if (node.opType === 'Cast' && constants.has(inputs[0])) {
      // Half-precision weights as we write them ourselves; they were read as floats above.
      constants.set(node.output[0], constants.get(inputs[0]));
    } else if (opset < meaningSince[node.opType]) {
      const reason = `${node.opType} of opset ${opset} is not supported`;
      nodes.push(unsupported(inputs, [...node.output], reason));
    } else {
      nodes.push({ op: node.opType, inputs, outputs: [...node.output], attributes });
    }
  }
  const entries = graph.input
    .filter(({ name }) => !constants.has(name))
    .map(({ name, type }) => ({ name, shape: readShape(type) }));
  return { nodes, constants, entries, outputs: graph.output.map(({ name }) => name) };
}

/** @param {any} type TypeProto @returns {(number | undefined)[]} */
function readShape(type) {
  const dims = type?.tensorType?.shape?.dim ?? [];
  return dims.map(({ dimValue }) => (Number(dimValue) > 0 ? Number(dimValue) : undefined));
}

/**
 * @param {SourceGraph} source in ONNX's operators
 * @param {{taps: string[], entry: string, shape: number[]}} options shape of the image
 * @returns {{graph: OnnxGraph, taps: string[]}} with every shape known, and the taps' new names
 */
export function rebuildOnnx(source, { taps, entry, shape }) {
  const graph = new OnnxGraph('image', shape);
  const names = new Map([['', ''], [entry, 'image']]);
  const nameOf = (name) => {
    if (!names.has(name)) {
      const { data, shape: constantShape } = source.constants.get(name);
      names.set(name, graph.addInitializer(data, constantShape));
    }
    return names.get(name);
  };
  for (const { op, inputs, outputs, attributes } of cutGraph(source, taps, entry)) {
    const rule = renewals[op] ?? ((to, from, given) => to.addNode(op, from, given));
    try {
      names.set(outputs[0], rule(graph, inputs.map(nameOf), attributes));
    } catch (error) {
      throw new Error(`${op} ${outputs[0]}: ${error.message}`, { cause: error });
    }
  }
  return { graph, taps: taps.map(nameOf) };
}

/**
 * Batch normalisation becomes a product and a sum, which a convolution before it can take in.
 *
 * @param {OnnxGraph} graph
 * @param {string[]} inputs
 * @param {Record<string, any>} attributes
 * @returns {string}
 */
function batchNorm(graph, [x, ...statistics], { epsilon = 1e-5 }) {
  const [scale, offset, mean, variance] = statistics.map((name) => {
    return Array.from(graph.initializers.get(name).data, Number);
  });
  const factor = scale.map((gain, c) => gain / Math.sqrt(variance[c] + epsilon));
  const shift = factor.map((gain, c) => offset[c] - mean[c] * gain);
  const shape = [scale.length, 1, 1];
  const scaled = graph.addNode('Mul', [x, graph.addInitializer(Float32Array.from(factor), shape)]);
  return graph.addNode('Add', [scaled, graph.addInitializer(Float32Array.from(shift), shape)]);
}

/** Until opset 10 the limits of Clip were attributes. */
function clip(graph, inputs, { min, max }) {
  const limits = min === undefined ? inputs.slice(1) : [graph.addScalar(min), graph.addScalar(max)];
  return graph.addNode('Clip', [inputs[0], ...limits]);
}

/** @returns {never} */
function refuse(_, __, { reason }) {
  throw new Error(reason);
}

const renewals = { BatchNormalization: batchNorm, Clip: clip, unsupported: refuse };
