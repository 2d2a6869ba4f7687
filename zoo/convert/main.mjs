// node zoo/convert/main.mjs [ID…] [--out DIR] [--force]
// Converts the models of the browser zoo, or those named; skips what is there already.
import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../wasm/cli/assets.mjs';
import { convertModel } from './convert.mjs';

/** @returns {Promise<any[]>} the recipes of the browser zoo, the encoder's first */
export async function readRecipes() {
  const text = await readFile(join(packageRoot, 'zoo/browser/recipes.json'), 'utf8');
  const { encoder, models } = JSON.parse(text);
  return [encoder, ...models];
}

/**
 * What a converted file depends on: its recipe and this converter. It is stored beside the file, so
 * that an unchanged model is not converted again.
 *
 * @param {any} recipe
 * @returns {Promise<string>}
 */
async function fingerprintOf(recipe) {
  const hash = createHash('sha256').update(JSON.stringify(recipe));
  const folder = fileURLToPath(new URL('.', import.meta.url));
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.mjs')).sort()) {
    hash.update(await readFile(join(folder, name)));
  }
  return hash.digest('hex');
}

/**
 * @param {any} recipe
 * @param {{directory: string, force?: boolean}} options
 * @returns {Promise<'kept' | 'converted'>}
 */
async function convertTo(recipe, { directory, force }) {
  const file = join(directory, `${recipe.id}.onnx`);
  const stamp = `${file}.recipe`;
  const fingerprint = await fingerprintOf(recipe);
  const previous = await readFile(stamp, 'utf8').catch(() => '');
  const isThere = await access(file).then(() => true, () => false);
  if (!force && isThere && previous === fingerprint) {
    return 'kept';
  }
  await replaceFile(file, await convertModel(recipe));
  await replaceFile(stamp, fingerprint);
  return 'converted';
}

/**
 * A reader of the file sees the old one or the new one, never a part.
 *
 * @param {string} file
 * @param {string | Uint8Array} content
 */
async function replaceFile(file, content) {
  const temporary = `${file}.${process.pid}.part`;
  await writeFile(temporary, content);
  await rename(temporary, file);
}

/** @param {string[]} args @returns {Promise<number>} exit code */
async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string', default: 'build/zoo/browser' },
      force: { type: 'boolean', default: false },
    },
  });
  const recipes = await readRecipes();
  const unknown = positionals.filter((id) => !recipes.some((recipe) => recipe.id === id));
  if (unknown.length > 0) {
    process.stderr.write(`no recipe is called ${unknown.join(', ')}\n`);
    return 2;
  }
  await mkdir(values.out, { recursive: true });
  let exitCode = 0;
  for (const recipe of recipes.filter(({ id }) => !positionals.length || positionals.includes(id))) {
    try {
      const outcome = await convertTo(recipe, { directory: values.out, force: values.force });
      process.stderr.write(`${recipe.id}: ${outcome}\n`);
    } catch (error) {
      process.stderr.write(`${recipe.id}: ${error instanceof Error ? error.message : error}\n`);
      exitCode = 4;
    }
  }
  return exitCode;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2));
}
