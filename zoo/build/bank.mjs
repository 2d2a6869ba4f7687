// The task bank: what training and evaluation need of every data set, without its pictures. Class
// tokens and landmarks from the encoder, accuracies and metrics of every model.
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mapOrdered } from '../../wasm/map-ordered.mjs';
import { readNpy } from '../../wasm/npy.mjs';
import { observationMetrics } from '../../wasm/observation.mjs';
import { bankMetrics, judgeCell, protocolFor } from './judge.mjs';
import { readSafetensors, writeSafetensors } from '../../wasm/safetensors.mjs';

/**
 * @typedef {import('../../wasm/modelspider.mjs').FeatureBlocks} FeatureBlocks
 * @typedef {import('./judge.mjs').Cell} Cell
 * @typedef {{images: number, pictures: string, classCount: number, prototypes: Float32Array,
 *   spreads: Float32Array, landmarks: Float32Array}} TaskImages what the encoder saw; prototypes and
 *   spreads [classCount][features]; pictures: which ones, as pictureHash tells them
 * @typedef {TaskImages & {name: string, group: string, splits: number, accuracy: Float32Array,
 *   accuracyError: Float32Array, metrics: Record<string, Float32Array>}} BankTask accuracy, over so many
 *   splits, its standard error and each metric by model
 * @typedef {import('./judge.mjs').Judgement} Judgement
 * @typedef {{encoderHash: string, featureCount: number, blocks: FeatureBlocks, models: string[],
 *   hashes: string[], tasks: BankTask[]}} Bank
 */

const format = 'modelspider-bank-1';

/**
 * @param {string} folder of cells, <model>/<set>
 * @param {{id: string, onnx: {sha256: string}}} model
 * @param {string} dataset
 * @returns {Promise<Cell | undefined>} undefined where there is none of this very model
 */
export async function readCell(folder, model, dataset) {
  const path = join(folder, model.id, dataset);
  try {
    const facts = JSON.parse(await readFile(`${path}.json`, 'utf8'));
    const { rows, columns, data } = readNpy(await readFile(`${path}.npy`));
    if (facts.model_sha256 !== model.onnx.sha256 || rows !== facts.rows) {
      return undefined;
    }
    return {
      path, files: facts.files, count: rows, dimension: columns, features: Float32Array.from(data),
      labels: facts.labels, classCount: facts.classes.length,
    };
  } catch {
    return undefined;
  }
}

/** @param {string[]} files CLASS/name, in the order of a cell @returns {string} */
export const pictureHash = (files) => createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 16);

/**
 * @param {string} folder of cells
 * @param {string} model
 * @returns {Promise<string[]>} the data sets that it has seen
 */
export async function listCells(folder, model) {
  const files = await readdir(join(folder, model));
  return files.filter((file) => /(?<!\.judged)\.json$/.test(file)).map((file) => file.slice(0, -'.json'.length)).sort();
}

/**
 * @typedef {{engine: import('../../wasm/modelspider.mjs').Engine, pool: import('../../wasm/worker-pool.mjs').WorkerPool,
 *   folder: string, encoder: any, models: any[], blocks: FeatureBlocks, groups: Record<string, string[]>,
 *   known?: Bank}} BankSource known: a bank, of which what still holds need not be made again
 */

/**
 * The bank's entry for one data set, from cells and, where there is none, from the known bank.
 *
 * @param {BankSource} source
 * @param {string} dataset
 * @returns {Promise<BankTask | undefined>} undefined where a model has not run on all its images
 */
export async function describeTask(source, dataset) {
  const own = await describeImages(source, dataset);
  const found = await mapOrdered(own ? source.models : [], source.pool.size, async (model) =>
    await judgedCell(source, model, dataset, own?.pictures) ?? knownColumn(source, model, dataset, own?.pictures));
  const columns = found.filter((column) => column !== undefined);
  return own && columns.length === found.length ? {
    ...own,
    name: dataset,
    group: Object.entries(source.groups).find(([, sets]) => sets.includes(dataset))?.[0] ?? dataset,
    splits: protocolFor(own.images).splits,
    accuracy: Float32Array.from(columns, ({ mean }) => mean),
    accuracyError: Float32Array.from(columns, ({ standardError }) => standardError),
    metrics: Object.fromEntries(bankMetrics.map((name) => [name, Float32Array.from(columns, ({ metrics }) => metrics[name])])),
  } : undefined;
}

/**
 * @param {BankSource} source
 * @param {any} model
 * @param {string} dataset
 * @param {string | undefined} pictures that the cell must be of
 * @returns {Promise<Judgement | undefined>}
 */
async function judgedCell({ folder, pool }, model, dataset, pictures) {
  const cell = await readCell(folder, model, dataset);
  return cell && pictureHash(cell.files) === pictures ? judgeCell(pool, cell) : undefined;
}

/**
 * @param {BankSource} source
 * @param {any} model
 * @param {string} dataset
 * @param {string | undefined} pictures
 * @returns {Judgement | undefined} what the known bank says of this very model and these pictures, by
 *   the same protocol
 */
function knownColumn({ known }, model, dataset, pictures) {
  const task = known?.tasks.find(({ name }) => name === dataset);
  const m = known?.hashes.indexOf(model.onnx.sha256) ?? -1;
  if (!task || m === -1 || task.pictures !== pictures || task.splits !== protocolFor(task.images).splits
    || bankMetrics.some((name) => !task.metrics[name])) {
    return undefined;
  }
  const metrics = Object.fromEntries(bankMetrics.map((name) => [name, task.metrics[name][m]]));
  return { mean: task.accuracy[m], standardError: task.accuracyError[m], metrics };
}

/** @param {BankSource} source @param {string} dataset @returns {Promise<TaskImages | undefined>} */
async function describeImages({ engine, folder, encoder, blocks, known }, dataset) {
  const cell = await readCell(folder, encoder, dataset);
  if (cell) {
    return { images: cell.count, pictures: pictureHash(cell.files), ...describeCell(engine, cell, blocks) };
  }
  const isSame = known && known.encoderHash === encoder.onnx.sha256 && JSON.stringify(known.blocks) === JSON.stringify(blocks);
  return isSame ? known.tasks.find(({ name }) => name === dataset) : undefined;
}

/** @param {import('../../wasm/modelspider.mjs').Engine} engine @param {Cell} cell @param {FeatureBlocks} blocks */
function describeCell(engine, { count, dimension, features, labels, classCount }, blocks) {
  const task = engine.createTask(classCount, dimension);
  try {
    for (let i = 0; i < count; i++) {
      task.addImage(labels[i], features.subarray(i * dimension, (i + 1) * dimension));
    }
    const { classCount: seen, prototypes, spreads } = task.classTokens();
    return {
      classCount: seen, prototypes, spreads,
      landmarks: Float32Array.from(task.landmarks(blocks)),
    };
  } finally {
    task.destroy();
  }
}

/** @param {Bank} bank @returns {Uint8Array} a safetensors file */
export function writeBank({ encoderHash, featureCount, blocks, models, hashes, tasks }) {
  const taskCount = tasks.length;
  /** @param {(task: BankTask) => ArrayLike<number>} part @returns {Float32Array} */
  const stack = (part) => Float32Array.from(tasks.flatMap((task) => Array.from(part(task))));
  const classes = tasks.reduce((sum, { classCount }) => sum + classCount, 0);
  /** @type {[string, import('../../wasm/safetensors.mjs').Tensor][]} */
  const entries = [
    ['images', { dtype: 'I32', shape: [taskCount], data: Int32Array.from(tasks, ({ images }) => images) }],
    ['classes', { dtype: 'I32', shape: [taskCount], data: Int32Array.from(tasks, ({ classCount }) => classCount) }],
    ['splits', { dtype: 'I32', shape: [taskCount], data: Int32Array.from(tasks, ({ splits }) => splits) }],
    ['landmarks', { dtype: 'F32', shape: [taskCount, tasks[0].landmarks.length], data: stack(({ landmarks }) => landmarks) }],
    ['accuracy', { dtype: 'F32', shape: [taskCount, models.length], data: stack(({ accuracy }) => accuracy) }],
    ['accuracy_error', { dtype: 'F32', shape: [taskCount, models.length], data: stack(({ accuracyError }) => accuracyError) }],
    ...Object.keys(tasks[0].metrics).map((name) => /** @type {[string, import('../../wasm/safetensors.mjs').Tensor]} */ ([
      `metric_${name}`, { dtype: 'F32', shape: [taskCount, models.length], data: stack(({ metrics }) => metrics[name]) }])),
    ['prototypes', { dtype: 'F16', shape: [classes, featureCount], data: stack(({ prototypes }) => prototypes) }],
    ['spreads', { dtype: 'F16', shape: [classes, featureCount], data: stack(({ spreads }) => spreads) }],
  ];
  return writeSafetensors(new Map(entries), {
    format,
    encoder: encoderHash,
    blocks: JSON.stringify(blocks),
    models: models.join('\n'),
    hashes: hashes.join('\n'),
    tasks: tasks.map(({ name }) => name).join('\n'),
    pictures: tasks.map(({ pictures }) => pictures).join('\n'),
    groups: tasks.map(({ group }) => group).join('\n'),
  });
}

/** @param {Uint8Array} bytes @returns {Bank} fails with an Error that says what is wrong */
export function readBank(bytes) {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata.get('format') !== format) {
    throw new Error(`a task bank's format is ${metadata.get('format') ?? 'not stated'}, ${format} is known`);
  }
  const note = (/** @type {string} */ key) => metadata.get(key) ?? '';
  const [names, groups, pictures, models] = ['tasks', 'groups', 'pictures', 'models'].map((key) => note(key).split('\n'));
  /** @param {string} name @param {number} rows @returns {{data: Float32Array, width: number}} */
  const table = (name, rows) => {
    const tensor = tensors.get(name);
    if (!tensor || tensor.shape[0] !== rows) {
      throw new Error(`the task bank's ${name} do not fit ${rows} rows`);
    }
    return { data: Float32Array.from(tensor.data), width: tensor.shape[1] ?? 1 };
  };
  const classCounts = Array.from(table('classes', names.length).data);
  const classTotal = classCounts.reduce((sum, count) => sum + count, 0);
  const metricNames = [...tensors.keys()].flatMap((name) => (name.startsWith('metric_') ? [name.slice('metric_'.length)] : []));
  const missing = observationMetrics.find((name) => !metricNames.includes(name));
  if (missing !== undefined) {
    throw new Error(`a task bank has no metric_${missing}, which training reads`);
  }
  const tables = Object.fromEntries(['images', 'splits', 'landmarks', 'accuracy', 'accuracy_error',
    ...metricNames.map((name) => `metric_${name}`)].map((name) => [name, table(name, names.length)]));
  const prototypes = table('prototypes', classTotal);
  const spreads = table('spreads', classTotal);
  const row = (/** @type {string} */ name, /** @type {number} */ t) =>
    tables[name].data.subarray(t * tables[name].width, (t + 1) * tables[name].width);
  let start = 0;
  const tasks = names.map((name, t) => {
    const from = start * prototypes.width;
    start += classCounts[t];
    return {
      name, group: groups[t], images: row('images', t)[0], pictures: pictures[t] ?? '', classCount: classCounts[t],
      splits: row('splits', t)[0],
      prototypes: prototypes.data.subarray(from, start * prototypes.width),
      spreads: spreads.data.subarray(from, start * prototypes.width),
      landmarks: row('landmarks', t),
      accuracy: row('accuracy', t), accuracyError: row('accuracy_error', t),
      metrics: Object.fromEntries(metricNames.map((metric) => [metric, row(`metric_${metric}`, t)])),
    };
  });
  return {
    encoderHash: note('encoder'), featureCount: prototypes.width, blocks: JSON.parse(note('blocks')), models,
    hashes: note('hashes').split('\n'), tasks,
  };
}
