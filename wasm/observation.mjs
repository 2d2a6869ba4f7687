// What running a model shows: one accuracy, of two estimates that err differently.

/**
 * Parts of each metric in an observation. Leave-one-out ridge regression is the linear head's nearest
 * kin; a part of nearest neighbours breaks its ties and halves what trusting it costs
 * (modelspider eval, regret with all models run).
 *
 * @type {Record<string, number>}
 */
const parts = { ridge: 5, knn: 1 };

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
