// Runs the command line as a user would, in a process of its own.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../wasm/cli/main.mjs', import.meta.url));

/**
 * @param {string[]} args
 * @param {{env?: Record<string, string>, cwd?: string}} [options]
 * @returns {import('node:child_process').ChildProcessWithoutNullStreams}
 */
export function startCli(args, { env = {}, cwd } = {}) {
  return spawn(process.execPath, [main, ...args], { cwd, env: { ...process.env, ...env } });
}

/**
 * @param {string[]} args
 * @param {{env?: Record<string, string>, cwd?: string}} [options]
 * @returns {Promise<{code: number | null, out: string, err: string}>}
 */
export function runCli(args, options) {
  return new Promise((resolve, reject) => {
    const child = startCli(args, options);
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => { out += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { err += text; });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}
