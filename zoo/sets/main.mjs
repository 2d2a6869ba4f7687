// node zoo/sets/main.mjs [NAME…] [--out DIR] [--list]
// Writes the labelled data sets of the collection, NAME/CLASS/*.png, for zoo build. A set is written
// whole or not at all, and always with the same pictures.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { byCodeUnits } from '../../wasm/cli/images.mjs';
import { mapOrdered } from '../../wasm/map-ordered.mjs';
import { fewestPictures, mostClasses, mostPictures, picturesPerClass, sets } from './collection.mjs';
import { randomOf, shuffled } from './random.mjs';

/**
 * @typedef {import('./collection.mjs').CollectedSet} CollectedSet
 * @typedef {import('./collection.mjs').PictureList} PictureList
 */

/**
 * The pictures that are kept: of a class with too many a random choice, no class with too few.
 *
 * @param {string} name
 * @param {PictureList} list
 * @returns {PictureList}
 */
export function choosePictures(name, list) {
  const classes = Object.entries(list).sort(([a], [b]) => byCodeUnits(a, b))
    .map(([className, pictures]) => {
      const unique = [...new Map(pictures.map((picture) => [picture.key, picture])).values()];
      return /** @type {const} */ ([className, shuffled(unique, randomOf(`${name}/${className}`))]);
    })
    .filter(([, pictures]) => pictures.length >= fewestPictures)
    .slice(0, mostClasses);
  const limit = Math.min(picturesPerClass, Math.floor(mostPictures / classes.length));
  return Object.fromEntries(classes.map(([className, pictures]) => [className, pictures.slice(0, limit)]));
}

/**
 * @param {CollectedSet} set
 * @param {string} out
 * @returns {Promise<string>} what was written
 */
export async function writeSet({ name, list }, out) {
  const chosen = choosePictures(name, await list());
  const temporary = join(out, `.${name}.${process.pid}`);
  let count = 0;
  try {
    for (const [className, pictures] of Object.entries(chosen)) {
      await mkdir(join(temporary, className), { recursive: true });
      await mapOrdered(pictures, 4, async ({ key, render }) => {
        const image = await render(randomOf(`${name}/${className}/${key}`));
        const file = `${key.replace(/\.\w+$/, '').replace(/[^\w.-]/g, '-').slice(-60)}.png`;
        await image.png().toFile(join(temporary, className, file));
        count++;
      });
    }
    await rm(join(out, name), { recursive: true, force: true });
    await rename(temporary, join(out, name));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return `${Object.keys(chosen).length} classes, ${count} pictures`;
}

/** @returns {string} a Markdown table of the sets */
export function describeSets() {
  const rows = sets.map(({ name, about, source, terms, group = '' }) => `| ${name} | ${about} | ${source} | ${terms} | ${group} |`);
  return ['| set | what its classes tell apart | pictures from | terms | group |', '| --- | --- | --- | --- | --- |', ...rows, ''].join('\n');
}

/** @param {string[]} args @returns {Promise<number>} exit code */
async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string', default: 'build/sets' }, list: { type: 'boolean', default: false } },
  });
  const unknown = positionals.find((name) => !sets.some((set) => set.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`there is no set ${unknown}; --list shows them\n`);
    return 2;
  }
  if (values.list) {
    process.stdout.write(describeSets());
    return 0;
  }
  await mkdir(values.out, { recursive: true });
  let exitCode = 0;
  for (const set of sets.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    try {
      process.stderr.write(`${set.name}: ${await writeSet(set, values.out)}\n`);
    } catch (error) {
      process.stderr.write(`${set.name}: ${error instanceof Error ? error.message : error}\n`);
      exitCode = 4;
    }
  }
  await writeFile(join(values.out, 'README.md'), describeSets());
  return exitCode;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2));
}
