// What running a model shows: one accuracy, of two estimates that err differently.

/**
 * Parts of each metric in an observation: leave-one-out ridge regression and a cross-validated
 * logistic head. Together they agree with the truth better than either (modelspider eval --metrics).
 *
 * @type {Record<string, number>}
 */
const parts = { ridge: 1, probe: 1 };

/** The metrics that an observation is made of. */
export const observationMetrics = Object.keys(parts);

/**
 * @param {(metric: string) => number} valueOf each metric's value, an accuracy
 * @returns {number} 0 … 1, as the scorer takes it for observed
 */
export function observedAccuracy(valueOf) {
  const all = observationMetrics.reduce((sum, name) => sum + parts[name], 0);
  return observationMetrics.reduce((sum, name) => sum + parts[name] * valueOf(name), 0) / all;
}
