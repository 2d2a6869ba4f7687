// node bench/rivals.mjs [--browser] [ID…]   (npm run bench -- …)
// Our engine beside onnxruntime-web and TF.js, all as WebAssembly on one thread: the same network, the
// same normalised picture, each engine in a process of its own, taking turns in one run, in Node or in
// Chromium. Ours and onnxruntime-web run the very same ONNX file, TF.js the published model; ours in
// floats and in integers. Ratios count, medians of those of the rounds; milliseconds are of this
// machine. Ours includes making the input from pixels, which the rivals get ready-made. With --start,
// what start.mjs measures instead.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { startServer } from './server.mjs';
import { measureStart } from './start.mjs';

const program = fileURLToPath(new URL('contestant-node.mjs', import.meta.url));
const manifest = JSON.parse(await readFile(new URL('../zoo/browser/manifest.json', import.meta.url), 'utf8'));

/** @typedef {{run(): Promise<number>, close(): Promise<void>}} Contestant */

/** @param {string} name @param {string} base @returns {Promise<Contestant>} */
async function inNode(name, base) {
  const child = fork(program, [name, base]);
  const gone = once(child, 'exit').then(([code]) => { throw new Error(`${name} ended (${code})`); });
  gone.catch(() => {});
  await Promise.race([once(child, 'message'), gone]);
  return {
    async run() {
      child.send('run');
      const [ms] = await Promise.race([once(child, 'message'), gone]);
      return ms;
    },
    async close() {
      child.kill();
    },
  };
}

/** A context of its own is a process of its own. @param {import('playwright-core').Browser} browser */
const inBrowser = (browser) => async (/** @type {string} */ name, /** @type {string} */ base) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${base}/bench/contestant.html`);
  await page.evaluate((engine) => /** @type {any} */ (globalThis).prepare(engine), name);
  return {
    run: () => page.evaluate(() => /** @type {any} */ (globalThis).run()),
    close: () => context.close(),
  };
};

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/**
 * @param {any} entry
 * @param {(name: string, base: string) => Promise<Contestant>} make
 * @param {number} rounds after the first
 * @returns {Promise<Record<string, number[]>>} milliseconds of each engine's images
 */
async function compete(entry, make, rounds) {
  await server.offer(entry);
  const names = ['modelspider', 'modelspider int16', 'onnxruntime-web', ...(entry.source.format === 'onnx' ? [] : ['TF.js wasm'])];
  /** @type {Contestant[]} */
  const contestants = [];
  for (const name of names) {
    contestants.push(await make(name, server.base));
  }
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [i, name] of names.entries()) {
      times[name].push(await contestants[i].run());
    }
  }
  await Promise.all(contestants.map((contestant) => contestant.close()));
  return times;
}

/**
 * The median of what one engine took of another's time in the same round: clocks of shared machines change
 * by a quarter within seconds, and the best times of two engines may be of different clocks.
 *
 * @param {number[]} times of an engine, the first image of which does not count
 * @param {number[]} others
 */
const ratioOf = (times, others) => median(times.slice(1).map((ms, i) => ms / others[i + 1]));

/** @param {string} id @param {Record<string, number[]>} times @returns {string} rows of the table */
function report(id, times) {
  return Object.entries(times).map(([name, [first, ...rest]]) => {
    const ratios = ['modelspider', 'modelspider int16'].map((engine) => ratioOf(times[engine], times[name]).toFixed(2));
    return `| ${[id, name, ...[first, Math.min(...rest), median(rest)].map((ms) => ms.toFixed(1)), ...ratios].join(' | ')} |\n`;
  }).join('');
}

/** @param {number[]} values */
const geometricMean = (values) => Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { browser: { type: 'boolean' }, start: { type: 'boolean' }, rounds: { type: 'string', default: '30' } },
});
if (values.start) {
  process.stdout.write(await measureStart(11));
  process.exit();
}
const all = [manifest.encoder, ...manifest.models];
const entries = positionals.length > 0 ? all.filter(({ id }) => positionals.includes(id)) : all;
const server = await startServer();
const browser = values.browser
  ? await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'],
  })
  : undefined;
process.stdout.write(`${cpus()[0].model}, ${browser ? `Chromium ${browser.version()}` : `Node ${process.version}`}\n\n`);
process.stdout.write('| network | engine | first ms | best ms | median ms | ours / it | int16 / it |\n| --- | --- | --- | --- | --- | --- | --- |\n');
const ratios = { ours: /** @type {number[]} */ ([]), int16: /** @type {number[]} */ ([]) };
for (const entry of entries) {
  const times = await compete(entry, browser ? inBrowser(browser) : inNode, Number(values.rounds));
  process.stdout.write(report(entry.id, times));
  ratios.ours.push(ratioOf(times.modelspider, times['onnxruntime-web']));
  ratios.int16.push(ratioOf(times['modelspider int16'], times['onnxruntime-web']));
}
process.stdout.write(`\ngeometric means of ${entries.length}: ours / onnxruntime-web ${geometricMean(ratios.ours).toFixed(2)}, int16 ${geometricMean(ratios.int16).toFixed(2)}\n`);
await browser?.close();
server.close();
