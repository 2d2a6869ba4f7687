import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeNpy } from '../../wasm/npy.mjs';
import { createRandom } from '../wasm/tiny-network.mjs';
import { runCli } from './run-cli.mjs';

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
