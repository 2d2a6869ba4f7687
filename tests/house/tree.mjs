// The files of this repository, as git knows them.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Tracked files, and new ones that git does not ignore.
 *
 * @param {...string} patterns git's path patterns
 * @returns {string[]} paths from the root
 */
export function listFiles(...patterns) {
  const options = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...patterns];
  const output = execFileSync('git', options, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  return [...new Set(output.split('\0'))].filter((path) => path !== '' && existsSync(join(root, path)));
}

/** @param {string} path from the root @returns {Promise<string>} */
export const readText = (path) => readFile(join(root, path), 'utf8');

/** @param {string} path from the root @returns {Promise<Buffer>} */
export const readBytes = (path) => readFile(join(root, path));

/**
 * Runs a program.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {string} [cwd]
 * @returns {{missing: boolean, failed: boolean, output: string}} output: both streams
 */
export function runTool(program, args, cwd = root) {
  try {
    const output = execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 26 });
    return { missing: false, failed: false, output };
  } catch (error) {
    const { code, stdout, stderr } = /** @type {any} */ (error);
    return { missing: code === 'ENOENT', failed: true, output: `${stdout ?? ''}${stderr ?? ''}` };
  }
}
