// modelspider features: one model's features of a folder of images, as .npy.
import { existsSync } from 'node:fs';
import { findEntry, inputIn, readModel, readZoo, startEngine } from './assets.mjs';
import { Failure } from './failure.mjs';
import { readWhole, replaceFile } from './files.mjs';
import { chosenPrecision, exactly, integerOption, precisionOption, workersOption } from './options.mjs';
import { embedWithPool, openLimited } from './sample.mjs';
import { writeNpy } from '../npy.mjs';

/** @typedef {import('./options.mjs').Values} Values */

/** @type {import('./options.mjs').Command} */
export const command = {
  name: 'features',
  summary: "Computes one model's features of a folder or zip of images",
  usage: 'features DIR|ZIP --model ID|FILE.onnx -o OUT.npy [options]',
  about: 'Rows are in the order of the sorted paths; --labels says which row is which.',
  options: {
    model: { type: 'string', value: 'ID|FILE', help: "a model of the zoo, or an ONNX file of one's own" },
    output: { type: 'string', short: 'o', value: 'FILE', help: 'where the features go, a .npy file of 32 bit floats' },
    labels: { type: 'string', value: 'FILE', help: 'where classes, labels and file names go, a JSON file' },
    zoo: { type: 'string', value: 'NAME|DIR', default: 'browser', help: 'which zoo, or a folder with one (default: browser)' },
    size: { type: 'string', value: 'N', default: '224', help: 'FILE.onnx: side of its input in pixels (default: 224)' },
    channels: { type: 'string', value: 'ORDER', default: 'rgb', help: 'FILE.onnx: rgb, bgr or grey (default: rgb)' },
    fit: { type: 'string', value: 'FIT', default: 'crop', help: 'FILE.onnx: crop or squash (default: crop)' },
    mean: { type: 'string', value: 'A,B,C', default: '123.675,116.28,103.53', help: "FILE.onnx: mean of its input (default: ImageNet's)" },
    std: { type: 'string', value: 'A,B,C', default: '58.395,57.12,57.375', help: "FILE.onnx: deviation of its input (default: ImageNet's)" },
    'limit-per-class': { type: 'string', value: 'N', help: 'at most N images of a class' },
    seed: { type: 'string', value: 'S', default: '0', help: 'draws those N images (default: 0)' },
    precision: precisionOption('f32'),
    workers: workersOption,
  },
  async run({ values, positionals, terminal }) {
    const [path] = exactly(positionals, ['DIR|ZIP']);
    if (!values.model || !values.output) {
      throw new Failure('usage', 'features needs --model and --output');
    }
    const limit = integerOption(values, 'limit-per-class', { min: 1, fallback: Infinity }) ?? Infinity;
    const seed = integerOption(values, 'seed', { min: 0, max: 2 ** 32 - 1 }) ?? 0;
    const workers = integerOption(values, 'workers', { min: 1, max: 256 });
    const { engine, pool } = await startEngine(workers);
    const { bytes, input } = await readChosenModel(values, engine);
    const sample = await openLimited(path, { limit, seed, minimumClasses: 1 });
    try {
      await pool.loadNetwork(values.model, bytes, input).catch((error) => {
        throw new Failure('asset', `${values.model} cannot be loaded: ${error.message}`);
      });
      const embedded = await embedWithPool(sample, { path, pool, key: values.model, terminal, minimumClasses: 1 });
      await writeFeatures(values, embedded.classes);
      const rows = embedded.classes.reduce((sum, { features }) => sum + features.length, 0);
      terminal.note(`${rows} × ${embedded.classes[0].features[0].length} features in ${values.output}`);
    } finally {
      pool.destroy();
      await sample.close();
    }
  },
};

/**
 * @param {Values} values
 * @param {import('../modelspider.mjs').Engine} engine
 * @returns {Promise<{bytes: Uint8Array, input: import('../modelspider.mjs').InputRecipe}>}
 */
async function readChosenModel(values, engine) {
  const precision = chosenPrecision(values);
  if (values.model.endsWith('.onnx') || existsSync(values.model)) {
    const side = /** @type {number} */ (integerOption(values, 'size', { min: 1, max: 4096 }));
    const { channels, fit } = values;
    /** @type {import('../modelspider.mjs').InputRecipe} */
    const input = { width: side, height: side, channels, fit, mean: numbers(values, 'mean'), std: numbers(values, 'std'), precision: precision === 'int16' ? precision : 'f32' };
    return { bytes: new Uint8Array(await readWhole(values.model, 'asset')), input };
  }
  const zoo = await readZoo(values.zoo, engine);
  const entry = findEntry(zoo, values.model);
  return { bytes: await readModel(zoo, entry), input: await inputIn(zoo, entry, precision) };
}

/** @param {Values} values @param {string} name @returns {number[]} */
function numbers(values, name) {
  const list = values[name].split(',').map(Number);
  const wanted = values.channels === 'grey' ? 1 : 3;
  if (list.length !== wanted || !list.every(Number.isFinite)) {
    throw new Failure('usage', `--${name} takes ${wanted} numbers, not ${values[name]}`);
  }
  return list;
}

/** @param {Values} values @param {import('../sample.mjs').EmbeddedClass[]} classes */
async function writeFeatures(values, classes) {
  await replaceFile(values.output, writeNpy(classes.flatMap(({ features }) => features)));
  if (values.labels) {
    const labels = {
      classes: classes.map(({ name }) => name),
      labels: classes.flatMap(({ files }, label) => files.map(() => label)),
      files: classes.flatMap(({ files }) => files),
    };
    await replaceFile(values.labels, `${JSON.stringify(labels, null, 1)}\n`);
  }
}
