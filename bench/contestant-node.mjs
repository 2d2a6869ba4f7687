// node bench/contestant-node.mjs ENGINE ADDRESS, forked: makes one contestant ready and says so, then
// answers every message with the milliseconds that an image took.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { makeContestant } from './contestant.mjs';

const require = createRequire(import.meta.url);
const libraries = {
  ort: async () => (await import('onnxruntime-web')).default,
  async tf() {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);
    const parts = [await import('@tensorflow/tfjs-core'), await import('@tensorflow/tfjs-converter'), await import('@tensorflow/tfjs-layers')];
    return Object.assign({}, ...parts);
  },
};

const [name, base] = process.argv.slice(2);
const run = await makeContestant(name, libraries, base);
process.on('message', async () => process.send?.(await run()));
process.send?.('ready');
