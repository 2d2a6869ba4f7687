// The worker of worker.mjs as a browser's Worker.
import { createHandler } from './worker.mjs';

const handle = createHandler((reply, transfer) => globalThis.postMessage(reply, { transfer }));
globalThis.addEventListener('message', ({ data }) => handle(data));
