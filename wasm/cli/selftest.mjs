// modelspider selftest: whether this machine and this installation do what they should.
import { Buffer } from 'node:buffer';
import { entriesOf, inputOf, readModel, readZoo, startEngine } from './assets.mjs';
import { decodeImage } from './decode.mjs';
import { exitCodes, kindOf, reasonOf } from './failure.mjs';
import { exactly, workersOption, integerOption } from './options.mjs';

/**
 * @typedef {import('../modelspider.mjs').Engine} Engine
 * @typedef {import('./assets.mjs').Zoo} Zoo
 * @typedef {{engine: Engine, pool: import('../worker-pool.mjs').WorkerPool, zoo: Zoo}} Subject
 */

/** A PNG of two pixels, red and half transparent blue. */
const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADklEQVQImWP4z8AAQg0AD3oDfoCpf8EAAAAASUVORK5CYII=';

/** @type {[string, (subject: Subject) => Promise<string>][]} what is checked, and what it found */
const checks = [
  ['pictures are decoded exactly', checkDecoding],
  ['rankings are compared exactly', checkRankings],
  ['workers compute the same bits as this thread', checkWorkers],
  ["the zoo's models are whole", checkModels],
];

/** @type {import('./options.mjs').Command} */
export const command = {
  name: 'selftest',
  summary: 'Checks that this machine and this installation do what they should',
  usage: 'selftest [options]',
  options: {
    zoo: { type: 'string', value: 'NAME|DIR', default: 'browser', help: 'which zoo, or a folder with one (default: browser)' },
    workers: workersOption,
  },
  async run({ values, positionals, terminal }) {
    exactly(positionals, []);
    const { engine, pool } = await startEngine(integerOption(values, 'workers', { min: 1, max: 256 }));
    /** @type {number} */
    let exitCode = exitCodes.ok;
    try {
      const zoo = await readZoo(values.zoo, engine);
      await terminal.data(`ok      modelspider ${engine.version}, Node ${process.version}, SIMD, ${pool.size} workers\n`);
      for (const [name, check] of checks) {
        try {
          await terminal.data(`ok      ${name}: ${await check({ engine, pool, zoo })}\n`);
        } catch (error) {
          exitCode = Math.max(exitCode, exitCodes[kindOf(error)]);
          await terminal.data(`FAILED  ${name}: ${reasonOf(error)}\n`);
        }
      }
    } finally {
      pool.destroy();
    }
    return exitCode;
  },
};

/** @returns {Promise<string>} */
async function checkDecoding() {
  const { data, width, height } = await decodeImage(Buffer.from(picture, 'base64'));
  const found = `${width} × ${height}: ${[...data].join(' ')}`;
  if (found !== '2 × 1: 255 0 0 255 0 0 255 128') {
    throw new Error(`two known pixels were read as ${found}`);
  }
  return 'two known pixels';
}

/** @param {Subject} subject @returns {Promise<string>} */
async function checkRankings({ engine }) {
  // 3 of the 10 pairs are in the other order: (7 - 3) / 10.
  const tau = engine.kendallTauB([1, 2, 3, 4, 5], [2, 1, 4, 5, 3]);
  if (Math.abs(tau - 0.4) > 1e-12) {
    throw new Error(`a known tau of 0.4 came out as ${tau}`);
  }
  return 'a known tau';
}

/** @param {Subject} subject @returns {Promise<string>} */
async function checkWorkers({ engine, pool, zoo }) {
  const bytes = await readModel(zoo, zoo.encoder);
  const network = engine.loadNetwork(bytes, inputOf(zoo.encoder));
  const image = { data: Uint8Array.from({ length: 320 * 240 * 4 }, (_, i) => Math.imul(i, 2654435761) >>> 24), width: 320, height: 240 };
  const expected = network.embed(image);
  network.destroy();
  await pool.loadNetwork('encoder', bytes, inputOf(zoo.encoder));
  const found = await Promise.all(Array.from({ length: pool.size }, () => pool.embed(image, 'encoder', { keep: true })));
  if (!found.every((features) => features.every((value, i) => Object.is(value, expected[i])))) {
    throw new Error('features differ');
  }
  return `${expected.length} features of ${zoo.encoder.name}`;
}

/** @param {Subject} subject @returns {Promise<string>} */
async function checkModels({ zoo }) {
  const entries = entriesOf(zoo);
  for (const entry of entries) {
    await readModel(zoo, entry);
  }
  return `${entries.length} files`;
}
