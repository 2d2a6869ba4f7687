// modelspider zoo bank: the cells of zoo build become the zoo's task bank.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describeTask, listCells, readBank, writeBank } from '../../zoo/build/bank.mjs';
import { bankMetrics } from '../../zoo/build/judge.mjs';
import { readZoo, startEngine } from './assets.mjs';
import { Failure, reasonOf } from './failure.mjs';
import { readJson, replaceFile } from './files.mjs';
import { byCodeUnits } from './images.mjs';
import { exactly, integerOption } from './options.mjs';

/** @typedef {import('../../zoo/build/bank.mjs').BankTask} BankTask */

/** @param {import('./options.mjs').Call} call */
export async function buildBank({ values, positionals, terminal }) {
  exactly(positionals, []);
  const { engine, pool } = await startEngine(integerOption(values, 'workers', { min: 1, max: 256 }));
  try {
    const zoo = await readZoo(values.zoo, engine);
    const folder = resolve(values.bank);
    const { widths, joint } = await readJson(join(zoo.folder, 'landmarks.json'), 'asset');
    const { groups } = await readJson(join(zoo.folder, 'groups.json'), 'asset');
    const known = values.force ? undefined : await readKnownBank(zoo, terminal);
    const names = await listTasks(zoo, folder, known);
    const blocks = { widths, joint };
    const source = { engine, pool, folder, encoder: zoo.encoder, models: zoo.models, blocks, groups, known };
    /** @type {BankTask[]} */
    const tasks = [];
    for (const [i, name] of names.entries()) {
      const task = await describeTask(source, name);
      terminal.note(`[${i + 1}/${names.length}] ${name}${task ? '' : ' is left out: not all models have run on it'}`);
      tasks.push(...(task ? [task] : []));
    }
    await saveBank(zoo, blocks, tasks, folder);
    terminal.note(`${bankFile(zoo)}: ${tasks.length} data sets × ${zoo.models.length} models, ${bankMetrics.join(', ')}`);
  } finally {
    pool.destroy();
  }
}

/**
 * The bank that is there, as far as it can be read: what it says of models that have not changed
 * still holds.
 *
 * @param {import('./assets.mjs').Zoo} zoo
 * @param {import('./terminal.mjs').Terminal} terminal
 */
async function readKnownBank(zoo, terminal) {
  const bytes = await readFile(bankFile(zoo)).catch(() => undefined);
  try {
    return bytes && readBank(bytes);
  } catch (error) {
    terminal.warn(`${bankFile(zoo)} is not used: ${reasonOf(error)}`);
    return undefined;
  }
}

/**
 * @param {import('./assets.mjs').Zoo} zoo
 * @param {string} folder of cells
 * @param {import('../../zoo/build/bank.mjs').Bank | undefined} known
 * @returns {Promise<string[]>} the data sets of the cells and of the known bank
 */
async function listTasks(zoo, folder, known) {
  const ids = [zoo.encoder.id, ...zoo.models.map(({ id }) => id)];
  const listed = await Promise.all(ids.map((id) => listCells(folder, id).catch(() => [])));
  const names = new Set([...listed.flat(), ...known?.tasks.map(({ name }) => name) ?? []]);
  if (!listed.some(({ length }) => length > 0)) {
    throw new Failure('data', `${folder} has no features: modelspider zoo build computes them`);
  }
  return [...names].sort(byCodeUnits);
}

/** @param {import('./assets.mjs').Zoo} zoo */
const bankFile = (zoo) => join(zoo.folder, 'bank.safetensors');

/**
 * @param {import('./assets.mjs').Zoo} zoo
 * @param {import('../modelspider.mjs').FeatureBlocks} blocks
 * @param {BankTask[]} tasks
 * @param {string} folder that they come from
 */
async function saveBank(zoo, blocks, tasks, folder) {
  if (tasks.length === 0) {
    throw new Failure('data', `${folder} has no data set that all models of the manifest have run on`);
  }
  await replaceFile(bankFile(zoo), writeBank({
    encoderHash: zoo.encoder.onnx.sha256,
    featureCount: zoo.encoder.features,
    blocks,
    tasks,
    models: zoo.models.map(({ id }) => id),
    hashes: zoo.models.map(({ onnx }) => onnx.sha256),
  }));
}
