// modelspider zoo bank: the cells of zoo build become the zoo's task bank.
import { join, resolve } from 'node:path';
import { describeTask, listCells, writeBank } from '../../zoo/build/bank.mjs';
import { bankMetrics, protocol } from '../../zoo/build/judge.mjs';
import { readZoo, startEngine } from './assets.mjs';
import { Failure, reasonOf } from './failure.mjs';
import { readJson, replaceFile } from './files.mjs';
import { exactly, integerOption } from './options.mjs';

/** @typedef {import('../../zoo/build/bank.mjs').BankTask} BankTask */

/** @param {import('./options.mjs').Call} call */
export async function buildBank({ values, positionals, terminal }) {
  exactly(positionals, []);
  const { engine, pool } = await startEngine(integerOption(values, 'workers', { min: 1, max: 256 }));
  try {
    const zoo = await readZoo(values.zoo, engine);
    const folder = resolve(values.bank);
    const blocks = await readJson(join(zoo.folder, 'landmarks.json'), 'asset');
    const { groups } = await readJson(join(zoo.folder, 'groups.json'), 'asset');
    const names = await listCells(folder, zoo.encoder.id).catch((error) => {
      throw new Failure('data', `${folder} has no features: ${reasonOf(error)}`);
    });
    const source = { folder, encoder: zoo.encoder, models: zoo.models, blocks, groups };
    /** @type {BankTask[]} */
    const tasks = [];
    for (const [i, name] of names.entries()) {
      const task = await describeTask(engine, pool, source, name);
      terminal.note(`[${i + 1}/${names.length}] ${name}${task ? '' : ' is left out: not all models have run on it'}`);
      tasks.push(...(task ? [task] : []));
    }
    await saveBank(zoo, { widths: blocks.widths, joint: blocks.joint }, tasks, folder);
    terminal.note(`${bankFile(zoo)}: ${tasks.length} data sets × ${zoo.models.length} models, ${bankMetrics.join(', ')}`);
  } finally {
    pool.destroy();
  }
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
    splits: protocol.splits,
    blocks,
    tasks,
    models: zoo.models.map(({ id }) => id),
    hashes: zoo.models.map(({ onnx }) => onnx.sha256),
  }));
}
