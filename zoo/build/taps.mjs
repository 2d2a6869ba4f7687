// node zoo/build/taps.mjs [ID…] --datasets DIR --sets A,B [--limit N] [--results DIR] [--out FILE] [--workers N]
// The present taps of the zoo's models against those that candidates.mjs finds, as variants.mjs measures
// them, but with one pass over the pictures for all taps of a model. Results are kept set by set in
// DIR, so that it stops and goes on at any time; what is there becomes FILE.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { inputOf, loadEngine, packageRoot, startEngine } from '../../wasm/cli/assets.mjs';
import { reasonOf } from '../../wasm/cli/failure.mjs';
import { replaceFile } from '../../wasm/cli/files.mjs';
import { candidateTaps } from '../convert/candidates.mjs';
import { convertFiles, convertModel, readSource } from '../convert/convert.mjs';
import { readRecipes } from '../convert/main.mjs';
import { locateSource } from '../convert/source.mjs';
import { accuracyOf, featuresOf, readSample } from './variants.mjs';

/**
 * @typedef {import('./variants.mjs').Sample} Sample
 * @typedef {import('../../wasm/modelspider.mjs').Engine} Engine
 * @typedef {{taps: string[], dimension: number, macs: number}} Cut
 * @typedef {{subject: string, cuts: Cut[], accuracies: Record<string, number[]>}} Result
 *   subject: what was measured, recipe and number of pictures; accuracies: by set, one for each cut
 */

// With fewer, a standard error says nothing.
const fewestSets = 4;

/** @param {number[]} values */
const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * @param {number[]} present accuracies, set by set
 * @param {number[]} other
 * @returns {{difference: number, standardError: number}} mean over sets of how much the other is better
 */
export function compare(present, other) {
  const differences = other.map((value, i) => value - present[i]);
  const difference = meanOf(differences);
  const squares = differences.map((value) => (value - difference) ** 2);
  return { difference, standardError: Math.sqrt(meanOf(squares) / (differences.length - 1)) };
}

/**
 * The present cut, then the candidates, with what they cost.
 *
 * @param {Engine} engine
 * @param {any} recipe
 * @returns {Promise<Cut[]>}
 */
async function listCuts(engine, recipe) {
  const { files, sha256 } = await locateSource(recipe);
  const lists = [recipe.taps, ...candidateTaps(recipe, readSource(recipe, files))];
  return lists.map((taps) => ({ taps, ...costOf(engine, convertFiles({ ...recipe, taps }, files, sha256), recipe) }));
}

/** @param {Engine} engine @param {Uint8Array} bytes @param {any} recipe */
function costOf(engine, bytes, recipe) {
  const network = engine.loadNetwork(bytes, inputOf(recipe));
  const { featureCount: dimension, macCount: macs } = network;
  network.destroy();
  return { dimension, macs };
}

/**
 * Where the features of single taps lie in those of a network that has each of them once.
 *
 * @param {Cut[]} cuts
 * @returns {Map<string, [number, number]>}
 */
function columnsOf(cuts) {
  /** @type {Map<string, [number, number]>} */
  const columns = new Map();
  let width = 0;
  for (const { taps: [tap], dimension } of cuts.filter(({ taps }) => taps.length === 1)) {
    columns.set(tap, [width, width + dimension]);
    width += dimension;
  }
  return columns;
}

/** @param {string} file @returns {Promise<Result | undefined>} */
async function readResult(file) {
  return readFile(file, 'utf8').then(JSON.parse, () => undefined);
}

/** @param {any} recipe @param {number} limit @returns {string} */
function subjectOf({ source: { sha256 }, taps, entry, input }, limit) {
  return JSON.stringify({ sha256, taps, entry, input, limit });
}

/**
 * @param {import('../../wasm/worker-pool.mjs').WorkerPool} pool
 * @param {Engine} engine
 * @param {any} recipe
 * @param {{samples: Sample[], limit: number, file: string}} work
 */
async function measureModel(pool, engine, recipe, { samples, limit, file }) {
  const known = await readResult(file);
  const subject = subjectOf(recipe, limit);
  const result = known?.subject === subject ? known : { subject, cuts: await listCuts(engine, recipe), accuracies: {} };
  const missing = samples.filter(({ name }) => !result.accuracies[name]);
  if (missing.length === 0) {
    return;
  }
  const columns = columnsOf(result.cuts);
  await pool.loadNetwork('variant', await convertModel({ ...recipe, taps: [...columns.keys()] }), recipe.input);
  try {
    for (const sample of missing) {
      const started = performance.now();
      const rows = await featuresOf(pool, sample);
      /** @type {number[]} */
      const accuracies = [];
      for (const { taps } of result.cuts) {
        accuracies.push(await accuracyOf(pool, sample, rows.map((row) => pick(row, taps, columns))));
      }
      result.accuracies[sample.name] = accuracies;
      await replaceFile(file, `${JSON.stringify(result)}\n`);
      process.stderr.write(`${recipe.id} × ${sample.name}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    }
  } finally {
    pool.unloadNetwork('variant');
  }
}

/** @param {Float32Array} row @param {string[]} taps @param {Map<string, [number, number]>} columns */
function pick(row, taps, columns) {
  const parts = taps.map((tap) => row.subarray(.../** @type {[number, number]} */ (columns.get(tap))));
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/**
 * @param {Result} result
 * @param {string[]} sets that it has
 * @returns {any} its rows of the table: the present cut, then the others, best first
 */
function tabulate({ cuts, accuracies }, sets) {
  const round = (/** @type {number} */ value) => Number(value.toFixed(4));
  const [present, ...others] = cuts.map((cut, i) => {
    const values = sets.map((set) => accuracies[set][i]);
    return { values, row: { ...cut, mean: round(meanOf(values)), accuracies: values.map(round) } };
  });
  const rows = others.map(({ values, row }) => {
    const { difference, standardError } = compare(present.values, values);
    return { ...row, difference: round(difference), standard_error: round(standardError) };
  });
  return [present.row, ...rows.sort((a, b) => b.mean - a.mean)];
}

/** @param {any[]} recipes @param {{folder: string, sets: string[], limit: number, out: string}} table */
async function writeTable(recipes, { folder, sets, limit, out }) {
  /** @type {Record<string, any>} */
  const models = {};
  for (const recipe of recipes) {
    const result = await readResult(join(folder, `${recipe.id}.json`));
    const measured = result?.subject === subjectOf(recipe, limit) ? sets.filter((set) => result.accuracies[set]) : [];
    if (result && measured.length >= fewestSets) {
      models[recipe.id] = { sets: measured, cuts: tabulate(result, measured) };
    }
  }
  const table = {
    schema: 1,
    comment: `node zoo/build/taps.mjs --datasets DIR --limit ${limit} --sets ${sets.join()}: mean accuracy of a linear head by the bank's protocol. The first cut of a model is the one that was in use; difference and standard_error are of the others against it, paired over the model's sets. Several taps are their means one after another.`,
    limit,
    models,
  };
  const lines = JSON.stringify(table, null, 2).replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, inside) => `[${inside.replace(/\s+/g, ' ')}]`);
  await replaceFile(out, `${lines}\n`);
  process.stderr.write(`${out}: ${Object.keys(models).length} models\n`);
}

/** @param {string[]} args @returns {Promise<number>} exit code */
async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      datasets: { type: 'string' },
      sets: { type: 'string' },
      limit: { type: 'string', default: '100' },
      results: { type: 'string', default: join(packageRoot, 'build/taps') },
      out: { type: 'string', default: join(packageRoot, 'zoo/browser/taps.json') },
      workers: { type: 'string', default: '1' },
    },
  });
  const { ranked } = JSON.parse(await readFile(join(packageRoot, 'zoo/browser/recipes.json'), 'utf8'));
  const recipes = (await readRecipes()).filter(({ id }) => ranked.includes(id));
  if (!values.datasets || !values.sets || positionals.some((id) => !ranked.includes(id))) {
    process.stderr.write('taps.mjs needs --datasets DIR and --sets A,B, and IDs of ranked models or none\n');
    return 2;
  }
  const { datasets, results: folder, out } = values;
  const limit = Number(values.limit);
  const sets = values.sets.split(',');
  await mkdir(folder, { recursive: true });
  const samples = await Promise.all(sets.map((name) => readSample(datasets, name, limit)));
  const engine = await loadEngine();
  const { pool } = await startEngine(Number(values.workers));
  let exitCode = 0;
  for (const recipe of recipes.filter(({ id }) => positionals.length === 0 || positionals.includes(id))) {
    await measureModel(pool, engine, recipe, { samples, limit, file: join(folder, `${recipe.id}.json`) }).catch((error) => {
      process.stderr.write(`${recipe.id}: ${reasonOf(error)}\n`);
      exitCode = 4;
    });
  }
  pool.destroy();
  await writeTable(recipes, { folder, sets, limit, out });
  return exitCode;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2));
}
