// Asks one of the page's own workers, and its side of that: what fails is said as a reason.
import { createAnswerer } from '../wasm/worker-answer.mjs';
import { WorkerLink, connectWorker } from '../wasm/worker-link.mjs';
import { FileError, reasonOf } from './reasons.mjs';

export class WorkerClient extends WorkerLink {
  /** @param {() => Worker} spawn */
  constructor(spawn) {
    super((listeners) => connectWorker(spawn(), listeners), {
      ofReply: (reason) => new FileError(reason),
      ofCrash: (message) => new FileError({ code: 'crash', values: [message] }),
    });
  }
}

/**
 * The worker's side: answers one request after another.
 *
 * @param {Record<string, (args: any) => any>} operations each gives its result
 * @param {(result: any) => Transferable[]} [transferOf] what of a result is given away
 */
export function answerRequests(operations, transferOf = () => []) {
  const answer = createAnswerer({
    run: (op, args) => operations[op](args),
    transferOf,
    describe: reasonOf,
    post: (reply, transfer) => globalThis.postMessage(reply, { transfer }),
  });
  globalThis.addEventListener('message', ({ data }) => answer(data));
}
