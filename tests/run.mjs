// node tests/run.mjs [SUITE…]   (through npm test, which prepares the machine first)
// Builds, runs all suites but the heavy ones, or those named, and ends with one line: N passed, N
// failed, N skipped.
// A C test program counts as one, a test of Node's runner as one. What commands and tests print goes
// to build/tests/; what failed, and the reason of each skip, to the terminal as well.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fuzzAll } from '../fuzz/run.mjs';
import { targets } from '../fuzz/seeds.mjs';

/** @typedef {{passed: number, failed: number, skipped: number}} Counts */

const root = fileURLToPath(new URL('..', import.meta.url));
const logs = join(root, 'build/tests');
const cores = String(availableParallelism());

/** The longest that one command or one test may take, in seconds: a hang becomes a failure. */
const timeLimit = 900;

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`);

/**
 * Runs a command; what it prints goes to a log.
 *
 * @param {string} log the log's name
 * @param {string[]} command
 * @returns {Promise<boolean>} whether it succeeded
 */
async function runCommand(log, [program, ...args]) {
  const file = createWriteStream(join(logs, `${log}.log`), { flags: 'a' });
  file.write(`+ ${program} ${args.join(' ')}\n`);
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeLimit * 1000 });
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  const outcome = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  await new Promise((resolve) => {
    file.end(`exit: ${outcome}\n`, () => resolve(undefined));
  });
  return outcome === 0;
}

/** Shows the end of a log. @param {string} log */
async function showLog(log) {
  const text = await readFile(join(logs, `${log}.log`), 'utf8');
  say(text.split('\n').slice(-60).join('\n'));
}

/** @type {Map<string, Promise<boolean>>} */
const builds = new Map();

/**
 * Configures and builds a preset of CMake, once.
 *
 * @param {string} preset
 * @returns {Promise<boolean>} whether it succeeded
 */
function build(preset) {
  const started = builds.get(preset) ?? (async () => {
    const log = `build-${preset}`;
    const built = await runCommand(log, ['cmake', '--preset', preset])
      && await runCommand(log, ['cmake', '--build', '--preset', preset, '--parallel', cores]);
    if (!built) {
      await showLog(log);
    }
    return built;
  })();
  builds.set(preset, started);
  return started;
}

/**
 * The C tests of a preset.
 *
 * @param {string} preset
 * @returns {Promise<Counts>}
 */
async function runC(preset) {
  if (!await build(preset)) {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const report = join(logs, `${preset}.xml`);
  await rm(report, { force: true });
  const ended = await runCommand(preset, ['ctest', '--preset', preset, '--parallel', cores,
    '--timeout', String(timeLimit), '--output-junit', report]);
  const text = await readFile(report, 'utf8').catch(() => '');
  const cases = [...text.matchAll(/<testcase name="([^"]*)"[^>]*? status="(\w+)"/g)];
  const count = (/** @type {string[]} */ ...names) => cases.filter(([, , status]) => names.includes(status)).length;
  const counts = { passed: count('run'), failed: count('fail'), skipped: count('notrun', 'disabled') };
  cases.filter(([, , status]) => status === 'notrun').forEach(([, name]) => say(`  SKIPPED ${preset} ${name}`));
  if (!ended || cases.length === 0) {
    await showLog(preset);
    counts.failed = Math.max(counts.failed, 1);
  }
  return counts;
}

/**
 * The JavaScript test files below tests/ whose path passes a filter.
 *
 * @param {string} suite
 * @param {(path: string) => boolean} filter
 * @returns {Promise<Counts>}
 */
async function runNode(suite, filter) {
  if (!await build('wasm')) {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const paths = (await readdir(join(root, 'tests'), { recursive: true })).sort()
    .filter((path) => path.endsWith('.test.mjs') && filter(path));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  if (paths.length === 0) {
    return counts;
  }
  const log = createWriteStream(join(logs, `${suite}.log`));
  const files = paths.map((path) => join(root, 'tests', path));
  for await (const { type, data } of run({ files, concurrency: Number(cores), timeout: timeLimit * 1000 })) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      log.write(data.message);
    } else if (type === 'test:diagnostic') {
      log.write(`${data.message}\n`);
    } else if ((type === 'test:pass' || type === 'test:fail') && data.details.type !== 'suite') {
      countTest(counts, type === 'test:pass', data);
    }
  }
  log.end();
  return counts;
}

/** @param {Counts} counts @param {boolean} passed @param {any} data of the runner's event */
function countTest(counts, passed, { name, file, skip, todo, details }) {
  const where = `${relative(root, file ?? '')}: ${name}`;
  if (skip !== undefined || todo !== undefined) {
    counts.skipped++;
    say(`  SKIPPED ${where}: ${skip ?? todo}`);
  } else if (passed) {
    counts.passed++;
  } else {
    counts.failed++;
    const error = details.error?.cause ?? details.error;
    say(`  FAILED ${where}\n${String(error?.stack ?? error).replaceAll(/^/gm, '    ')}`);
  }
}

/**
 * Each fuzz target for some seconds, always with the same random numbers.
 *
 * @returns {Promise<Counts>}
 */
async function runFuzz() {
  try {
    const outcomes = await fuzzAll(targets, 8, ['-seed=1']);
    outcomes.forEach(({ summary }) => say(`  ${summary}`));
    const failed = outcomes.filter(({ found }) => found).length;
    return { passed: outcomes.length - failed, failed, skipped: 0 };
  } catch (error) {
    say(String(error));
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/** @type {Record<string, {what: string, isHeavy?: boolean, run(): Promise<Counts>}>} */
const suites = {
  wasm: { what: 'C tests as WebAssembly', run: () => runC('wasm') },
  native: { what: 'C tests on this machine', run: () => runC('native') },
  sanitize: { what: 'C tests with sanitizers', run: () => runC('sanitize') },
  fuzz: { what: 'fuzz targets, some seconds each', run: runFuzz },
  js: {
    what: 'JavaScript tests',
    run: () => runNode('js', (path) => !/^(house|page|networks)\//.test(path)),
  },
  house: {
    what: 'rules of the house',
    run: async () => (await build('native') ? runNode('house', (path) => path.startsWith('house/'))
      : { passed: 0, failed: 1, skipped: 0 }),
  },
  page: {
    what: 'the page in a browser',
    run: async () => (await build('wasm') && await runCommand('build-page', ['npm', 'run', 'build:page'])
      ? runNode('page', (path) => path.startsWith('page/')) : { passed: 0, failed: 1, skipped: 0 }),
  },
  networks: {
    what: 'whole networks against onnxruntime, some minutes',
    isHeavy: true,
    run: () => runNode('networks', (path) => path.startsWith('networks/')),
  },
};

/** @param {string[]} names @returns {Promise<number>} exit code */
async function main(names) {
  const unknown = names.find((name) => !Object.hasOwn(suites, name));
  if (unknown !== undefined) {
    process.stderr.write(`there is no suite ${unknown}; there is ${Object.keys(suites).join(', ')}\n`);
    return 2;
  }
  await rm(logs, { recursive: true, force: true });
  await mkdir(logs, { recursive: true });
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const name of names.length > 0 ? names : Object.keys(suites).filter((key) => !suites[key].isHeavy)) {
    const start = performance.now();
    say(`${name}: ${suites[name].what} …`);
    const counts = await suites[name].run();
    const seconds = Math.round((performance.now() - start) / 1000);
    say(`${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s`);
    for (const key of /** @type {const} */ (['passed', 'failed', 'skipped'])) {
      total[key] += counts[key];
    }
  }
  say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
