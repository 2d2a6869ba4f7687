// node bench/rivals.mjs [ID…|--start]   (npm run bench -- …)
// Our engine beside onnxruntime-web and TF.js, all as WebAssembly on one thread, taking turns in one
// run: the same network, the same normalised picture. Ours and onnxruntime-web run the very same
// ONNX file, TF.js runs the published graph model; ours in floats and in integers. Ratios count,
// milliseconds are of this machine. Ours includes making the input from pixels, which the rivals get
// ready-made. With --start, what start.mjs measures instead.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-web';
import { tfjsFeatures } from '../tests/convert/tfjs-oracle.mjs';
import { normalise, picture } from '../tests/parity/picture.mjs';
import { readWasm } from '../tests/wasm/wasm-file.mjs';
import { createEngine } from '../wasm/modelspider.mjs';
import { convertModel } from '../zoo/convert/convert.mjs';
import { locateSource } from '../zoo/convert/source.mjs';
import { measureStart } from './start.mjs';

const rounds = 30;
const packageRoot = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(await readFile(new URL('../zoo/browser/manifest.json', import.meta.url), 'utf8'));
const all = [manifest.encoder, ...manifest.models];

/**
 * @param {any} entry
 * @returns {Promise<Record<string, () => unknown>>} one image through each engine
 */
async function contestants(entry) {
  const bytes = await convertModel(entry, { packageRoot });
  const image = picture(entry.input.width, entry.input.height);
  const network = engine.loadNetwork(bytes, { ...entry.input, signature: false });
  const quantised = engine.loadNetwork(bytes, { ...entry.input, signature: false, precision: 'int16' });
  const session = await ort.InferenceSession.create(bytes);
  const tensor = normalise(ort, entry.input, image.data);
  /** @type {Record<string, () => unknown>} */
  const runs = {
    modelspider: () => network.embed(image),
    'modelspider int16': () => quantised.embed(image),
    'onnxruntime-web': () => session.run({ [session.inputNames[0]]: tensor }),
  };
  if (entry.source.format.startsWith('tfjs')) {
    const { files } = await locateSource(entry, { packageRoot });
    const features = await tfjsFeatures(entry, files);
    const channels = entry.input.channels === 'grey' ? 1 : 3;
    const nhwc = new Float32Array(tensor.data.length);
    tensor.data.forEach((/** @type {number} */ value, /** @type {number} */ i) => {
      const plane = tensor.data.length / channels;
      nhwc[(i % plane) * channels + Math.floor(i / plane)] = value;
    });
    runs['TF.js wasm'] = () => features({ nhwc, channels });
  }
  return runs;
}

/** @param {() => unknown} run @returns {Promise<number>} milliseconds */
async function time(run) {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

ort.env.wasm.numThreads = 1;
const engine = await createEngine(await readWasm());
const wanted = process.argv.slice(2);
if (wanted.includes('--start')) {
  process.stdout.write(await measureStart(11));
  process.exit();
}
const entries = wanted.length > 0 ? all.filter(({ id }) => wanted.includes(id)) : all;
process.stdout.write('| network | engine | first ms | best ms | median ms | ours / it, best | int16 / it, best |\n| --- | --- | --- | --- | --- | --- | --- |\n');
for (const entry of entries) {
  const runs = await contestants(entry);
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(Object.keys(runs).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of Object.entries(runs)) {
      times[name].push(await time(run));
    }
  }
  const best = (/** @type {string} */ name) => Math.min(...times[name].slice(1));
  for (const [name, [first, ...rest]] of Object.entries(times)) {
    process.stdout.write(`| ${entry.id} | ${name} | ${first.toFixed(1)} | ${best(name).toFixed(1)} | ${median(rest).toFixed(1)} | ${(best('modelspider') / best(name)).toFixed(2)} | ${(best('modelspider int16') / best(name)).toFixed(2)} |\n`);
  }
}
process.exit();
