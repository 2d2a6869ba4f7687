// Whole architectures with random weights, exported by Debian's python3-torchvision: our engine
// against onnxruntime on the very same file. Heavy: npm test -- networks.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-web';
import { createEngine } from '../../wasm/modelspider.mjs';
import { normalise, picture } from '../parity/picture.mjs';
import { readWasm } from '../wasm/wasm-file.mjs';

const script = fileURLToPath(new URL('export.py', import.meta.url));

/** Debian's Python, which may not be the first on the path. @param {string[]} args */
const python = (...args) => execFileSync('/usr/bin/python3', ['-W', 'ignore', script, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** @returns {{networks: string[][], reason: string}} rows of name, side, opset, what is left open */
function listNetworks() {
  try {
    return { networks: python('--list').trim().split('\n').map((line) => line.split(' ')), reason: '' };
  } catch (error) {
    const { stderr, message } = /** @type {Error & {stderr?: string}} */ (error);
    return { networks: [], reason: `needs the packages python3-torch and python3-torchvision (${(stderr || message).trim().split('\n').at(-1)})` };
  }
}

const { networks, reason } = listNetworks();
/** @type {import('../../wasm/modelspider.mjs').Engine} */
let engine;
/** @type {string} */
let folder;

before(async () => {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  engine = await createEngine(await readWasm());
  folder = await mkdtemp(join(tmpdir(), 'networks-'));
});

after(() => rm(folder, { recursive: true, force: true }));

/** @param {Uint8Array} bytes @param {any} input @param {Uint8ClampedArray} data */
async function runOracle(bytes, input, data) {
  const session = await ort.InferenceSession.create(bytes);
  const outputs = await session.run({ image: normalise(ort, input, data) });
  await session.release();
  return /** @type {Float32Array} */ (outputs.features.data);
}

/** @param {Float32Array} a @param {Float32Array} b */
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

test('python3-torchvision is installed', { skip: reason || false }, () => {
  assert.ok(networks.length > 0);
});

for (const [name, side, opset, ...open] of networks) {
  test(`${name}, opset ${opset}${open.length ? `, ${open.join(' ')} left open` : ''}: agrees with onnxruntime`, async (context) => {
    const path = join(folder, `${name}.onnx`);
    python(name, path);
    const bytes = new Uint8Array(await readFile(path));
    await rm(path);
    /** @type {any} */
    const input = { width: Number(side), height: Number(side), channels: 'rgb', fit: 'crop', mean: [124, 116, 104], std: [58, 57, 57] };
    const image = picture(input.width, input.height);
    const network = engine.loadNetwork(bytes, input);
    const ours = network.embed(image);
    const { macCount } = network;
    network.destroy();
    const theirs = await runOracle(bytes, input, image.data);
    assert.equal(ours.length, theirs.length);
    const mean = theirs.reduce((sum, value) => sum + value, 0) / theirs.length;
    const centred = [ours, theirs].map((values) => values.map((value) => value - mean));
    const cosine = dot(centred[0], centred[1]) / Math.sqrt(dot(centred[0], centred[0]) * dot(centred[1], centred[1]));
    context.diagnostic(`${name}: ${Math.round(macCount / 1e6)} M multiply-adds, 1 - cosine ${(1 - cosine).toExponential(1)}`);
    // Without their common part, random logits are no more alike than any two vectors.
    assert.ok(cosine >= 0.99999, `cosine ${cosine}`);
  });
}
