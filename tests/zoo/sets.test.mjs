// The collection of labelled sets: its table, its choice of pictures, and the sets that need no
// package.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sets } from '../../zoo/sets/collection.mjs';
import { choosePictures, describeSets, writeSet } from '../../zoo/sets/main.mjs';
import { paintAutomaton, paintTiling } from '../../zoo/sets/pixel-textures.mjs';
import { randomOf, shuffled } from '../../zoo/sets/random.mjs';

const drawn = sets.filter(({ source }) => source === 'drawn here');

test('every set says what it tells apart, where its pictures are from and on which terms', () => {
  assert.equal(new Set(sets.map(({ name }) => name)).size, sets.length);
  for (const { name, about, source, terms } of sets) {
    assert.match(name, /^[a-z]+_[a-z]+$/);
    assert.ok(about.length > 0 && source.length > 0 && terms.length > 0, name);
    assert.ok(describeSets().includes(`| ${name} | ${about} | ${source} | ${terms} |`), name);
  }
});

test('the folder describes every set', async () => {
  const text = await readFile(new URL('../../zoo/sets/README.md', import.meta.url), 'utf8');
  assert.ok(text.endsWith(`\n${describeSets().trimEnd()}\n`), 'node zoo/sets/main.mjs --list prints the table');
});

test('sets of one source are in one group of the zoo', async () => {
  const { groups } = JSON.parse(await readFile(new URL('../../zoo/browser/groups.json', import.meta.url), 'utf8'));
  const groupOf = (/** @type {string} */ name) => Object.keys(groups).find((group) => groups[group].includes(name));
  assert.deepEqual(sets.map(({ name }) => [name, groupOf(name)]), sets.map(({ name, group }) => [name, group]));
});

/** @param {string[]} keys */
const pictures = (keys) => keys.map((key) => ({ key, render: async () => { throw new Error('not drawn'); } }));

test('a class with too few pictures is left out, one with too many is cut, twins count once', () => {
  const many = Array.from({ length: 40 }, (_, i) => `picture${i}`);
  const chosen = choosePictures('set', { few: pictures(many.slice(0, 14)), enough: pictures(many.slice(0, 15)), many: pictures([...many, ...many]) });
  assert.deepEqual(Object.entries(chosen).map(([name, list]) => [name, list.length]), [['enough', 15], ['many', 24]]);
  assert.equal(new Set(chosen.many.map(({ key }) => key)).size, 24);
});

test('a set has at most twelve classes and 240 pictures', () => {
  const many = Array.from({ length: 40 }, (_, i) => `picture${i}`);
  const chosen = choosePictures('set', Object.fromEntries(many.map((name) => [name, pictures(many)])));
  assert.deepEqual(Object.values(chosen).map((list) => list.length), Array(12).fill(20));
});

test('every drawn picture is drawn the same again, and unlike the others of its class', async () => {
  for (const { name, list } of drawn) {
    for (const [className, members] of Object.entries(await list())) {
      const seen = new Set();
      for (const { key, render } of members.slice(0, 2)) {
        const pixels = async () => createHash('sha256').update(await (await render(randomOf(`${name}/${className}/${key}`))).raw().toBuffer()).digest('hex');
        const first = await pixels();
        assert.equal(await pixels(), first, `${name}/${className}/${key}`);
        seen.add(first);
      }
      assert.equal(seen.size, 2, `${name}/${className}`);
    }
  }
});

test('a set is written as folders of PNG files', async () => {
  const out = await mkdtemp(join(tmpdir(), 'modelspider-sets-'));
  try {
    const set = sets.find(({ name }) => name === 'die_value');
    assert.equal(await writeSet(/** @type {any} */ (set), out), '6 classes, 144 pictures');
    assert.deepEqual(await readdir(out), ['die_value']);
    assert.deepEqual((await readdir(join(out, 'die_value'))).sort(), ['1', '2', '3', '4', '5', '6']);
    const files = await readdir(join(out, 'die_value/3'));
    assert.equal(files.length, 24);
    assert.ok(files.every((file) => /^\d+\.png$/.test(file)));
  } finally {
    await rm(out, { recursive: true });
  }
});

/** @param {{pixels: Uint8Array, side: number}} raster @param {number} x @param {number} y */
const pixelAt = ({ pixels, side }, x, y) => pixels.slice((y * side + x) * 3, (y * side + x) * 3 + 3).join();

test('rule 90 makes each cell the exclusive or of two neighbours above', () => {
  const raster = paintAutomaton('90', randomOf('an automaton'));
  const scale = pixelAt(raster, 0, 0) === pixelAt(raster, 1, 0) && [...Array(64).keys()].every((i) => pixelAt(raster, 2 * i, 9) === pixelAt(raster, 2 * i + 1, 9)) ? 2 : 1;
  const width = raster.side / scale;
  const colours = [...new Set(Array.from({ length: width * width }, (_, i) => pixelAt(raster, (i % width) * scale, Math.floor(i / width) * scale)))];
  assert.equal(colours.length, 2);
  // Which colour means 1 is not known here; for one of the two meanings every cell fits.
  const fits = [0, 1].map((one) => {
    const cell = (/** @type {number} */ x, /** @type {number} */ y) => Number(colours.indexOf(pixelAt(raster, ((x + width) % width) * scale, y * scale)) === one);
    return Array.from({ length: width * (width - 1) }, (_, i) => [i % width, 1 + Math.floor(i / width)])
      .every(([x, y]) => cell(x, y) === (cell(x - 1, y - 1) ^ cell(x + 1, y - 1)));
  });
  assert.ok(fits.includes(true));
});

test('a tiling with one mirror repeats itself mirrored, one with shifts alone does not', () => {
  const mirrored = (/** @type {string} */ name) => {
    const raster = paintTiling(name, randomOf('a tiling'));
    // The tile is 32, 43 or 64 wide: a mirror maps column c to tile - c.
    return [32, 43, 64].some((tile) => [5, 9, 14].every((x) => [0, 7, 20].every((y) => pixelAt(raster, x, y) === pixelAt(raster, tile - x, y))));
  };
  assert.ok(mirrored('one-mirror'));
  assert.ok(!mirrored('shifts'));
});

test('shuffling keeps every element and does not touch the list', () => {
  const list = [1, 2, 3, 4, 5, 6, 7, 8];
  const mixed = shuffled(list, randomOf('a list'));
  assert.notDeepEqual(mixed, list);
  assert.deepEqual([...mixed].sort(), list);
  assert.deepEqual(list, [1, 2, 3, 4, 5, 6, 7, 8]);
});
