// Starts a worker in Node; spawn.mjs does the same in a browser.
import { Worker } from 'node:worker_threads';

/** @type {import('./worker-link.mjs').Spawn} */
export function spawnWorker({ onReply, onCrash }) {
  const worker = new Worker(new URL('./worker-node.mjs', import.meta.url));
  worker.on('message', onReply);
  worker.on('error', (error) => onCrash(error instanceof Error ? error.message : String(error)));
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    terminate: () => void worker.terminate(),
  };
}
