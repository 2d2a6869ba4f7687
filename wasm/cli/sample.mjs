// The user's folder or zip on the command line: opened, limited, embedded, and what was wrong said.
import { embedSample, limitPerClass } from '../sample.mjs';
import { Failure } from './failure.mjs';
import { openSample } from './images.mjs';

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
