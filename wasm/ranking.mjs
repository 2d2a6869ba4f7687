// From a user's embedded sample to a ranking, schema 1 of the command line's JSON: the one path that
// page and command line share, so that equal pixels get equal scores in both.
import { ModelSpiderError } from './modelspider.mjs';
import { nextTask } from './next-task.mjs';
import { observationMetrics, observedAccuracy } from './observation.mjs';

/**
 * @typedef {import('./modelspider.mjs').Engine} Engine
 * @typedef {import('./modelspider.mjs').Scorer} Scorer
 * @typedef {import('./modelspider.mjs').Task} Task
 * @typedef {import('./sample.mjs').EmbeddedSample} EmbeddedSample
 * @typedef {import('./report.mjs').RankResult} RankResult
 * @typedef {import('./report.mjs').RankedModel} RankedModel
 * @typedef {{id: string, name: string, licence: string, parameters: number, macs: number,
 *   features: number, taps: string[], tap_features?: number[], source: object,
 *   input: import('./modelspider.mjs').InputRecipe, onnx: {sha256: string, bytes: number}}} ListedModel
 *   as in a manifest
 * @typedef {ListedModel & {companions?: string[]}} ListedEncoder companions: ids of models that run with
 *   it, whose features of an image follow its own
 * @typedef {{name: string, encoder: ListedEncoder, models: ListedModel[]}} ListedZoo
 * @typedef {{engine: Engine, zoo: ListedZoo, sample: EmbeddedSample}} Encoded sample: the encoder's
 */

/** Draws of the Gaussian model behind every interval: their ends are then good to about one rank. */
const draws = 512;

/**
 * The task of an embedded sample. The caller destroys it.
 *
 * @param {Engine} engine
 * @param {EmbeddedSample['classes']} classes at least 2, each with an image
 * @returns {Task}
 */
export function createTask(engine, classes) {
  if (classes.length < 2) {
    throw new ModelSpiderError('data', 'a task has at least 2 classes with a readable image');
  }
  const task = engine.createTask(classes.length, classes[0].features[0].length);
  try {
    classes.forEach(({ features }, label) => features.forEach((row) => task.addImage(label, row)));
    return task;
  } catch (error) {
    task.destroy();
    throw error;
  }
}

/**
 * How well one model's features solve the task, as the scorer takes it for observed.
 *
 * @param {Engine} engine
 * @param {EmbeddedSample['classes']} classes the model's features of the task's images
 * @returns {number} 0 … 1
 */
export function observeModel(engine, classes) {
  const { features, count, dimension, labels, classCount } = matrixOf(classes);
  const values = engine.metrics(observationMetrics, features, count, dimension, labels, classCount);
  return observedAccuracy((name) => values[name]);
}

/**
 * Features by class as metrics want them.
 *
 * @param {{features: Float32Array[]}[]} classes at least one, with an image
 * @returns {import('./worker.mjs').Matrix}
 */
export function matrixOf(classes) {
  const rows = classes.flatMap(({ features }) => features);
  const dimension = rows[0].length;
  const features = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => features.set(row, i * dimension));
  const labels = classes.flatMap(({ features: own }, label) => own.map(() => label));
  return { features, count: rows.length, dimension, labels, classCount: classes.length };
}

/**
 * The models that run with the encoder on every image, in the order of their features.
 *
 * @template {ListedModel} Model
 * @param {{encoder: {companions?: string[]}, models: Model[]}} zoo
 * @returns {Model[]}
 */
export function companionsOf({ encoder, models }) {
  return (encoder.companions ?? []).map((id) => {
    const model = models.find((candidate) => candidate.id === id);
    if (!model) {
      throw new ModelSpiderError('data', `the zoo has no model ${id}, which is to run with the encoder`);
    }
    return model;
  });
}

/**
 * What runs on every image: the encoder, then its companions.
 *
 * @template {ListedModel} Model
 * @param {{encoder: Model & {companions?: string[]}, models: Model[]}} zoo
 * @returns {Model[]}
 */
export const encoderParts = (zoo) => [zoo.encoder, ...companionsOf(zoo)];

/** Features of an image, companions' among them. @param {Pick<ListedZoo, 'encoder' | 'models'>} zoo @returns {number} */
export const encoderFeatureCount = (zoo) => encoderParts(zoo).reduce((sum, { features }) => sum + features, 0);

/** Multiply-accumulates of an image, companions' among them. @param {Pick<ListedZoo, 'encoder' | 'models'>} zoo @returns {number} */
export const encoderMacs = (zoo) => encoderParts(zoo).reduce((sum, { macs }) => sum + macs, 0);

/** Of all features those of one part. @param {EmbeddedSample['classes']} classes @param {number} start @param {number} count */
const cutFeatures = (classes, start, count) =>
  classes.map((own) => ({ ...own, features: own.features.map((row) => row.subarray(start, start + count)) }));

/**
 * What the encoder itself saw, which the scorer reads: features without the companions'.
 *
 * @param {Pick<ListedZoo, 'encoder'>} zoo
 * @param {EmbeddedSample['classes']} classes
 * @returns {EmbeddedSample['classes']}
 */
export const encodedClasses = ({ encoder }, classes) => cutFeatures(classes, 0, encoder.features);

/**
 * The model that the encoder is cut from: of the same published file, it reads the same input, and its
 * taps stand together among the encoder's.
 *
 * @param {ListedZoo} zoo
 * @returns {{model: ListedModel, start: number} | undefined} start: its first feature among the encoder's
 */
function modelInEncoder({ encoder, models }) {
  const reads = (/** @type {ListedModel} */ { source, input: { signature, precision, ...input } }) => JSON.stringify([source, input]);
  for (const model of models.filter((candidate) => reads(candidate) === reads(encoder))) {
    const first = encoder.taps.findIndex((_, i) =>
      JSON.stringify(encoder.taps.slice(i, i + model.taps.length)) === JSON.stringify(model.taps));
    if (first !== -1 && encoder.tap_features) {
      return { model, start: encoder.tap_features.slice(0, first).reduce((sum, count) => sum + count, 0) };
    }
  }
  return undefined;
}

/**
 * The models whose features of an image are there when the encoder has run: the one that it is cut
 * from, and its companions.
 *
 * @param {ListedZoo} zoo
 * @returns {{model: ListedModel, start: number}[]} start: the model's first feature among the encoder's
 */
export function modelsInEncoder(zoo) {
  const cut = modelInEncoder(zoo);
  let end = zoo.encoder.features;
  return [...(cut ? [cut] : []), ...companionsOf(zoo).map((model) => {
    const start = end;
    end += model.features;
    return { model, start };
  })];
}

/** What the encoder's features show of models, by sample. @type {WeakMap<EmbeddedSample, Map<string, number>>} */
const shownBySample = new WeakMap();

/**
 * The accuracies of the models that have run with the encoder. A sample is looked at once.
 *
 * @param {Encoded} encoded
 * @returns {ReadonlyMap<string, number>} by id
 */
export function observeEncoder({ engine, zoo, sample }) {
  const known = shownBySample.get(sample);
  if (known) {
    return known;
  }
  const shown = new Map(modelsInEncoder(zoo).map((part) => [part.model.id, observeModel(engine, seenBy(part, sample))]));
  rememberShown(sample, shown);
  return shown;
}

/**
 * The same, found by all workers of a pool, and not remembered.
 *
 * @param {import('./worker-pool.mjs').WorkerPool} pool
 * @param {Omit<Encoded, 'engine'>} encoded
 * @returns {Promise<Map<string, number>>} by id
 */
export async function observeEncoderIn(pool, { zoo, sample }) {
  return new Map(await Promise.all(modelsInEncoder(zoo).map(async (part) => {
    // What is to be copied for each is copied in a task of its own: a page answers in between.
    await nextTask();
    const values = await pool.metrics(observationMetrics, matrixOf(seenBy(part, sample)), { give: true });
    return /** @type {const} */ ([part.model.id, observedAccuracy((name) => values[name])]);
  })));
}

/** Spares observeEncoder the work. @param {EmbeddedSample} sample @param {Map<string, number>} shown */
export const rememberShown = (sample, shown) => void shownBySample.set(sample, shown);

/** @param {{model: ListedModel, start: number}} part of the encoder @param {EmbeddedSample} sample */
const seenBy = ({ model, start }, { classes }) => cutFeatures(classes, start, model.features);

/**
 * The model that is worth running next, of those that can be run: the one that tells most or, where
 * that one cannot be run, the best by score.
 *
 * @param {Scorer} scorer
 * @param {Task} task
 * @param {ReadonlyMap<string, number>} observed accuracies of models that were run, by id
 * @param {(id: string) => boolean} [isAvailable]
 * @returns {string | undefined} its id
 */
export function suggestModel(scorer, task, observed, isAvailable = () => true) {
  const candidates = scorer.modelIds.filter((id) => !observed.has(id) && isAvailable(id));
  if (candidates.length === 0) {
    return undefined;
  }
  const suggested = scorer.modelIds[scorer.suggest(task, byIndex(scorer, observed))];
  if (candidates.includes(suggested)) {
    return suggested;
  }
  const { assessments } = scorer.assess(task, { observed: byIndex(scorer, observed), draws: 16 });
  const scoreOf = (/** @type {string} */ id) => assessments[scorer.modelIds.indexOf(id)].score;
  return candidates.reduce((best, id) => (scoreOf(id) > scoreOf(best) ? id : best));
}

/** Of the models that the scorer knows. @param {Scorer} scorer @param {ReadonlyMap<string, number>} observed */
function byIndex(scorer, observed) {
  return new Map([...observed].map(([id, accuracy]) => /** @type {const} */ ([scorer.modelIds.indexOf(id), accuracy]))
    .filter(([index]) => index >= 0));
}

/**
 * Ranks the models of the zoo that the scorer knows. Those that have run with the encoder count as run.
 *
 * @param {{engine: Engine, scorer: Scorer, zoo: ListedZoo, task: Task, sample: EmbeddedSample,
 *   workers: number, observed?: ReadonlyMap<string, number>, seed?: number,
 *   seconds?: {rerank?: number, total?: number}}} ranking sample: what the task was made of;
 *   observed: accuracies of models that were run, by id; seconds: what the caller spent before
 * @returns {RankResult}
 */
export function rankTask({ engine, scorer, zoo, task, sample, workers, observed = new Map(), seed = 0, seconds = {} }) {
  const started = performance.now();
  const known = new Map([...observeEncoder({ engine, zoo, sample }), ...observed]);
  const { assessments, orderChange } = scorer.assess(task, { observed: byIndex(scorer, known), seed, draws });
  const places = placesOf(scorer.prior());
  const ranking = assessments.map((assessment, index) => ({ ...assessment, index, id: scorer.modelIds[index] }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .map(({ id, index, score, rankLow, rankHigh, accuracy }, rank) => ({
      rank: rank + 1, model: id, score, rank_low: Math.round(rankLow) + 1, rank_high: Math.round(rankHigh) + 1, static_rank: places[index] + 1,
      expected_accuracy: accuracy, reranked: known.has(id),
    }))
    .flatMap((row) => withListing(row, zoo));
  const score = (performance.now() - started) / 1000;
  const { decode, encode } = sample.seconds;
  return {
    schema: 1,
    zoo: zoo.name,
    engine: { version: engine.version, simd: true, workers },
    task: {
      images: sample.classes.reduce((sum, { features }) => sum + features.length, 0),
      classes: sample.classes.map(({ name, features }) => ({ name, images: features.length })),
      skipped: sample.skipped,
    },
    ranking,
    order_change: orderChange,
    seconds: {
      decode, encode, score, rerank: seconds.rerank ?? 0,
      total: seconds.total ?? decode + encode + score + (seconds.rerank ?? 0),
    },
  };
}

/** The place of each score in falling order, from 0. @param {Float32Array} scores @returns {number[]} */
function placesOf(scores) {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
  const places = new Array(order.length);
  order.forEach((index, place) => { places[index] = place; });
  return places;
}

/**
 * A row with what the manifest says of its model; none for a model that the manifest has not.
 *
 * @param {Omit<RankedModel, 'name' | 'params' | 'macs' | 'download_bytes' | 'licence'>} row
 * @param {ListedZoo} zoo
 * @returns {RankedModel[]}
 */
function withListing(row, { models }) {
  const listed = models.find(({ id }) => id === row.model);
  return listed === undefined ? [] : [{
    ...row, name: listed.name, params: listed.parameters, macs: listed.macs, download_bytes: listed.onnx.bytes,
    licence: listed.licence,
  }];
}
