// The tasks that the scorer learned from, and where the user's task lies among them.
import { readSafetensors } from '../../wasm/safetensors.mjs';

/**
 * @typedef {{x: number, y: number}} Spot
 * @typedef {{name: string, best: string[], closeness: number}} Neighbour a known task; best: ids of
 *   the models that did best on it; closeness: the share of pairs of known tasks that are further apart
 * @typedef {{tasks: (Spot & {name: string})[], models: (Spot & {id: string})[]}} KnownWeb
 * @typedef {KnownWeb & {here: Spot, neighbours: Neighbour[]}} Surroundings neighbours: nearest first
 * @typedef {{encoderHash: string, taskNames: string[], modelIds: string[], centre: Float32Array,
 *   axes: Float32Array[], places: Float32Array[], models: Float32Array[],
 *   accuracy: Float32Array[]}} KnownTasks
 */

export const format = 'modelspider-known-tasks-1';
const neighbourCount = 5;
const bestCount = 2;

/** @param {Uint8Array} bytes @returns {KnownTasks} */
export function readKnownTasks(bytes) {
  const { tensors, metadata } = readSafetensors(bytes);
  const list = (/** @type {string} */ name) => (metadata.get(name) ?? '').split('\n');
  const [taskNames, modelIds] = [list('tasks'), list('models')];
  /** @param {string} name @returns {Float32Array[]} */
  const rows = (name) => {
    const { data, shape: [count, width] } = /** @type {import('../../wasm/safetensors.mjs').Tensor} */ (tensors.get(name));
    return Array.from({ length: count }, (_, i) => /** @type {Float32Array} */ (data.subarray(i * width, (i + 1) * width)));
  };
  if (metadata.get('format') !== format) {
    throw new Error(`the known tasks' format is ${metadata.get('format')}, ${format} is known`);
  }
  return {
    encoderHash: metadata.get('encoder') ?? '', taskNames, modelIds, centre: rows('centre')[0],
    axes: rows('axes'), places: rows('tasks'), models: rows('models'), accuracy: rows('accuracy'),
  };
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
const distance = (a, b) => Math.sqrt(Array.from(a).reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));

/** @param {number[] | Float32Array} place @returns {Spot} */
const spot = ([x, y]) => ({ x, y });

/**
 * The web as it is before a task is brought.
 *
 * @param {KnownTasks} known
 * @returns {KnownWeb}
 */
export const knownWeb = ({ taskNames, modelIds, places, models }) => ({
  tasks: places.map((place, i) => ({ name: taskNames[i], ...spot(place) })),
  models: models.map((place, i) => ({ id: modelIds[i], ...spot(place) })),
});

/**
 * @param {KnownTasks} known
 * @param {{features: Float32Array[]}[]} classes the encoder's features of the user's images
 * @returns {Surroundings}
 */
export function lookAround(known, classes) {
  const { taskNames, modelIds, centre, axes, places, accuracy } = known;
  const mean = new Float64Array(centre.length);
  for (const { features } of classes) {
    for (const row of features) {
      for (let i = 0; i < mean.length; i++) {
        mean[i] += row[i] / features.length / classes.length;
      }
    }
  }
  const here = axes.map((axis) => axis.reduce((sum, weight, i) => sum + weight * (mean[i] - centre[i]), 0));
  const pairs = places.flatMap((a, i) => places.slice(0, i).map((b) => distance(a, b)));
  const neighbours = places.map((place, i) => ({ i, away: distance(place, here) })).sort((a, b) => a.away - b.away)
    .slice(0, neighbourCount).map(({ i, away }) => ({
      name: taskNames[i],
      best: modelIds.map((id, m) => ({ id, accuracy: accuracy[i][m] })).sort((a, b) => b.accuracy - a.accuracy)
        .slice(0, bestCount).map(({ id }) => id),
      closeness: pairs.filter((pair) => pair > away).length / pairs.length,
    }));
  return { ...knownWeb(known), here: spot(here), neighbours };
}
