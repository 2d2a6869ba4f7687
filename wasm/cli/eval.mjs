// modelspider eval: how well the ranking does on data sets that it has not seen, beside rankings
// that need less and metrics that need every model run.
import { defaultRecipe, judgeRankings, predictHeldOut, summarise } from '../../zoo/build/learn.mjs';
import { markdownTable } from '../report.mjs';
import { loadEngine, readZoo } from './assets.mjs';
import { loadBank, recipeOf, trainingOptions } from './bank-file.mjs';
import { reportMetrics } from './eval-metrics.mjs';
import { exactly } from './options.mjs';

/** @typedef {ReturnType<typeof summarise>} Summary */

const columns = ['ranking', 'weighted tau', 'tau-b', 'regret@1', 'top-3 recall'];

/** @type {import('./options.mjs').Command} */
export const command = {
  name: 'eval',
  summary: 'Judges the ranking leave-one-data-set-out, from the task bank alone',
  usage: 'eval [options]',
  about: `  Sets that share pictures are left out together. Truth is the test accuracy of a linear head.`,
  options: {
    ...trainingOptions,
    metrics: { type: 'boolean', help: 'judge the metrics of the bank, and ways to join them, instead' },
    tasks: { type: 'boolean', help: 'a line for each data set too' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  async run(call) {
    const { values, positionals, terminal } = call;
    exactly(positionals, []);
    const started = performance.now();
    const engine = await loadEngine();
    const zoo = await readZoo(values.zoo, engine);
    const bank = await loadBank(zoo);
    if (values.metrics) {
      await reportMetrics(engine, bank, call);
      return;
    }
    const scores = await predictHeldOut(engine, bank, recipeOf(values, defaultRecipe), (done, all) =>
      terminal.progress(`${done}/${all} groups left out`));
    const parameters = new Map(zoo.models.map(({ id, parameters: count }) => [id, count]));
    const judgements = judgeRankings(engine, bank, scores, parameters);
    const summary = summarise(judgements);
    const seconds = (performance.now() - started) / 1000;
    const facts = { dataSets: bank.tasks.length, groups: new Set(bank.tasks.map(({ group }) => group)).size, models: bank.models.length };
    if (values.json) {
      await terminal.data(`${JSON.stringify({ schema: 1, ...facts, summary, tasks: judgements, seconds })}\n`);
      return;
    }
    await terminal.data(`${facts.dataSets} data sets in ${facts.groups} groups, ${facts.models} models, linear head, ${bank.splits} splits\n\n`);
    await terminal.data(summaryTable(summary));
    if (values.tasks) {
      await terminal.data(`\n${taskTable(judgements)}`);
    }
  },
};

/** @param {Summary} summary @returns {string} */
function summaryTable(summary) {
  return markdownTable([columns, ...summary.map(({ name, weightedTau, tauB, regret, topThree }) =>
    [name, ...[weightedTau, tauB, regret, topThree].map((value) => value.toFixed(3))])]);
}

/** @param {import('../../zoo/build/learn.mjs').Judgement[]} judgements @returns {string} */
function taskTable(judgements) {
  const names = [...new Set(judgements.map(({ name }) => name))];
  const tasks = [...new Set(judgements.map(({ task }) => task))];
  return markdownTable([['weighted tau', ...names], ...tasks.map((task) =>
    [task, ...names.map((name) => judgements.find((judgement) => judgement.task === task && judgement.name === name)?.weightedTau.toFixed(2) ?? '')])]);
}
