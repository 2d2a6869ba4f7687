// Which models of a ranking are shown, and in which order.

/**
 * @typedef {import('../wasm/report.mjs').RankedModel} RankedModel
 * @typedef {'rank' | 'name' | 'accuracy' | 'change' | 'size' | 'macs'} SortKey
 * @typedef {{key: SortKey, isDescending: boolean}} Sorting
 * @typedef {{maxBytes: number, isPermissiveOnly: boolean}} Filter
 */

/** @type {Sorting} */
export const byRank = { key: 'rank', isDescending: false };

/** @type {Filter} */
export const noFilter = { maxBytes: Infinity, isPermissiveOnly: false };

const permissive = /^(Apache-2\.0|MIT|BSD(-[23]-Clause)?|0BSD|ISC|CC0-1\.0|CC-BY-4\.0|Unlicense)$/;

/** @type {Record<SortKey, (model: RankedModel) => number | string>} */
const valueOf = {
  rank: ({ rank }) => rank,
  name: ({ name }) => name.toLowerCase(),
  accuracy: (model) => model.expected_accuracy.mid,
  change: ({ rank, static_rank: before }) => before - rank,
  size: (model) => model.download_bytes,
  macs: ({ macs }) => macs,
};

/** What a first press of a column's head sorts by. @type {Record<SortKey, boolean>} */
export const startsDescending = { rank: false, name: false, accuracy: true, change: true, size: false, macs: false };

/** @param {RankedModel[]} ranking @param {Filter} filter @returns {RankedModel[]} */
export function filterModels(ranking, { maxBytes, isPermissiveOnly }) {
  return ranking.filter(({ download_bytes: size, licence }) =>
    size <= maxBytes && (!isPermissiveOnly || permissive.test(licence)));
}

/** Equal values stay in the order of their rank. @param {RankedModel[]} ranking @param {Sorting} sorting */
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
