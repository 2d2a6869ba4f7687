// node zoo/samples/main.mjs [NAME…] [--out DIR]
// Assembles sample tasks, one sub-folder per class, from the files of Debian packages. Pictures stay
// links to the package's files where they are files; each sample has a note of its terms beside it.
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { byCodeUnits } from '../../wasm/cli/images.mjs';
import { writeFashion } from './fashion.mjs';

/**
 * @typedef {{package: string, home: string, terms: string, write(from: string, to: string): Promise<void>}} Sample
 */

/** @type {Record<string, Sample>} */
const samples = {
  stamps: {
    package: 'tuxpaint-stamps-default',
    home: '/usr/share/tuxpaint/stamps',
    terms: 'Tux Paint stamps, (c) Bill Kendrick and contributors, GPL-2; see /usr/share/doc/tuxpaint-stamps-default/copyright.',
    write: writeStamps,
  },
  fashion: {
    package: 'dataset-fashion-mnist',
    home: '/usr/share/datasets/fashion-mnist',
    terms: 'Fashion-MNIST, (c) 2017 Zalando SE, MIT licence; see /usr/share/doc/dataset-fashion-mnist/copyright.',
    write: writeFashion,
  },
};

/** @type {Record<string, string>} photographs and some drawings, by folder of the package */
const stampClasses = {
  birds: 'animals/birds',
  fish: 'animals/fish',
  flowers: 'plants/flowers',
  fruit: 'food/fruit',
  insects: 'animals/insects',
  mammals: 'animals/mammals',
  vegetables: 'food/vegetables',
  vehicles: 'vehicles',
};

/** @param {string} from @param {string} to */
async function writeStamps(from, to) {
  for (const [name, folder] of Object.entries(stampClasses)) {
    const files = (await readdir(join(from, folder), { recursive: true })).sort(byCodeUnits)
      .filter((file) => file.endsWith('.png') && !file.split('/').includes('cartoon'));
    await mkdir(join(to, name));
    for (const file of files) {
      await symlink(join(from, folder, file), join(to, name, file.replaceAll('/', '-')));
    }
  }
}

/**
 * A sample appears whole or not at all.
 *
 * @param {string} name
 * @param {string} out
 */
async function assemble(name, out) {
  const { package: debianPackage, home, terms, write } = samples[name];
  await readdir(home).catch(() => {
    throw new Error(`the package ${debianPackage} is not installed: apt install ${debianPackage}`);
  });
  const temporary = join(out, `.${name}.${process.pid}`);
  await mkdir(temporary, { recursive: true });
  try {
    await write(home, temporary);
    await rm(join(out, name), { recursive: true, force: true });
    await rename(temporary, join(out, name));
    await writeFile(join(out, `${name}.terms.txt`), `${terms}\n`);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** @param {string[]} args @returns {Promise<number>} exit code */
async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string', default: 'build/samples' } },
  });
  const unknown = positionals.find((name) => !Object.hasOwn(samples, name));
  if (unknown !== undefined) {
    process.stderr.write(`there is no sample ${unknown}; there is ${Object.keys(samples).join(', ')}\n`);
    return 2;
  }
  let exitCode = 0;
  for (const name of positionals.length > 0 ? positionals : Object.keys(samples)) {
    try {
      await assemble(name, values.out);
      process.stderr.write(`${join(values.out, name)}: ${samples[name].terms}\n`);
    } catch (error) {
      process.stderr.write(`${name}: ${error instanceof Error ? error.message : error}\n`);
      exitCode = 4;
    }
  }
  return exitCode;
}

process.exitCode = await main(process.argv.slice(2));
