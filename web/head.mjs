// A small head on top of a model's features, to see what the model makes of a new image: the share
// of each class among the nearest sample images, by cosine of centred features.

/**
 * @typedef {{name: string, features: Float32Array[]}} LabelledClass
 * @typedef {{name: string, share: number}} Guess
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
    features.forEach((value, i) => {
      mean[i] += value / all.length;
    });
  }
  return mean;
}

/** @param {Float32Array} a @param {Float32Array} b @param {Float64Array} centre @returns {number} -1 … 1 */
function similarity(a, b, centre) {
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < centre.length; i++) {
    const x = a[i] - centre[i];
    const y = b[i] - centre[i];
    product += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  return squareA > 0 && squareB > 0 ? product / Math.sqrt(squareA * squareB) : 0;
}

/**
 * @param {LabelledClass[]} classes
 * @param {Float32Array} image features of the image to name
 * @returns {Guess[]} most likely first, shares sum to 1
 */
export function guessClass(classes, image) {
  const centre = meanOf(classes);
  const nearest = classes
    .flatMap(({ features }, label) => features.map((own) => ({ label, similarity: similarity(own, image, centre) })))
    .sort((a, b) => b.similarity - a.similarity).slice(0, neighbourCount)
    .map((neighbour) => ({ ...neighbour, weight: Math.exp(neighbour.similarity / temperature) }));
  const total = nearest.reduce((sum, { weight }) => sum + weight, 0);
  return classes.map(({ name }, label) => ({
    name,
    share: nearest.filter((neighbour) => neighbour.label === label).reduce((sum, { weight }) => sum + weight, 0) / total,
  })).sort((a, b) => b.share - a.share);
}

/**
 * Which classes this head takes for each other, each image judged by the others.
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

/** @param {Float32Array} features @param {Float64Array} centre @returns {Float32Array} of length 1 */
function normalised(features, centre) {
  const moved = features.map((value, i) => value - centre[i]);
  const length = Math.sqrt(moved.reduce((sum, value) => sum + value * value, 0)) || 1;
  return moved.map((value) => value / length);
}

/** @param {Float32Array[]} unit @param {number} i @returns {number} the index of the nearest other one */
function nearestOf(unit, i) {
  const own = unit[i];
  let best = -1;
  let most = -Infinity;
  for (let j = 0; j < unit.length; j++) {
    if (j !== i) {
      let product = 0;
      for (let k = 0; k < own.length; k++) {
        product += own[k] * unit[j][k];
      }
      if (product > most) {
        [best, most] = [j, product];
      }
    }
  }
  return best;
}
