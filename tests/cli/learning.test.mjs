// The whole way on a small zoo: data sets, features, task bank, training, evaluation, ranking.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readBank, writeBank } from '../../zoo/build/bank.mjs';
import { runCli } from './run-cli.mjs';
import { writeTask, writeTinyZoo } from './tiny-zoo.mjs';

const folder = await mkdtemp(join(tmpdir(), 'modelspider-learning-'));
after(() => rm(folder, { recursive: true }));
const path = (/** @type {string[]} */ ...names) => join(folder, ...names);
const zoo = ['--zoo', path('zoo')];
const models = ['a', 'b', 'c', 'd'];

/** A command that must succeed. @param {string[]} args */
async function run(...args) {
  const result = await runCli(args);
  assert.equal(result.code, 0, result.err);
  return result;
}

before(async () => {
  await writeTinyZoo(path('zoo'), models);
  await writeFile(path('zoo/landmarks.json'), JSON.stringify({ schema: 1, widths: [4, 4], joint: 2 }));
  await writeFile(path('zoo/groups.json'), JSON.stringify({ schema: 1, groups: { pair: ['set0', 'set1'] } }));
  for (let i = 0; i < 6; i++) {
    // So little contrast that no network is always right: there is something to learn.
    await writeTask(path(`sets/set${i}`), ['x', 'y', 'z'].slice(0, 2 + i % 2), 8, 1 + i);
  }
  await writeTask(path('task'), ['left', 'right'], 6, 3);
  await run('zoo', 'build', ...zoo, '--datasets', path('sets'), '--bank', path('cells'));
  await run('zoo', 'bank', ...zoo, '--bank', path('cells'));
  await run('train', ...zoo);
});

test('the bank says what was measured of every set and model', async () => {
  const bank = readBank(await readFile(path('zoo/bank.safetensors')));
  assert.deepEqual(bank.models, models);
  assert.deepEqual(bank.tasks.map(({ name, group }) => [name, group]),
    [['set0', 'pair'], ['set1', 'pair'], ['set2', 'set2'], ['set3', 'set3'], ['set4', 'set4'], ['set5', 'set5']]);
  for (const { images, classCount, accuracy, accuracyError, metrics } of bank.tasks) {
    assert.equal(images, classCount * 8);
    assert.ok([...accuracy, ...metrics.ridge, ...metrics.knn].every((value) => value >= 0 && value <= 1));
    assert.ok(accuracyError.every((value) => value >= 0 && value < 0.5));
  }
  assert.deepEqual(readBank(writeBank(bank)), bank);
});

test('what was judged is not judged again, unless its features changed', async () => {
  const judged = path('cells/a/set0.judged.json');
  const first = JSON.parse(await readFile(judged, 'utf8'));
  await writeFile(judged, JSON.stringify({ ...first, probe: { ...first.probe, mean: 0.125 } }));
  await run('zoo', 'bank', ...zoo, '--bank', path('cells'));
  assert.equal(readBank(await readFile(path('zoo/bank.safetensors'))).tasks[0].accuracy[0], 0.125);
  await writeFile(judged, JSON.stringify({ ...first, probe: { ...first.probe, fingerprint: 'of other features', mean: 0.125 } }));
  await run('zoo', 'bank', ...zoo, '--bank', path('cells'), '--workers', '1');
  assert.deepEqual(JSON.parse(await readFile(judged, 'utf8')), first);
});

test('what the bank says of a model without cells is kept, unless the pictures or the model are others', async () => {
  const bank = () => readFile(path('zoo/bank.safetensors'));
  const whole = await bank();
  const { files, ...cell } = JSON.parse(await readFile(path('cells/b/set1.json'), 'utf8'));
  await rename(path('cells/b'), path('kept-b'));
  await rename(path('cells/encoder'), path('kept-encoder'));
  await run('zoo', 'bank', ...zoo, '--bank', path('cells'));
  assert.deepEqual(await bank(), whole);

  await cp(path('kept-b'), path('cells/b'), { recursive: true });
  await writeFile(path('cells/b/set1.json'), JSON.stringify({ ...cell, files: files.with(0, 'x/another.png') }));
  await run('zoo', 'bank', ...zoo, '--bank', path('cells'));
  assert.deepEqual(await bank(), whole, 'a cell of other pictures goes after what is known of these');

  const known = readBank(whole);
  await writeFile(path('zoo/bank.safetensors'), writeBank({ ...known, hashes: known.hashes.with(1, 'of another b') }));
  const { err } = await run('zoo', 'bank', ...zoo, '--bank', path('cells'));
  assert.match(err, /set1 is left out/);
  assert.deepEqual(readBank(await bank()).tasks.map(({ name }) => name), ['set0', 'set2', 'set3', 'set4', 'set5']);

  await writeFile(path('zoo/bank.safetensors'), 'no bank');
  assert.match((await runCli(['zoo', 'bank', ...zoo, '--bank', path('cells')])).err, /bank\.safetensors is not used: /);
  await rm(path('cells/b'), { recursive: true });
  await rename(path('kept-b'), path('cells/b'));
  await rename(path('kept-encoder'), path('cells/encoder'));
  await run('zoo', 'bank', ...zoo, '--bank', path('cells'), '--force');
  assert.deepEqual(await bank(), whole);
});

test('training gives the same bytes again', async () => {
  await run('train', ...zoo, '-o', path('again.safetensors'));
  assert.deepEqual(await readFile(path('again.safetensors')), await readFile(path('zoo/tokens.safetensors')));
});

test('eval judges by some data sets alone, of which all others teach', async () => {
  const { tasks } = JSON.parse((await run('eval', ...zoo, '--json')).out);
  const { dataSets, groups, tasks: judged } = JSON.parse((await run('eval', ...zoo, '--json', '--only', 'set2,set4')).out);
  assert.deepEqual([dataSets, groups], [2, 2]);
  assert.deepEqual(judged, tasks.filter((/** @type {{task: string}} */ { task }) => ['set2', 'set4'].includes(task)));
  const { dataSets: all } = JSON.parse((await run('eval', ...zoo, '--json', '--only', path('sets'))).out);
  assert.equal(all, tasks.length);
  const { code, err } = await runCli(['eval', ...zoo, '--only', 'set2,elsewhere']);
  assert.deepEqual([code, err.includes('no data set elsewhere')], [3, true]);
});

test('evaluation judges every ranking on every set, as JSON and as a table', async () => {
  const { rankings, tasks, dataSets, groups } = JSON.parse((await run('eval', ...zoo, '--json')).out);
  assert.deepEqual([dataSets, groups], [6, 5]);
  const names = rankings.map((/** @type {{name: string}} */ { name }) => name);
  assert.ok(['scorer', 'static prior', 'kernel regression'].every((name) => names.includes(name)));
  assert.equal(tasks.length, 6);
  tasks.forEach((/** @type {Record<string, unknown>} */ row) => assert.deepEqual(Object.keys(row), ['task', ...names]));
  const { out } = await run('eval', ...zoo, '--tasks');
  names.forEach((/** @type {string} */ name) => assert.ok(out.includes(`| ${name} |`), name));
});

test('a report follows the ranking from no model run to all', async () => {
  const times = { models: ['encoder', ...models].map((model, i) => ({ model, median_ms: 10 + i })) };
  await writeFile(path('times.json'), JSON.stringify(times));
  await run('eval', ...zoo, '--report', path('report'), '--times', path('times.json'), '--variants');
  const { curve, variants } = JSON.parse(await readFile(path('report/report.json'), 'utf8'));
  assert.deepEqual(curve.map((/** @type {{k: number}} */ { k }) => k), [0, 1, 2, 3, 4]);
  assert.equal(variants.length, 3);
  for (const { ranksInside, accuraciesInside, weightedTau } of curve) {
    assert.ok([ranksInside, accuraciesInside].every((share) => share >= 0 && share <= 1) && Math.abs(weightedTau) <= 1);
  }
  // 200 images through the encoder alone, and through all four models too.
  assert.ok(Math.abs(curve[0].seconds - 2) < 1e-9 && Math.abs(curve[4].seconds - 12) < 1e-9);
  assert.match(await readFile(path('report/curve.svg'), 'utf8'), /^<svg .*<\/svg>\n$/s);
  assert.match(await readFile(path('report/report.md'), 'utf8'), /!\[[^\]]+\]\(curve\.svg\)/);
});

test('evaluation of metrics is a table of all that the bank holds', async () => {
  const { out } = await run('eval', ...zoo, '--metrics');
  const rows = out.split('\n').filter((line) => line.startsWith('| ')).map((line) => line.slice(2, -2).split(' | '));
  const names = rows.slice(2).map(([name]) => name);
  const held = Object.keys(readBank(await readFile(path('zoo/bank.safetensors'))).tasks[0].metrics);
  assert.deepEqual(names.slice(0, held.length).sort(), [...held].sort());
  assert.ok(names.includes('Copeland of all'), out);
  assert.ok(rows.slice(2).every(([, sets, tau]) => sets === '6' && Math.abs(Number(tau)) <= 1), out);
});

test('the trained zoo ranks a task; models that are not fetched are ranked but not run', async () => {
  await rm(path('zoo/b.onnx'));
  const { out, err } = await run('rank', path('task'), ...zoo, '--json', '--rerank', '4');
  const { ranking } = JSON.parse(out);
  assert.equal(ranking.length, 4);
  assert.deepEqual(ranking.filter((/** @type {{reranked: boolean}} */ { reranked }) => !reranked).map((/** @type {{model: string}} */ { model }) => model), ['b']);
  assert.match(err, /3 models were run; b could not be/);
  const table = (await run('rank', path('task'), ...zoo, '--rerank', '4')).out;
  const marks = table.split('\n').flatMap((line) => /Network ([a-d])( \*)?/.exec(line)?.slice(1).join('') ?? []).sort();
  assert.deepEqual(marks, ['a *', 'b', 'c *', 'd *'], 'the table marks the models that were run');
  assert.match(table, /\* run on your images/);
});

test('zoo judge judges the named cells, and names those that are not there', async () => {
  const judged = path('cells/c/set3.judged.json');
  const before = await readFile(judged, 'utf8');
  await rm(judged);
  await run('zoo', 'judge', ...zoo, '--bank', path('cells'), '--models', 'c', '--sets', 'set3');
  assert.equal(await readFile(judged, 'utf8'), before);
  const { code, err } = await runCli(['zoo', 'judge', ...zoo, '--bank', path('cells'), '--models', 'c', '--sets', 'set3,set9']);
  assert.equal(code, 3);
  assert.match(err, /c × set9: no features of this very model/);
});

test('tokens of another encoder are refused, naming both', async () => {
  await writeTinyZoo(path('other'), models);
  await writeFile(path('other/tokens.safetensors'), await readFile(path('zoo/tokens.safetensors')));
  const manifest = JSON.parse(await readFile(path('other/manifest.json'), 'utf8'));
  const hash = manifest.encoder.onnx.sha256;
  const another = 'cd'.repeat(32);
  await writeFile(path('other/manifest.json'), JSON.stringify({ ...manifest, encoder: { ...manifest.encoder, onnx: { ...manifest.encoder.onnx, sha256: another } } }));
  const { code, err } = await runCli(['rank', path('task'), '--zoo', path('other')]);
  assert.equal(code, 4);
  assert.ok(err.includes(hash) && err.includes(another), err);
});

test('a damaged bank is named, and no tokens are written', async () => {
  await writeTinyZoo(path('damaged'), models);
  const bytes = await readFile(path('zoo/bank.safetensors'));
  for (const size of [0, 7, 100, bytes.length - 1]) {
    await writeFile(path('damaged/bank.safetensors'), bytes.subarray(0, size));
    const { code, err } = await runCli(['train', '--zoo', path('damaged')]);
    assert.equal(code, 4);
    assert.match(err, /bank\.safetensors is damaged: /);
  }
  assert.ok(!existsSync(path('damaged/tokens.safetensors')));
});
