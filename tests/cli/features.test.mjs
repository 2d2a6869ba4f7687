// Features of a folder and of a zip, and the images that cannot be read.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { zipSync } from 'fflate';
import { readNpy } from '../../wasm/npy.mjs';
import { createEngine } from '../../wasm/modelspider.mjs';
import { decodeImage } from '../../wasm/cli/decode.mjs';
import { readWasm } from '../wasm/wasm-file.mjs';
import { tinyInput, tinyNetwork } from '../wasm/tiny-network.mjs';
import { runCli } from './run-cli.mjs';
import { writeTask, writeTinyZoo } from './tiny-zoo.mjs';

const folder = await mkdtemp(join(tmpdir(), 'modelspider-features-'));
after(() => rm(folder, { recursive: true }));
const path = (/** @type {string[]} */ ...names) => join(folder, ...names);
const zoo = ['--zoo', path('zoo'), '--model', 'encoder'];

before(async () => {
  await writeTinyZoo(path('zoo'), ['a', 'b']);
  await writeTask(path('task'), ['night', '__proto__', 'day\x1b[2J'], 4);
});

/** @param {string} name */
async function readOutputs(name) {
  return {
    matrix: readNpy(await readFile(path(`${name}.npy`))),
    labels: JSON.parse(await readFile(path(`${name}.json`), 'utf8')),
  };
}

/** @param {string} input @param {string} name @param {string[]} more */
const features = (input, name, ...more) =>
  runCli(['features', input, ...zoo, '-o', path(`${name}.npy`), '--labels', path(`${name}.json`), ...more]);

test('rows are the features of the sorted files, the same as in this process and for any number of workers', async () => {
  const one = await features(path('task'), 'one', '--workers', '1');
  const three = await features(path('task'), 'three', '--workers', '3');
  assert.deepEqual([one.code, three.code], [0, 0], one.err + three.err);
  const { matrix, labels } = await readOutputs('one');
  assert.deepEqual(labels.classes, ['__proto__', 'day\x1b[2J', 'night']);
  assert.deepEqual(labels.labels, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
  assert.deepEqual(await readFile(path('one.npy')), await readFile(path('three.npy')));
  const network = (await createEngine(await readWasm())).loadNetwork(tinyNetwork(1), { ...tinyInput });
  for (const [i, file] of labels.files.entries()) {
    const expected = network.embed(await decodeImage(await readFile(path('task', file))));
    assert.deepEqual(matrix.data.slice(i * 8, i * 8 + 8), expected, file);
  }
});

test('a zip of the folder gives the same, with or without a folder around it', async () => {
  /** @type {import('fflate').Zippable} */
  const files = {};
  for (const name of await readdir(path('task'), { recursive: true })) {
    if (name.endsWith('.png')) {
      files[name] = new Uint8Array(await readFile(path('task', name)));
    }
  }
  const around = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`task/${name}`, bytes]));
  await features(path('task'), 'folder');
  for (const [name, content] of Object.entries({ plain: files, around })) {
    await writeFile(path(`${name}.zip`), zipSync(content));
    const { code, err } = await features(path(`${name}.zip`), name);
    assert.equal(code, 0, err);
    assert.deepEqual(await readOutputs(name), await readOutputs('folder'));
  }
});

test('what cannot be read is named with its reason, without steering the terminal, and the rest goes on', async () => {
  await writeTask(path('bad'), ['a', 'b'], 2);
  await writeFile(path('bad/a/broken.png'), (await readFile(path('bad/a/0.png'))).subarray(0, 200));
  await writeFile(path('bad/a/text\x1b[31m.jpg'), 'no picture');
  await writeFile(path('bad/a/empty.png'), '');
  await writeFile(path('bad/a/drawing.png'), '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  await writeFile(path('bad/loose.png'), '');
  await writeFile(path('bad/a/.hidden'), '');
  await mkdir(path('bad/b/deeper'));
  await writeFile(path('bad/b/deeper/0.png'), await readFile(path('bad/b/0.png')));
  await symlink(path('bad'), path('bad/b/circle'));
  const { code, err } = await features(path('bad'), 'bad');
  assert.equal(code, 0, err);
  const lines = err.split('\n').filter((line) => line.includes('is skipped')).map((line) => line.replace('warning: ', ''));
  assert.deepEqual(lines.sort(), [
    'a/broken.png is skipped: ',
    'a/drawing.png is skipped: it is not an image of a known format',
    'a/empty.png is skipped: it is empty',
    'a/text\\u{1b}[31m.jpg is skipped: it is not an image of a known format',
    'b/circle is skipped: its links go in circles, or it lies too deep',
    'loose.png is skipped: it lies in no class folder',
  ].map((line, i) => (i === 0 ? lines[0] : line)));
  assert.match(lines[0], /^a\/broken\.png is skipped: ./);
  assert.deepEqual((await readOutputs('bad')).labels.files, ['a/0.png', 'a/1.png', 'b/0.png', 'b/1.png', 'b/deeper/0.png']);
});

test('no image, or none that can be read, ends with 3; nothing is written', async () => {
  await mkdir(path('empty/class'), { recursive: true });
  await mkdir(path('unreadable/class'), { recursive: true });
  await writeFile(path('unreadable/class/x.png'), 'x');
  await writeFile(path('notes.zip'), 'not a zip');
  for (const name of ['empty', 'unreadable', 'missing', 'notes.zip']) {
    const { code, err } = await features(path(name), 'none');
    assert.equal(code, 3, err);
    assert.match(err, /^modelspider: [^\n]+\n$/m);
  }
  assert.ok(!(await readdir(folder)).some((name) => name.startsWith('none')));
});

test('a model that is missing or damaged ends with 4 and its file', async () => {
  await writeFile(path('damaged.onnx'), tinyNetwork(1).subarray(0, 300));
  await writeTinyZoo(path('zoo2'), ['a', 'b']);
  await writeFile(path('zoo2/a.onnx'), tinyNetwork(9));
  await rm(path('zoo2/b.onnx'));
  await writeTinyZoo(path('zoo3'), ['a']);
  await writeFile(path('zoo3/manifest.json'), '{"schema": 1}');
  for (const [args, reason] of /** @type {[string[], RegExp][]} */ ([
    [['--model', path('damaged.onnx')], /damaged\.onnx cannot be loaded: /],
    [['--model', path('missing.onnx')], /missing\.onnx cannot be read: it does not exist/],
    [['--zoo', path('zoo2'), '--model', 'a'], /a\.onnx is damaged or outdated/],
    [['--zoo', path('zoo2'), '--model', 'b'], /b\.onnx is missing: modelspider zoo fetch b/],
    [['--zoo', path('zoo3'), '--model', 'a'], /zoo3\/manifest\.json: /],
  ])) {
    const { code, err } = await runCli(['features', path('task'), '-o', path('none.npy'), ...args]);
    assert.equal(code, 4, err);
    assert.match(err, reason);
  }
});

test('a limit takes the same images for the same seed', async () => {
  for (const name of ['limit1', 'limit2']) {
    assert.equal((await features(path('task'), name, '--limit-per-class', '2', '--seed', '5')).code, 0);
  }
  assert.deepEqual(await readOutputs('limit1'), await readOutputs('limit2'));
  assert.equal((await readOutputs('limit1')).matrix.rows, 6);
});
