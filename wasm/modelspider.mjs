// The binding: loads modelspider.wasm and gives typed arrays, strings and ModelSpiderError to
// everything else. The same in a page, in a worker and in Node.

/**
 * @typedef {import('./binding/assessment.mjs').Assessment} Assessment
 * @typedef {import('./binding/assessment.mjs').Observed} Observed
 * @typedef {import('./binding/error.mjs').ErrorCode} ErrorCode
 * @typedef {import('./binding/metrics.mjs').LinearHead} LinearHead
 * @typedef {import('./binding/metrics.mjs').Matrix} Matrix
 * @typedef {import('./binding/network.mjs').InputRecipe} InputRecipe
 * @typedef {import('./binding/network.mjs').Missing} Missing
 * @typedef {import('./binding/network.mjs').NetworkReport} NetworkReport
 * @typedef {import('./binding/network.mjs').Pixels} Pixels
 * @typedef {import('./binding/network.mjs').TensorReport} TensorReport
 * @typedef {import('./binding/task.mjs').ClassTokens} ClassTokens
 * @typedef {import('./binding/task.mjs').FeatureBlocks} FeatureBlocks
 * @typedef {import('./binding/trainer.mjs').HeldOutTask} HeldOutTask
 */

export { Engine, createEngine } from './binding/engine.mjs';
export { ModelSpiderError } from './binding/error.mjs';
export { sourceMetricNames } from './binding/metrics.mjs';
export { Network } from './binding/network.mjs';
export { Scorer } from './binding/scorer.mjs';
export { Task } from './binding/task.mjs';
export { Trainer } from './binding/trainer.mjs';
export { Zoo } from './binding/zoo.mjs';
