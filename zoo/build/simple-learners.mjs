// Rankings that need no scorer, to judge it by: the default order, the nearest known tasks, and
// kernel regression on landmarks. Each is told the training tasks and the task to rank.
import { targetsOf } from './learn.mjs';

/** @typedef {import('./bank.mjs').BankTask} BankTask */

/** @param {ArrayLike<number>} values @returns {number} */
const meanOf = (values) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/** A task's log odds less their mean: its order without how hard it is. @param {BankTask} task @returns {number[]} */
function relativeTargets(task) {
  const targets = targetsOf(task);
  const mean = meanOf(targets);
  return Array.from(targets, (value) => value - mean);
}

/**
 * The order that never looks at the images: mean log odds over the training tasks.
 *
 * @param {BankTask[]} others
 * @returns {number[]}
 */
export function staticPrior(others) {
  const rows = others.map(relativeTargets);
  return rows[0].map((_, m) => meanOf(rows.map((row) => row[m])));
}

/** @param {BankTask} a @param {BankTask} b @returns {number} squared, in log odds */
const distance = (a, b) => a.landmarks.reduce((sum, value, i) => sum + (value - b.landmarks[i]) ** 2, 0);

/**
 * The mean of the training tasks whose landmarks are nearest.
 *
 * @param {BankTask} task
 * @param {BankTask[]} others
 * @param {number} count
 * @returns {number[]}
 */
export function nearestTasks(task, others, count) {
  const near = [...others].sort((a, b) => distance(task, a) - distance(task, b)).slice(0, count);
  return staticPrior(near);
}

/**
 * Gaussian-kernel ridge regression of what the static prior leaves, on landmarks; the kernel is as
 * wide as the median distance between training tasks.
 *
 * @param {BankTask} task
 * @param {BankTask[]} others
 * @returns {number[]}
 */
export function kernelRegression(task, others) {
  const prior = staticPrior(others);
  const strength = 1;
  const distances = others.map((a) => others.map((b) => distance(a, b)));
  const width = distances.flat().sort((a, b) => a - b)[Math.floor(others.length ** 2 / 2)] || 1;
  const kernel = (/** @type {number} */ squared) => Math.exp(-squared / width);
  const matrix = distances.map((row, i) => row.map((squared, j) => kernel(squared) + (i === j ? strength : 0)));
  // The kernel is symmetric: its row of the task times the inverse are the weights of all targets.
  const weights = solvePositive(matrix, others.map((other) => kernel(distance(task, other))));
  const rows = others.map(relativeTargets);
  return prior.map((value, m) => value + weights.reduce((sum, weight, t) => sum + weight * (rows[t][m] - value), 0));
}

/**
 * Solves a symmetric positive definite system by elimination, which needs no pivots there.
 *
 * @param {number[][]} matrix is overwritten
 * @param {number[]} right
 * @returns {number[]}
 */
function solvePositive(matrix, right) {
  const x = [...right];
  for (let column = 0; column < x.length; column++) {
    for (let row = column + 1; row < x.length; row++) {
      const factor = matrix[row][column] / matrix[column][column];
      for (let j = column; j < x.length; j++) {
        matrix[row][j] -= factor * matrix[column][j];
      }
      x[row] -= factor * x[column];
    }
  }
  for (let row = x.length - 1; row >= 0; row--) {
    for (let j = row + 1; j < x.length; j++) {
      x[row] -= matrix[row][j] * x[j];
    }
    x[row] /= matrix[row][row];
  }
  return x;
}
