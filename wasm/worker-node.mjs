// The worker of worker.mjs as a node:worker_threads thread.
import { parentPort } from 'node:worker_threads';
import { createHandler } from './worker.mjs';

if (parentPort) {
  const port = parentPort;
  port.on('message', createHandler((reply, transfer) => port.postMessage(reply, transfer)));
}
