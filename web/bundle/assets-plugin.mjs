// The files that the page fetches while it runs: copied beside the built page, and served from
// where they lie while the page is developed.
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPrecisions } from '../../wasm/cli/assets.mjs';
import { encoderParts } from '../../wasm/ranking.mjs';
import { makeKnownTasks } from './known-tasks.mjs';

/** @typedef {{from: string, to: string}} Asset */

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** @type {Record<string, string>} */
const types = {
  '.json': 'application/json', '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.webp': 'image/webp',
  '.webmanifest': 'application/manifest+json',
};

/** What the page cannot do without, and how to make it. */
async function listRequired() {
  const manifest = await readManifest();
  return [
    { from: 'build/wasm/wasm/modelspider.wasm', to: 'engine/modelspider.wasm', make: 'cmake --preset wasm && cmake --build --preset wasm' },
    { from: 'zoo/browser/tokens.safetensors', to: 'zoo/tokens.safetensors', make: 'modelspider train' },
    ...encoderParts(manifest).map(({ id }) =>
      ({ from: `build/zoo/browser/${id}.onnx`, to: `zoo/${id}.onnx`, make: 'modelspider zoo fetch encoder' })),
  ];
}

/** What is made of the zoo's files. @type {Record<string, () => Promise<Uint8Array>>} */
const made = {
  'zoo/known-tasks.safetensors': async () => makeKnownTasks(await readFile(join(repository, 'zoo/browser/bank.safetensors'))),
  'zoo/manifest.json': makeManifest,
};

/** @returns {Promise<import('../assets.mjs').Manifest>} */
const readManifest = async () => JSON.parse(await readFile(join(repository, 'zoo/browser/manifest.json'), 'utf8'));

/** The manifest, with what each model is best computed in. */
async function makeManifest() {
  const { encoder, models, ...rest } = await readManifest();
  const precisionOf = await readPrecisions(join(repository, 'zoo/browser'));
  const complete = (/** @type {import('../assets.mjs').ModelEntry} */ entry) => ({ ...entry, input: { ...entry.input, precision: precisionOf(entry) } });
  return new TextEncoder().encode(JSON.stringify({ ...rest, encoder: complete(encoder), models: models.map(complete) }));
}

/** Files of the page whose names other files know. */
const fixed = [{ from: 'web/icon.svg', to: 'icon.svg' }, { from: 'web/manifest.webmanifest', to: 'manifest.webmanifest' }];

/** The sample tasks that samples.mjs assembled. @returns {Promise<Asset[]>} */
async function findSamples() {
  const folder = 'build/page-samples';
  const names = existsSync(join(repository, folder)) ? await readdir(join(repository, folder)) : [];
  return names.sort().map((name) => ({ from: `${folder}/${name}`, to: `samples/${name}` }));
}

/** The manifest's models, fetched or not. @returns {Promise<Asset[]>} */
async function listModels() {
  const { models } = await readManifest();
  return models.map(({ id }) => ({ from: `build/zoo/browser/${id}.onnx`, to: `zoo/models/${id}.onnx` }));
}

/** @returns {import('vite').Plugin} */
export function assetsPlugin() {
  return {
    name: 'modelspider-assets',
    async configureServer(server) {
      const assets = [...(await listRequired()), ...fixed, ...(await findSamples()), ...(await listModels())];
      const files = new Map(assets.map(({ from, to }) => [`/${to}`, join(repository, from)]));
      /** @type {Map<string, Uint8Array>} */
      const contents = new Map();
      for (const [to, make] of Object.entries(made)) {
        contents.set(`/${to}`, await make());
      }
      server.middlewares.use((request, response, next) => {
        const path = new URL(request.url ?? '/', 'http://localhost').pathname;
        const content = contents.get(path);
        if (content) {
          response.end(content);
          return;
        }
        const file = files.get(path);
        if (!file || !existsSync(file)) {
          next();
          return;
        }
        response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream');
        createReadStream(file).pipe(response);
      });
    },
    async generateBundle() {
      const required = await listRequired();
      for (const { from, make } of required) {
        if (!existsSync(join(repository, from))) {
          this.error(`${from} is missing; make it with: ${make}`);
        }
      }
      for (const { from, to } of [...required, ...fixed, ...(await findSamples())]) {
        this.emitFile({ type: 'asset', fileName: to, source: await readFile(join(repository, from)) });
      }
      for (const [to, make] of Object.entries(made)) {
        this.emitFile({ type: 'asset', fileName: to, source: await make() });
      }
    },
    // Models are large and no part of what works offline from the start, so they pass no bundler.
    async writeBundle({ dir = '' }) {
      const models = await listModels();
      const there = models.filter(({ from }) => existsSync(join(repository, from)));
      await mkdir(join(dir, 'zoo/models'), { recursive: true });
      await Promise.all(there.map(({ from, to }) => copyFile(join(repository, from), join(dir, to))));
      if (there.length < models.length) {
        this.warn(`${models.length - there.length} models are not in build/zoo/browser, so the page cannot run them; modelspider zoo fetch brings them`);
      }
    },
  };
}
