// modelspider zoo bank: the cells of zoo build become the zoo's task bank.
import { join, resolve } from 'node:path';
import { bankMetrics, describeTask, listCells, protocol, writeBank } from '../../zoo/build/bank.mjs';
import { loadEngine, readZoo } from './assets.mjs';
import { Failure, reasonOf } from './failure.mjs';
import { readJson, replaceFile } from './files.mjs';
import { exactly } from './options.mjs';

/** @param {import('./options.mjs').Call} call */
export async function buildBank({ values, positionals, terminal }) {
  exactly(positionals, []);
  const engine = await loadEngine();
  const zoo = await readZoo(values.zoo, engine);
  const folder = resolve(values.bank);
  const blocks = await readJson(join(zoo.folder, 'landmarks.json'), 'asset');
  const { groups } = await readJson(join(zoo.folder, 'groups.json'), 'asset');
  const names = await listCells(folder, zoo.encoder.id).catch((error) => {
    throw new Failure('data', `${folder} has no features: ${reasonOf(error)}`);
  });
  const source = { folder, encoder: zoo.encoder, models: zoo.models, blocks, groups };
  const tasks = [];
  for (const [i, name] of names.entries()) {
    const task = await describeTask(engine, source, name);
    terminal.note(`[${i + 1}/${names.length}] ${name}${task ? '' : ' is left out: not all models have run on it'}`);
    tasks.push(...(task ? [task] : []));
  }
  if (tasks.length === 0) {
    throw new Failure('data', `${folder} has no data set that all models of the manifest have run on`);
  }
  const file = join(zoo.folder, 'bank.safetensors');
  await replaceFile(file, writeBank({
    encoderHash: zoo.encoder.onnx.sha256, featureCount: zoo.encoder.features, splits: protocol.splits,
    blocks: { widths: blocks.widths, joint: blocks.joint }, tasks,
    models: zoo.models.map(({ id }) => id), hashes: zoo.models.map(({ onnx }) => onnx.sha256),
  }));
  terminal.note(`${file}: ${tasks.length} data sets × ${zoo.models.length} models, ${bankMetrics.join(', ')}`);
}
