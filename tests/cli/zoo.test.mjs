// The zoo command on a small zoo: list, show, verify, and a build that survives being killed.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli, startCli } from './run-cli.mjs';
import { writeTask, writeTinyZoo } from './tiny-zoo.mjs';

const folder = await mkdtemp(join(tmpdir(), 'modelspider-zoo-'));
after(() => rm(folder, { recursive: true }));
const path = (/** @type {string[]} */ ...names) => join(folder, ...names);
const zoo = ['--zoo', path('zoo')];

before(async () => {
  await writeTinyZoo(path('zoo'), ['a', 'b', 'c']);
  await writeTask(path('sets/one'), ['x', 'y'], 6);
  await writeTask(path('sets/two'), ['x', 'y', 'z'], 3);
});

test('list and show tell what the manifest says', async () => {
  const { code, out, err } = await runCli(['zoo', 'list', '--json', ...zoo]);
  assert.equal(code, 0, err);
  assert.deepEqual(JSON.parse(out).models.map((/** @type {{id: string}} */ { id }) => id), ['a', 'b', 'c']);
  assert.match((await runCli(['zoo', 'list', ...zoo])).out, /^id +trained for .*\na +nothing +one convolution +16×16 +216 +14 k .* fetched$/m);
  assert.match((await runCli(['zoo', 'show', 'b', ...zoo])).out, /^name +Network b$/m);
  assert.equal((await runCli(['zoo', 'show', 'nonsense', ...zoo])).code, 2);
});

test('verify names each file that is wrong, and ends with 4', async () => {
  assert.deepEqual(await runCli(['zoo', 'verify', ...zoo]), { code: 0, out: 'encoder: ok\na: ok\nb: ok\nc: ok\n', err: '' });
  await writeTinyZoo(path('other'), ['a', 'b']);
  await rm(path('other/b.onnx'));
  const { code, out, err } = await runCli(['zoo', 'verify', '--zoo', path('other')]);
  assert.deepEqual([code, out], [4, 'encoder: ok\na: ok\n']);
  assert.match(err, /b\.onnx is missing/);
});

const build = ['zoo', 'build', ...zoo, '--datasets', path('sets')];

test('build makes each cell once, whoever killed it in between', async () => {
  const child = startCli([...build, '--bank', path('killed')]);
  child.stderr.on('data', (text) => {
    if (String(text).includes('one × b')) {
      child.kill('SIGKILL');
    }
  });
  await new Promise((resolve) => child.on('close', resolve));
  const second = await runCli([...build, '--bank', path('killed')]);
  assert.equal(second.code, 0, second.err);
  assert.doesNotMatch(second.err, /one × a/);
  const third = await runCli([...build, '--bank', path('killed')]);
  assert.doesNotMatch(third.err, / × \w+:/);
  await runCli([...build, '--bank', path('whole'), '--workers', '1']);
  const files = (await readdir(path('whole'), { recursive: true })).sort();
  assert.equal(files.filter((file) => file.endsWith('.npy')).length, 8);
  assert.deepEqual((await readdir(path('killed'), { recursive: true })).filter((file) => !file.endsWith('.part')).sort(), files);
  for (const file of files.filter((name) => /\.(npy|json)$/.test(name))) {
    assert.deepEqual(await readFile(path('killed', file)), await readFile(path('whole', file)), file);
  }
});

test('an interruption ends a build with 130 and leaves no part of a file', async () => {
  const child = startCli([...build, '--bank', path('interrupted')]);
  let err = '';
  child.stderr.on('data', (text) => {
    err += text;
    if (String(text).includes('one × b')) {
      child.kill('SIGINT');
    }
  });
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 130);
  const files = await readdir(path('interrupted'), { recursive: true });
  assert.deepEqual(files.filter((file) => file.endsWith('.part')), []);
  assert.doesNotMatch(err, /Error|at .*\.mjs/);
});

test('build takes a choice of models, sets and images', async () => {
  const { code, err } = await runCli([...build, '--bank', path('part'), '--models', 'b', '--sets', 'two', '--limit', '4']);
  assert.equal(code, 0, err);
  const files = (await readdir(path('part'), { recursive: true })).sort();
  assert.deepEqual(files, ['b', 'b/two.json', 'b/two.npy']);
  assert.equal(JSON.parse(await readFile(path('part/b/two.json'), 'utf8')).rows, 4);
});

test('a model that is missing is left out, the rest is built, and the end is 4', async () => {
  const { code, err } = await runCli(['zoo', 'build', '--zoo', path('other'), '--datasets', path('sets'), '--bank', path('lacking')]);
  assert.equal(code, 4);
  assert.match(err, /b is left out: .*b\.onnx is missing/);
  assert.deepEqual((await readdir(path('lacking'))).sort(), ['a', 'encoder']);
});
