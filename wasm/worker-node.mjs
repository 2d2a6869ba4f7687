// The worker of worker.mjs as a node:worker_threads thread.
import { parentPort } from 'node:worker_threads';
import { createHandler } from './worker.mjs';

if (parentPort) {
  const port = parentPort;
  const handle = createHandler((message, transfer) => port.postMessage(message, transfer));
  let queue = Promise.resolve();
  port.on('message', (request) => {
    queue = queue.then(() => handle(request));
  });
}
