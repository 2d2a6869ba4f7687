// Cells: the features of one model on one data set, BANK/<model>/<set>.npy and .json. A cell is
// computed once, extended when more images are wanted, and computed anew when its model changed.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeImage } from '../../wasm/cli/decode.mjs';
import { reasonOf } from '../../wasm/cli/failure.mjs';
import { replaceFile } from '../../wasm/cli/files.mjs';
import { mapOrdered } from '../../wasm/map-ordered.mjs';
import { readNpy, writeNpy } from '../../wasm/npy.mjs';

/**
 * @typedef {import('../../wasm/modelspider.mjs').Pixels} Pixels
 * @typedef {import('./collection.mjs').DataSet} DataSet
 * @typedef {{id: string, bytes: Uint8Array, sha256: string, macs: number,
 *   input: import('../../wasm/modelspider.mjs').InputRecipe}} Model
 * @typedef {{file: string, reason: string}} Skipped
 * @typedef {{schema: 1, model: string, model_sha256: string, input: unknown, dataset: string,
 *   classes: string[], rows: number, dimension: number, scanned: number, files: string[],
 *   labels: number[], skipped: Skipped[]}} CellFacts scanned: how many candidates were read
 * @typedef {{facts: CellFacts, features: Float32Array[]}} Cell
 * @typedef {{pool: import('../../wasm/worker-pool.mjs').WorkerPool, bank: string, limit: number,
 *   force: boolean, onCell(done: {model: Model, dataset: string, images: number,
 *   seconds: number}): void, onProblem(text: string): void}} Build
 */

// Images that are decoded at once, at some hundred KB each.
const chunkSize = 512;

/** @param {string} bank @param {string} model @param {string} dataset */
const cellPath = (bank, model, dataset) => join(bank, model, dataset);

/**
 * The cell as it is, if it is whole and fits the model and the data set.
 *
 * @param {string} bank
 * @param {Model} model
 * @param {DataSet} dataset
 * @returns {Promise<Cell | undefined>}
 */
async function readCell(bank, model, dataset) {
  const path = cellPath(bank, model.id, dataset.name);
  try {
    /** @type {CellFacts} */
    const facts = JSON.parse(await readFile(`${path}.json`, 'utf8'));
    if (!isCurrent(facts, model, dataset)) {
      return undefined;
    }
    const { rows, columns, data } = readNpy(await readFile(`${path}.npy`));
    if (rows !== facts.rows || columns !== facts.dimension || !(data instanceof Float32Array)) {
      return undefined;
    }
    const features = Array.from({ length: rows }, (_, i) => data.subarray(i * columns, (i + 1) * columns));
    return { facts, features };
  } catch {
    return undefined;
  }
}

/**
 * Whether the facts speak of this model and of a prefix of the data set as it is now.
 *
 * @param {CellFacts} facts
 * @param {Model} model
 * @param {DataSet} dataset
 */
function isCurrent(facts, model, dataset) {
  const skipped = new Set(facts.skipped.map(({ file }) => file));
  const expected = dataset.candidates.slice(0, facts.scanned).filter(({ file }) => !skipped.has(file));
  return facts.schema === 1 && facts.model_sha256 === model.sha256
    && JSON.stringify(facts.input) === JSON.stringify(model.input)
    && JSON.stringify(facts.classes) === JSON.stringify(dataset.classes)
    && facts.scanned <= dataset.candidates.length && facts.rows === facts.files.length
    && expected.length === facts.rows
    && expected.every(({ file, label }, i) => file === facts.files[i] && label === facts.labels[i]);
}

/** @param {string} bank @param {Cell} cell */
async function writeCell(bank, { facts, features }) {
  const path = cellPath(bank, facts.model, facts.dataset);
  await replaceFile(`${path}.npy`, writeNpy(features));
  await replaceFile(`${path}.json`, `${JSON.stringify(facts)}\n`);
}

/** @param {Model} model @param {DataSet} dataset @returns {Cell} */
function emptyCell(model, dataset) {
  return {
    facts: {
      schema: 1,
      model: model.id,
      model_sha256: model.sha256,
      input: model.input,
      dataset: dataset.name,
      classes: dataset.classes,
      rows: 0,
      dimension: 0,
      scanned: 0,
      files: [],
      labels: [],
      skipped: [],
    },
    features: [],
  };
}

/**
 * Brings the cells of one data set up to `limit` images, for all models: images are decoded once.
 *
 * @param {Build} build
 * @param {Model[]} models
 * @param {DataSet} dataset
 */
export async function buildDataSet(build, models, dataset) {
  const wanted = Math.min(build.limit, dataset.candidates.length);
  const cells = new Map();
  for (const model of models) {
    const cell = build.force ? undefined : await readCell(build.bank, model, dataset);
    if (!cell || cell.facts.scanned < wanted) {
      cells.set(model, cell ?? emptyCell(model, dataset));
    }
  }
  for (let start = 0; start < wanted && cells.size > 0; start += chunkSize) {
    const end = Math.min(start + chunkSize, wanted);
    const behind = [...cells].filter(([, { facts }]) => facts.scanned < end);
    const from = Math.min(...behind.map(([, { facts }]) => facts.scanned));
    if (behind.length === 0) {
      continue;
    }
    const images = await decodeRange(dataset, from, end);
    for (const [model, cell] of behind) {
      await tryExtend(build, { model, cell, dataset, images: images.slice(cell.facts.scanned - from), end })
        .catch((error) => {
          cells.delete(model);
          build.onProblem(`${model.id} × ${dataset.name}: ${reasonOf(error)}`);
        });
    }
  }
}

/**
 * @param {DataSet} dataset
 * @param {number} from
 * @param {number} end
 * @returns {Promise<{file: string, label: number, pixels?: Pixels, reason?: string}[]>}
 */
function decodeRange(dataset, from, end) {
  return mapOrdered(dataset.candidates.slice(from, end), 4, async ({ file, label }) => {
    try {
      return { file, label, pixels: await decodeImage(await readFile(join(dataset.folder, file))) };
    } catch (error) {
      return { file, label, reason: reasonOf(error) };
    }
  });
}

/**
 * @param {Build} build
 * @param {{model: Model, cell: Cell, dataset: DataSet, end: number,
 *   images: Awaited<ReturnType<typeof decodeRange>>}} work
 */
async function tryExtend(build, { model, cell: { facts, features }, dataset, images, end }) {
  const started = performance.now();
  await build.pool.loadNetwork(model.id, model.bytes, model.input);
  try {
    const readable = images.filter(({ pixels }) => pixels);
    const rows = await mapOrdered(readable, build.pool.size * 2, async ({ file, pixels }) =>
      finite(await build.pool.embed(/** @type {Pixels} */ (pixels), model.id, { keep: true }), file));
    features.push(...rows);
    facts.files.push(...readable.map(({ file }) => file));
    facts.labels.push(...readable.map(({ label }) => label));
    facts.skipped.push(...images.filter(({ pixels }) => !pixels).map(({ file, reason = '' }) => ({ file, reason })));
    facts.rows = features.length;
    facts.dimension = features[0]?.length ?? 0;
    facts.scanned = end;
    await writeCell(build.bank, { facts, features });
    build.onCell({ model, dataset: dataset.name, images: images.length, seconds: (performance.now() - started) / 1000 });
  } finally {
    build.pool.unloadNetwork(model.id);
  }
}

/** @param {Float32Array} features @param {string} file @returns {Float32Array} */
function finite(features, file) {
  if (!features.every(Number.isFinite)) {
    throw new Error(`the features of ${file} are not finite`);
  }
  return features;
}
