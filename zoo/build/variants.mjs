// node zoo/build/variants.mjs ID --datasets DIR [--sets A,B] [--limit N] [--tap A+B]… [--range R]…
//   [--channels C]… [--fit F]… [--side N]… [--workers N]
// What a model's input recipe and tap are worth against their alternatives: the accuracy of a linear
// head on a few labelled sets, by the bank's protocol. One thing differs from the recipe at a time.
// `--tap auto` stands for the taps that candidates.mjs finds; taps.mjs compares those of the whole zoo.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { startEngine } from '../../wasm/cli/assets.mjs';
import { decodeImage } from '../../wasm/cli/decode.mjs';
import { reasonOf } from '../../wasm/cli/failure.mjs';
import { mapOrdered } from '../../wasm/map-ordered.mjs';
import { candidateTaps } from '../convert/candidates.mjs';
import { convertModel, readSource } from '../convert/convert.mjs';
import { readRecipes } from '../convert/main.mjs';
import { locateSource } from '../convert/source.mjs';
import { listDataSets, openDataSet } from './collection.mjs';
import { protocol } from './judge.mjs';

/**
 * @typedef {import('../../wasm/worker-pool.mjs').WorkerPool} WorkerPool
 * @typedef {{pixels: import('../../wasm/modelspider.mjs').Pixels, label: number}} Picture
 * @typedef {{name: string, classCount: number, pictures: Picture[]}} Sample
 * @typedef {{change: string, recipe: any}} Variant
 */

/** Mean and deviation of 0…255 pixels that give each range. */
const ranges = /** @type {Record<string, [number[], number[]]>} */ ({
  '0,1': [[0, 0, 0], [255, 255, 255]],
  '-1,1': [[127.5, 127.5, 127.5], [127.5, 127.5, 127.5]],
  '0,255': [[0, 0, 0], [1, 1, 1]],
  imagenet: [[123.675, 116.28, 103.53], [58.395, 57.12, 57.375]],
});

/**
 * @param {any} recipe
 * @param {Record<string, any>} input members that differ
 * @returns {any}
 */
const withInput = (recipe, input) => ({ ...recipe, input: { ...recipe.input, ...input } });

/** @param {any} recipe @param {string} range */
function withRange(recipe, range) {
  if (!Object.hasOwn(ranges, range)) {
    throw new Error(`the range ${range} is none of ${Object.keys(ranges).join(' ')}`);
  }
  const [mean, std] = ranges[range].map((values) => values.slice(0, recipe.input.mean.length));
  return withInput(recipe, { mean, std });
}

/**
 * The recipe itself, then one variant for each alternative.
 *
 * @param {any} recipe
 * @param {{tap?: string[], range?: string[], channels?: string[], fit?: string[], side?: string[]}} alternatives
 * @returns {Variant[]}
 */
export function variantsOf(recipe, { tap = [], range = [], channels = [], fit = [], side = [] }) {
  return [
    { change: 'as it is', recipe },
    ...tap.map((names) => ({ change: `tap ${names}`, recipe: { ...recipe, taps: names.split('+') } })),
    ...range.map((name) => ({ change: `range ${name}`, recipe: withRange(recipe, name) })),
    ...channels.map((order) => ({ change: order, recipe: withInput(recipe, { channels: order }) })),
    ...fit.map((kind) => ({ change: kind, recipe: withInput(recipe, { fit: kind }) })),
    ...side.map((size) => ({ change: `side ${size}`, recipe: withInput(recipe, { width: Number(size), height: Number(size) }) })),
  ];
}

/** @param {any} recipe @param {string[]} [tap] @returns {Promise<string[]>} with what auto stands for */
async function namedTaps(recipe, tap = []) {
  if (!tap.includes('auto')) {
    return tap;
  }
  const { files } = await locateSource(recipe);
  const found = candidateTaps(recipe, readSource(recipe, files)).map((names) => names.join('+'));
  return [...tap.filter((names) => names !== 'auto'), ...found];
}

/** @param {string} root @param {string} name @param {number} limit @returns {Promise<Sample>} */
export async function readSample(root, name, limit) {
  const { folder, classes, candidates } = await openDataSet(root, name);
  const pictures = await mapOrdered(candidates.slice(0, limit), 4, async ({ file, label }) =>
    ({ pixels: await decodeImage(await readFile(join(folder, file))), label }));
  return { name, classCount: classes.length, pictures };
}

/** @param {WorkerPool} pool @param {Sample} sample @returns {Promise<Float32Array[]>} of each picture */
export function featuresOf(pool, { pictures }) {
  return mapOrdered(pictures, pool.size * 2, ({ pixels }) => pool.embed(pixels, 'variant', { keep: true }));
}

/** @param {WorkerPool} pool @param {Sample} sample @param {Float32Array[]} rows @returns {Promise<number>} */
export async function accuracyOf(pool, { classCount, pictures }, rows) {
  const dimension = rows[0].length;
  const features = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => features.set(row, i * dimension));
  const labels = pictures.map(({ label }) => label);
  const { mean } = await pool.probe(protocol, { features, count: rows.length, dimension, labels, classCount });
  return mean;
}

/** @param {WorkerPool} pool @param {Variant} variant @param {Sample[]} samples @returns {Promise<number[]>} */
async function measureVariant(pool, { recipe }, samples) {
  await pool.loadNetwork('variant', await convertModel(recipe), recipe.input);
  try {
    const accuracies = [];
    for (const sample of samples) {
      accuracies.push(await accuracyOf(pool, sample, await featuresOf(pool, sample)));
    }
    return accuracies;
  } finally {
    pool.unloadNetwork('variant');
  }
}

/** @param {string[]} args @returns {Promise<number>} exit code */
async function main(args) {
  const many = /** @type {const} */ ({ type: 'string', multiple: true });
  const { values, positionals: [id, ...more] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      datasets: { type: 'string' }, sets: { type: 'string' }, limit: { type: 'string', default: '60' },
      tap: many, range: many, channels: many, fit: many, side: many, workers: { type: 'string', default: '1' },
    },
  });
  const recipe = (await readRecipes()).find((candidate) => candidate.id === id);
  if (!recipe || more.length > 0 || !values.datasets) {
    process.stderr.write('variants.mjs needs the ID of one recipe and --datasets DIR\n');
    return 2;
  }
  const root = values.datasets;
  const names = values.sets?.split(',') ?? await listDataSets(root);
  const samples = await Promise.all(names.map((name) => readSample(root, name, Number(values.limit))));
  const { pool } = await startEngine(Number(values.workers));
  let exitCode = 0;
  process.stdout.write(`${[id, 'mean', ...names].join('\t')}\n`);
  for (const variant of variantsOf(recipe, { ...values, tap: await namedTaps(recipe, values.tap) })) {
    try {
      const accuracies = await measureVariant(pool, variant, samples);
      const mean = accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length;
      process.stdout.write(`${[variant.change, ...[mean, ...accuracies].map((value) => value.toFixed(3))].join('\t')}\n`);
    } catch (error) {
      process.stderr.write(`${variant.change}: ${reasonOf(error)}\n`);
      exitCode = 4;
    }
  }
  pool.destroy();
  return exitCode;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2));
}
