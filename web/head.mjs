// Small heads on top of a model's features, to see what the model makes of a new image: a linear one,
// and one that asks the nearest sample images.

/**
 * @typedef {{name: string, features: Float32Array[]}} LabelledClass
 * @typedef {{name: string, share: number}} Guess
 * @typedef {'linear' | 'nearest'} HeadName
 * @typedef {Record<HeadName, Guess[]>} Guesses of one image
 * @typedef {{pairs: {a: string, b: string, count: number}[], right: number, total: number}} Confusions
 *   pairs: most often confused first; right: images whose nearest other is of their own class
 */

const neighbourCount = 5;
// A neighbour of similarity s counts exp(s / temperature): near ones decide, far ones hardly.
const temperature = 0.1;

/** @param {LabelledClass[]} classes @returns {Float64Array} */
function meanOf(classes) {
  const all = classes.flatMap(({ features }) => features);
  const mean = new Float64Array(all[0].length);
  for (const features of all) {
    for (let i = 0; i < mean.length; i++) {
      mean[i] += features[i] / all.length;
    }
  }
  return mean;
}

/** @param {Float32Array} features @param {Float64Array} centre @returns {Float32Array} of length 1 */
function normalised(features, centre) {
  const moved = new Float32Array(centre.length);
  let square = 0;
  for (let i = 0; i < moved.length; i++) {
    moved[i] = features[i] - centre[i];
    square += moved[i] * moved[i];
  }
  const factor = square > 0 ? 1 / Math.sqrt(square) : 0;
  for (let i = 0; i < moved.length; i++) {
    moved[i] *= factor;
  }
  return moved;
}

/** @param {Float32Array} a @param {Float32Array} b */
function product(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

/** The share of each class among the nearest images, by cosine of centred features. */
export class NearestHead {
  #classes;
  #centre;
  /** @type {{label: number, unit: Float32Array}[]} */
  #images;

  /** @param {LabelledClass[]} classes */
  constructor(classes) {
    this.#classes = classes;
    const centre = meanOf(classes);
    this.#centre = centre;
    this.#images = classes.flatMap(({ features }, label) => features.map((own) => ({ label, unit: normalised(own, centre) })));
  }

  /** @param {Float32Array} features of the image to name @returns {Guess[]} most likely first, shares sum to 1 */
  guess(features) {
    const own = normalised(features, this.#centre);
    const nearest = this.#images.map(({ label, unit }) => ({ label, similarity: product(own, unit) }))
      .sort((a, b) => b.similarity - a.similarity).slice(0, neighbourCount)
      .map((neighbour) => ({ ...neighbour, weight: Math.exp(neighbour.similarity / temperature) }));
    return toGuesses(this.#classes.map((_, label) =>
      nearest.filter((neighbour) => neighbour.label === label).reduce((sum, { weight }) => sum + weight, 0)), this.#classes);
  }
}

/**
 * @param {import('../wasm/modelspider.mjs').LinearHead} head of logistic regression
 * @param {LabelledClass[]} classes that it was fitted to
 * @param {Float32Array} features of the image to name
 * @returns {Guess[]} most likely first, shares sum to 1
 */
export function guessLinear({ weights, intercepts }, classes, features) {
  const logits = Array.from(intercepts, (intercept, label) =>
    intercept + product(features, weights.subarray(label * features.length, (label + 1) * features.length)));
  const most = Math.max(...logits);
  return toGuesses(logits.map((logit) => Math.exp(logit - most)), classes);
}

/** @param {number[]} weights by class @param {LabelledClass[]} classes @returns {Guess[]} */
function toGuesses(weights, classes) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return classes.map(({ name }, label) => ({ name, share: weights[label] / total })).sort((a, b) => b.share - a.share);
}

/**
 * Which classes look alike: each image is taken for the class of its nearest other one.
 *
 * @param {LabelledClass[]} classes
 * @returns {Confusions}
 */
export function findConfusions(classes) {
  const all = classes.flatMap(({ features }, label) => features.map((own) => ({ label, own })));
  const centre = meanOf(classes);
  const unit = all.map(({ own }) => normalised(own, centre));
  /** @type {Map<string, {a: string, b: string, count: number}>} */
  const pairs = new Map();
  let right = 0;
  all.forEach(({ label }, i) => {
    const other = all[nearestOf(unit, i)].label;
    if (other === label) {
      right++;
    } else {
      const [a, b] = [Math.min(label, other), Math.max(label, other)];
      const pair = pairs.get(`${a} ${b}`) ?? { a: classes[a].name, b: classes[b].name, count: 0 };
      pairs.set(`${a} ${b}`, { ...pair, count: pair.count + 1 });
    }
  });
  return { pairs: [...pairs.values()].sort((a, b) => b.count - a.count), right, total: all.length };
}

/** @param {Float32Array[]} unit @param {number} i @returns {number} the index of the nearest other one */
function nearestOf(unit, i) {
  let best = -1;
  let most = -Infinity;
  for (let j = 0; j < unit.length; j++) {
    const similarity = j === i ? -Infinity : product(unit[i], unit[j]);
    if (similarity > most) {
      [best, most] = [j, similarity];
    }
  }
  return best;
}
