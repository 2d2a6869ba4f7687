// The evaluation's report: numbers as JSON, and the same numbers as Markdown.
import { markdownTable } from '../../wasm/report.mjs';
import { meansBy } from './evaluate.mjs';

/**
 * @typedef {import('./bank.mjs').Bank} Bank
 * @typedef {import('./evaluate.mjs').Judgement} Judgement
 * @typedef {import('./evaluate.mjs').Forecast} Forecast
 * @typedef {{name: string, weightedTau: number, tauB: number, regret: number, topThree: number}} Row
 * @typedef {{k: number, weightedTau: number, tauB: number, regret: number, topThree: number,
 *   ranksInside: number, accuraciesInside: number, rankWidth: number, accuracyWidth: number,
 *   macs: number, seconds?: number}} Point macs: of one image, encoder and the models that were run;
 *   seconds: for timedImages images in one thread
 * @typedef {{schema: 1, zoo: string, dataSets: number, groups: number, images: number, models: number,
 *   splits: number[], recipe: import('./learn.mjs').Recipe, rankings: Row[], variants: Row[],
 *   curve: Point[], tasks: {task: string, [ranking: string]: number | string}[], seconds: number}} Report
 */

/** The images that the curve's seconds are for. */
export const timedImages = 200;

/**
 * @param {{zoo: string, bank: Bank, recipe: import('./learn.mjs').Recipe, rankings: Judgement[],
 *   variants: Judgement[], forecasts: Forecast[], macs: Map<string, number>,
 *   times?: Map<string, number>, seconds: number}} results macs: by model, the encoder's under '';
 *   times: milliseconds an image, likewise
 * @returns {Report}
 */
export function summarise({ zoo, bank, recipe, rankings, variants, forecasts, macs, times, seconds }) {
  /** @param {Map<string, number>} costs @param {Forecast} forecast */
  const costOf = (costs, { run }) => ['', ...run.map((m) => bank.models[m])]
    .reduce((sum, id) => sum + (costs.get(id) ?? 0), 0);
  const points = forecasts.map((forecast) => ({
    ...forecast,
    macs: costOf(macs, forecast),
    ...(times && { seconds: costOf(times, forecast) * timedImages / 1000 }),
  }));
  return {
    schema: 1,
    zoo,
    dataSets: bank.tasks.length,
    groups: new Set(bank.tasks.map(({ group }) => group)).size,
    images: bank.tasks.reduce((sum, { images }) => sum + images, 0),
    models: bank.models.length,
    splits: splitsOf(bank),
    recipe,
    rankings: /** @type {Row[]} */ (meansBy(rankings, 'name')),
    variants: /** @type {Row[]} */ (meansBy(variants, 'name')),
    curve: /** @type {Point[]} */ (meansBy(points, 'k')),
    tasks: tasksOf(rankings),
    seconds,
  };
}

/** The numbers of splits behind the bank's accuracies, the fewest and the most. @param {Bank} bank */
export function splitsOf({ tasks }) {
  const counts = tasks.map(({ splits }) => splits);
  return [...new Set([Math.min(...counts), Math.max(...counts)])];
}

/** The weighted taus of each task. @param {Judgement[]} rankings @returns {Report['tasks']} */
function tasksOf(rankings) {
  return [...new Set(rankings.map(({ task }) => task))].map((task) => ({
    task, ...Object.fromEntries(rankings.filter((row) => row.task === task).map(({ name, weightedTau }) => [name, weightedTau])),
  }));
}

/** @param {Row[]} rows */
function rankingTable(rows) {
  return markdownTable([['ranking', 'weighted tau', 'tau-b', 'regret@1', 'top-3 recall'],
    ...rows.map(({ name, weightedTau, tauB, regret, topThree }) =>
      [name, ...[weightedTau, tauB, regret, topThree].map((value) => value.toFixed(3))])]);
}

/** @param {Point[]} curve */
function curveTable(curve) {
  const timed = curve.some(({ seconds }) => seconds !== undefined);
  return markdownTable([
    ['models run', 'weighted tau', 'tau-b', 'regret@1', 'top-3 recall', 'true ranks inside', 'width', 'true accuracies inside',
      'width', 'GMAC an image', ...(timed ? [`seconds, ${timedImages} images, one thread`] : [])],
    ...curve.map((point) => [
      String(point.k), ...[point.weightedTau, point.tauB, point.regret, point.topThree].map((value) => value.toFixed(3)),
      percent(point.ranksInside), point.rankWidth.toFixed(1), percent(point.accuraciesInside), point.accuracyWidth.toFixed(2),
      (point.macs / 1e9).toFixed(2), ...(timed ? [(point.seconds ?? 0).toFixed(1)] : [])]),
  ]);
}

/** @param {number} share */
const percent = (share) => `${(share * 100).toFixed(0)} %`;

/**
 * @param {Report} report
 * @param {{tasks: boolean, picture?: string}} options tasks: a line for each; picture: of the curve,
 *   a file beside the report
 * @returns {string} Markdown
 */
export function markdownReport(report, { tasks, picture }) {
  const parts = [
    `${report.dataSets} data sets in ${report.groups} groups, ${report.images} images, ${report.models} models; linear head, ${report.splits.join(' to ')} splits.\n`,
    rankingTable(report.rankings),
  ];
  if (report.variants.length > 0) {
    parts.push('Other ways to train the scorer:\n', rankingTable(report.variants));
  }
  parts.push('With some models run on the images, in the order in which they are suggested, beside those that run with the encoder and count as run in every row; intervals promise 80 %:\n',
    ...(picture ? [`![Quality of the ranking against models run](${picture})\n`] : []), curveTable(report.curve));
  if (tasks) {
    const names = Object.keys(report.tasks[0]).filter((name) => name !== 'task');
    parts.push(markdownTable([['weighted tau', ...names], ...report.tasks.map((row) =>
      [row.task, ...names.map((name) => (name in row ? Number(row[name]).toFixed(2) : ''))])]));
  }
  return parts.join('\n');
}
