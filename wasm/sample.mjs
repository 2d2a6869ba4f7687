// A user's sample -> features by class: which images, decoded and embedded a few at a time, and what
// becomes of those that cannot be read. The same for the page and the command line.
import { mapOrdered } from './map-ordered.mjs';
import { ModelSpiderError } from './modelspider.mjs';

/**
 * @typedef {import('./modelspider.mjs').Pixels} Pixels
 * @typedef {{file: string, decode(): Promise<Pixels>}} SampleImage
 * @typedef {{name: string, images: SampleImage[]}} SampleClass
 * @typedef {{file: string, reason: string}} Skipped
 * @typedef {{name: string, files: string[], features: Float32Array[]}} EmbeddedClass
 * @typedef {{classes: EmbeddedClass[], skipped: Skipped[],
 *   seconds: {decode: number, encode: number}}} EmbeddedSample the seconds are shares of the time
 *   that passed, since decoding and encoding overlap
 */

/**
 * At most `limit` images of each class, drawn by the seed, in their own order.
 *
 * @param {SampleClass[]} classes
 * @param {number} limit
 * @param {number} seed
 * @returns {SampleClass[]}
 */
export function limitPerClass(classes, limit, seed) {
  return classes.map(({ name, images }, index) => {
    if (images.length <= limit) {
      return { name, images };
    }
    const random = createRandom(seed + index * 0x9e3779b9);
    const order = images.map((_, i) => i);
    for (let i = 0; i < limit; i++) {
      const j = i + Math.floor(random() * (order.length - i));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return { name, images: order.slice(0, limit).sort((a, b) => a - b).map((i) => images[i]) };
  });
}

/** Mulberry32: small, and good enough to draw a sample. @param {number} seed @returns {() => number} */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * An image that cannot be decoded or embedded is named with its reason, and the rest goes on;
 * classes without a readable image are left out.
 *
 * @param {SampleClass[]} classes
 * @param {{embed(pixels: Pixels, file: string): Promise<Float32Array>, width: number,
 *   onProgress?(done: number, total: number): void, signal?: AbortSignal}} options width: how many
 *   images are in hand at once
 * @returns {Promise<EmbeddedSample>}
 */
export async function embedSample(classes, { embed, width, onProgress, signal }) {
  const images = classes.flatMap(({ images: own }, label) => own.map((image) => ({ ...image, label })));
  const started = performance.now();
  const spent = { decode: 0, encode: 0 };
  let done = 0;
  const outcomes = await mapOrdered(images, width, async ({ file, decode }) => {
    throwIfAborted(signal);
    try {
      const begun = performance.now();
      const pixels = await decode();
      const decoded = performance.now();
      spent.decode += decoded - begun;
      throwIfAborted(signal);
      const features = await embed(pixels, file);
      spent.encode += performance.now() - decoded;
      return { features, reason: '' };
    } catch (error) {
      if (isFatal(error)) {
        throw error;
      }
      return { features: undefined, reason: error instanceof Error ? error.message : String(error) };
    } finally {
      onProgress?.(++done, images.length);
    }
  });
  return { ...collect(classes, images, outcomes), seconds: shares(spent, (performance.now() - started) / 1000) };
}

/** @param {AbortSignal | undefined} signal */
export function throwIfAborted(signal) {
  if (signal?.aborted) {
    throw new ModelSpiderError('cancelled', 'cancelled');
  }
}

/** Whether an error concerns more than one image. @param {unknown} error */
function isFatal(error) {
  return error instanceof ModelSpiderError && (error.code === 'cancelled' || error.code === 'internal');
}

/**
 * @param {SampleClass[]} classes
 * @param {{file: string, label: number}[]} images
 * @param {{features?: Float32Array, reason: string}[]} outcomes
 */
function collect(classes, images, outcomes) {
  /** @type {EmbeddedClass[]} */
  const embedded = classes.map(({ name }) => ({ name, files: [], features: [] }));
  /** @type {Skipped[]} */
  const skipped = [];
  outcomes.forEach(({ features, reason }, i) => {
    const { file, label } = images[i];
    if (features) {
      embedded[label].files.push(file);
      embedded[label].features.push(features);
    } else {
      skipped.push({ file, reason });
    }
  });
  return { classes: embedded.filter(({ features }) => features.length > 0), skipped };
}

/** @param {{decode: number, encode: number}} spent @param {number} elapsed seconds */
function shares({ decode, encode }, elapsed) {
  const share = decode + encode > 0 ? decode / (decode + encode) : 0;
  return { decode: elapsed * share, encode: elapsed * (1 - share) };
}
