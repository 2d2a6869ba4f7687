// node zoo/build/manifest.mjs [ZOO]
// recipes.json and the converted models -> manifest.json: adds to each recipe what only the engine
// and the file know, for the models that the zoo ranks (`ranked`). A model that is not converted or does not load is reported and left out.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateSource } from '../convert/source.mjs';
import { cacheFolder, loadEngine, packageRoot, sha256 } from '../../wasm/cli/assets.mjs';
import { reasonOf } from '../../wasm/cli/failure.mjs';
import { replaceFile } from '../../wasm/cli/files.mjs';
import { measureModel, tapFeatures } from './measure.mjs';

const zoo = process.argv[2] ?? 'browser';
const folder = join(packageRoot, 'zoo', zoo);
const engine = await loadEngine();

/** @param {any} recipe @returns {Promise<any>} its entry, or undefined */
async function describe(recipe) {
  try {
    const bytes = new Uint8Array(await readFile(join(cacheFolder(zoo), `${recipe.id}.onnx`)));
    const { features, parameters, macs } = measureModel(engine, recipe, bytes);
    const source = await locateSource(recipe);
    return {
      ...recipe,
      features,
      tap_features: recipe.taps.map((/** @type {string} */ tap) => tapFeatures(engine, recipe, source, tap)),
      parameters,
      macs,
      onnx: { sha256: sha256(bytes), bytes: bytes.length },
    };
  } catch (error) {
    process.stderr.write(`${recipe.id} is left out: ${reasonOf(error)}\n`);
    process.exitCode = 4;
    return undefined;
  }
}

const recipes = JSON.parse(await readFile(join(folder, 'recipes.json'), 'utf8'));
const encoder = await describe(recipes.encoder);
const models = [];
for (const recipe of recipes.models.filter((/** @type {any} */ { id }) => recipes.ranked.includes(id))) {
  const entry = await describe(recipe);
  if (entry) {
    models.push(entry);
  }
}
if (encoder && models.length > 0) {
  const manifest = { schema: 1, zoo: recipes.zoo, encoder, models };
  const text = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  engine.loadZoo(text).destroy();
  await replaceFile(join(folder, 'manifest.json'), text);
  process.stderr.write(`${join(folder, 'manifest.json')}: ${models.length} models\n`);
} else {
  process.exitCode = 4;
}
