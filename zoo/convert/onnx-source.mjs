// Reads somebody else's ONNX file and cuts it to our own shape: from the image to the feature
// vector, at one fixed input size, in the operators and the opset that we write.
import { fromHalves } from './float16.mjs';
import { OnnxGraph } from './onnx-graph.mjs';
import * as schema from './onnx-schema.mjs';
import { cutGraph, inNode, unsupported } from './source-graph.mjs';

/**
 * @typedef {import('./source-graph.mjs').SourceNode} SourceNode
 * @typedef {import('./source-graph.mjs').Entry} Entry
 * @typedef {import('./onnx-graph.mjs').Initializer} Initializer
 * @typedef {{nodes: SourceNode[], constants: Map<string, Initializer>, entries: Entry[],
 *   outputs: string[]}} OnnxSource in ONNX's own operators
 * @typedef {(graph: OnnxGraph, inputs: string[], attributes: Record<string, any>) => string} Renewal
 */

/** Operators that meant something else before some opset; the others in use never changed. */
const meaningSince = new Map([
  ['Pad', 11],
  ['Resize', 11],
  ['Softmax', 13],
]);

/** @param {any} tensor TensorProto @returns {Initializer} */
function readTensor({ name, dims, dataType, dataLocation, rawData, floatData, int32Data, int64Data }) {
  const shape = dims.map(Number);
  // A copy, because the typed arrays want aligned bytes.
  const raw = rawData.length > 0 ? new Uint8Array(rawData).buffer : undefined;
  if (dataLocation) {
    throw new Error(`the tensor ${name} lies in another file`);
  }
  switch (dataType) {
    case schema.FLOAT:
      return { shape, data: raw ? new Float32Array(raw) : Float32Array.from(floatData) };
    case schema.FLOAT16:
      return { shape, data: fromHalves(raw ? new Uint16Array(raw) : Uint16Array.from(int32Data)) };
    case schema.INT32:
      return { shape, data: raw ? new Int32Array(raw) : Int32Array.from(int32Data) };
    case schema.INT64:
      return { shape, data: raw ? new BigInt64Array(raw) : BigInt64Array.from(int64Data, toBigInt) };
    default:
      throw new Error(`the tensor ${name} has the element type ${dataType}`);
  }
}

/** @param {any} value a number, or an object that stands for a long one @returns {bigint} */
function toBigInt(value) {
  return BigInt(Number(value));
}

/** @param {any} attribute AttributeProto @returns {any} */
function readAttribute({ name, type, f, i, s, t, ints }) {
  const { ATTRIBUTE } = schema;
  switch (type) {
    case ATTRIBUTE.FLOAT:
      return f;
    case ATTRIBUTE.INT:
      return Number(i);
    case ATTRIBUTE.STRING:
      return new TextDecoder().decode(s);
    case ATTRIBUTE.TENSOR:
      return readTensor(t);
    case ATTRIBUTE.INTS:
      return ints.map(Number);
    default:
      throw new Error(`the attribute ${name} has the type ${type}`);
  }
}

/** @param {any} node NodeProto @param {number} opset @returns {SourceNode} */
function readNode({ opType: op, input, output, attribute }, opset) {
  const [inputs, outputs] = [[...input], [...output]];
  if (opset < (meaningSince.get(op) ?? 0)) {
    return unsupported(inputs, outputs, `${op} of opset ${opset} is not supported`);
  }
  /** @type {Record<string, any>} */
  const attributes = {};
  for (const each of attribute) {
    attributes[each.name] = readAttribute(each);
  }
  return { op, inputs, outputs, attributes };
}

/** @param {any} info ValueInfoProto @returns {Entry} */
function readEntry({ name, type }) {
  /** @type {any[]} */
  const dims = type?.tensorType?.shape?.dim ?? [];
  const sizes = dims.map(({ dimValue }) => Number(dimValue));
  return { name, shape: sizes.map((size) => (size > 0 ? size : undefined)) };
}

/** @param {Uint8Array} bytes @returns {OnnxSource} */
export function readOnnx(bytes) {
  const model = /** @type {any} */ (schema.ModelProto.decode(bytes));
  if (!model.graph || model.graph.node.length === 0) {
    throw new Error('no ONNX model: it holds no graph');
  }
  const standard = model.opsetImport.find((/** @type {any} */ { domain }) => domain === '');
  /** @type {OnnxSource} */
  const source = { nodes: [], constants: new Map(), entries: [], outputs: [] };
  for (const tensor of model.graph.initializer) {
    source.constants.set(tensor.name, readTensor(tensor));
  }
  for (const nodeProto of model.graph.node) {
    const node = readNode(nodeProto, Number(standard?.version ?? 1));
    const behindCast = node.op === 'Cast' ? source.constants.get(node.inputs[0]) : undefined;
    if (node.op === 'Constant') {
      source.constants.set(node.outputs[0], node.attributes.value);
    } else if (behindCast) {
      // Half-precision weights as we write them ourselves; they were read as floats above.
      source.constants.set(node.outputs[0], behindCast);
    } else {
      source.nodes.push(node);
    }
  }
  const entries = /** @type {Entry[]} */ (model.graph.input.map(readEntry));
  source.entries = entries.filter(({ name }) => !source.constants.has(name));
  source.outputs = model.graph.output.map((/** @type {any} */ { name }) => name);
  return source;
}

/**
 * @param {OnnxSource} source
 * @param {{taps: string[], entry: string, shape: number[]}} options shape of the image
 * @returns {{graph: OnnxGraph, taps: string[]}} with every shape known, and the taps' new names
 */
export function rebuildOnnx(source, { taps, entry, shape }) {
  const graph = new OnnxGraph('image', shape);
  const names = new Map([['', ''], [entry, 'image']]);
  /** @param {string} name @returns {string} */
  const nameOf = (name) => {
    const constant = source.constants.get(name);
    if (constant && !names.has(name)) {
      names.set(name, graph.addInitializer(constant.data, constant.shape));
    }
    return names.get(name) ?? '';
  };
  for (const node of cutGraph(source, taps, entry)) {
    inNode(node, () => {
      const renew = renewals[node.op];
      const inputs = node.inputs.map(nameOf);
      const made = renew
        ? renew(graph, inputs, node.attributes)
        : graph.addNode(node.op, inputs, node.attributes);
      names.set(node.outputs[0], made);
    });
  }
  return { graph, taps: taps.map(nameOf) };
}

/**
 * Batch normalisation becomes a product and a sum, which a convolution before it can take in.
 *
 * @type {Renewal}
 */
function batchNorm(graph, [x, ...statistics], { epsilon = 1e-5 }) {
  const [scale, offset, mean, variance] = statistics.map((name) => Array.from(graph.floatsOf(name).data));
  const factor = scale.map((gain, c) => gain / Math.sqrt(variance[c] + epsilon));
  const shift = factor.map((gain, c) => offset[c] - mean[c] * gain);
  const shape = [scale.length, 1, 1];
  const scaled = graph.addNode('Mul', [x, graph.addInitializer(Float32Array.from(factor), shape)]);
  return graph.addNode('Add', [scaled, graph.addInitializer(Float32Array.from(shift), shape)]);
}

/** Until opset 10 the limits of Clip were attributes. @type {Renewal} */
function clip(graph, inputs, { min, max }) {
  const limits = min === undefined ? inputs.slice(1) : [graph.addScalar(min), graph.addScalar(max)];
  return graph.addNode('Clip', [inputs[0], ...limits]);
}

/** @type {Renewal} */
function refuse(_, __, { reason }) {
  throw new Error(reason);
}

/** @type {Record<string, Renewal>} */
const renewals = { BatchNormalization: batchNorm, Clip: clip, unsupported: refuse };
