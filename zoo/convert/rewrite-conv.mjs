// What can become part of a convolution or pooling: scales and shifts around it, paddings before it.

/**
 * @typedef {import('./graph-uses.mjs').Uses} Uses
 * @typedef {import('./graph-uses.mjs').Rewrite} Rewrite
 * @typedef {import('./onnx-graph.mjs').OnnxGraph} OnnxGraph
 * @typedef {import('./onnx-graph.mjs').OnnxNode} OnnxNode
 */

/**
 * One number per channel of an NCHW tensor, if that is what the constant is.
 *
 * @param {OnnxGraph} graph
 * @param {string} name
 * @param {number} channels
 * @returns {ArrayLike<number> | undefined}
 */
function perChannel(graph, name, channels) {
  const { shape, data } = graph.floatsOf(name);
  if (data.length === 1) {
    return Array(channels).fill(data[0]);
  }
  const isChannelVector =
    data.length === channels && shape.at(-3) === channels && shape.length >= 3;
  return isChannelVector ? data : undefined;
}

/**
 * x·factor + shift after a convolution becomes part of its weights.
 *
 * @param {Uses} uses
 * @param {OnnxNode} node the multiplication or addition
 * @param {(constant: number) => {factor: number, shift: number}} affine
 * @returns {boolean}
 */
function foldIntoConv(uses, node, affine) {
  const { graph } = uses;
  const sides = uses.sides(node);
  const conv = sides && uses.isPrivate(sides.tensor) && uses.from(sides.tensor, 'Conv');
  if (!conv) {
    return false;
  }
  const weights = graph.floatsOf(conv.inputs[1]);
  const filters = weights.shape[0];
  const constants = perChannel(graph, sides.constant, filters);
  if (constants === undefined) {
    return false;
  }
  const size = weights.data.length / filters;
  const oldBias = conv.inputs[2] ? graph.floatsOf(conv.inputs[2]).data : undefined;
  const data = Float32Array.from(weights.data);
  const bias = new Float32Array(filters);
  for (let filter = 0; filter < filters; filter++) {
    const { factor, shift } = affine(constants[filter]);
    for (let i = filter * size; i < (filter + 1) * size; i++) {
      data[i] *= factor;
    }
    bias[filter] = (oldBias?.[filter] ?? 0) * factor + shift;
  }
  const inputs = [
    conv.inputs[0],
    graph.addInitializer(data, weights.shape),
    graph.addInitializer(bias, [filters]),
  ];
  // The convolution moves to the place of the folded node: both its inputs exist by then.
  return uses.replace(node, 'Conv', inputs, conv.attributes);
}

/** @type {Rewrite} */
export function foldMul(uses, node) {
  return foldIntoConv(uses, node, (constant) => ({ factor: constant, shift: 0 }));
}

/** @type {Rewrite} */
export function foldAdd(uses, node) {
  return foldIntoConv(uses, node, (constant) => ({ factor: 1, shift: constant }));
}

/**
 * x · factor before a convolution is part of its weights; so is x + shift, where the convolution
 * sees no padding, which would not be shifted.
 *
 * @type {Rewrite}
 */
export function foldBeforeConv(uses, node) {
  const { graph } = uses;
  const [x, weightName, biasName] = node.inputs;
  const before = uses.isPrivate(x) && (uses.from(x, 'Mul') || uses.from(x, 'Add'));
  const sides = before && uses.sides(before);
  const isPadded = (node.attributes.pads ?? []).some((/** @type {number} */ n) => n !== 0);
  if (!sides || (before.op === 'Add' && isPadded)) {
    return false;
  }
  const weights = graph.floatsOf(weightName);
  const [filters, depth] = weights.shape;
  const group = node.attributes.group ?? 1;
  const constants = perChannel(graph, sides.constant, depth * group);
  if (constants === undefined) {
    return false;
  }
  const data = Float32Array.from(weights.data);
  const bias = new Float32Array(filters);
  const area = data.length / filters / depth;
  for (let filter = 0; filter < filters; filter++) {
    let shift = biasName ? graph.floatsOf(biasName).data[filter] : 0;
    const firstChannel = Math.floor(filter / (filters / group)) * depth;
    for (let i = 0, at = filter * depth * area; i < depth * area; i++, at++) {
      const constant = constants[firstChannel + Math.floor(i / area)];
      if (before.op === 'Mul') {
        data[at] *= constant;
      } else {
        shift += data[at] * constant;
      }
    }
    bias[filter] = shift;
  }
  const inputs = [
    sides.tensor,
    before.op === 'Mul' ? graph.addInitializer(data, weights.shape) : weightName,
    graph.addInitializer(bias, [filters]),
  ];
  return uses.replace(node, 'Conv', inputs, node.attributes);
}

/** A padding of zeros before a convolution is the convolution's own. @type {Rewrite} */
export function foldPad(uses, node) {
  const pad = uses.from(node.inputs[0], 'Pad');
  return pad !== undefined && pad.inputs.length === 2 && replacePadded(uses, node, pad);
}

/**
 * @param {Uses} uses
 * @param {OnnxNode} node a convolution or pooling
 * @param {OnnxNode} pad the padding before it
 * @returns {boolean} false if it pads more than the two spatial axes
 */
function replacePadded(uses, node, pad) {
  const pads = uses.graph.integersOf(pad.inputs[1]);
  const [batchStart, channelStart, top, left, batchEnd, channelEnd, bottom, right] = pads;
  if (batchStart || channelStart || batchEnd || channelEnd) {
    return false;
  }
  const own = node.attributes.pads ?? [0, 0, 0, 0];
  const sum = [top, left, bottom, right].map((n, i) => n + own[i]);
  const inputs = [pad.inputs[0], ...node.inputs.slice(1)];
  return uses.replace(node, node.op, inputs, { ...node.attributes, pads: sum });
}

/** A padding below all values before a maximum is the pooling's own. @type {Rewrite} */
export function foldPadIntoPool(uses, node) {
  const pad = uses.from(node.inputs[0], 'Pad');
  if (!pad || !(Number(uses.scalar(pad.inputs[2])) < -1e30)) {
    return false;
  }
  return replacePadded(uses, node, pad);
}
