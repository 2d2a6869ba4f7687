// Asks a worker, and starts another when it was stopped or has crashed.
import { FileError, reasonOf } from './reasons.mjs';

/**
 * @typedef {{resolve(result: any): void, reject(error: Error): void}} Pending
 * @typedef {{id: number, ok: true, result: any}
 *   | {id: number, ok: false, reason: import('./reasons.mjs').Reason}} Reply
 */

export class WorkerClient {
  /** @type {Worker | undefined} */
  #worker;
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #lastId = 0;
  #spawn;

  /** @param {() => Worker} spawn */
  constructor(spawn) {
    this.#spawn = spawn;
  }

  /** Whether a worker is there that has not been stopped. */
  get isRunning() {
    return this.#worker !== undefined;
  }

  /** @param {string} op @param {any} args @returns {Promise<any>} */
  request(op, args) {
    const worker = this.start();
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#pending.set(id, { resolve, reject });
      worker.postMessage({ id, op, args });
    });
  }

  /** Ends the worker and fails what it was asked. @param {Error} error */
  stop(error) {
    this.#worker?.terminate();
    this.#worker = undefined;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    pending.forEach(({ reject }) => reject(error));
  }

  /** The worker, started where none is there. */
  start() {
    this.#worker ??= this.#connect();
    return this.#worker;
  }

  #connect() {
    const worker = this.#spawn();
    worker.addEventListener('message', ({ data }) => this.#settle(data));
    worker.addEventListener('error', ({ message }) => {
      if (worker === this.#worker) {
        this.stop(new FileError({ code: 'crash', values: [message ?? ''] }));
      }
    });
    return worker;
  }

  /** @param {Reply} reply */
  #settle(reply) {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.ok) {
      pending?.resolve(reply.result);
    } else {
      pending?.reject(new FileError(reply.reason));
    }
  }
}

/**
 * The worker's side: answers one request after another.
 *
 * @param {Record<string, (args: any) => any>} operations each gives its result
 * @param {(result: any) => Transferable[]} [transferOf] what of a result is given away
 */
export function answerRequests(operations, transferOf = () => []) {
  let queue = Promise.resolve();
  globalThis.addEventListener('message', ({ data: { id, op, args } }) => {
    queue = queue.then(async () => {
      try {
        const result = await operations[op](args);
        globalThis.postMessage({ id, ok: true, result }, { transfer: transferOf(result) });
      } catch (error) {
        globalThis.postMessage({ id, ok: false, reason: reasonOf(error) });
      }
    });
  });
}
