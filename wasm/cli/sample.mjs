// The user's folder or zip on the command line: opened, limited, embedded, and what was wrong said.
import { embedSample, limitPerClass } from '../sample.mjs';
import { inputIn, modelFile, readModel, withCompanions } from './assets.mjs';
import { Failure, reasonOf } from './failure.mjs';
import { openSample } from './images.mjs';

/**
 * @typedef {{pool: import('../worker-pool.mjs').WorkerPool, zoo: import('./assets.mjs').Zoo, path: string,
 *   terminal: import('./terminal.mjs').Terminal,
 *   precision?: import('./assets.mjs').Precision | 'auto'}} ModelRun path: of the sample
 */

/**
 * @param {string} path of a folder or a zip
 * @param {{limit: number, seed: number, minimumClasses: number}} options
 * @returns {Promise<import('./images.mjs').Sample>}
 */
export async function openLimited(path, { limit, seed, minimumClasses }) {
  const sample = await openSample(path);
  if (sample.classes.length < minimumClasses) {
    await sample.close();
    throw new Failure('data', countProblem(path, sample.classes.length, 'holds'));
  }
  return { ...sample, classes: limitPerClass(sample.classes, limit, seed) };
}

/** @param {string} path @param {number} count of classes @param {string} verb */
function countProblem(path, count, verb) {
  return count === 0
    ? `${path} ${verb} no image in a class folder: make one sub-folder per class`
    : `${path} ${verb} images of one class only: a task has at least 2, one sub-folder each`;
}

/**
 * @param {import('./images.mjs').Sample} sample
 * @param {{path: string, pool: import('../worker-pool.mjs').WorkerPool, key: string,
 *   terminal: import('./terminal.mjs').Terminal, minimumClasses: number}} options
 * @returns {Promise<import('../sample.mjs').EmbeddedSample>}
 */
export async function embedWithPool(sample, { path, pool, key, terminal, minimumClasses }) {
  const embedded = await embedSample(sample.classes, {
    embed: (pixels) => pool.embed(pixels, key),
    width: pool.size * 2 + 2,
    onProgress: (done, total) => terminal.progress(`${key}: image ${done} of ${total}`),
  });
  const skipped = [...sample.skipped, ...embedded.skipped];
  skipped.forEach(({ file, reason }) => terminal.warn(`${file} is skipped: ${reason}`));
  if (embedded.classes.length < minimumClasses) {
    throw new Failure('data', countProblem(path, embedded.classes.length, 'has readable'));
  }
  return { ...embedded, skipped };
}

/**
 * Makes workers load the encoder with its companions, or a model of the zoo.
 *
 * @param {Pick<ModelRun, 'pool' | 'zoo' | 'precision'>} run
 * @param {import('./assets.mjs').ModelEntry} entry
 * @returns {Promise<{loaded: Promise<void>}>} as soon as workers are at it
 */
export async function startLoading({ pool, zoo, precision = 'f32' }, entry) {
  const [{ bytes, input }, ...companions] = await Promise.all(withCompanions(zoo, entry).map(async (part) =>
    ({ bytes: await readModel(zoo, part), input: await inputIn(zoo, part, precision) })));
  const loaded = pool.loadNetwork(entry.id, bytes, input, companions).then(() => undefined, (error) => {
    throw new Failure('asset', `${modelFile(zoo, entry)} cannot be loaded: ${reasonOf(error)}`);
  });
  loaded.catch(() => undefined); // who waits for it says so
  return { loaded };
}

/**
 * Embeds the images with the encoder and its companions, or with a model of the zoo.
 *
 * @param {ModelRun} run
 * @param {import('./assets.mjs').ModelEntry} entry
 * @param {import('./images.mjs').Sample} sample
 * @param {{loaded: Promise<void>}} [loading] startLoading's, where that was called before
 * @returns {Promise<import('../sample.mjs').EmbeddedSample>}
 */
export async function embedWithModel(run, entry, sample, loading) {
  const { pool, path, terminal } = run;
  await (loading ?? await startLoading(run, entry)).loaded;
  const embedded = await embedWithPool(sample, { path, pool, key: entry.id, terminal, minimumClasses: 2 });
  pool.unloadNetwork(entry.id);
  return embedded;
}

/**
 * What of a sample one model could read, so that the others say nothing of the rest.
 *
 * @param {import('./images.mjs').Sample} sample
 * @param {import('../sample.mjs').EmbeddedSample} embedded
 * @returns {import('./images.mjs').Sample}
 */
export function readablePart(sample, embedded) {
  const readable = new Set(embedded.classes.flatMap(({ files }) => files));
  const classes = sample.classes.map(({ name, images }) => ({ name, images: images.filter(({ file }) => readable.has(file)) }))
    .filter(({ images }) => images.length > 0);
  return { ...sample, classes, skipped: [] };
}
