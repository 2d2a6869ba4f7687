// modelspider eval --metrics: how far metrics agree with the ground truth of the task bank.
import { markdownTable } from '../report.mjs';
import { splitsOf } from '../../zoo/build/report.mjs';
import { judgeMetrics, timeMetrics, timedShape } from '../../zoo/build/agreement.mjs';

/** @typedef {import('../../zoo/build/agreement.mjs').Agreement} Agreement */

const columns = ['metric', 'data sets', 'weighted tau', '± standard error', 'tau-b', 'regret@1', 'seconds'];

/**
 * @param {import('../modelspider.mjs').Engine} engine
 * @param {import('../../zoo/build/bank.mjs').Bank} bank
 * @param {import('./options.mjs').Call} call
 */
export async function reportMetrics(engine, bank, { values, terminal }) {
  const names = Object.keys(bank.tasks[0].metrics);
  const seconds = await timeMetrics(engine, names, (name) => terminal.progress(`seconds of ${name}`));
  const agreements = judgeMetrics(engine, bank, seconds);
  const facts = { dataSets: bank.tasks.length, groups: new Set(bank.tasks.map(({ group }) => group)).size, models: bank.models.length };
  await terminal.data(values.json
    ? `${JSON.stringify({ schema: 1, ...facts, timedShape, agreements })}\n`
    : `${describe({ ...facts, splits: splitsOf(bank) })}\n${tableOf(agreements)}`);
}

/** @param {{dataSets: number, groups: number, models: number, splits: number[]}} facts */
function describe({ dataSets, groups, models, splits }) {
  const { count, dimension, classCount } = timedShape;
  return `# How far metrics agree with the truth

Made by \`modelspider eval --metrics\` from the task bank: ${dataSets} data sets in ${groups} groups, ${models} models.
Truth is the test accuracy of a logistic head, mean of ${splits.join(' to ')} splits of the same images that the metrics
read; so the probe, which fits that very head, and the ridge start with an advantage. A way to join
metrics that reads the best few chooses them for each group of data sets from the other groups. Seconds
are of one model with ${count.toLocaleString('en')} images, ${dimension.toLocaleString('en')} features and ${classCount} classes by one processor, each metric
by itself; several at once share work.

NCE, LEEP, PACTran with Dirichlet or Gamma weights and OTCE are not here: they need the probabilities of
a model's own classes, or a sample of what it was trained on, and a zoo's models end at their features.
`;
}

/** @param {Agreement[]} agreements @returns {string} Markdown */
function tableOf(agreements) {
  return markdownTable([columns, ...agreements.map(({ name, tasks, weightedTau, standardError, tauB, regret, seconds }) => [name, String(tasks),
    weightedTau.toFixed(3), standardError.toFixed(3), tauB.toFixed(3), regret.toFixed(3), seconds.toFixed(2)])]);
}
