// Where else a model could be cut than at its present taps: ends of layers that everything goes
// through on its way to them, where the resolution changes and just before the taps, and what lies
// behind them on the way to the model's outputs. Which of these is best is measured, not known.
import { cutSource, entryOf } from './convert.mjs';
import { cutGraph } from './source-graph.mjs';

/**
 * @typedef {import('./convert.mjs').Source} Source
 * @typedef {import('./convert.mjs').Recipe} Recipe
 * @typedef {import('./source-graph.mjs').SourceNode} SourceNode
 * @typedef {{name: string, channels: number, resolution: string}} End of a layer
 * @typedef {{name: string, depth: number, above?: Step}} Step a value and the last one that everything
 *   which reaches it went through
 */

// A layer ends before one of these; in the source formats' spelling, then in ONNX's.
const mixing = new Set(['conv', 'depthwise-conv', 'max-pool', 'avg-pool', 'pad', 'concat', 'resize', 'space-to-batch',
  'Conv', 'ConvTranspose', 'MaxPool', 'AveragePool', 'Pad', 'Concat', 'Resize']);
const means = new Set(['mean', 'GlobalAveragePool', 'ReduceMean']);
// What these make is half a layer, or numbers of the layer before in another place.
const passing = new Set(['depthwise-conv', 'max-pool', 'avg-pool', 'pad', 'resize', 'space-to-batch', 'MaxPool',
  'AveragePool', 'Pad', 'Resize']);
// Thinner maps are answers rather than features.
const fewestChannels = 16;

class Flow {
  /** @param {Source} source @param {string} entry */
  constructor(source, entry) {
    this.source = source;
    this.entry = entry;
    /** @type {Map<string, SourceNode>} */
    this.makers = new Map();
    /** @type {Map<string, SourceNode[]>} */
    this.readers = new Map();
    for (const node of source.nodes) {
      node.outputs.forEach((output) => this.makers.set(output, node));
      new Set(node.inputs).forEach((input) => this.readers.set(input, [...this.readersOf(input), node]));
    }
  }

  /** @param {string} value @returns {SourceNode[]} */
  readersOf(value) {
    return this.readers.get(value) ?? [];
  }

  /** @param {SourceNode} node @returns {string[]} its inputs that are no weights */
  tensorsOf({ inputs }) {
    return inputs.filter((input) => input === this.entry || this.makers.has(input));
  }

  /**
   * The node that makes a value's numbers, before activations and normalisations; undefined for the
   * image itself. An activation written as arithmetic reads one layer twice.
   *
   * @param {string} value
   * @returns {SourceNode | undefined}
   */
  layerOf(value) {
    const node = value === this.entry ? undefined : this.makers.get(value);
    if (!node || mixing.has(node.op) || means.has(node.op)) {
      return node;
    }
    const layers = new Set(this.tensorsOf(node).map((input) => this.layerOf(input)));
    return layers.size === 1 ? [...layers][0] : node;
  }

  /** @param {string} value @returns {boolean} whether a layer ends there */
  isEnd(value) {
    const readers = this.readersOf(value);
    const layer = this.layerOf(value);
    return layer !== undefined && !passing.has(layer.op) && !(layer.attributes.group > 1)
      && (readers.some(({ op }) => mixing.has(op)) || (readers.length > 0 && readers.every(({ op }) => means.has(op))));
  }

  /** @param {string[]} taps @returns {string[]} what everything up to them goes through, last first */
  trunkTo(taps) {
    /** @type {Map<string, Step>} */
    const steps = new Map([[this.entry, { name: this.entry, depth: 0 }]]);
    for (const node of cutGraph(this.source, taps, this.entry)) {
      const above = node.inputs.flatMap((input) => steps.get(input) ?? []);
      if (above.length > 0) {
        const last = above.reduce(meet);
        node.outputs.forEach((name) => steps.set(name, { name, depth: last.depth + 1, above: last }));
      }
    }
    const names = [];
    /** @type {Step | undefined} */
    let step = taps.map((tap) => /** @type {Step} */ (steps.get(tap))).reduce(meet);
    for (; step; step = step.above) {
      names.push(step.name);
    }
    return names;
  }

  /** @param {string[]} taps @returns {string[]} what depends on them, each after what it depends on */
  after(taps) {
    const seen = new Set(taps);
    /** @type {string[]} */
    const sorted = [];
    const stack = taps.map((name) => ({ name, done: false }));
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (top.done) {
        sorted.push(top.name);
        continue;
      }
      stack.push({ name: top.name, done: true });
      for (const name of this.readersOf(top.name).flatMap(({ outputs }) => outputs)) {
        if (!seen.has(name)) {
          seen.add(name);
          stack.push({ name, done: false });
        }
      }
    }
    return sorted.reverse().filter((name) => !taps.includes(name));
  }
}

/** @param {Step} a @param {Step} b @returns {Step} the last one that everything to both goes through */
function meet(a, b) {
  while (a !== b) {
    const [deep, other] = a.depth >= b.depth ? [a, b] : [b, a];
    [a, b] = [/** @type {Step} */ (deep.above), other];
  }
  return a;
}

/**
 * Taps to compare with the present ones, each a list as in a recipe: single ones, then some together.
 *
 * @param {Recipe} recipe
 * @param {Source} source its model
 * @returns {string[][]}
 */
export function candidateTaps(recipe, source) {
  const { taps } = recipe;
  const flow = new Flow(source, entryOf(recipe, source));
  const present = taps.map((tap) => endOf(recipe, source, tap));
  /** @param {string[]} values @returns {Generator<End>} */
  const endsOf = function* (values) {
    for (const value of values) {
      const end = !taps.includes(value) && flow.isEnd(value) ? endOf(recipe, source, value) : undefined;
      if (end && end.channels >= fewestChannels) {
        yield end;
      }
    }
  };
  const [own, before, earlier] = byResolution(endsOf(flow.trunkTo(taps)), present[0]?.resolution);
  const behind = [...endsOf(flow.after(taps))];
  const singles = [...lastTwo(own), ...middle(own), ...lastTwo(before), ...earlier.slice(0, 1), ...behind.slice(0, 1), ...behind.slice(-1)];
  const partners = [own.slice(0, 1), before.slice(0, 1), [...before.slice(0, 1), ...earlier.slice(0, 1)], behind.slice(-1)];
  const lists = [
    ...(taps.length > 1 ? taps.map((tap) => [tap]) : []),
    ...singles.map(({ name }) => [name]),
    ...partners.filter(({ length }) => length > 0).map((ends) => [...taps, ...ends.map(({ name }) => name)]),
  ];
  return [...new Map(lists.map((list) => [list.join('+'), list])).values()];
}

/**
 * @param {Recipe} recipe
 * @param {Source} source
 * @param {string} name
 * @returns {End | undefined} undefined where no map of the image can be cut
 */
function endOf(recipe, source, name) {
  try {
    const { graph, taps: [tap] } = cutSource({ ...recipe, taps: [name] }, source);
    const [, channels, height, width] = graph.shapeOf(tap);
    return height * width > 1 ? { name, channels, resolution: `${height} x ${width}` } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {Iterable<End>} ends last first
 * @param {string | undefined} resolution of the present tap
 * @returns {End[][]} those of that resolution, of the one before, and the last of the one before that
 */
function byResolution(ends, resolution) {
  /** @type {[End[], End[], End[]]} */
  const groups = [[], [], []];
  let current = 0;
  for (const end of ends) {
    if (end.resolution !== resolution) {
      current++;
      resolution = end.resolution;
    }
    groups[current].push(end);
    if (current === 2) {
      break;
    }
  }
  return groups;
}

/** @param {End[]} ends @returns {End[]} the last and, of those before it, the last of another width */
function lastTwo(ends) {
  const other = ends.find(({ channels }) => channels !== ends[0].channels);
  return [...ends.slice(0, 1), ...(other ? [other] : [])];
}

/** @param {End[]} ends @returns {End[]} one in the midst of a long stage */
const middle = (ends) => (ends.length > 4 ? [ends[Math.floor(ends.length / 2)]] : []);
