// modelspider eval: how well the ranking does on data sets that it has not seen, beside rankings
// that need less and metrics that need every model run.
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { judgeForecasts, judgeRankings, judgeVariants } from '../../zoo/build/evaluate.mjs';
import { defaultRecipe, predictHeldOut } from '../../zoo/build/learn.mjs';
import { curvePicture } from '../../zoo/build/curve-picture.mjs';
import { markdownReport, summarise } from '../../zoo/build/report.mjs';
import { encoderMacs, modelsInEncoder } from '../ranking.mjs';
import { entriesOf, loadEngine, readZoo, withCompanions } from './assets.mjs';
import { loadBank, recipeOf, trainingOptions } from './bank-file.mjs';
import { reportMetrics } from './eval-metrics.mjs';
import { Failure } from './failure.mjs';
import { readJson, replaceFile } from './files.mjs';
import { exactly } from './options.mjs';

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
    only: { type: 'string', value: 'DIR|A,B', help: 'judge by these data sets alone, a folder of them or names; all teach' },
    variants: { type: 'boolean', help: 'judge other ways to train the scorer too' },
    times: { type: 'string', value: 'FILE', help: 'what bench --json printed, to reckon seconds by' },
    report: { type: 'string', value: 'DIR', help: 'write report.md, report.json and curve.svg there' },
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
    const progress = (/** @type {string} */ what) => (/** @type {number} */ done, /** @type {number} */ all) =>
      terminal.progress(`${what}: ${done}/${all} groups left out`);
    const times = values.times ? await readTimes(values.times, zoo) : undefined;
    const recipe = recipeOf(values, defaultRecipe);
    const judged = values.only ? await findJudged(values.only, bank) : bank;
    const own = new Set(judged.tasks.map(({ name }) => name));
    const isOwn = (/** @type {{task: string}} */ { task }) => own.has(task);
    const scores = await predictHeldOut(engine, bank, recipe, progress('scorer'));
    const parameters = new Map(zoo.models.map(({ id, parameters: count }) => [id, count]));
    const report = summarise({
      zoo: zoo.name,
      bank: judged,
      recipe,
      rankings: judgeRankings(engine, bank, scores, parameters).filter(isOwn),
      variants: values.variants ? (await judgeVariants(engine, bank, progress('variants'))).filter(isOwn) : [],
      forecasts: (await judgeForecasts(engine, bank, { scores, shown: shownIn(zoo, bank) }, progress('certainty'))).filter(isOwn),
      macs: new Map(entriesOf(zoo).map((entry) => [keyOf(zoo, entry), entry === zoo.encoder ? encoderMacs(zoo) : entry.macs])),
      times,
      seconds: (performance.now() - started) / 1000,
    });
    if (values.report) {
      await mkdir(values.report, { recursive: true });
      await replaceFile(join(values.report, 'report.json'), `${JSON.stringify(report, null, 1)}\n`);
      await replaceFile(join(values.report, 'curve.svg'), await curvePicture(report));
      await replaceFile(join(values.report, 'report.md'), markdownReport(report, { tasks: true, picture: 'curve.svg' }));
    }
    await terminal.data(values.json ? `${JSON.stringify(report)}\n` : markdownReport(report, { tasks: Boolean(values.tasks) }));
  },
};

/**
 * The models of the bank that the encoder shows, by index.
 *
 * @param {import('./assets.mjs').Zoo} zoo
 * @param {import('../../zoo/build/bank.mjs').Bank} bank
 */
function shownIn(zoo, bank) {
  return modelsInEncoder(zoo).map(({ model }) => bank.models.indexOf(model.id)).filter((index) => index >= 0);
}

/**
 * The bank with those of its data sets alone that are named, or that a folder has.
 *
 * @param {string} text
 * @param {import('../../zoo/build/bank.mjs').Bank} bank
 * @returns {Promise<import('../../zoo/build/bank.mjs').Bank>}
 */
async function findJudged(text, bank) {
  const folder = await readdir(text).catch(() => undefined);
  const names = new Set(folder ?? text.split(','));
  const tasks = bank.tasks.filter(({ name }) => names.has(name));
  const unknown = [...names].find((name) => !bank.tasks.some((task) => task.name === name));
  if (tasks.length === 0 || (!folder && unknown !== undefined)) {
    throw new Failure('data', folder ? `the task bank has no data set of the folder ${text}` : `the task bank has no data set ${unknown}`);
  }
  return { ...bank, tasks };
}

/**
 * The encoder may also be a model: its costs have no name.
 *
 * @param {import('./assets.mjs').Zoo} zoo
 * @param {{id: string}} entry
 */
const keyOf = (zoo, { id }) => (id === zoo.encoder.id ? '' : id);

/** @param {string} file @param {import('./assets.mjs').Zoo} zoo @returns {Promise<Map<string, number>>} */
async function readTimes(file, zoo) {
  const { models } = await readJson(file, 'data');
  if (!Array.isArray(models)) {
    throw new Failure('data', `${file} is not what bench --json prints`);
  }
  const times = new Map(models.map(({ model, median_ms }) => [keyOf(zoo, { id: model }), Number(median_ms)]));
  const together = withCompanions(zoo, zoo.encoder).reduce((sum, entry) => sum + Number(times.get(keyOf(zoo, entry))), 0);
  return times.set('', together);
}
