// modelspider zoo build: all models × all data sets, one cell after another, resumable.
import { resolve } from 'node:path';
import { buildDataSet } from '../../zoo/build/cells.mjs';
import { listDataSets, openDataSet } from '../../zoo/build/collection.mjs';
import { entriesOf, findEntry, inputOf, readModel, readZoo, sha256, startEngine } from './assets.mjs';
import { Failure, exitCodes, reasonOf } from './failure.mjs';
import { integerOption } from './options.mjs';

/**
 * @typedef {import('./options.mjs').Call} Call
 * @typedef {import('../../zoo/build/cells.mjs').Model} Model
 * @typedef {import('../../zoo/build/collection.mjs').DataSet} DataSet
 */

/** @param {Call} call */
export async function buildZoo({ values, positionals, terminal }) {
  if (positionals.length > 0 || !values.datasets) {
    throw new Failure('usage', 'zoo build needs --datasets DIR, and no other argument');
  }
  const limit = integerOption(values, 'limit', { min: 1, fallback: Infinity }) ?? Infinity;
  const workers = integerOption(values, 'workers', { min: 1, max: 256 });
  const classLimit = integerOption(values, 'classes', { min: 2, fallback: Infinity }) ?? Infinity;
  const datasets = await chooseDataSets(values.datasets, values.sets, classLimit);
  const { engine, pool } = await startEngine(workers);
  const zoo = await readZoo(values.zoo, engine);
  let problems = 0;
  const onProblem = (/** @type {string} */ text) => {
    problems++;
    terminal.warn(text);
  };
  try {
    const models = await loadModels(zoo, engine, values.models, onProblem);
    terminal.note(`${models.length} models × ${datasets.length} data sets, ${pool.size} workers`);
    const onCell = startReport(terminal, models, datasets, limit);
    for (const dataset of datasets) {
      const build = { pool, bank: resolve(values.bank), limit, force: Boolean(values.force), onCell: onCell.cell, onProblem };
      await buildDataSet(build, models, dataset);
      onCell.dataSet(dataset);
    }
  } finally {
    pool.destroy();
  }
  return problems > 0 ? exitCodes.asset : exitCodes.ok;
}

/**
 * @param {string} root
 * @param {string | undefined} wanted
 * @param {number} classLimit
 * @returns {Promise<DataSet[]>}
 */
async function chooseDataSets(root, wanted, classLimit) {
  const names = await listDataSets(root).catch((error) => {
    throw new Failure('data', `${root} cannot be read: ${reasonOf(error)}`);
  });
  const chosen = wanted?.split(',') ?? names;
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new Failure('usage', `${root} has no data set ${unknown}`);
  }
  return Promise.all(chosen.map((name) => openDataSet(root, name, classLimit)));
}

/**
 * The models that can be run; the others are reported, and the rest goes on.
 *
 * @param {import('./assets.mjs').Zoo} zoo
 * @param {import('../modelspider.mjs').Engine} engine
 * @param {string | undefined} wanted
 * @param {(text: string) => void} onProblem
 * @returns {Promise<Model[]>}
 */
async function loadModels(zoo, engine, wanted, onProblem) {
  const entries = wanted ? wanted.split(',').map((id) => findEntry(zoo, id)) : entriesOf(zoo);
  const models = [];
  for (const entry of entries) {
    try {
      const bytes = await readModel(zoo, entry);
      const input = inputOf(entry);
      const network = engine.loadNetwork(bytes, input);
      models.push({ id: entry.id, bytes, sha256: sha256(bytes), macs: network.macCount, input });
      network.destroy();
    } catch (error) {
      onProblem(`${entry.id} is left out: ${reasonOf(error)}`);
    }
  }
  return models;
}

/**
 * Notes each cell with the time that is left, reckoned by multiply-accumulates.
 *
 * @param {import('./terminal.mjs').Terminal} terminal
 * @param {Model[]} models
 * @param {DataSet[]} datasets
 * @param {number} limit
 */
function startReport(terminal, models, datasets, limit) {
  const macsPerImage = models.reduce((sum, { macs }) => sum + macs, 0);
  const sizeOf = (/** @type {DataSet} */ { candidates }) => Math.min(limit, candidates.length);
  let left = macsPerImage * datasets.reduce((sum, dataset) => sum + sizeOf(dataset), 0);
  let leftInSet = 0;
  let done = 0;
  let seconds = 0;
  let setsDone = 0;
  return {
    /** @type {import('../../zoo/build/cells.mjs').Build['onCell']} */
    cell({ model, dataset, images, seconds: taken }) {
      done += model.macs * images;
      leftInSet += model.macs * images;
      seconds += taken;
      const eta = (left - leftInSet) / (done / seconds);
      terminal.note(`[${setsDone + 1}/${datasets.length}] ${dataset} × ${model.id}: ${images} images, ${(taken / images * 1000).toFixed(1)} ms each; ${duration(eta)} left`);
    },
    /** @param {DataSet} dataset */
    dataSet(dataset) {
      left -= macsPerImage * sizeOf(dataset);
      leftInSet = 0;
      setsDone++;
    },
  };
}

/** @param {number} seconds @returns {string} */
function duration(seconds) {
  const minutes = Math.max(0, Math.round(seconds / 60));
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
