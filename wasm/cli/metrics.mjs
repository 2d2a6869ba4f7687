// modelspider metrics: transferability metrics of features in a .npy file, or of the models of a zoo
// on a folder of images.
import { sourceMetricNames } from '../modelspider.mjs';
import { readNpy } from '../npy.mjs';
import { csvOf, textTable } from '../report.mjs';
import { readZoo, startEngine } from './assets.mjs';
import { Failure, reasonOf } from './failure.mjs';
import { readJson, readWhole } from './files.mjs';
import { chooseModels, judgeModels } from './metrics-models.mjs';
import { exactly, integerOption, workersOption } from './options.mjs';
import { openLimited } from './sample.mjs';

/**
 * @typedef {import('../modelspider.mjs').Engine} Engine
 * @typedef {import('../worker-pool.mjs').WorkerPool} WorkerPool
 * @typedef {import('./options.mjs').Call} Call
 */

const classLimit = 65536;

/** @type {import('./options.mjs').Command} */
export const command = {
  name: 'metrics',
  summary: 'Judges features, or models by their features, by transferability metrics; higher is better for all of them',
  usage: `metrics FEATURES.npy --labels LABELS.json [--metric all|A,B] [--json|--csv]
       modelspider metrics DIR|ZIP --models all|ID,ID [--metric all|A,B] [--json|--csv]`,
  about: `Labels: {"classes": [names], "labels": [class index per row]}, as features --labels writes
it, or a plain array of class indices. DIR has one sub-folder per class; every model runs on all of
its images. With --source the rows are what a model says of its own classes, each sums to 1, and the
metrics are ${sourceMetricNames.join(', ')}. A metric that has no value for such features is empty, null in JSON.`,
  options: {
    labels: { type: 'string', value: 'FILE', help: 'the class of each row, JSON' },
    metric: { type: 'string', value: 'all|A,B', default: 'all', help: 'which metrics (default: all)' },
    source: { type: 'boolean', help: "FEATURES.npy holds probabilities of the model's own classes" },
    models: { type: 'string', value: 'all|ID,ID', help: 'which models run on the images; all: those that are fetched' },
    zoo: { type: 'string', value: 'NAME|DIR', default: 'browser', help: 'which zoo, or a folder with one (default: browser)' },
    'limit-per-class': { type: 'string', value: 'N', help: 'at most N images of a class' },
    seed: { type: 'string', value: 'S', default: '0', help: 'draws those N images (default: 0)' },
    workers: workersOption,
    json: { type: 'boolean', help: 'print JSON, not a table' },
    csv: { type: 'boolean', help: 'print CSV' },
  },
  async run(call) {
    const { values, positionals } = call;
    const [path] = exactly(positionals, [values.models ? 'DIR|ZIP' : 'FEATURES.npy']);
    if (!values.labels === !values.models) {
      throw new Failure('usage', 'metrics needs --labels for features, or --models for images, and not both');
    }
    if (values.models && values.source) {
      throw new Failure('usage', '--source is for FEATURES.npy');
    }
    if (values.json && values.csv) {
      throw new Failure('usage', '--json and --csv exclude each other');
    }
    const { engine, pool } = await startEngine(integerOption(values, 'workers', { min: 1, max: 256 }));
    try {
      const names = chooseMetrics(values.metric, values.source ? sourceMetricNames : engine.metricNames);
      await (values.models ? judgeImages(call, engine, pool, path, names) : judgeFeatures(call, pool, path, names));
    } finally {
      pool.destroy();
    }
  },
};

/** @param {Call} call @param {WorkerPool} pool @param {string} file @param {string[]} names */
async function judgeFeatures({ values, terminal }, pool, file, names) {
  const { rows, columns, data } = await readFeatures(file);
  const { labels, classCount } = readLabels(await readJson(values.labels, 'data'), rows, values.labels);
  const matrix = { features: data, count: rows, dimension: columns, labels, classCount };
  /** @type {Record<string, number | null>} */
  const metrics = {};
  /** @type {Record<string, number>} */
  const seconds = {};
  /** @type {string[]} */
  const failures = [];
  for (const [i, name] of names.entries()) {
    terminal.progress(`${name}: metric ${i + 1} of ${names.length}`);
    const started = performance.now();
    metrics[name] = await (values.source ? pool.sourceMetric(name, matrix) : pool.metric(name, matrix)).catch((error) => {
      if (error.code === 'internal') {
        throw error;
      }
      failures.push(`${name}: ${reasonOf(error)}`);
      return null;
    });
    seconds[name] = (performance.now() - started) / 1000;
  }
  if (failures.length === names.length) {
    throw new Failure('data', failures[0]);
  }
  failures.forEach((failure) => terminal.warn(`${failure}; it has no value`));
  const head = ['metric', 'value', 'seconds'];
  await terminal.data(values.json
    ? `${JSON.stringify({ schema: 1, rows, dimension: columns, classes: classCount, metrics, seconds }, null, 2)}\n`
    : values.csv ? csvOf([head, ...names.map((name) => [name, metrics[name] ?? '', seconds[name]])])
      : textTable(head, names.map((name) => [name, shortNumber(metrics[name]), seconds[name].toFixed(3)])));
}

/**
 * @param {Call} call
 * @param {Engine} engine
 * @param {WorkerPool} pool
 * @param {string} path
 * @param {string[]} names of metrics
 */
async function judgeImages({ values, terminal }, engine, pool, path, names) {
  const limit = integerOption(values, 'limit-per-class', { min: 1, fallback: Infinity }) ?? Infinity;
  const seed = integerOption(values, 'seed', { min: 0, max: 2 ** 32 - 1 }) ?? 0;
  const zoo = await readZoo(values.zoo, engine);
  const entries = chooseModels(zoo, values.models, terminal);
  const sample = await openLimited(path, { limit, seed, minimumClasses: 2 });
  try {
    const { task, models } = await judgeModels({ pool, zoo, path, terminal }, entries, sample, names);
    const head = ['model', ...names];
    await terminal.data(values.json
      ? `${JSON.stringify({ schema: 1, zoo: zoo.name, task, models }, null, 2)}\n`
      : values.csv ? csvOf([head, ...models.map(({ model, metrics }) => [model, ...names.map((name) => metrics[name] ?? '')])])
        : textTable(head, models.map(({ model, metrics }) => [model, ...names.map((name) => shortNumber(metrics[name]))])));
  } finally {
    await sample.close();
  }
}

/** @param {number | null} value @returns {string} */
const shortNumber = (value) => value?.toPrecision(6) ?? '';

/** @param {string} wanted @param {string[]} known @returns {string[]} */
function chooseMetrics(wanted, known) {
  if (wanted === 'all') {
    return known;
  }
  const names = wanted.split(',');
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Failure('usage', `there is no metric ${unknown}; there is ${known.join(', ')}`);
  }
  return names;
}

/** @param {string} file */
async function readFeatures(file) {
  const bytes = await readWhole(file, 'data');
  try {
    const { rows, columns, data } = readNpy(new Uint8Array(bytes));
    return { rows, columns, data: data instanceof Float32Array ? data : Float32Array.from(data) };
  } catch (error) {
    throw new Failure('data', `${file}: ${reasonOf(error)}`);
  }
}

/**
 * @param {any} content
 * @param {number} rows
 * @param {string} file
 * @returns {{labels: number[], classCount: number}}
 */
function readLabels(content, rows, file) {
  const labels = Array.isArray(content) ? content : content?.labels;
  if (!Array.isArray(labels) || labels.length !== rows) {
    const found = Array.isArray(labels) ? `${labels.length} labels` : 'no list of labels';
    throw new Failure('data', `${file} has ${found}, the features have ${rows} rows`);
  }
  const known = Array.isArray(content?.classes) ? content.classes.length : classLimit;
  const wrong = labels.findIndex((label) => !Number.isInteger(label) || label < 0 || label >= Math.min(known, classLimit));
  if (wrong >= 0) {
    throw new Failure('data', `${file}: label ${JSON.stringify(labels[wrong])} of row ${wrong} is no class index`);
  }
  const classCount = known < classLimit ? known : labels.reduce((most, label) => Math.max(most, label + 1), 0);
  return { labels, classCount };
}
