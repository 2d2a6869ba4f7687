// The pool over real threads and the real engine.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEngine } from '../../wasm/modelspider.mjs';
import { spawnWorker } from '../../wasm/spawn-node.mjs';
import { WorkerPool } from '../../wasm/worker-pool.mjs';
import { randomImage, tinyInput, tinyNetwork } from './tiny-network.mjs';
import { readWasm } from './wasm-file.mjs';

const module = await WebAssembly.compile(await readWasm());
const images = Array.from({ length: 24 }, (_, i) => randomImage(i + 1, 17 + i, 40 - i));
/** @type {WorkerPool[]} */
const pools = [];
after(() => pools.forEach((pool) => pool.destroy()));

/** @param {number} size */
function createPool(size) {
  const pool = WorkerPool.create({ module, spawn: spawnWorker, size });
  pools.push(pool);
  return pool;
}

/** @param {WorkerPool} pool @param {string} key */
const embedAll = (pool, key) => Promise.all(images.map((image) => pool.embed(image, key, { keep: true })));

test('features are the same bits in this thread and in any number of workers', async () => {
  const network = (await createEngine(module)).loadNetwork(tinyNetwork(1), tinyInput);
  const expected = images.map((image) => network.embed(image));
  for (const size of [1, 3]) {
    const pool = createPool(size);
    assert.deepEqual(await pool.loadNetwork('a', tinyNetwork(1), tinyInput), { featureCount: 8 });
    assert.deepEqual(await embedAll(pool, 'a'), expected);
  }
});

test('workers and networks that were warmed up give the same features', async () => {
  const network = (await createEngine(module)).loadNetwork(tinyNetwork(1), tinyInput);
  const expected = images.map((image) => network.embed(image));
  network.warmUp();
  assert.deepEqual(images.map((image) => network.embed(image)), expected);
  const pool = createPool(2);
  await pool.loadNetwork('a', tinyNetwork(1), tinyInput);
  await pool.warmUp('a');
  assert.deepEqual(await embedAll(pool, 'a'), expected);
  await assert.rejects(pool.warmUp('b'), { code: 'argument', message: 'no network is loaded as b' });
});

test('an image that fails does not hinder the others', async () => {
  const pool = createPool(2);
  await pool.loadNetwork('a', tinyNetwork(1), tinyInput);
  const bad = { data: new Uint8Array(3), width: 1, height: 1 };
  const outcomes = await Promise.allSettled([images[0], bad, images[1]].map((image) => pool.embed(image, 'a', { keep: true })));
  assert.deepEqual(outcomes.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled']);
});

test('pixels are given to the worker unless they are kept', async () => {
  const pool = createPool(1);
  await pool.loadNetwork('a', tinyNetwork(1), tinyInput);
  const kept = randomImage(1, 8, 8);
  const given = randomImage(1, 8, 8);
  const whole = new Uint8Array(1000);
  const view = { width: 8, height: 8, data: whole.subarray(100, 356) };
  await Promise.all([pool.embed(kept, 'a', { keep: true }), pool.embed(given, 'a'), pool.embed(view, 'a')]);
  assert.deepEqual([kept.data.length, given.data.length, whole.length], [256, 0, 1000]);
});

test('networks come, are replaced and go by their key', async () => {
  const pool = createPool(2);
  await pool.loadNetwork('a', tinyNetwork(1), tinyInput);
  const first = await embedAll(pool, 'a');
  await pool.loadNetwork('a', tinyNetwork(2, 5), tinyInput);
  const second = await embedAll(pool, 'a');
  assert.deepEqual([first[0].length, second[0].length], [8, 5]);
  pool.unloadNetwork('a');
  await assert.rejects(pool.embed(randomImage(1, 8, 8), 'a'), { code: 'argument', message: 'no network is loaded as a' });
  await assert.rejects(pool.loadNetwork('bad', new Uint8Array(10), tinyInput), { name: 'ModelSpiderError' });
  await assert.rejects(pool.embed(randomImage(1, 8, 8), 'bad'), { code: 'argument' });
});

test('a cancel ends everything within 100 ms, and the pool goes on', async () => {
  const pool = createPool(2);
  await pool.loadNetwork('a', tinyNetwork(1), tinyInput);
  // 2^24 pixels take a worker far longer than the cancel may.
  const large = { width: 4096, height: 4096, data: new Uint8Array(2 ** 26) };
  const jobs = Array.from({ length: 8 }, () => pool.embed(large, 'a', { keep: true }).catch((error) => error.code));
  await new Promise((resolve) => setTimeout(resolve, 30));
  const started = performance.now();
  pool.cancel();
  assert.deepEqual(new Set(await Promise.all(jobs)), new Set(['cancelled']));
  assert.ok(performance.now() - started < 100);
  assert.equal((await pool.embed(images[0], 'a', { keep: true })).length, 8);
});

test('metrics are those of this thread', async () => {
  const engine = await createEngine(module);
  const matrix = { features: Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * i)), count: 20, dimension: 3,
    labels: Array.from({ length: 20 }, (_, i) => i % 2), classCount: 2 };
  const expected = engine.metric('logme', matrix.features, 20, 3, matrix.labels, 2);
  const pool = createPool(2);
  assert.deepEqual(await Promise.all([pool.metric('logme', matrix), pool.metric('logme', matrix)]), [expected, expected]);
  await assert.rejects(pool.metric('nonsense', matrix), { code: 'argument' });
  const several = await pool.metrics(['knn', 'logme'], matrix);
  assert.deepEqual(several, { knn: engine.metric('knn', matrix.features, 20, 3, matrix.labels, 2), logme: expected });
  await assert.rejects(pool.metrics(['knn', 'nonsense'], matrix), { code: 'argument' });
  const { features, count, dimension, labels, classCount } = matrix;
  assert.deepEqual(await pool.fitProbe(matrix), engine.fitProbe(features, count, dimension, labels, classCount));
});

test('after destroy nothing is done', async () => {
  const pool = createPool(1);
  pool.destroy();
  await assert.rejects(pool.embed(randomImage(1, 8, 8), 'a'), { code: 'argument', message: 'the pool was destroyed' });
});
