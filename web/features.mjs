// Features of the user's images by network, kept as long as the page holds the image, so that
// editing the task or ranking again costs nothing that was computed before.
import { ModelSpiderError } from '../wasm/modelspider.mjs';
import { embedSample } from '../wasm/sample.mjs';
import { reasonText } from './i18n.mjs';
import { reasonOf } from './reasons.mjs';

/**
 * @typedef {import('./task.mjs').TaskImage} TaskImage
 * @typedef {import('./task.mjs').TaskClass} TaskClass
 * @typedef {import('../wasm/modelspider.mjs').Pixels} Pixels
 * @typedef {{onProgress(done: number, total: number): void,
 *   onUnreadable(image: TaskImage, reason: import('./reasons.mjs').Reason): void,
 *   signal: AbortSignal}} EmbedOptions
 */

export class FeatureStore {
  /** @type {Map<string, WeakMap<TaskImage, Float32Array>>} */
  #known = new Map();
  #pool;
  #images;

  /**
   * @param {import('../wasm/worker-pool.mjs').WorkerPool} pool
   * @param {import('./images/image-pool.mjs').ImagePool} images
   */
  constructor(pool, images) {
    this.#pool = pool;
    this.#images = images;
  }

  /** @param {string} key of a network @returns {WeakMap<TaskImage, Float32Array>} what is known of its features */
  known(key) {
    const known = this.#known.get(key) ?? new WeakMap();
    this.#known.set(key, known);
    return known;
  }

  /**
   * @param {TaskClass[]} classes
   * @param {string} key of a network of the pool
   * @param {EmbedOptions} options
   * @returns {Promise<import('../wasm/sample.mjs').EmbeddedSample>}
   */
  embed(classes, key, { onProgress, onUnreadable, signal }) {
    const known = this.known(key);
    /** @type {WeakMap<Pixels, Float32Array>} stands in for pixels whose features are known */
    const spared = new WeakMap();
    /** @type {WeakMap<Pixels, TaskImage>} */
    const origins = new WeakMap();

    /** @param {TaskImage} image @returns {Promise<Pixels>} */
    const decode = async (image) => {
      const features = known.get(image);
      if (features) {
        const stand = { data: new Uint8Array(0), width: 0, height: 0 };
        spared.set(stand, features);
        return stand;
      }
      try {
        const pixels = await this.#images.decode(image.source);
        origins.set(pixels, image);
        return pixels;
      } catch (error) {
        if (signal.aborted) {
          throw error;
        }
        const reason = reasonOf(error);
        onUnreadable(image, reason);
        throw new Error(reasonText(reason));
      }
    };
    /** @param {Pixels} pixels */
    const embed = async (pixels) => {
      const image = origins.get(pixels);
      try {
        const features = spared.get(pixels) ?? await this.#pool.embed(pixels, key);
        if (image) {
          known.set(image, features);
        }
        return features;
      } catch (error) {
        if (image && error instanceof ModelSpiderError && !['cancelled', 'internal'].includes(error.code)) {
          onUnreadable(image, reasonOf(error));
        }
        throw error;
      }
    };
    const sample = classes.map(({ name, images }) =>
      ({ name, images: images.map((image) => ({ file: image.path, decode: () => decode(image) })) }));
    return embedSample(sample, { embed, width: this.#pool.size * 2, onProgress, signal });
  }
}
