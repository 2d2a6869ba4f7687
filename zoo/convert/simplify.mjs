// Rewrites an ONNX graph into fewer, faster nodes that compute the same: constants after a
// convolution go into its weights, in double precision; activations written as arithmetic become
// the operators that they are.

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

/** Who makes and who reads each value. */
class Uses {
  /** @param {OnnxGraph} graph */
  constructor(graph) {
    this.graph = graph;
    /** @type {Map<string, OnnxNode>} */
    this.producers = new Map();
    /** @type {Map<string, OnnxNode[]>} */
    this.readers = new Map();
    for (const node of graph.nodes) {
      this.producers.set(node.output, node);
      node.inputs.forEach((input) => {
        this.readers.set(input, [...(this.readers.get(input) ?? []), node]);
      });
    }
  }

  /** @param {string} value @returns {boolean} exactly one node reads it, and it is no output */
  isPrivate(value) {
    return this.readers.get(value)?.length === 1 && value !== this.graph.output;
  }

  /** @param {string} value @param {string} op @returns {OnnxNode | undefined} the node making it */
  from(value, op) {
    const node = this.producers.get(value);
    return node?.op === op ? node : undefined;
  }

  /** @param {string} value @returns {number | undefined} the value of a scalar constant */
  scalar(value) {
    const initializer = this.graph.initializers.get(value);
    return initializer?.data.length === 1 ? Number(initializer.data[0]) : undefined;
  }

  /**
   * @param {OnnxNode} node with two inputs
   * @returns {{tensor: string, constant: string} | undefined} if exactly one of them is constant
   */
  sides(node) {
    const [a, b] = node.inputs;
    const isConstant = (value) => this.graph.initializers.has(value);
    if (isConstant(a) === isConstant(b)) {
      return undefined;
    }
    return isConstant(b) ? { tensor: a, constant: b } : { tensor: b, constant: a };
  }

  /** @param {OnnxNode} node @param {string} value that all readers of the node read instead */
  bypass(node, value) {
    for (const reader of this.readers.get(node.output) ?? []) {
      reader.inputs = reader.inputs.map((input) => (input === node.output ? value : input));
    }
    return true;
  }

  /**
   * @param {OnnxNode} node
   * @param {string} op
   * @param {string[]} inputs
   * @returns {string} the output of a new node that runs before the given one
   */
  insertBefore(node, op, inputs) {
    const { graph } = this;
    const output = graph.addNode(op, inputs);
    graph.nodes.splice(graph.nodes.indexOf(node), 0, graph.nodes.pop());
    return output;
  }

  /** The node's place is taken by another one with the same output. */
  replace(node, op, inputs, attributes = {}) {
    Object.assign(node, { op, inputs, attributes });
    this.graph.setShape(node);
    return true;
  }
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

/**
 * One number per channel of an NCHW tensor, if that is what the constant is.
 *
 * @param {OnnxGraph} graph
 * @param {string} name
 * @param {number} channels
 * @returns {ArrayLike<number> | undefined}
 */
function perChannel(graph, name, channels) {
  const { shape, data } = graph.initializers.get(name);
  if (data.length === 1) {
    return Array(channels).fill(Number(data[0]));
  }
  const isChannelVector =
    data.length === channels && shape.at(-3) === channels && shape.length >= 3;
  return isChannelVector ? /** @type {ArrayLike<number>} */ (data) : undefined;
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
  const weights = graph.initializers.get(conv.inputs[1]);
  const filters = weights.shape[0];
  const constants = perChannel(graph, sides.constant, filters);
  if (constants === undefined) {
    return false;
  }
  const size = weights.data.length / filters;
  const oldBias = conv.inputs[2] ? graph.initializers.get(conv.inputs[2]).data : undefined;
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

/** @param {Uses} uses @param {OnnxNode} node @returns {boolean} */
function foldMul(uses, node) {
  return foldIntoConv(uses, node, (constant) => ({ factor: constant, shift: 0 }));
}

/** @param {Uses} uses @param {OnnxNode} node @returns {boolean} */
function foldAdd(uses, node) {
  return foldIntoConv(uses, node, (constant) => ({ factor: 1, shift: constant }));
}

/**
 * x · factor before a convolution is part of its weights; so is x + shift, where the convolution
 * sees no padding, which would not be shifted.
 */
function foldBeforeConv(uses, node) {
  const { graph } = uses;
  const [x, weightName, biasName] = node.inputs;
  const before = uses.isPrivate(x) && (uses.from(x, 'Mul') || uses.from(x, 'Add'));
  const sides = before && uses.sides(before);
  const isPadded = (node.attributes.pads ?? []).some((n) => n !== 0);
  if (!sides || (before.op === 'Add' && isPadded)) {
    return false;
  }
  const weights = graph.initializers.get(weightName);
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
    let shift = biasName ? Number(graph.initializers.get(biasName).data[filter]) : 0;
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

/** x - c is x + (-c), x / c is x · (1/c): so that the rules for + and · see them. */
function invertConstant(op, invert) {
  return (uses, node) => {
    const [x, constant] = node.inputs;
    const initializer = uses.graph.initializers.get(constant);
    if (initializer === undefined || uses.graph.initializers.has(x)) {
      return false;
    }
    const data = Float32Array.from(/** @type {Float32Array} */ (initializer.data), invert);
    return uses.replace(node, op, [x, uses.graph.addInitializer(data, initializer.shape)]);
  };
}

/** A padding of zeros before a convolution is the convolution's own. */
function foldPad(uses, node) {
  const pad = uses.from(node.inputs[0], 'Pad');
  return Boolean(pad) && pad.inputs.length === 2 && replacePadded(uses, node, pad);
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

/** min(max(x, 0), 6) in its several spellings is one Clip. */
function minToClip(uses, node) {
  const sides = uses.sides(node);
  const limit = sides && uses.scalar(sides.constant);
  if (limit === undefined || !uses.isPrivate(sides.tensor)) {
    return false;
  }
  const relu = uses.from(sides.tensor, 'Relu');
  if (!relu) {
    return false;
  }
  const limits = [uses.graph.addScalar(0), uses.graph.addScalar(limit)];
  return uses.replace(node, 'Clip', [relu.inputs[0], ...limits]);
}

/** What is clipped to [0, …] already passes Relu unchanged. */
function dropRelu(uses, node) {
  const clip = uses.from(node.inputs[0], 'Clip');
  return Boolean(clip) && uses.scalar(clip.inputs[1]) === 0 && uses.bypass(node, clip.output);
}

/** Engines may expect the constant of a sum or a product on the right. */
function constantLast(uses, node) {
  const sides = uses.sides(node);
  if (!sides || sides.constant === node.inputs[1]) {
    return false;
  }
  return uses.replace(node, node.op, [sides.tensor, sides.constant]);
}

/** A padding below all values before a maximum is the pooling's own. */
function foldPadIntoPool(uses, node) {
  const pad = uses.from(node.inputs[0], 'Pad');
  if (!pad || !(uses.scalar(pad.inputs[2]) < -1e30)) {
    return false;
  }
  return replacePadded(uses, node, pad);
}

/** max(x, 0) is Relu. */
function maxToRelu(uses, node) {
  const sides = uses.sides(node);
  if (!sides || uses.scalar(sides.constant) !== 0) {
    return false;
  }
  return uses.replace(node, 'Relu', [sides.tensor]);
}

/** max(x, 0) + slope · min(x, 0) is PRelu. */
function addToPRelu(uses, node) {
  for (const [positive, negative] of [node.inputs, node.inputs.toReversed()]) {
    const relu = uses.isPrivate(positive) && uses.from(positive, 'Relu');
    const mul = uses.isPrivate(negative) && uses.from(negative, 'Mul');
    const sides = relu && mul && uses.sides(mul);
    const min = sides && uses.isPrivate(sides.tensor) && uses.from(sides.tensor, 'Min');
    const limits = min && uses.sides(min);
    if (limits && uses.scalar(limits.constant) === 0 && limits.tensor === relu.inputs[0]) {
      return uses.replace(node, 'PRelu', [limits.tensor, sides.constant]);
    }
  }
  return false;
}

/**
 * x · min(max(x + 3, 0), 6) / 6, multiplied in any sequence, is HardSwish. Publishers who store
 * weights in half precision store the sixth so, too: what it is off by stays as a factor.
 */
function mulToHardSwish(uses, node) {
  const factors = node.inputs.map((input) => factorsOf(uses, input));
  const scale = 6 * factors[0].scale * factors[1].scale;
  const tensors = factors.flatMap((factor) => factor.tensors);
  if (tensors.length !== 2 || Math.abs(scale - 1) > 1e-3) {
    return false;
  }
  const x = tensors.find((tensor, i) => isGateOf(uses, tensors[1 - i], tensor));
  if (x === undefined) {
    return false;
  }
  if (Math.abs(scale - 1) < 1e-6) {
    return uses.replace(node, 'HardSwish', [x]);
  }
  return uses.replace(node, 'Mul', [uses.insertBefore(node, 'HardSwish', [x]), uses.graph.addScalar(scale)]);
}

/**
 * What a value is the product of, as far as nobody else reads the partial products.
 *
 * @param {Uses} uses
 * @param {string} value
 * @returns {{tensors: string[], scale: number}}
 */
function factorsOf(uses, value) {
  const scalar = uses.scalar(value);
  if (scalar !== undefined) {
    return { tensors: [], scale: scalar };
  }
  const mul = uses.isPrivate(value) && uses.from(value, 'Mul');
  if (!mul) {
    return { tensors: [value], scale: 1 };
  }
  const [a, b] = mul.inputs.map((input) => factorsOf(uses, input));
  return { tensors: [...a.tensors, ...b.tensors], scale: a.scale * b.scale };
}

/** @param {Uses} uses @param {string} gate @param {string} x @returns {boolean} gate is relu6(x + 3) */
function isGateOf(uses, gate, x) {
  const clip = uses.isPrivate(gate) && uses.from(gate, 'Clip');
  if (!clip || uses.scalar(clip.inputs[1]) !== 0 || uses.scalar(clip.inputs[2]) !== 6) {
    return false;
  }
  const add = uses.isPrivate(clip.inputs[0]) && uses.from(clip.inputs[0], 'Add');
  const sides = add && uses.sides(add);
  return Boolean(sides) && sides.tensor === x && uses.scalar(sides.constant) === 3;
}

/** @type {Record<string, ((uses: Uses, node: OnnxNode) => boolean)[]>} */
const rewrites = {
  Mul: [constantLast, foldMul, mulToHardSwish],
  Add: [constantLast, foldAdd, addToPRelu],
  Sub: [invertConstant('Add', (c) => -c)],
  Div: [invertConstant('Mul', (c) => 1 / c)],
  Conv: [foldPad, foldBeforeConv],
  MaxPool: [foldPadIntoPool],
  Relu: [dropRelu],
  Min: [minToClip],
  Max: [maxToRelu],
};
