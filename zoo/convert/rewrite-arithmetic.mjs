// Activations spelled out as arithmetic become the operators that they are.

/**
 * @typedef {import('./graph-uses.mjs').Uses} Uses
 * @typedef {import('./graph-uses.mjs').Rewrite} Rewrite
 */

/**
 * x - c is x + (-c), x / c is x · (1/c): so that the rules for + and · see them.
 *
 * @param {string} op
 * @param {(constant: number) => number} invert
 * @returns {Rewrite}
 */
export function invertConstant(op, invert) {
  return (uses, node) => {
    const [x, constant] = node.inputs;
    const { initializers } = uses.graph;
    if (!initializers.has(constant) || initializers.has(x)) {
      return false;
    }
    const { shape, data } = uses.graph.floatsOf(constant);
    return uses.replace(node, op, [x, uses.graph.addInitializer(data.map(invert), shape)]);
  };
}

/** Engines may expect the constant of a sum or a product on the right. @type {Rewrite} */
export function constantLast(uses, node) {
  const sides = uses.sides(node);
  if (!sides || sides.constant === node.inputs[1]) {
    return false;
  }
  return uses.replace(node, node.op, [sides.tensor, sides.constant]);
}

/** min(max(x, 0), 6) in its several spellings is one Clip. @type {Rewrite} */
export function minToClip(uses, node) {
  const sides = uses.sides(node);
  const limit = sides && uses.scalar(sides.constant);
  const relu = sides && uses.isPrivate(sides.tensor) && uses.from(sides.tensor, 'Relu');
  if (limit === undefined || !relu) {
    return false;
  }
  const limits = [uses.graph.addScalar(0), uses.graph.addScalar(limit)];
  return uses.replace(node, 'Clip', [relu.inputs[0], ...limits]);
}

/** What is clipped to [0, …] already passes Relu unchanged. @type {Rewrite} */
export function dropRelu(uses, node) {
  const clip = uses.from(node.inputs[0], 'Clip');
  return clip !== undefined && uses.scalar(clip.inputs[1]) === 0 && uses.bypass(node, clip.output);
}

/** max(x, 0) is Relu. @type {Rewrite} */
export function maxToRelu(uses, node) {
  const sides = uses.sides(node);
  if (!sides || uses.scalar(sides.constant) !== 0) {
    return false;
  }
  return uses.replace(node, 'Relu', [sides.tensor]);
}

/** max(x, 0) + slope · min(x, 0) is PRelu. @type {Rewrite} */
export function addToPRelu(uses, node) {
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
 *
 * @type {Rewrite}
 */
export function mulToHardSwish(uses, node) {
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
  const sides = add ? uses.sides(add) : undefined;
  return sides?.tensor === x && uses.scalar(sides.constant) === 3;
}
