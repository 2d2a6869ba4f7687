// Starts a worker in a browser; spawn-node.mjs does the same in Node.
import { connectWorker } from './worker-link.mjs';

/** @type {import('./worker-link.mjs').Spawn} */
export function spawnWorker(listeners) {
  return connectWorker(new Worker(new URL('./worker-browser.mjs', import.meta.url), { type: 'module' }), listeners);
}
