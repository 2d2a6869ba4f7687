// modelspider metrics: transferability metrics of features in a .npy file.
import { textTable } from '../report.mjs';
import { readNpy } from '../npy.mjs';
import { loadEngine } from './assets.mjs';
import { Failure, reasonOf } from './failure.mjs';
import { readJson, readWhole } from './files.mjs';
import { exactly } from './options.mjs';

/** @typedef {import('../modelspider.mjs').Engine} Engine */

const classLimit = 65536;

/** @type {import('./options.mjs').Command} */
export const command = {
  name: 'metrics',
  summary: 'Judges features by transferability metrics; higher is better for all of them',
  usage: 'metrics FEATURES.npy --labels LABELS.json [--metric all|A,B] [--json]',
  about: `Labels: {"classes": [names], "labels": [class index per row]}, as features --labels writes
it, or a plain array of class indices.`,
  options: {
    labels: { type: 'string', value: 'FILE', help: 'the class of each row, JSON' },
    metric: { type: 'string', value: 'all|A,B', default: 'all', help: 'which metrics (default: all)' },
    json: { type: 'boolean', help: 'print JSON, not a table' },
  },
  async run({ values, positionals, terminal }) {
    const [file] = exactly(positionals, ['FEATURES.npy']);
    if (!values.labels) {
      throw new Failure('usage', 'metrics needs --labels');
    }
    const engine = await loadEngine();
    const names = chooseMetrics(values.metric, engine);
    const { rows, columns, data } = await readFeatures(file);
    const { labels, classCount } = readLabels(await readJson(values.labels, 'data'), rows, values.labels);
    /** @type {Record<string, number>} */
    const metrics = {};
    /** @type {Record<string, number>} */
    const seconds = {};
    for (const name of names) {
      terminal.progress(name);
      const started = performance.now();
      metrics[name] = compute(name, () => engine.metric(name, data, rows, columns, labels, classCount));
      seconds[name] = (performance.now() - started) / 1000;
    }
    await terminal.data(values.json
      ? `${JSON.stringify({ schema: 1, rows, dimension: columns, classes: classCount, metrics, seconds }, null, 2)}\n`
      : textTable(['metric', 'value', 'seconds'], names.map((name) => [name, metrics[name].toPrecision(6), seconds[name].toFixed(3)])));
  },
};

/** @param {string} name @param {() => number} work @returns {number} */
function compute(name, work) {
  try {
    return work();
  } catch (error) {
    throw new Failure('data', `${name}: ${reasonOf(error)}`);
  }
}

/** @param {string} wanted @param {Engine} engine @returns {string[]} */
function chooseMetrics(wanted, { metricNames }) {
  if (wanted === 'all') {
    return metricNames;
  }
  const names = wanted.split(',');
  const unknown = names.find((name) => !metricNames.includes(name));
  if (unknown !== undefined) {
    throw new Failure('usage', `there is no metric ${unknown}; there is ${metricNames.join(', ')}`);
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
