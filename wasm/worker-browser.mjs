// The worker of worker.mjs as a browser's Worker.
import { createHandler } from './worker.mjs';

const handle = createHandler((message, transfer) => globalThis.postMessage(message, { transfer }));
let queue = Promise.resolve();
globalThis.addEventListener('message', ({ data }) => {
  queue = queue.then(() => handle(data));
});
