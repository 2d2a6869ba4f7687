// What scorers and trainers say of every model: how sure they are of its score, and which to run next.

/**
 * @typedef {import('./core.mjs').Scope} Scope
 * @typedef {import('./core.mjs').Argument} Argument
 * @typedef {{score: number, rankLow: number, rankHigh: number,
 *   accuracy: {low: number, mid: number, high: number}}} Assessment what is known of one model: ranks
 *   from 0, intervals that hold the truth in 80 of 100 cases
 * @typedef {ReadonlyMap<number, number>} Observed models that were run, by index, and the metric
 *   ridge of their features of the task
 */

/** Floats of an ms_assessment. */
const fieldCount = 6;

/** @param {Scope} scope @param {Observed} observed @returns {Argument[]} models, accuracies and their number */
export function placeObserved(scope, observed) {
  return [scope.integers([...observed.keys()]), scope.floats([...observed.values()]), observed.size];
}

/** @param {Scope} scope @param {number} count of models @returns {import('./core.mjs').FloatsPlace} */
export function placeForAssessments(scope, count) {
  return scope.room(Float32Array, count * fieldCount);
}

/** @param {Float32Array} fields of placeForAssessments @returns {Assessment[]} */
export function readAssessments(fields) {
  return Array.from({ length: fields.length / fieldCount }, (_, i) => {
    const [score, rankLow, rankHigh, low, mid, high] = fields.subarray(i * fieldCount, (i + 1) * fieldCount);
    return { score, rankLow, rankHigh, accuracy: { low, mid, high } };
  });
}
