// What the command line needs beside the user's files: the wasm, the zoo's manifest, models.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../modelspider.mjs';
import { encoderParts } from '../ranking.mjs';
import { spawnWorker } from '../spawn-node.mjs';
import { WorkerPool } from '../worker-pool.mjs';
import { Failure, reasonOf } from './failure.mjs';
import { readJson, readShared, readWhole } from './files.mjs';

/** The repository, or the folder of the installed package. */
export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Whether this is the repository, not an installed package. */
export const isCheckout = existsSync(join(packageRoot, 'CMakeLists.txt'));

/** @returns {Promise<string>} */
export async function readVersion() {
  return (await readJson(join(packageRoot, 'package.json'), 'asset')).version;
}

/** @returns {Promise<WebAssembly.Module>} modelspider.wasm: the checkout's build, else the package's */
export async function loadModule() {
  const places = ['build/wasm/wasm/modelspider.wasm', 'wasm/modelspider.wasm'].map((path) => join(packageRoot, path));
  const place = places.find((path) => existsSync(path));
  if (!place) {
    throw new Failure('asset', `modelspider.wasm is missing: build it (cmake --preset wasm && cmake --build --preset wasm), it belongs in ${places[0]}`);
  }
  try {
    return await WebAssembly.compile(new Uint8Array(await readWhole(place, 'asset')));
  } catch (error) {
    throw error instanceof Failure ? error : new Failure('asset', `${place} is damaged: ${reasonOf(error)}`);
  }
}

/** @param {number | undefined} workers how many are asked for */
export const workerCount = (workers) => workers ?? availableParallelism();

/** @returns {Promise<import('../modelspider.mjs').Engine>} */
export async function loadEngine() {
  return createEngine(await loadModule());
}

/**
 * @param {number | undefined} workers
 * @returns {Promise<{engine: import('../modelspider.mjs').Engine, pool: WorkerPool}>}
 */
export async function startEngine(workers) {
  const module = await loadModule();
  const engine = await createEngine(module);
  return { engine, pool: WorkerPool.create({ module, spawn: spawnWorker, size: workerCount(workers) }) };
}

/** @param {Uint8Array} bytes @returns {string} */
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Where the models of a zoo of ours lie. @param {string} zoo @returns {string} */
export function cacheFolder(zoo) {
  if (process.env.MODELSPIDER_CACHE) {
    return join(process.env.MODELSPIDER_CACHE, zoo);
  }
  return isCheckout
    ? join(packageRoot, 'build/zoo', zoo)
    : join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'modelspider', zoo);
}

/**
 * @typedef {import('../modelspider.mjs').InputRecipe} InputRecipe
 * @typedef {{id: string, name: string, trained_for: string, licence: string, input: InputRecipe,
 *   features: number, taps: string[], tap_features?: number[], source: object,
 *   parameters: number, macs: number, onnx: {sha256: string, bytes: number},
 *   companions?: string[], [other: string]: any}} ModelEntry what ms_zoo_load describes
 * @typedef {{name: string, folder: string, cache: string, bytes: Uint8Array,
 *   encoder: ModelEntry, models: ModelEntry[]}} Zoo folder holds manifest and tokens, cache the models
 * @typedef {NonNullable<InputRecipe['precision']>} Precision
 */

/** @returns {Promise<string[]>} the zoos that come with the package */
export async function listZoos() {
  const names = await readdir(join(packageRoot, 'zoo'));
  return names.filter((name) => existsSync(join(packageRoot, 'zoo', name, manifestName))).sort();
}

const manifestName = 'manifest.json';

/**
 * The manifest is checked member by member, by the engine.
 *
 * @param {string} name of a zoo that comes with the package, or the path of a folder, with a /, that
 *   holds manifest, tokens and models
 * @param {import('../modelspider.mjs').Engine} engine
 * @returns {Promise<Zoo>}
 */
export async function readZoo(name, engine) {
  const isOurs = /^[a-z0-9-]+$/.test(name);
  const folder = isOurs ? join(packageRoot, 'zoo', name) : resolve(name);
  if ((!isOurs && !name.includes('/')) || !existsSync(folder)) {
    throw new Failure('usage', `there is no zoo ${name}; there is ${(await listZoos()).join(', ')}`);
  }
  const file = join(folder, manifestName);
  const bytes = new Uint8Array(await readWhole(file, 'asset'));
  try {
    engine.loadZoo(bytes).destroy();
  } catch (error) {
    throw new Failure('asset', `${file}: ${reasonOf(error)}`);
  }
  const { zoo, encoder, models } = JSON.parse(new TextDecoder().decode(bytes));
  return { name: zoo, folder, cache: isOurs ? cacheFolder(name) : folder, bytes, encoder, models };
}

/** The encoder and the models, an entry for each id. @param {Zoo} zoo @returns {ModelEntry[]} */
export function entriesOf({ encoder, models }) {
  return [encoder, ...models.filter(({ id }) => id !== encoder.id)];
}

/**
 * What runs where an entry is to: the encoder has companions.
 *
 * @param {Zoo} zoo
 * @param {ModelEntry} entry
 * @returns {ModelEntry[]}
 */
export const withCompanions = (zoo, entry) => (entry === zoo.encoder ? encoderParts(zoo) : [entry]);

/** @param {Zoo} zoo @param {string} id @returns {ModelEntry} */
export function findEntry(zoo, id) {
  const entry = entriesOf(zoo).find((candidate) => candidate.id === id);
  if (!entry) {
    throw new Failure('usage', `the zoo ${zoo.name} has no model ${id}; modelspider zoo list shows them`);
  }
  return entry;
}

/** The fields that decide features, and nothing else. @param {ModelEntry} entry @returns {InputRecipe} */
export function inputOf({ input: { width, height, channels, fit, mean, std, signature } }) {
  return { width, height, channels, fit, mean, std, ...(signature ? { signature } : {}) };
}

/**
 * The recipe of a model's input, with what the model is to compute in. The choices of zoo precision
 * are for the very files that it saw; where there is none, it is f32.
 *
 * @param {Zoo} zoo
 * @param {ModelEntry} entry
 * @param {Precision | 'auto'} precision
 * @returns {Promise<InputRecipe>}
 */
export async function inputIn(zoo, entry, precision) {
  if (precision !== 'auto') {
    return { ...inputOf(entry), precision };
  }
  return { ...inputOf(entry), precision: (await readPrecisions(zoo.folder))(entry) };
}

/**
 * @param {string} folder of a zoo
 * @returns {Promise<(entry: {id: string, onnx: {sha256: string}}) => Precision>}
 */
export async function readPrecisions(folder) {
  const file = join(folder, 'precision.json');
  const { models } = existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : { models: {} };
  return ({ id, onnx }) => {
    const choice = Object.hasOwn(models, id) ? models[id] : undefined;
    return choice?.sha256 === onnx.sha256 ? choice.precision : 'f32';
  };
}

/** @param {Zoo} zoo @param {{id: string}} entry @returns {string} */
export const modelFile = (zoo, { id }) => join(zoo.cache, `${id}.onnx`);

/**
 * A fetched model, checked against the manifest, in memory that workers share.
 *
 * @param {Zoo} zoo
 * @param {ModelEntry} entry
 * @returns {Promise<Uint8Array>}
 */
export async function readModel(zoo, entry) {
  const file = modelFile(zoo, entry);
  if (!existsSync(file)) {
    throw new Failure('asset', `${file} is missing: modelspider zoo fetch ${entry.id} brings it`);
  }
  const bytes = await readShared(file).catch((error) => {
    throw new Failure('asset', `${file} cannot be read: ${reasonOf(error)}`);
  });
  if (sha256(bytes) !== entry.onnx.sha256) {
    throw new Failure('asset', `${file} is damaged or outdated: its SHA-256 is not the manifest's ${entry.onnx.sha256}; modelspider zoo fetch ${entry.id} brings it anew`);
  }
  return bytes;
}
