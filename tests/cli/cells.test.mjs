// Cells of the zoo's bank, with a pool that counts what it is asked.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { readNpy } from '../../wasm/npy.mjs';
import { buildDataSet } from '../../zoo/build/cells.mjs';
import { listDataSets, openDataSet } from '../../zoo/build/collection.mjs';

const folder = await mkdtemp(join(tmpdir(), 'modelspider-cells-'));
after(() => rm(folder, { recursive: true }));
const root = join(folder, 'sets');
const bank = join(folder, 'bank');

for (const [name, count] of /** @type {[string, number][]} */ ([['cat', 6], ['dog', 3]])) {
  await mkdir(join(root, 'pets', name), { recursive: true });
  for (let i = 0; i < count; i++) {
    const colour = { r: i * 10, g: name === 'cat' ? 0 : 255, b: 0 };
    await sharp({ create: { width: 4, height: 3, channels: 3, background: colour } })
      .png().toFile(join(root, 'pets', name, `${i}.png`));
  }
}
await writeFile(join(root, 'pets/dog/broken.png'), 'not a picture');
await writeFile(join(root, 'pets/dog/.hidden'), '');

const input = /** @type {const} */ ({ width: 8, height: 8, channels: 'rgb', fit: 'crop', mean: [0, 0, 0], std: [1, 1, 1] });
/** @param {string} id @param {string} sha256 */
const model = (id, sha256 = 'a') => ({ id, sha256, bytes: new Uint8Array(1), macs: 1, input: { ...input, mean: [...input.mean], std: [...input.std] } });

/** A network whose features are an image's first two bytes; it can fail on the nth image. */
class CountingPool {
  size = 2;
  embedded = 0;
  failAt = Infinity;
  /** @type {string[]} */
  loaded = [];

  /** @param {string} key */
  async loadNetwork(key) {
    this.loaded.push(key);
    return { featureCount: 2 };
  }

  unloadNetwork() {}

  /** @param {{data: Uint8Array}} image */
  async embed({ data }) {
    if (++this.embedded >= this.failAt) {
      throw new Error('stopped');
    }
    return Float32Array.of(data[0], data[1]);
  }
}

/** @param {ReturnType<typeof model>[]} models @param {{limit?: number, failAt?: number, force?: boolean}} [options] */
async function build(models, { limit = Infinity, failAt = Infinity, force = false } = {}) {
  const pool = new CountingPool();
  pool.failAt = failAt;
  /** @type {string[]} */
  const problems = [];
  await buildDataSet({
    pool: /** @type {any} */ (pool), bank, limit, force, onCell() {}, onProblem: (text) => problems.push(text),
  }, models, await openDataSet(root, 'pets'));
  return { pool, problems };
}

/** @param {string} id */
async function readCell(id) {
  const facts = JSON.parse(await readFile(join(bank, id, 'pets.json'), 'utf8'));
  return { facts, ...readNpy(await readFile(join(bank, id, 'pets.npy'))) };
}

test('classes take turns, and the order does not depend on what else is there', async () => {
  assert.deepEqual(await listDataSets(root), ['pets']);
  const { classes, candidates } = await openDataSet(root, 'pets');
  assert.deepEqual(classes, ['cat', 'dog']);
  assert.deepEqual(candidates.slice(0, 8).map(({ label }) => label), [0, 1, 0, 1, 0, 1, 0, 1]);
  assert.equal(candidates.length, 10);
});

test('a cell holds the features of the readable images, in order, and names the others', async () => {
  const { pool } = await build([model('whole')]);
  const { facts, rows, columns, data } = await readCell('whole');
  assert.deepEqual([rows, columns, facts.scanned, pool.embedded], [9, 2, 10, 9]);
  assert.deepEqual(facts.skipped, [{ file: 'dog/broken.png', reason: 'it is not an image of a known format' }]);
  facts.files.forEach((/** @type {string} */ file, /** @type {number} */ i) => {
    const [name, number] = /** @type {RegExpExecArray} */ (/(\w+)\/(\d+)/.exec(file)).slice(1);
    assert.deepEqual([data[i * 2], data[i * 2 + 1]], [Number(number) * 10, name === 'cat' ? 0 : 255]);
    assert.equal(facts.classes[facts.labels[i]], name);
  });
});

test('what is there is not computed again, and a larger limit computes only what is new', async () => {
  assert.equal((await build([model('grown')], { limit: 4 })).pool.embedded, 4 - await skippedAmong(4));
  assert.equal((await build([model('grown')], { limit: 4 })).pool.embedded, 0);
  assert.equal((await build([model('grown')], { limit: 3 })).pool.embedded, 0);
  const { pool } = await build([model('grown')]);
  assert.equal(pool.embedded, 6 - (1 - await skippedAmong(4)));
  const { facts, data } = await readCell('grown');
  const whole = await readCell('whole');
  assert.deepEqual([facts.files, facts.labels, data], [whole.facts.files, whole.facts.labels, whole.data]);
});

/** How many of the first images cannot be read. @param {number} count */
async function skippedAmong(count) {
  const { candidates } = await openDataSet(root, 'pets');
  return candidates.slice(0, count).filter(({ file }) => file === 'dog/broken.png').length;
}

test('a cell is computed anew when its model changed, its file is damaged, or by force', async () => {
  await build([model('stale')]);
  assert.equal((await build([model('stale', 'b')])).pool.embedded, 9);
  await writeFile(join(bank, 'stale/pets.npy'), (await readFile(join(bank, 'stale/pets.npy'))).subarray(0, 150));
  assert.equal((await build([model('stale', 'b')])).pool.embedded, 9);
  await writeFile(join(bank, 'stale/pets.json'), '{');
  assert.equal((await build([model('stale', 'b')])).pool.embedded, 9);
  assert.equal((await build([model('stale', 'b')], { force: true })).pool.embedded, 9);
});

test('a failure leaves no part of a cell, and the other models go on', async () => {
  const { pool, problems } = await build([model('failing'), model('next')], { failAt: 5 });
  assert.deepEqual(pool.loaded, ['failing', 'next']);
  assert.deepEqual(problems, ['failing × pets: stopped', 'next × pets: stopped']);
  await assert.rejects(readdir(join(bank, 'failing')), { code: 'ENOENT' });
});
