#!/usr/bin/env node
// The command line: finds the command, reads its options, and turns what happens into an exit code.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readVersion } from './assets.mjs';
import { exitCodes, kindOf } from './failure.mjs';
import { removeTemporaries } from './files.mjs';
import { commonOptions, helpText } from './options.mjs';
import { Terminal } from './terminal.mjs';

/** @typedef {import('./options.mjs').Command} Command */

/** @type {Record<string, {summary: string, load(): Promise<{command: Command}>}>} */
const commands = {
  rank: { summary: 'rank the models of a zoo for your images', load: () => import('./rank.mjs') },
  features: { summary: "compute one model's features of a folder of images", load: () => import('./features.mjs') },
  metrics: { summary: 'judge features by transferability metrics', load: () => import('./metrics.mjs') },
  zoo: { summary: 'list, show, fetch, verify and build the models', load: () => import('./zoo.mjs') },
  train: { summary: 'learn the tokens of a zoo from its task bank', load: () => import('./train.mjs') },
  eval: { summary: 'judge the ranking on data sets that were left out', load: () => import('./eval.mjs') },
  bench: { summary: 'measure how long models take here', load: () => import('./bench.mjs') },
  selftest: { summary: 'check this machine and this installation', load: () => import('./selftest.mjs') },
  serve: { summary: 'serve the page on this machine', load: () => import('./serve.mjs') },
};

const overview = () => `usage: modelspider COMMAND [options]

Ranks pre-trained models for your images, on your machine.

${Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`).join('\n')}

  modelspider COMMAND --help   tells more; modelspider --version prints the version.
`;

/**
 * @param {string[]} args without node and the script
 * @param {Terminal} terminal
 * @returns {Promise<number>} exit code
 */
async function dispatch([name, ...args], terminal) {
  if (name === '--version' || name === '-V') {
    await terminal.data(`${await readVersion()}\n`);
    return exitCodes.ok;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    await terminal.data(overview());
    return exitCodes.ok;
  }
  if (name === undefined || !Object.hasOwn(commands, name)) {
    terminal.fail(name === undefined ? 'which command?' : `there is no command ${name}`);
    terminal.note(`commands: ${Object.keys(commands).join(', ')}; see modelspider --help`);
    return exitCodes.usage;
  }
  const { command } = await commands[name].load();
  return run(command, args, terminal);
}

/** @param {Command} command @param {string[]} args @param {Terminal} terminal @returns {Promise<number>} */
async function run(command, args, terminal) {
  const { values, positionals } = parseArgs({
    args,
    options: { ...command.options, ...commonOptions },
    allowPositionals: true,
  });
  if (values.help) {
    await terminal.data(helpText(command));
    return exitCodes.ok;
  }
  return (await command.run({ values, positionals, terminal })) ?? exitCodes.ok;
}

/** @param {string[]} args @returns {Promise<number>} exit code */
async function main(args) {
  const quiet = args.includes('--quiet') || args.includes('-q');
  const terminal = new Terminal({ out: process.stdout, err: process.stderr, env: process.env, quiet });
  try {
    return await dispatch(args, terminal);
  } catch (error) {
    if (/** @type {{code?: string}} */ (error)?.code === 'EPIPE') {
      return exitCodes.ok;
    }
    const kind = kindOf(error);
    terminal.fail(error instanceof Error ? error.message : String(error));
    if (kind === 'internal' && process.env.MODELSPIDER_DEBUG && error instanceof Error) {
      terminal.note(error.stack ?? '');
    }
    return exitCodes[kind];
  }
}

/** Whoever reads our output may stop reading: then so do we, without a word. */
function leaveOnBrokenPipe() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (/** @type {{code?: string}} */ (error).code === 'EPIPE') {
        process.exit(exitCodes.ok);
      }
      throw error;
    });
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.on('exit', removeTemporaries);
  process.on('SIGINT', () => process.exit(exitCodes.interrupted));
  process.on('SIGTERM', () => process.exit(143));
  leaveOnBrokenPipe();
  process.exitCode = await main(process.argv.slice(2));
}
