// Deals files out to image workers, one at a time to each.
import { WorkerClient } from '../worker-client.mjs';

/**
 * @typedef {import('../intake/group.mjs').Source} Source
 * @typedef {import('../../wasm/zip.mjs').ZipEntry} ZipEntry
 * @typedef {{op: string, args: any, resolve(result: any): void, reject(error: Error): void}} Job
 */

const spawn = () => new Worker(new URL('./image-worker.mjs', import.meta.url), { type: 'module' });

export class ImagePool {
  #clients;
  /** @type {WorkerClient[]} */
  #idle;
  /** @type {Job[]} */
  #queue = [];
  /** @type {Set<Job>} */
  #running = new Set();

  /** Starts all workers, so that none has to be fetched later. @param {number} size how many */
  constructor(size) {
    this.#clients = Array.from({ length: size }, () => new WorkerClient(spawn));
    this.#idle = [...this.#clients];
    this.#clients.forEach((client) => client.start());
  }

  /** @returns {Promise<import('./probe.mjs').Verdict>} */
  probe() {
    return this.#add('probe', {});
  }

  /** @param {Blob} blob @returns {Promise<ZipEntry[]>} */
  listZip(blob) {
    return this.#add('list', { blob });
  }

  /** @param {Blob} blob @param {ZipEntry} entry @returns {Promise<Uint8Array>} */
  readZip(blob, entry) {
    return this.#add('read', { blob, entry });
  }

  /** @param {Source} source @returns {Promise<import('../../wasm/modelspider.mjs').Pixels>} */
  decode(source) {
    return this.#add('decode', { source });
  }

  /** @param {Source} source @param {number} side @returns {Promise<ImageBitmap>} */
  thumbnail(source, side) {
    return this.#add('thumbnail', { source, side });
  }

  /** @param {import('../session/session-file.mjs').Part[]} parts @returns {Promise<Blob>} */
  packZip(parts) {
    return this.#add('pack', { parts });
  }

  /** Has every worker started, so that no script is fetched later. */
  async warmUp() {
    await Promise.all(this.#clients.map((client) => client.request('probe', {})));
  }

  /** Fails what was asked. What a worker has in hand is soon over, and then forgotten. @param {Error} error */
  cancel(error) {
    [...this.#queue.splice(0), ...this.#running].forEach(({ reject }) => reject(error));
  }

  /** @param {string} op @param {any} args @returns {Promise<any>} */
  #add(op, args) {
    return new Promise((resolve, reject) => {
      this.#queue.push({ op, args, resolve, reject });
      this.#deal();
    });
  }

  #deal() {
    while (this.#idle.length > 0 && this.#queue.length > 0) {
      const client = /** @type {WorkerClient} */ (this.#idle.pop());
      const job = /** @type {Job} */ (this.#queue.shift());
      this.#running.add(job);
      client.request(job.op, job.args).then(job.resolve, job.reject).finally(() => {
        this.#running.delete(job);
        this.#idle.push(client);
        this.#deal();
      });
    }
  }
}
