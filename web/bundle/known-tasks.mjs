// The task bank -> what the page knows of the tasks that the scorer learned from: where they and the
// models lie on a map, and which models did best on each. The bank itself is 40 times as large.
import { writeSafetensors } from '../../wasm/safetensors.mjs';
import { readBank } from '../../zoo/build/bank.mjs';
import { format } from '../score/known-tasks.mjs';

/** @typedef {ReturnType<typeof readBank>} Bank */

const axisCount = 12;
const iterations = 200;

/** @param {number[][]} rows @returns {number[]} */
const meanOf = (rows) => rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);

/** @param {number[]} a @param {number[]} b */
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** The mean of a task's prototypes. @param {Bank['tasks'][number]} task @param {number} count of features */
function descriptorOf({ prototypes, classCount }, count) {
  return meanOf(Array.from({ length: classCount }, (_, c) => Array.from(prototypes.subarray(c * count, (c + 1) * count))));
}

/** What a feature is multiplied by, so that each of the encoder's blocks weighs the same. @param {number[][]} rows @param {number[]} widths */
function weightsOf(rows, widths) {
  const centre = meanOf(rows);
  const blockOf = widths.flatMap((width) => new Array(width).fill(1 / Math.sqrt(width)));
  return centre.map((mean, i) => {
    const deviation = Math.sqrt(rows.reduce((sum, row) => sum + (row[i] - mean) ** 2, 0) / rows.length);
    return deviation > 1e-6 ? blockOf[i] / deviation : 0;
  });
}

/**
 * The first principal axes, by power iteration on the products of all pairs of rows.
 *
 * @param {number[][]} rows centred and weighted
 * @param {number} count
 * @returns {number[][]} unit vectors
 */
function principalAxes(rows, count) {
  const products = rows.map((a) => rows.map((b) => dot(a, b)));
  return Array.from({ length: count }, (_, k) => {
    let vector = rows.map((__, i) => Math.cos(i * (k + 1) + k));
    for (let i = 0; i < iterations; i++) {
      const next = products.map((line) => dot(line, vector));
      const length = Math.sqrt(dot(next, next));
      vector = next.map((value) => value / length);
    }
    const value = dot(products.map((line) => dot(line, vector)), vector);
    products.forEach((line, i) => line.forEach((_, j) => { line[j] -= value * vector[i] * vector[j]; }));
    return rows[0].map((_, i) => rows.reduce((sum, row, r) => sum + row[i] * vector[r], 0) / Math.sqrt(value));
  });
}

/**
 * A model lies among the tasks that it does better at than it and they usually do.
 *
 * @param {number[][]} accuracy [tasks][models]
 * @param {number[][]} places [tasks]
 * @returns {number[][]} [models][2]
 */
function placeModels(accuracy, places) {
  const models = meanOf(accuracy);
  const whole = models.reduce((sum, mean) => sum + mean, 0) / models.length;
  const tasks = accuracy.map((row) => row.reduce((sum, value) => sum + value, 0) / row.length);
  const means = models.map((_, m) => {
    const gains = accuracy.map((row, t) => Math.max(row[m] - models[m] - tasks[t] + whole, 0));
    const total = gains.reduce((sum, gain) => sum + gain, 0);
    return [0, 1].map((axis) => dot(gains, places.map((place) => place[axis])) / Math.max(total, 1e-9));
  });
  // Means of many tasks lie close together: stretched, they are as far apart as the tasks.
  const spread = (/** @type {number[][]} */ rows, /** @type {number} */ axis) => {
    const mean = meanOf(rows)[axis];
    return Math.sqrt(rows.reduce((sum, row) => sum + (row[axis] - mean) ** 2, 0) / rows.length);
  };
  const middle = meanOf(means);
  return means.map((place) => place.map((value, axis) =>
    (value - middle[axis]) * spread(places, axis) / Math.max(spread(means, axis), 1e-9)));
}

/**
 * @param {Uint8Array} bytes of a task bank
 * @returns {Uint8Array} a safetensors file, which score/known-tasks.mjs reads
 */
export function makeKnownTasks(bytes) {
  const { tasks, models, featureCount, encoderHash, blocks } = readBank(bytes);
  const rows = tasks.map((task) => descriptorOf(task, featureCount));
  const centre = meanOf(rows);
  const weights = weightsOf(rows, blocks.widths);
  const weighted = rows.map((row) => row.map((value, i) => (value - centre[i]) * weights[i]));
  const axes = principalAxes(weighted, axisCount);
  const places = weighted.map((row) => axes.map((axis) => dot(axis, row)));
  const accuracy = tasks.map((task) => Array.from(task.accuracy));
  /** @param {number[][]} table @returns {import('../../wasm/safetensors.mjs').Tensor} */
  const tensor = (table) => ({ dtype: 'F32', shape: [table.length, table[0].length], data: Float32Array.from(table.flat()) });
  return writeSafetensors(new Map([
    ['centre', tensor([centre])],
    // The weights are part of the axes, so that a reader needs only these.
    ['axes', tensor(axes.map((axis) => axis.map((value, i) => value * weights[i])))],
    ['tasks', tensor(places)],
    ['models', tensor(placeModels(accuracy, places))],
    ['accuracy', tensor(accuracy)],
  ]), { format, encoder: encoderHash, tasks: tasks.map(({ name }) => name).join('\n'), models: models.join('\n') });
}
