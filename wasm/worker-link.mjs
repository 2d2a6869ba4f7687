// A worker and what it was asked: a reply finds its request by the id. A worker that was stopped or
// has crashed is not mended: another takes its place with the next request. worker-answer.mjs is the
// worker's side.

/**
 * @typedef {{id: number, op: string, args: any}} Request
 * @typedef {{id: number, ok: true, result: any} | {id: number, ok: false, error: any}} Reply error:
 *   what the worker says of it
 * @typedef {{post(request: Request, transfer: ArrayBuffer[]): void, terminate(): void}} RunningWorker
 * @typedef {(listeners: {onReply(reply: Reply): void, onCrash(reason: string): void}) => RunningWorker} Spawn
 *   starts a worker; the reason of a crash is empty where none is known
 * @typedef {{ofReply(error: any): Error, ofCrash(reason: string): Error}} Failures
 */

export class WorkerLink {
  /** @type {RunningWorker | undefined} */
  #worker;
  #spawn;
  #failures;
  #lastId = 0;
  /** @type {Map<number, {resolve(result: any): void, reject(error: Error): void}>} */
  #pending = new Map();

  /** @param {Spawn} spawn @param {Failures} failures what a request fails with */
  constructor(spawn, failures) {
    this.#spawn = spawn;
    this.#failures = failures;
  }

  /** Whether a worker is there that has not been stopped. */
  get isRunning() {
    return this.#worker !== undefined;
  }

  /** The worker, started where none is there. @returns {RunningWorker} */
  start() {
    this.#worker ??= this.#connect();
    return this.#worker;
  }

  /** @param {string} op @param {any} args @param {ArrayBuffer[]} [transfer] @returns {Promise<any>} */
  request(op, args, transfer = []) {
    const worker = this.start();
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#pending.set(id, { resolve, reject });
      worker.post({ id, op, args }, transfer);
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

  /** @returns {RunningWorker} */
  #connect() {
    /** @type {RunningWorker} */
    const worker = this.#spawn({
      onReply: (reply) => this.#worker === worker && this.#settle(reply),
      onCrash: (reason) => this.#worker === worker && this.stop(this.#failures.ofCrash(reason)),
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
      pending?.reject(this.#failures.ofReply(reply.error));
    }
  }
}

/**
 * A browser's worker, as a Spawn gives it.
 *
 * @param {Worker} worker
 * @param {Parameters<Spawn>[0]} listeners
 * @returns {RunningWorker}
 */
export function connectWorker(worker, { onReply, onCrash }) {
  worker.addEventListener('message', ({ data }) => onReply(data));
  worker.addEventListener('error', ({ message }) => onCrash(message ?? ''));
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    terminate: () => worker.terminate(),
  };
}
