// Some of the user's images are kept from the heads, so that what a head says of them is a fair test;
// and what both heads make of each is counted.
import { createRandom } from '../wasm/sample.mjs';

/**
 * @typedef {import('./task.mjs').TaskImage} TaskImage
 * @typedef {import('./head.mjs').LabelledClass} LabelledClass
 * @typedef {import('./head.mjs').Guesses} Guesses
 * @typedef {import('./head.mjs').HeadName} HeadName
 * @typedef {{name: string, images: {image: TaskImage, features: Float32Array}[]}} SeenClass images
 *   with what one model made of them
 * @typedef {{image: TaskImage, name: string, features: Float32Array}} HeldImage name: of its class
 * @typedef {{image: TaskImage, name: string, guesses: Guesses}} JudgedImage
 * @typedef {{judged: JudgedImage[], fitCount: number}} Judgement of images that the heads never saw;
 *   fitCount: of those that they were fitted to
 * @typedef {{name: string, right: number, total: number, taken: {name: string, count: number}[]}} ClassScore
 *   taken: what its images were taken for instead, most often first
 */

const share = 0.25;
const seed = 20231;

/** Of every class with two images at least one is held, and at least one is left. @param {number} count */
const heldCount = (count) => (count < 2 ? 0 : Math.min(Math.max(Math.round(count * share), 1), count - 1));

/** @template T @param {T[]} list @param {() => number} random @returns {T[]} */
function shuffled(list, random) {
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}

/**
 * A quarter of each class, drawn by a fixed seed: the same images for every model and every time.
 *
 * @param {SeenClass[]} classes
 * @returns {{fit: LabelledClass[], held: HeldImage[]}} held: the classes mixed
 */
export function holdOut(classes) {
  const random = createRandom(seed);
  /** @type {HeldImage[]} */
  const held = [];
  const fit = classes.map(({ name, images }) => {
    const mixed = shuffled(images, random);
    const count = heldCount(images.length);
    held.push(...mixed.slice(0, count).map((own) => ({ ...own, name })));
    return { name, features: mixed.slice(count).map(({ features }) => features) };
  });
  return { fit, held: shuffled(held, random) };
}

/** @param {JudgedImage} image @param {HeadName} head @returns {boolean} */
export const isRight = ({ name, guesses }, head) => guesses[head][0].name === name;

/** @template T @param {T[]} list @param {(item: T) => string} keyOf @returns {Map<string, T[]>} */
function groupBy(list, keyOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const item of list) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}

/**
 * How a head did on the images that it never saw.
 *
 * @param {JudgedImage[]} judged
 * @param {HeadName} head
 * @returns {{right: number, total: number, classes: ClassScore[]}} classes: the worst first
 */
export function scoreHead(judged, head) {
  const byName = groupBy(judged, ({ name }) => name);
  const classes = [...byName].map(([name, images]) => {
    const wrong = groupBy(images.filter((image) => !isRight(image, head)), ({ guesses }) => guesses[head][0].name);
    const taken = [...wrong].map(([other, { length: count }]) => ({ name: other, count })).sort((a, b) => b.count - a.count);
    return { name, right: images.length - taken.reduce((sum, { count }) => sum + count, 0), total: images.length, taken };
  }).sort((a, b) => a.right / a.total - b.right / b.total || (a.name < b.name ? -1 : 1));
  return { right: classes.reduce((sum, own) => sum + own.right, 0), total: judged.length, classes };
}
