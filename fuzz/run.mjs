// node fuzz/run.mjs [SECONDS] [TARGET…]   (npm run fuzz -- 600 safetensors)
// Builds the fuzz targets and runs each for some seconds, 60 if nothing is said. The corpus grows in
// build/fuzz/corpus/ from run to run; an input that breaks something is kept in build/fuzz/found/.
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { targets, writeSeeds } from './seeds.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'build/fuzz');

/**
 * @param {string[]} command
 * @returns {Promise<{code: number | null, output: string}>} output: both streams
 */
function capture([program, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** Builds all targets. */
async function buildTargets() {
  for (const command of [['cmake', '--preset', 'fuzz'], ['cmake', '--build', '--preset', 'fuzz']]) {
    const { code, output } = await capture(command);
    if (code !== 0) {
      throw new Error(`${command.join(' ')} failed\n${output}`);
    }
  }
}

/**
 * @param {string} target
 * @param {number} seconds
 * @param {string[]} [options] of libFuzzer
 * @returns {Promise<{found: boolean, summary: string}>}
 */
async function fuzz(target, seconds, options = []) {
  const corpus = join(folder, 'corpus', target);
  const found = join(folder, 'found/');
  await writeSeeds(target, corpus);
  await mkdir(found, { recursive: true });
  const { code, output } = await capture([join(folder, 'fuzz', `${target}_fuzz`), `-max_total_time=${seconds}`,
    '-timeout=30', '-rss_limit_mb=2048', '-max_len=16384', `-artifact_prefix=${found}${target}-`, ...options, corpus]);
  const runs = /Done (\d+) runs/.exec(output)?.[1];
  const coverage = [...output.matchAll(/cov: (\d+)/g)].at(-1)?.[1];
  return {
    found: code !== 0 || runs === undefined,
    summary: code === 0 ? `${target}: ${runs} runs, ${coverage} edges` : `${target}:\n${output.slice(-6000)}`,
  };
}

/**
 * Runs targets, as many at a time as there are cores.
 *
 * @param {readonly string[]} names
 * @param {number} seconds for each
 * @param {string[]} [options] of libFuzzer
 * @returns {Promise<{found: boolean, summary: string}[]>}
 */
export async function fuzzAll(names, seconds, options) {
  const queue = [...names];
  /** @type {{found: boolean, summary: string}[]} */
  const outcomes = [];
  const work = async () => {
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      outcomes.push(await fuzz(target, seconds, options));
    }
  };
  await buildTargets();
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return outcomes;
}

/** @param {string[]} args @returns {Promise<number>} exit code */
async function main(args) {
  const [seconds, ...named] = /^\d+$/.test(args[0] ?? '') ? args : ['60', ...args];
  const unknown = named.find((name) => !targets.includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`there is no fuzz target ${unknown}; there is ${targets.join(', ')}\n`);
    return 2;
  }
  const outcomes = await fuzzAll(named.length > 0 ? named : targets, Number(seconds));
  outcomes.forEach(({ summary }) => process.stdout.write(`${summary}\n`));
  if (!outcomes.some(({ found }) => found)) {
    return 0;
  }
  process.stdout.write(`what was found lies in ${relative(root, join(folder, 'found'))}/\n`);
  return 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2));
}
