// modelspider zoo precision: how close a model's features in int16 come to those in f32, on real images,
// and what it gains. What agrees and is faster is chosen; the zoo's precision.json keeps the choices.
import { textTable } from '../report.mjs';
import { embedSample } from '../sample.mjs';
import { entriesOf, findEntry, inputOf, readModel, readZoo, startEngine } from './assets.mjs';
import { Failure } from './failure.mjs';
import { replaceFile } from './files.mjs';
import { integerOption } from './options.mjs';
import { rank, readScorer } from './rank.mjs';
import { openLimited } from './sample.mjs';

/**
 * @typedef {{sha256: string, cosine: number, time: number,
 *   precision: import('./assets.mjs').Precision}} Comparison of a model's file: the lowest cosine
 *   between an image's features in both, best time in int16 over best time in f32, what is better
 */

const leastCosine = 0.995;
const mostTime = 0.95;
const topCount = 3;

/** @param {import('./options.mjs').Call} call */
export async function comparePrecisions({ values, positionals, terminal }) {
  const [path, ...ids] = positionals;
  if (path === undefined) {
    throw new Failure('usage', 'DIR|ZIP must be given');
  }
  const limit = integerOption(values, 'limit', { min: 1, fallback: Infinity }) ?? Infinity;
  const { engine, pool } = await startEngine(1);
  try {
    const zoo = await readZoo(values.zoo, engine);
    const open = () => openLimited(path, { limit, seed: 0, minimumClasses: 2 });
    const sample = await open();
    try {
      /** @type {Record<string, Comparison>} */
      const models = {};
      for (const entry of ids.length > 0 ? ids.map((id) => findEntry(zoo, id)) : entriesOf(zoo)) {
        terminal.progress(entry.id);
        models[entry.id] = await compare(engine, zoo, entry, sample);
      }
      const run = { engine, pool, zoo, scorer: await readScorer(zoo, engine), path, terminal };
      await terminal.data(table(models, await topModels(run, open, 'f32'), await topModels(run, open, 'int16')));
      if (values.output) {
        const images = sample.classes.reduce((sum, own) => sum + own.images.length, 0);
        await replaceFile(values.output, `${JSON.stringify({ schema: 1, images, models }, null, 2)}\n`);
      }
    } finally {
      await sample.close();
    }
  } finally {
    pool.destroy();
  }
}

/**
 * @param {import('../modelspider.mjs').Engine} engine
 * @param {import('./assets.mjs').Zoo} zoo
 * @param {import('./assets.mjs').ModelEntry} entry
 * @param {import('./images.mjs').Sample} sample
 * @returns {Promise<Comparison>}
 */
async function compare(engine, zoo, entry, sample) {
  const bytes = await readModel(zoo, entry);
  const input = { ...inputOf(entry), signature: false };
  const exact = engine.loadNetwork(bytes, input);
  const quick = engine.loadNetwork(bytes, { ...input, precision: 'int16' });
  const best = { exact: Infinity, quick: Infinity };
  let cosine = 1;
  try {
    await embedSample(sample.classes, {
      width: 1,
      async embed(pixels) {
        const started = performance.now();
        const features = exact.embed(pixels);
        const halfway = performance.now();
        const near = quick.embed(pixels);
        best.quick = Math.min(best.quick, performance.now() - halfway);
        best.exact = Math.min(best.exact, halfway - started);
        cosine = Math.min(cosine, cosineOf(features, near));
        return features;
      },
    });
  } finally {
    exact.destroy();
    quick.destroy();
  }
  const time = best.quick / best.exact;
  const precision = cosine >= leastCosine && time <= mostTime ? 'int16' : 'f32';
  return { sha256: entry.onnx.sha256, cosine: roundDown(cosine, 7), time: roundDown(time, 2), precision };
}

/** @param {number} value @param {number} digits */
const roundDown = (value, digits) => Math.floor(value * 10 ** digits) / 10 ** digits;

/** @param {Float32Array} a @param {Float32Array} b */
function cosineOf(a, b) {
  const dot = (/** @type {Float32Array} */ x, /** @type {Float32Array} */ y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/**
 * @param {Omit<import('./rank.mjs').Run, 'precision'>} run
 * @param {() => Promise<import('./images.mjs').Sample>} open
 * @param {import('./assets.mjs').Precision} precision of the encoder
 * @returns {Promise<string>} the best models, in order
 */
async function topModels(run, open, precision) {
  const { ranking } = await rank({ ...run, precision }, open, { seed: 0, rerankCount: 0, started: performance.now() });
  return ranking.slice(0, topCount).map(({ model }) => model).join(', ');
}

/** @param {Record<string, Comparison>} models @param {string} exactTop @param {string} quickTop @returns {string} */
function table(models, exactTop, quickTop) {
  const rows = Object.entries(models).map(([id, { cosine, time, precision }]) =>
    [id, cosine.toFixed(7), time.toFixed(2), precision]);
  return `${textTable(['model', 'lowest cosine', 'time / f32', 'choice'], rows)}
best models by f32:   ${exactTop}
best models by int16: ${quickTop}
`;
}
