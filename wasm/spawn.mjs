// Starts a worker in a browser; spawn-node.mjs does the same in Node.

/** @type {import('./worker-pool.mjs').Spawn} */
export function spawnWorker({ onReply, onCrash }) {
  const worker = new Worker(new URL('./worker-browser.mjs', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }) => onReply(data));
  worker.addEventListener('error', (event) => onCrash(event.message ?? 'the worker did not start'));
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    terminate: () => worker.terminate(),
  };
}
