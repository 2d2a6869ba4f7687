// node zoo/build/taps.mjs [ID…] --datasets DIR --sets A,B [--tap A+B]… [--limit N] [--results DIR] [--out FILE]
//   [--workers N]
// A reference cut of each model against those that candidates.mjs finds from there, and --tap's, as
// variants.mjs measures them, but with one pass over the pictures for all cuts of a model. The
// reference is the first cut in FILE or, for a model that it lacks, the recipe's taps. Results are kept
// set by set in DIR, so that it stops and goes on at any time; what is there becomes FILE.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { loadEngine, packageRoot, startEngine } from '../../wasm/cli/assets.mjs';
import { reasonOf } from '../../wasm/cli/failure.mjs';
import { replaceFile } from '../../wasm/cli/files.mjs';
import { candidateTaps } from '../convert/candidates.mjs';
import { readSource } from '../convert/convert.mjs';
import { readRecipes } from '../convert/main.mjs';
import { locateSource } from '../convert/source.mjs';
import { cutModel, measureModel, tapFeatures } from './measure.mjs';
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
// What another cut must gain over the reference, and what a cut of more layers over one of fewer.
const worthChange = 0.02;
const worthLayers = 0.005;

/** @param {number[]} values */
const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * @param {number[]} reference accuracies, set by set
 * @param {number[]} other
 * @returns {{difference: number, standardError: number}} mean over sets of how much the other is better
 */
export function compare(reference, other) {
  const differences = other.map((value, i) => value - reference[i]);
  const difference = meanOf(differences);
  const squares = differences.map((value) => (value - difference) ** 2);
  return { difference, standardError: Math.sqrt(meanOf(squares) / (differences.length - 1)) };
}

/**
 * The cut of a model that its recipe should have, of those in the table. The reference stays unless
 * another is better by more than two standard errors; layers are joined only where it pays.
 *
 * @param {{taps: string[], mean: number, difference?: number, standard_error?: number}[]} cuts the reference first
 * @returns {string[]} its taps
 */
export function chooseCut([reference, ...others]) {
  const better = others.filter(({ difference = 0, standard_error: error = Infinity }) =>
    difference >= worthChange && difference > 2 * error);
  const best = Math.max(...better.map(({ mean }) => mean));
  const [chosen] = better.filter(({ mean }) => mean >= best - worthLayers)
    .sort((a, b) => a.taps.length - b.taps.length || b.mean - a.mean);
  return (chosen ?? reference).taps;
}

/**
 * Where the features of each tap lie in those of a network that has each of them once.
 *
 * @param {Cut[]} cuts
 * @param {(tap: string) => number} widthOf a tap's features
 * @returns {Map<string, [number, number]>}
 */
function columnsOf(cuts, widthOf) {
  /** @type {Map<string, [number, number]>} */
  const columns = new Map();
  let start = 0;
  for (const tap of new Set(cuts.flatMap(({ taps }) => taps))) {
    const end = start + widthOf(tap);
    columns.set(tap, [start, end]);
    start = end;
  }
  return columns;
}

/** @param {string} file @returns {Promise<any>} */
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
 * @param {{samples: Sample[], limit: number, more: string[][], file: string}} work
 */
async function measureCuts(pool, engine, recipe, { samples, limit, more, file }) {
  const known = await readResult(file);
  const subject = subjectOf(recipe, limit);
  /** @type {Result} */
  const result = known?.subject === subject ? known : { subject, cuts: [], accuracies: {} };
  const source = await locateSource(recipe);
  for (const taps of [recipe.taps, ...candidateTaps(recipe, readSource(recipe, source.files)), ...more]) {
    if (!result.cuts.some((cut) => cut.taps.join() === taps.join())) {
      const { features: dimension, macs } = measureModel(engine, recipe, cutModel(recipe, source, taps));
      result.cuts.push({ taps, dimension, macs });
    }
  }
  const countOf = (/** @type {Sample} */ { name }) => result.accuracies[name]?.length ?? 0;
  const missing = samples.filter((sample) => countOf(sample) < result.cuts.length);
  if (missing.length === 0) {
    return;
  }
  const columns = columnsOf(result.cuts.slice(Math.min(...missing.map(countOf))),
    (tap) => tapFeatures(engine, recipe, source, tap));
  await pool.loadNetwork('variant', cutModel(recipe, source, [...columns.keys()]), recipe.input);
  try {
    for (const sample of missing) {
      const started = performance.now();
      const rows = await featuresOf(pool, sample);
      const accuracies = [...result.accuracies[sample.name] ?? []];
      for (const { taps } of result.cuts.slice(accuracies.length)) {
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
 * @returns {any} its rows of the table: the reference, then the others, best first
 */
function tabulate({ cuts, accuracies }, sets) {
  const round = (/** @type {number} */ value) => Number(value.toFixed(4));
  const [reference, ...others] = cuts.map((cut, i) => {
    const values = sets.map((set) => accuracies[set][i]);
    return { values, row: { ...cut, mean: round(meanOf(values)), accuracies: values.map(round) } };
  });
  const rows = others.map(({ values, row }) => {
    const { difference, standardError } = compare(reference.values, values);
    return { ...row, difference: round(difference), standard_error: round(standardError) };
  });
  return [reference.row, ...rows.sort((a, b) => b.mean - a.mean)];
}

/**
 * @param {any[]} recipes
 * @param {{folder: string, sets: string[], limit: number, known: Record<string, any>, out: string}} table
 *   known: what it holds of models without results here
 */
async function writeTable(recipes, { folder, sets, limit, known, out }) {
  const models = { ...known };
  for (const recipe of recipes) {
    const result = await readResult(join(folder, `${recipe.id}.json`));
    const measured = result?.subject === subjectOf(recipe, limit) ? sets.filter((set) => result.accuracies[set]?.length === result.cuts.length) : [];
    if (result && measured.length >= fewestSets) {
      models[recipe.id] = { sets: measured, cuts: tabulate(result, measured) };
    }
  }
  const table = {
    schema: 1,
    comment: `node zoo/build/taps.mjs --datasets DIR --limit ${limit} --sets ${sets.join()}: mean accuracy of a linear head by the bank's protocol. The first cut of a model is the last wide layer or map before its heads; difference and standard_error are of the others against it, paired over the model's sets. Several taps are their means one after another.`,
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
      tap: { type: 'string', multiple: true, default: [] },
      limit: { type: 'string', default: '100' },
      results: { type: 'string', default: join(packageRoot, 'build/taps') },
      out: { type: 'string', default: join(packageRoot, 'zoo/browser/taps.json') },
      workers: { type: 'string', default: '1' },
    },
  });
  const { ranked } = JSON.parse(await readFile(join(packageRoot, 'zoo/browser/recipes.json'), 'utf8'));
  if (!values.datasets || !values.sets || positionals.some((id) => !ranked.includes(id))
    || (values.tap.length > 0 && positionals.length !== 1)) {
    process.stderr.write('taps.mjs needs --datasets DIR and --sets A,B, and IDs of ranked models or none; with --tap, one\n');
    return 2;
  }
  const { datasets, results: folder, out } = values;
  const { models: known } = await readResult(out) ?? { models: {} };
  const recipes = (await readRecipes()).filter(({ id }) => ranked.includes(id))
    .map((recipe) => ({ ...recipe, taps: known[recipe.id]?.cuts[0].taps ?? recipe.taps }));
  const limit = Number(values.limit);
  const more = values.tap.map((names) => names.split('+'));
  const sets = values.sets.split(',');
  await mkdir(folder, { recursive: true });
  const samples = await Promise.all(sets.map((name) => readSample(datasets, name, limit)));
  const engine = await loadEngine();
  const { pool } = await startEngine(Number(values.workers));
  let exitCode = 0;
  for (const recipe of recipes.filter(({ id }) => positionals.length === 0 || positionals.includes(id))) {
    await measureCuts(pool, engine, recipe, { samples, limit, more, file: join(folder, `${recipe.id}.json`) }).catch((error) => {
      process.stderr.write(`${recipe.id}: ${reasonOf(error)}\n`);
      exitCode = 4;
    });
  }
  pool.destroy();
  await writeTable(recipes, { folder, sets, limit, known, out });
  return exitCode;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2));
}
