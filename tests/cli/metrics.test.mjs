import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeNpy } from '../../wasm/npy.mjs';
import { createRandom } from '../wasm/tiny-network.mjs';
import { runCli, startCli } from './run-cli.mjs';
import { writeTask, writeTinyZoo } from './tiny-zoo.mjs';

const folder = await mkdtemp(join(tmpdir(), 'modelspider-metrics-'));
after(() => rm(folder, { recursive: true }));
const path = (/** @type {string} */ name) => join(folder, name);

const random = createRandom(3);
const labels = Array.from({ length: 30 }, (_, i) => i % 3);
const rows = labels.map((label) => Float32Array.from({ length: 5 }, (_, j) => random() + (j === label ? 3 : 0)));
await writeFile(path('features.npy'), writeNpy(rows));
await writeFile(path('labels.json'), JSON.stringify({ classes: ['a', 'b', '__proto__'], labels, files: [] }));
await writeFile(path('plain.json'), JSON.stringify(labels));

test('separate classes are found, as JSON of schema 1', async () => {
  const { code, out, err } = await runCli(['metrics', path('features.npy'), '--labels', path('labels.json'), '--json']);
  assert.equal(code, 0, err);
  const result = JSON.parse(out);
  assert.deepEqual([result.schema, result.rows, result.dimension, result.classes], [1, 30, 5, 3]);
  assert.deepEqual(Object.keys(result.seconds), Object.keys(result.metrics));
  // By construction the classes are 3 apart and 1 wide: every neighbour and every prediction is right.
  assert.equal(result.metrics.knn, 1);
  assert.equal(result.metrics.ridge, 1);
});

test('a plain array of labels, and a choice of metrics', async () => {
  const { code, out } = await runCli(['metrics', path('features.npy'), '--labels', path('plain.json'), '--metric', 'knn']);
  assert.equal(code, 0);
  assert.match(out, /^metric +value +seconds\nknn +1\.00000 /);
});

test('what cannot be judged ends with 3 and one sentence', async () => {
  await writeFile(path('one.json'), JSON.stringify(labels.map(() => 0)));
  await writeFile(path('short.json'), JSON.stringify(labels.slice(1)));
  await writeFile(path('odd.json'), JSON.stringify({ labels: labels.map((label) => label / 2) }));
  await writeFile(path('beyond.json'), JSON.stringify({ classes: ['a', 'b'], labels }));
  await writeFile(path('text.json'), 'labels');
  await writeFile(path('nan.npy'), writeNpy([...rows.slice(1), Float32Array.of(1, 2, NaN, 4, 5)]));
  await Promise.all([['features.npy', 'one.json', /class/], ['features.npy', 'short.json', /29 labels.*30 rows/],
    ['features.npy', 'odd.json', /label 0\.5 of row 1/], ['features.npy', 'beyond.json', /label 2 of row 2/],
    ['features.npy', 'text.json', /not valid JSON/], ['nan.npy', 'labels.json', /feature 2 of row 29 is nan/],
    ['labels.json', 'labels.json', /not a \.npy file/], ['missing.npy', 'labels.json', /does not exist/]].map(async ([features, file, reason]) => {
    const { code, out, err } = await runCli(['metrics', path(String(features)), '--labels', path(String(file))]);
    assert.equal(code, 3, `${features} ${file}: ${err}`);
    assert.equal(out, '');
    assert.match(err, /** @type {RegExp} */ (reason));
    assert.equal(err.trim().split('\n').length, 1, err);
  }));
});

test('a metric that has no value is null, named on stderr, and the others go on', async () => {
  await writeFile(path('single.json'), JSON.stringify(labels.map((_, i) => i)));
  const { code, out, err } = await runCli(['metrics', path('features.npy'), '--labels', path('single.json'), '--json']);
  assert.equal(code, 0, err);
  const { metrics } = JSON.parse(out);
  assert.deepEqual(Object.keys(metrics).filter((name) => metrics[name] === null), ['sfda']);
  assert.match(err, /^warning: sfda: no feature varies within a class/);
});

test('probabilities of source classes have metrics of their own', async () => {
  const sure = labels.map((label) => Float32Array.from({ length: 4 }, (_, z) => Number(z === label % 2)));
  await writeFile(path('sure.npy'), writeNpy(sure));
  const { code, out, err } = await runCli(['metrics', path('sure.npy'), '--labels', path('labels.json'), '--source', '--json']);
  assert.equal(code, 0, err);
  const { metrics } = JSON.parse(out);
  assert.deepEqual(Object.keys(metrics), ['nce', 'leep', 'pactran-dirichlet', 'pactran-gamma']);
  // Two of three labels share a source class: 2/3 log 2 is left to guess.
  assert.ok(Math.abs(metrics.nce + 2 / 3 * Math.log(2)) < 1e-6);
  const wrong = await runCli(['metrics', path('features.npy'), '--labels', path('labels.json'), '--source']);
  assert.equal(wrong.code, 3);
  assert.match(wrong.err, /^modelspider: nce: .*(sum to|probability)/);
  assert.equal((await runCli(['metrics', path('sure.npy'), '--labels', path('labels.json'), '--source', '--metric', 'knn'])).code, 2);
});

await writeTinyZoo(path('zoo'), ['a', 'b', 'c']);
await writeTask(path('task'), ['day', 'dusk', 'night'], 6);
const zoo = ['--zoo', path('zoo')];

test('models run on a folder of images: a table of models and metrics, the same as of their features', async () => {
  const { code, out, err } = await runCli(['metrics', path('task'), ...zoo, '--models', 'all', '--json']);
  assert.equal(code, 0, err);
  const { schema, task, models } = JSON.parse(out);
  assert.deepEqual([schema, task.images, task.classes.length, task.skipped], [1, 18, 3, []]);
  assert.deepEqual(models.map((/** @type {{model: string}} */ { model }) => model), ['a', 'b', 'c']);
  await runCli(['features', path('task'), ...zoo, '--model', 'b', '-o', path('b.npy'), '--labels', path('b.json')]);
  const alone = JSON.parse((await runCli(['metrics', path('b.npy'), '--labels', path('b.json'), '--json'])).out);
  for (const [name, value] of Object.entries(alone.metrics)) {
    assert.ok(Math.abs(models[1].metrics[name] - value) <= 1e-6 * Math.max(Math.abs(value), 1), name);
  }
  const csv = await runCli(['metrics', path('task'), ...zoo, '--models', 'c,a', '--metric', 'knn,logme', '--csv']);
  assert.match(csv.out, /^model,knn,logme\r\nc,[\d.]+,-?[\d.]+\r\na,[\d.]+,-?[\d.]+\r\n$/);
  const table = await runCli(['metrics', path('task'), ...zoo, '--models', 'c', '--metric', 'knn']);
  assert.match(table.out, /^model +knn\nc +[\d.]+\n$/);
});

test('models that are not here are left out of all, and missed when asked for by name', async () => {
  const bytes = await readFile(path('zoo/b.onnx'));
  await rm(path('zoo/b.onnx'));
  const some = await runCli(['metrics', path('task'), ...zoo, '--models', 'all', '--metric', 'knn', '--csv']);
  assert.deepEqual([some.code, some.out.match(/^[abc],/gm)], [0, ['a,', 'c,']]);
  assert.match(some.err, /b are left out/);
  assert.equal((await runCli(['metrics', path('task'), ...zoo, '--models', 'a,b', '--metric', 'knn'])).code, 4);
  await writeFile(path('zoo/b.onnx'), bytes);
  assert.equal((await runCli(['metrics', path('task'), ...zoo, '--models', 'nonsense'])).code, 2);
  assert.equal((await runCli(['metrics', path('task'), ...zoo, '--models', 'all', '--labels', path('labels.json')])).code, 2);
  assert.equal((await runCli(['metrics', path('task/day'), ...zoo, '--models', 'all'])).code, 3);
});

test('an interrupt ends it at once with 130 and no output', async () => {
  await rm(path('zoo/b.onnx'));
  const child = startCli(['metrics', path('task'), ...zoo, '--models', 'all']);
  let out = '';
  child.stdout.on('data', (text) => { out += text; });
  // It says what it leaves out before it starts a worker.
  child.stderr.once('data', () => child.kill('SIGINT'));
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 130);
  assert.equal(out, '');
});
