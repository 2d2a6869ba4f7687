// Metrics of a zoo's models on a folder of images: which models, and each one's features and values.
import { existsSync } from 'node:fs';
import { findEntry, modelFile } from './assets.mjs';
import { Failure, reasonOf } from './failure.mjs';
import { embedWithModel, readablePart } from './sample.mjs';

/**
 * @typedef {import('./assets.mjs').Zoo} Zoo
 * @typedef {import('./assets.mjs').ModelEntry} ModelEntry
 * @typedef {import('../sample.mjs').EmbeddedSample} EmbeddedSample
 * @typedef {{pool: import('../worker-pool.mjs').WorkerPool, zoo: Zoo, path: string,
 *   terminal: import('./terminal.mjs').Terminal}} Run
 * @typedef {{model: string, name: string, metrics: Record<string, number | null>,
 *   seconds: {embed: number, metrics: number}}} JudgedModel metrics that have no value are null
 * @typedef {{images: number, classes: {name: string, images: number}[],
 *   skipped: import('../sample.mjs').EmbeddedSample['skipped']}} JudgedTask
 */

/**
 * @param {Zoo} zoo
 * @param {string} wanted all, or ids with commas between
 * @param {import('./terminal.mjs').Terminal} terminal
 * @returns {ModelEntry[]} for all: those that are here; a warning names the others
 */
export function chooseModels(zoo, wanted, terminal) {
  if (wanted !== 'all') {
    return [...new Set(wanted.split(','))].map((id) => findEntry(zoo, id));
  }
  const lacking = zoo.models.filter((entry) => !existsSync(modelFile(zoo, entry)));
  if (lacking.length === zoo.models.length) {
    throw new Failure('asset', `no model of the zoo ${zoo.name} is here: modelspider zoo fetch brings them`);
  }
  if (lacking.length > 0) {
    terminal.warn(`${lacking.map(({ id }) => id).join(', ')} are left out: modelspider zoo fetch brings them`);
  }
  return zoo.models.filter((entry) => !lacking.includes(entry));
}

/**
 * Runs one model after another; a model's metrics are computed while the next one runs.
 *
 * @param {Run} run
 * @param {ModelEntry[]} entries
 * @param {import('./images.mjs').Sample} sample
 * @param {string[]} names of metrics
 * @returns {Promise<{task: JudgedTask, models: JudgedModel[]}>}
 */
export async function judgeModels(run, entries, sample, names) {
  /** @type {Promise<JudgedModel>[]} */
  const models = [];
  /** @type {JudgedTask | undefined} */
  let task;
  let readable = sample;
  for (const entry of entries) {
    const embedded = await embedWithModel(run, entry, readable);
    readable = task ? readable : readablePart(sample, embedded);
    task ??= describeTask(embedded);
    const judged = judgeModel(run.pool, entry, embedded, names);
    // Awaited below; until then another model's failure may come first.
    judged.catch(() => undefined);
    models.push(judged);
  }
  return { task: /** @type {JudgedTask} */ (task), models: await Promise.all(models) };
}

/** @param {EmbeddedSample} embedded @returns {JudgedTask} */
function describeTask({ classes, skipped }) {
  const counts = classes.map(({ name, features }) => ({ name, images: features.length }));
  return { images: counts.reduce((sum, { images }) => sum + images, 0), classes: counts, skipped };
}

/**
 * @param {import('../worker-pool.mjs').WorkerPool} pool
 * @param {ModelEntry} entry
 * @param {EmbeddedSample} embedded
 * @param {string[]} names
 * @returns {Promise<JudgedModel>}
 */
async function judgeModel(pool, { id, name }, { classes, seconds: { decode, encode } }, names) {
  const rows = classes.flatMap(({ features }) => features);
  const dimension = rows[0].length;
  const features = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => features.set(row, i * dimension));
  const labels = classes.flatMap(({ features: own }, label) => own.map(() => label));
  const started = performance.now();
  const values = await pool.metrics(names, { features, count: rows.length, dimension, labels, classCount: classes.length })
    .catch((error) => {
      throw new Failure('data', `${id}: ${reasonOf(error)}`);
    });
  return {
    model: id,
    name,
    metrics: Object.fromEntries(names.map((metric) => [metric, Number.isFinite(values[metric]) ? values[metric] : null])),
    seconds: { embed: decode + encode, metrics: (performance.now() - started) / 1000 },
  };
}
