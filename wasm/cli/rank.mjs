// modelspider rank: which models of the zoo to start from, for a folder or zip of sample images.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createTask, encodedClasses, observeEncoder, observeEncoderIn, observeModel, rankTask, rememberShown, suggestModel } from '../ranking.mjs';
import { isPermissive, toCsv, toJson, toMarkdown, toTable } from '../report.mjs';
import { findEntry, modelFile, readZoo, startEngine } from './assets.mjs';
import { Failure, reasonOf } from './failure.mjs';
import { readWhole } from './files.mjs';
import { chosenPrecision, exactly, integerOption, precisionOption, workersOption } from './options.mjs';
import { embedWithModel, openLimited, readablePart, startLoading } from './sample.mjs';

/**
 * @typedef {import('../report.mjs').RankResult} RankResult
 * @typedef {import('./assets.mjs').Zoo} Zoo
 * @typedef {import('./options.mjs').Values} Values
 * @typedef {import('../sample.mjs').EmbeddedSample} EmbeddedSample
 * @typedef {import('./images.mjs').Sample} Sample
 * @typedef {{engine: import('../modelspider.mjs').Engine, pool: import('../worker-pool.mjs').WorkerPool,
 *   zoo: Zoo, scorer: import('../modelspider.mjs').Scorer, path: string, terminal: import('./terminal.mjs').Terminal,
 *   precision: import('./assets.mjs').Precision | 'auto'}} Run
 */

const fewImages = 5;

/** @type {import('./options.mjs').Command} */
export const command = {
  name: 'rank',
  summary: 'Ranks the models of a zoo for your images',
  usage: 'rank DIR|ZIP [options]',
  about: `  DIR has one sub-folder per class. The images do not leave this machine.
  Ranks, intervals and order are among all models of the zoo, whatever is shown of them.`,
  options: {
    zoo: { type: 'string', value: 'NAME|DIR', default: 'browser', help: 'which zoo, or a folder with one (default: browser)' },
    top: { type: 'string', value: 'N', help: 'show the best N models only' },
    rerank: { type: 'string', value: 'K', default: '0', help: 'run K models on the images, those that tell most, and rank again;\nbesides those that run with the encoder anyway' },
    'limit-per-class': { type: 'string', value: 'N', help: 'at most N images of a class' },
    'max-mb': { type: 'string', value: 'N', help: 'show models of at most N megabytes' },
    licence: { type: 'string', value: 'permissive', help: 'show models under permissive licences only' },
    seed: { type: 'string', value: 'S', default: '0', help: 'of all that is drawn (default: 0)' },
    precision: precisionOption('auto'),
    workers: workersOption,
    json: { type: 'boolean', help: 'print JSON, schema 1' },
    csv: { type: 'boolean', help: 'print CSV' },
    markdown: { type: 'boolean', help: 'print Markdown' },
  },
  async run({ values, positionals, terminal }) {
    const started = performance.now();
    const [path] = exactly(positionals, ['DIR|ZIP']);
    const limits = readLimits(values);
    const precision = chosenPrecision(values);
    const seed = /** @type {number} */ (integerOption(values, 'seed', { min: 0, max: 2 ** 32 - 1 }));
    const rerankCount = /** @type {number} */ (integerOption(values, 'rerank', { min: 0, max: 4096 }));
    const limit = integerOption(values, 'limit-per-class', { min: 1, fallback: Infinity }) ?? Infinity;
    const { engine, pool } = await startEngine(integerOption(values, 'workers', { min: 1, max: 256 }));
    try {
      pool.start();
      const zoo = await readZoo(values.zoo, engine);
      const loading = startLoading({ pool, zoo, precision }, zoo.encoder);
      loading.catch(() => undefined); // rank says so
      const scorer = await readScorer(zoo, engine);
      const run = { engine, pool, zoo, scorer, path, terminal, precision };
      const open = () => openLimited(path, { limit, seed, minimumClasses: 2 });
      const result = await rank(run, open, { seed, rerankCount, started, loading });
      await terminal.data(format(values)(show(result, limits)));
    } finally {
      pool.destroy();
    }
  },
};

/** @param {Values} values */
function readLimits(values) {
  if (values.licence !== undefined && values.licence !== 'permissive') {
    throw new Failure('usage', `--licence knows permissive, not ${values.licence}`);
  }
  if ([values.json, values.csv, values.markdown].filter(Boolean).length > 1) {
    throw new Failure('usage', '--json, --csv and --markdown exclude each other');
  }
  return {
    top: integerOption(values, 'top', { min: 1, fallback: Infinity }) ?? Infinity,
    megabytes: integerOption(values, 'max-mb', { min: 0, fallback: Infinity }) ?? Infinity,
    permissiveOnly: values.licence === 'permissive',
  };
}

/**
 * The zoo's learned tokens, for the zoo's very encoder.
 *
 * @param {Zoo} zoo
 * @param {import('../modelspider.mjs').Engine} engine
 */
export async function readScorer(zoo, engine) {
  const file = join(zoo.folder, 'tokens.safetensors');
  const bytes = new Uint8Array(await readWhole(file, 'asset'));
  let scorer;
  try {
    scorer = engine.loadScorer(bytes);
  } catch (error) {
    throw new Failure('asset', `${file}: ${reasonOf(error)}`);
  }
  if (scorer.encoderHash !== zoo.encoder.onnx.sha256) {
    throw new Failure('asset', `${file} was learned with the encoder ${scorer.encoderHash}, the zoo's is ${zoo.encoder.onnx.sha256}`);
  }
  return scorer;
}

/**
 * @param {Run} run
 * @param {() => Promise<Sample>} open the sample, which is closed in the end
 * @param {{seed: number, rerankCount: number, started: number, loading?: ReturnType<typeof startLoading>}} options
 *   loading: of the encoder, where that has begun
 * @returns {Promise<RankResult>}
 */
export async function rank(run, open, options) {
  const { pool, zoo } = run;
  // While the images are found, and what decodes them is loaded, workers get ready.
  const loading = await (options.loading ?? startLoading(run, zoo.encoder));
  pool.prepare(zoo.encoder.id).catch(() => undefined);
  const sample = await open().catch((error) => {
    pool.unloadNetwork(zoo.encoder.id);
    throw error;
  });
  try {
    return await rankSample(run, sample, await embedWithModel(run, zoo.encoder, sample, loading), options);
  } finally {
    await sample.close();
  }
}

/**
 * @param {Run} run
 * @param {Sample} sample
 * @param {EmbeddedSample} embedded by the encoder
 * @param {{seed: number, rerankCount: number, started: number}} options
 * @returns {Promise<RankResult>}
 */
async function rankSample(run, sample, embedded, { seed, rerankCount, started }) {
  const { engine, scorer, zoo, terminal } = run;
  const images = embedded.classes.reduce((sum, { features }) => sum + features.length, 0);
  if (images < fewImages * embedded.classes.length) {
    terminal.warn(`${images} images for ${embedded.classes.length} classes are few: from ${fewImages} a class on, the ranking is surer`);
  }
  const looked = performance.now();
  rememberShown(embedded, await observeEncoderIn(run.pool, { zoo, sample: embedded }));
  const task = createTask(engine, encodedClasses(zoo, embedded.classes));
  try {
    const begun = performance.now();
    const observed = rerankCount > 0 ? await observe(run, sample, { task, embedded, count: rerankCount }) : new Map();
    const seconds = { rerank: (performance.now() - begun) / 1000, total: 0 };
    const result = rankTask({ engine, scorer, zoo, task, sample: embedded, workers: run.pool.size, observed, seed, seconds });
    result.seconds.score += (begun - looked) / 1000;
    result.seconds.total = (performance.now() - started) / 1000;
    return result;
  } finally {
    task.destroy();
  }
}

/**
 * Runs models one after another, each time the one that is worth most. Models that are not fetched
 * keep the rank that their tokens give them.
 *
 * @param {Run} run
 * @param {Sample} sample
 * @param {{task: import('../modelspider.mjs').Task, embedded: EmbeddedSample, count: number}} options
 * @returns {Promise<Map<string, number>>} their accuracies, by id
 */
async function observe(run, sample, { task, embedded, count }) {
  const { engine, zoo, scorer } = run;
  const shown = observeEncoder({ engine, zoo, sample: embedded });
  const observed = new Map();
  const readable = readablePart(sample, embedded);
  const isFetched = (/** @type {string} */ id) => existsSync(modelFile(zoo, { id }));
  while (observed.size < count) {
    const id = suggestModel(scorer, task, new Map([...shown, ...observed]), isFetched);
    if (id === undefined) {
      break;
    }
    const own = await embedWithModel(run, findEntry(zoo, id), readable);
    observed.set(id, observeModel(engine, own.classes));
  }
  const lacking = scorer.modelIds.filter((id) => !shown.has(id) && !isFetched(id));
  if (observed.size < count && lacking.length > 0) {
    run.terminal.warn(`${observed.size} models were run; ${lacking.join(', ')} could not be: modelspider zoo fetch brings them`);
  }
  return observed;
}

/** @param {RankResult} result @param {ReturnType<typeof readLimits>} limits @returns {RankResult} */
function show(result, { top, megabytes, permissiveOnly }) {
  const ranking = result.ranking
    .filter((model) => model.download_bytes <= megabytes * 1e6 && (!permissiveOnly || isPermissive(model)))
    .slice(0, top);
  return { ...result, ranking };
}

/** @param {Values} values @returns {(result: RankResult) => string} */
function format({ json, csv, markdown }) {
  return json ? toJson : csv ? toCsv : markdown ? toMarkdown : toTable;
}
