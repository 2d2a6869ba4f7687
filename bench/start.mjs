// npm run bench -- --start
// What a user waits for before the encoder's first image, in fresh processes: to compile the wasm, to
// load (parse, fold, pack), to warm up, and the first image itself, which comes a moment after the
// warm-up as it does where images are picked or decoded, beside the images after it. One half of the
// processes goes without a warm-up. Medians; a busy machine makes all of it longer.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { textTable } from '../wasm/report.mjs';
import { convertModel } from '../zoo/convert/convert.mjs';

const packageRoot = fileURLToPath(new URL('..', import.meta.url));
const program = fileURLToPath(new URL('start-once.mjs', import.meta.url));
const { encoder } = JSON.parse(await readFile(new URL('../zoo/browser/manifest.json', import.meta.url), 'utf8'));
const bytes = await convertModel(encoder, { packageRoot });

/** @param {boolean} warm @returns {Promise<Record<string, number>>} */
async function startOnce(warm) {
  const child = spawn(process.execPath, [program, warm ? '1' : '0', JSON.stringify(encoder.input)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(bytes);
  return JSON.parse(await text(child.stdout));
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** @param {number} count of processes with a warm-up, and of others without one */
export async function measureStart(count) {
  const runs = { warm: /** @type {Record<string, number>[]} */ ([]), cold: /** @type {Record<string, number>[]} */ ([]) };
  for (let i = 0; i < count; i++) {
    runs.warm.push(await startOnce(true));
    runs.cold.push(await startOnce(false));
  }
  const columns = ['compile', 'load', 'warmUp', 'first', 'steady'];
  const rows = Object.entries(runs).map(([name, all]) => {
    const values = columns.map((column) => all.map((run) => run[column]));
    const ratio = median(all.map(({ first, steady }) => first / steady));
    return [name, ...values.map(([...of]) => (of[0] === undefined ? '' : median(of).toFixed(1))), ratio.toFixed(2),
      (median(all.map(({ memory }) => memory)) / 1e6).toFixed(1)];
  });
  return textTable([`${count} processes`, 'compile ms', 'load ms', 'warm-up ms', 'first ms', 'steady ms', 'first / steady', 'memory MB'], rows);
}
