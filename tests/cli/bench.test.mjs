// The bench command on a small zoo: what it prints, not how fast this machine is.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli } from './run-cli.mjs';
import { writeTinyZoo } from './tiny-zoo.mjs';

const folder = await mkdtemp(join(tmpdir(), 'modelspider-bench-'));
after(() => rm(folder, { recursive: true }));
before(() => writeTinyZoo(folder, ['a']));
const options = ['--zoo', folder, '--runs', '2', '--json'];

test('each model has its times', async () => {
  const { code, out, err } = await runCli(['bench', 'a', ...options]);
  assert.equal(code, 0, err);
  const [timing] = JSON.parse(out).models;
  assert.equal(timing.model, 'a');
  assert.ok(timing.load_ms > 0 && timing.best_ms > 0 && timing.best_ms <= timing.median_ms);
});

test('models are measured in the precision that is asked for', async () => {
  const { code, out, err } = await runCli(['bench', 'a', '--precision', 'int16', ...options]);
  assert.equal(code, 0, err);
  assert.equal(JSON.parse(out).models[0].model, 'a');
  assert.equal((await runCli(['bench', 'a', '--precision', 'auto', ...options])).code, 0);
  assert.equal((await runCli(['bench', 'a', '--precision', 'double', ...options])).code, 2);
});

test('each layer of a model has its products, its time and its share of the peak', async () => {
  const { code, out, err } = await runCli(['bench', '--layers', 'a', ...options]);
  assert.equal(code, 0, err);
  const { peak_gflop_per_s: peak, layers, pointwise, all } = JSON.parse(out);
  // The ReLU is part of the convolution: 8 × 8 pixels, 8 filters of 3 × 3 × 3.
  assert.deepEqual(layers.map((/** @type {any} */ { layer, mmac }) => [layer, mmac]), [['Conv 1x3x16x16 -> 1x8x8x8', 0.013824]]);
  const [{ share_of_peak: share }] = layers;
  assert.ok(peak > 0 && share > 0 && share < 1);
  assert.ok(Math.abs(all.share_of_peak - share) < 1e-9 * share);
  assert.equal(pointwise.mmac, 0);
});
