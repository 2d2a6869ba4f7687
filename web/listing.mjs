// Which models of a ranking are shown, and in which order.
import { isPermissive } from '../wasm/report.mjs';

/**
 * @typedef {import('../wasm/report.mjs').RankedModel} RankedModel
 * @typedef {RankedModel & {kind: Kind, milliseconds: number | undefined, isMeasured: boolean}} ListedModel
 *   milliseconds: for one image on this device; undefined while its speed is not known
 * @typedef {'objects' | 'bodies' | 'hands' | 'faces' | 'text' | 'other'} Kind what a model was made to see
 * @typedef {'rank' | 'name' | 'accuracy' | 'change' | 'size' | 'macs' | 'time'} SortKey
 * @typedef {{key: SortKey, isDescending: boolean}} Sorting
 * @typedef {{maxBytes: number, isPermissiveOnly: boolean, kind: Kind | 'any'}} Filter
 */

/** @type {Sorting} */
export const byRank = { key: 'rank', isDescending: false };

/** @type {Filter} */
export const noFilter = { maxBytes: Infinity, isPermissiveOnly: false, kind: 'any' };

/** A manifest says in words what a model was trained for; the first that fits counts. @type {[Kind, RegExp][]} */
const kindWords = [
  ['text', /\b(text|characters?|letters?|ocr)\b/i],
  ['hands', /\b(hands?|gestures?)\b/i],
  ['faces', /\b(faces?|facial|eyes?|iris)\b/i],
  ['bodies', /\b(pose|people|person|body)\b/i],
  ['objects', /\b(objects?|boxes)\b/i],
];

/** @param {string} trainedFor @returns {Kind} */
export const kindOf = (trainedFor) => kindWords.find(([, words]) => words.test(trainedFor))?.[0] ?? 'other';

/**
 * What a ranking does not say of its models: their kind, and how long they take here.
 *
 * @param {RankedModel[]} ranking
 * @param {{zoo: import('./assets.mjs').Manifest | undefined, pace: number | undefined,
 *   speeds: Map<string, number>}} facts pace: multiply-accumulates a millisecond of this device, as far
 *   as it is known; speeds: measured milliseconds by model's id
 * @returns {ListedModel[]}
 */
export function withFacts(ranking, { zoo, pace, speeds }) {
  const purposes = new Map(zoo?.models.map(({ id, trained_for: purpose }) => [id, purpose]));
  return ranking.map((model) => {
    const measured = speeds.get(model.model);
    return {
      ...model, kind: kindOf(purposes.get(model.model) ?? ''), milliseconds: measured ?? (pace && model.macs / pace), isMeasured: measured !== undefined,
    };
  });
}

/** @type {Record<SortKey, (model: ListedModel) => number | string>} */
const valueOf = {
  rank: ({ rank }) => rank,
  name: ({ name }) => name.toLowerCase(),
  accuracy: (model) => model.expected_accuracy.mid,
  change: ({ rank, static_rank: before }) => before - rank,
  size: (model) => model.download_bytes,
  macs: ({ macs }) => macs,
  time: ({ milliseconds, macs }) => milliseconds ?? macs,
};

/** What a first press of a column's head sorts by. @type {Record<SortKey, boolean>} */
export const startsDescending = { rank: false, name: false, accuracy: true, change: true, size: false, macs: false, time: false };

/** @param {ListedModel[]} ranking @param {Filter} filter @returns {ListedModel[]} */
export function filterModels(ranking, { maxBytes, isPermissiveOnly, kind: wanted }) {
  return ranking.filter((model) =>
    model.download_bytes <= maxBytes && (!isPermissiveOnly || isPermissive(model)) && (wanted === 'any' || model.kind === wanted));
}

/** Equal values stay in the order of their rank. @param {ListedModel[]} ranking @param {Sorting} sorting */
export function sortModels(ranking, { key, isDescending }) {
  const sign = isDescending ? -1 : 1;
  return ranking.toSorted((a, b) => {
    const [x, y] = [valueOf[key](a), valueOf[key](b)];
    return x === y ? a.rank - b.rank : sign * (x < y ? -1 : 1);
  });
}

/**
 * The models that no other one beats in both expected accuracy and cost, cheapest first.
 *
 * @param {RankedModel[]} ranking
 * @param {(model: RankedModel) => number} costOf
 * @returns {RankedModel[]}
 */
export function paretoFront(ranking, costOf) {
  const cheapestFirst = ranking.toSorted((a, b) =>
    costOf(a) - costOf(b) || b.expected_accuracy.mid - a.expected_accuracy.mid);
  let best = -Infinity;
  return cheapestFirst.filter((model) => {
    const isBetter = model.expected_accuracy.mid > best;
    best = Math.max(best, model.expected_accuracy.mid);
    return isBetter;
  });
}
