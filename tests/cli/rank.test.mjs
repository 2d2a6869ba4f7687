// modelspider rank on the real zoo: what a user's folder becomes, and what bad input does.
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findEntry, inputOf, loadEngine, loadModule, readModel, readZoo, withCompanions } from '../../wasm/cli/assets.mjs';
import { encoderFeatureCount, modelsInEncoder, observeEncoder, observeModel } from '../../wasm/ranking.mjs';
import { spawnWorker } from '../../wasm/spawn-node.mjs';
import { WorkerPool } from '../../wasm/worker-pool.mjs';
import { randomImage } from '../wasm/tiny-network.mjs';
import { runCli } from './run-cli.mjs';
import { writePicture } from './tiny-zoo.mjs';

const browserZoo = fileURLToPath(new URL('../../zoo/browser', import.meta.url));
/** @type {string} */
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelspider-rank-'));
  const { code, err } = await runCli(['zoo', 'fetch']);
  assert.equal(code, 0, err);
  for (let i = 0; i < 6; i++) {
    await writePicture(join(folder, 'task', '__proto__', `${i}.png`), { seed: i + 1, light: 20 });
    await writePicture(join(folder, 'task', '<img onerror=1>', `${i}.png`), { seed: i + 1, light: 120 });
    await writePicture(join(folder, 'alone', 'one', `${i}.png`), { seed: i + 1, light: 20 });
  }
  await writeFile(join(folder, 'task', '__proto__', 'broken.png'), 'no picture');
});

after(() => rm(folder, { recursive: true, force: true }));

test('a folder becomes a ranking in schema 1; an unreadable image is named and the rest ranked', async () => {
  const { code, out, err } = await runCli(['rank', join(folder, 'task'), '--json']);
  assert.equal(code, 0, err);
  assert.match(err, /__proto__\/broken\.png is skipped: /);
  const result = JSON.parse(out);
  assert.deepEqual([result.schema, result.zoo, result.engine.simd], [1, 'browser', true]);
  assert.deepEqual(result.task.classes, [{ name: '<img onerror=1>', images: 6 }, { name: '__proto__', images: 6 }]);
  assert.equal(result.task.skipped.length, 1);
  assert.deepEqual(result.ranking.map((/** @type {any} */ row) => row.rank), result.ranking.map((/** @type {any} */ _, /** @type {number} */ i) => i + 1));
  for (const row of result.ranking) {
    const { low, mid, high } = row.expected_accuracy;
    assert.ok(low <= mid && mid <= high && low >= 0 && high <= 1);
    assert.ok(row.rank_low >= 1 && row.rank_low <= row.rank_high && row.rank_high <= result.ranking.length);
    assert.ok(row.licence.length > 0 && row.params > 0 && row.macs > 0 && row.download_bytes > 0);
  }
  assert.ok(result.order_change >= 0 && result.order_change <= 1);
});

test('integers rank as floats do', async () => {
  const [exact, quick] = await Promise.all(['f32', 'int16'].map((precision) => runCli(['rank', join(folder, 'task'), '--json', '--precision', precision])));
  assert.equal(quick.code, 0, quick.err);
  const best = (/** @type {string} */ out) => JSON.parse(out).ranking.slice(0, 3).map((/** @type {any} */ { model }) => model);
  assert.deepEqual(best(quick.out), best(exact.out));
  assert.notDeepEqual(JSON.parse(quick.out).ranking, JSON.parse(exact.out).ranking);
  const unknown = await runCli(['rank', join(folder, 'task'), '--precision', 'int4']);
  assert.deepEqual([unknown.code, unknown.out], [2, '']);
  assert.match(unknown.err, /--precision knows f32, int16 and auto, not int4/);
});

test('zoo precision compares, and chooses for the very file that it saw', async () => {
  const chosen = join(folder, 'precision.json');
  const { code, out, err } = await runCli(['zoo', 'precision', join(folder, 'task'), 'emotion', '-o', chosen]);
  assert.equal(code, 0, err);
  assert.match(out, /^best models by f32: {3}(.*)\nbest models by int16: \1$/m);
  const { schema, models } = JSON.parse(await readFile(chosen, 'utf8'));
  const { models: entries } = JSON.parse(await readFile(join(browserZoo, 'manifest.json'), 'utf8'));
  const { sha256, cosine, time, precision } = models.emotion;
  assert.deepEqual([schema, Object.keys(models), sha256], [1, ['emotion'], entries.find((/** @type {any} */ { id }) => id === 'emotion').onnx.sha256]);
  assert.ok(cosine >= 0.995 && cosine <= 1 && time > 0);
  assert.equal(precision, time <= 0.95 ? 'int16' : 'f32');
});

test('what the browser zoo computes in was measured with its present files', async () => {
  const [manifest, { models }] = await Promise.all(['manifest.json', 'precision.json'].map(async (name) => JSON.parse(await readFile(join(browserZoo, name), 'utf8'))));
  for (const { id, onnx } of [manifest.encoder, ...manifest.models]) {
    assert.equal(models[id].sha256, onnx.sha256, `${id}: run modelspider zoo precision`);
    assert.ok(models[id].precision === 'f32' || models[id].cosine >= 0.995, id);
  }
});

test('the ranking does not depend on the number of workers', async () => {
  const [one, two] = await Promise.all(['1', '2'].map((workers) => runCli(['rank', join(folder, 'task'), '--json', '--workers', workers])));
  assert.deepEqual(JSON.parse(one.out).ranking, JSON.parse(two.out).ranking);
});

test('models that are run are marked, and what their features show moves the ranking', async () => {
  const [alone, rerun] = await Promise.all(['0', '2'].map((count) => runCli(['rank', join(folder, 'task'), '--json', '--rerank', count])));
  assert.equal(rerun.code, 0, rerun.err);
  const [before_, after_] = [alone, rerun].map(({ out }) => JSON.parse(out).ranking);
  const markedIn = (/** @type {any[]} */ rows) => rows.filter((row) => row.reranked).map(({ model }) => model);
  assert.deepEqual(markedIn(before_).sort(), ['emotion', 'facemesh', 'gender', 'iris', 'liveness', 'mobileface', 'openimages-mobilenetv2', 'selfie'], 'those that run with the encoder');
  assert.equal(markedIn(after_).length, markedIn(before_).length + 2);
  assert.notDeepEqual(after_.map((/** @type {any} */ row) => row.score), before_.map((/** @type {any} */ row) => row.score));
});

test('the encoder shows of the models that run with it what running them would', async () => {
  const engine = await loadEngine();
  const zoo = await readZoo('browser', engine);
  const pool = WorkerPool.create({ module: await loadModule(), spawn: spawnWorker, size: 1 });
  const embed = async (/** @type {import('../../wasm/cli/assets.mjs').ModelEntry} */ entry) => {
    const [{ bytes, input }, ...companions] = await Promise.all(withCompanions(zoo, entry).map(async (part) =>
      ({ bytes: await readModel(zoo, part), input: inputOf(part) })));
    await pool.loadNetwork(entry.id, bytes, input, companions);
    return Promise.all([20, 90].map(async (light, label) => ({
      name: String(label), files: [],
      features: await Promise.all([1, 2, 3, 4].map((seed) => {
        const { data, ...size } = randomImage(seed, 20, 24);
        return pool.embed({ ...size, data: data.map((value) => Math.min(255, value / 2 + light)) }, entry.id);
      })),
    })));
  };
  try {
    const sample = { classes: await embed(zoo.encoder), skipped: [], seconds: { decode: 0, encode: 0 } };
    assert.equal(sample.classes[0].features[0].length, encoderFeatureCount(zoo));
    const ids = modelsInEncoder(zoo).map(({ model }) => model.id);
    assert.deepEqual(ids, ['openimages-mobilenetv2', ...zoo.encoder.companions ?? []]);
    const own = new Map();
    for (const id of ids) {
      own.set(id, observeModel(engine, await embed(findEntry(zoo, id))));
    }
    assert.deepEqual(observeEncoder({ engine, zoo, sample }), own);
  } finally {
    pool.destroy();
  }
});

test('an encoder whose companions are not in the zoo is refused', async () => {
  const zoo = join(folder, 'companions');
  await cp(browserZoo, zoo, { recursive: true });
  const manifest = JSON.parse(await readFile(join(zoo, 'manifest.json'), 'utf8'));
  const rejected = async (/** @type {any} */ encoder) => {
    await writeFile(join(zoo, 'manifest.json'), JSON.stringify({ ...manifest, encoder: { ...manifest.encoder, ...encoder } }));
    const { code, err } = await runCli(['rank', join(folder, 'task'), '--zoo', zoo]);
    return [code, err];
  };
  for (const [encoder, reason] of /** @type {const} */ ([
    [{ companions: ['nobody'] }, /the encoder's companion nobody is no model/],
    [{ companions: [] }, /companions is not an array of 1 to 16 ids/]])) {
    const [code, err] = await rejected(encoder);
    assert.equal(code, 4);
    assert.match(String(err), reason);
  }
});

test('no model is in an encoder of another file, of another input or without its taps', async () => {
  const { name, encoder, models } = await readZoo('browser', await loadEngine());
  const others = [
    { ...encoder, source: { ...encoder.source, offset: 0 } }, { ...encoder, input: { ...encoder.input, width: 224 } },
    { ...encoder, taps: encoder.taps.filter((tap) => !tap.includes('conv_12')) },
  ];
  const cutFrom = (/** @type {any} */ other) => modelsInEncoder({ name, encoder: { ...other, companions: [] }, models });
  assert.deepEqual([encoder, ...others].map((other) => cutFrom(other).length), [1, 0, 0, 0]);
});

test('one class or an empty folder is bad input, in one sentence', async () => {
  await mkdir(join(folder, 'nothing'), { recursive: true });
  for (const name of ['alone', 'nothing', 'missing']) {
    const { code, out, err } = await runCli(['rank', join(folder, name)]);
    assert.equal(code, 3, err);
    assert.equal(out, '');
    assert.equal(err.trim().split('\n').length, 1);
  }
});

test('damaged tokens, and tokens of another encoder, are named as missing assets', async () => {
  const zoo = join(folder, 'zoo');
  await cp(browserZoo, zoo, { recursive: true });
  await writeFile(join(zoo, 'tokens.safetensors'), 'no tokens');
  const damaged = await runCli(['rank', join(folder, 'task'), '--zoo', zoo]);
  assert.equal(damaged.code, 4);
  assert.match(damaged.err, /tokens\.safetensors: /);
  await rm(join(zoo, 'tokens.safetensors'));
  const missing = await runCli(['rank', join(folder, 'task'), '--zoo', zoo]);
  assert.equal(missing.code, 4);
  assert.match(missing.err, /tokens\.safetensors/);
});

test('CSV and Markdown hold every model; --top and --licence show fewer', async () => {
  const { out: csv } = await runCli(['rank', join(folder, 'task'), '--csv']);
  const { out: top } = await runCli(['rank', join(folder, 'task'), '--csv', '--top', '3', '--licence', 'permissive']);
  assert.ok(csv.trim().split('\r\n').length > 10);
  const rows = top.trim().split('\r\n');
  assert.equal(rows.length, 4);
  assert.ok(rows.slice(1).every((row) => /,(Apache-2\.0|MIT)$/.test(row)), top);
});
