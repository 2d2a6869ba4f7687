// node web/bundle/samples.mjs
// Assembles the page's sample tasks from the files of Debian packages: one zip for each, a strip of
// pictures to show, and index.json with their terms. A package that is missing is said, not fatal.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { byCodeUnits } from '../../wasm/cli/images.mjs';
import { writeFashion } from '../../zoo/samples/fashion.mjs';

const outFolder = fileURLToPath(new URL('../../build/page-samples', import.meta.url));
const stampsHome = '/usr/share/tuxpaint/stamps';
const fashionHome = '/usr/share/datasets/fashion-mnist';
const imagesPerClass = 24;
const longestSide = 240;

/**
 * @typedef {{path: string, bytes: Uint8Array}} SampleFile path: class/file
 * @typedef {{id: string, package: string, home: string, title: string, licence: string,
 *   read(): Promise<SampleFile[]>}} Sample
 */

const stamps = {
  package: 'tuxpaint-stamps-default',
  home: stampsHome,
  title: 'Tux Paint stamps, © Bill Kendrick and contributors',
  licence: 'GPL-2.0',
};

/** @type {Sample[]} */
const samples = [
  {
    ...stamps,
    id: 'stamps',
    read: () => readStamps({
      birds: { folders: ['animals/birds'] },
      fish: { folders: ['animals/fish'] },
      flowers: { folders: ['plants/flowers'] },
      fruit: { folders: ['food/fruit'] },
      insects: { folders: ['animals/insects'] },
      mammals: { folders: ['animals/mammals'] },
      vegetables: { folders: ['food/vegetables'] },
      vehicles: { folders: ['vehicles'] },
    }),
  },
  {
    ...stamps,
    id: 'style',
    read: () => readStamps({
      drawing: { folders: ['food/fruit', 'animals/insects', 'town/houses', 'vehicles'], isCartoon: true },
      photo: { folders: ['food/fruit', 'animals/insects', 'town', 'vehicles'] },
    }),
  },
  {
    ...stamps,
    id: 'letters',
    read: () => readStamps({
      'capitals, filled': { folders: ['symbols/alphabets/english/filled/uppercase'] },
      'capitals, outlined': { folders: ['symbols/alphabets/english/outlined/uppercase'] },
      'small, filled': { folders: ['symbols/alphabets/english/filled/lowercase'] },
      'small, outlined': { folders: ['symbols/alphabets/english/outlined/lowercase'] },
    }),
  },
  {
    ...stamps,
    id: 'holidays',
    read: () => readStamps({
      Christmas: { folders: ['seasonal/christmas'] },
      Easter: { folders: ['seasonal/easter'] },
      Halloween: { folders: ['seasonal/halloween'] },
      Hanukkah: { folders: ['seasonal/hanukkah'] },
    }),
  },
  {
    id: 'fashion',
    package: 'dataset-fashion-mnist',
    home: fashionHome,
    title: 'Fashion-MNIST, © 2017 Zalando SE',
    licence: 'MIT',
    read: readFashion,
  },
];

/** @param {Record<string, {folders: string[], isCartoon?: boolean}>} classes */
async function readStamps(classes) {
  /** @type {SampleFile[]} */
  const files = [];
  for (const [name, { folders, isCartoon = false }] of Object.entries(classes)) {
    const found = (await Promise.all(folders.map((folder) => listPictures(folder, isCartoon)))).flat();
    for (const path of spread(found, imagesPerClass)) {
      const bytes = await sharp(join(stampsHome, path)).resize(longestSide, longestSide, { fit: 'inside', withoutEnlargement: true })
        .webp({ quality: 86 }).toBuffer();
      files.push({ path: `${name}/${path.replaceAll('/', '-').replace(/\.png$/, '.webp')}`, bytes });
    }
  }
  return files;
}

/** @param {string} folder @param {boolean} isCartoon */
async function listPictures(folder, isCartoon) {
  const files = await readdir(join(stampsHome, folder), { recursive: true });
  return files.filter((file) => file.endsWith('.png') && file.split('/').includes('cartoon') === isCartoon)
    .sort(byCodeUnits).map((file) => `${folder}/${file}`);
}

/** As many as wanted, evenly from the whole list. @template T @param {T[]} all @param {number} count */
const spread = (all, count) => (all.length <= count ? all
  : Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]));

async function readFashion() {
  const folder = await mkdtemp(join(tmpdir(), 'modelspider-'));
  try {
    await writeFashion(fashionHome, folder);
    const paths = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('.png')).sort(byCodeUnits);
    return await Promise.all(paths.map(async (path) => ({ path, bytes: await readFile(join(folder, path)) })));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Two pictures side by side. @param {SampleFile[]} files */
async function drawStrip(files) {
  const side = 96;
  const shown = spread(files, 2);
  const tiles = await Promise.all(shown.map(({ bytes }) => sharp(bytes).flatten({ background: '#fff' })
    .resize(side, side, { fit: 'contain', background: '#fff' }).toBuffer()));
  return sharp({ create: { width: side * shown.length, height: side, channels: 3, background: '#fff' } })
    .composite(tiles.map((input, i) => ({ input, left: i * side, top: 0 }))).webp({ quality: 70 }).toBuffer();
}

/** @param {Sample} sample */
async function assemble({ id, title, licence, package: source, read }) {
  const files = await read();
  // A fixed date, so that the same files make the same archive.
  const zip = zipSync(Object.fromEntries(files.map(({ path, bytes }) => [path, bytes])), { level: 0, mtime: '1980-01-02' });
  await writeFile(join(outFolder, `${id}.zip`), zip);
  await writeFile(join(outFolder, `${id}.webp`), await drawStrip(files));
  const classCount = new Set(files.map(({ path }) => path.split('/')[0])).size;
  return { id, title, licence, package: source, classes: classCount, images: files.length, bytes: zip.length };
}

await rm(outFolder, { recursive: true, force: true });
await mkdir(outFolder, { recursive: true });
const index = [];
for (const sample of samples) {
  if (existsSync(sample.home)) {
    index.push(await assemble(sample));
  } else {
    process.stderr.write(`sample ${sample.id} is left out: the Debian package ${sample.package} is not installed\n`);
  }
}
await writeFile(join(outFolder, 'index.json'), `${JSON.stringify(index)}\n`);
process.stderr.write(`${index.length} sample tasks in build/page-samples\n`);
