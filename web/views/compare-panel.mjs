// Two models side by side, each figure that speaks for one of them marked.
import { el, icon } from '../dom.mjs';
import { formatBytes, formatMacs, licenceText, t } from '../i18n.mjs';
import { accuracyBar, accuracyScale } from './accuracy-bar.mjs';
import { changeOf, timeOf } from './ranking-table.mjs';

/**
 * @typedef {import('../listing.mjs').ListedModel} ListedModel
 * @typedef {import('../state.mjs').State} State
 */

/**
 * @param {ListedModel[]} models
 * @param {State} state
 * @param {{compare(id: string | undefined): void}} actions
 */
export function comparePanel(models, { selected, rival, zoo }, { compare }) {
  const pair = [selected, rival].flatMap((id) => models.find(({ model }) => model === id) ?? []);
  if (pair.length < 2 || selected === rival) {
    return undefined;
  }
  const [better, worse] = pair.toSorted((a, b) => a.rank - b.rank);
  const isClear = better.expected_accuracy.low > worse.expected_accuracy.high;
  const scale = accuracyScale(pair);
  const purposeOf = (/** @type {ListedModel} */ { model }) => t('model.purpose', zoo?.models.find(({ id }) => id === model)?.trained_for ?? '');
  const row = (/** @type {string} */ name, /** @type {(model: ListedModel) => any} */ show, /** @type {(model: ListedModel) => number | undefined} */ cost = () => undefined) =>
    el('tr', {}, el('th', { scope: 'row' }, name), ...pair.map((model, i) =>
      el('td', { class: isLess(cost(model), cost(pair[1 - i])) ? 'number wins' : 'number' }, show(model))));
  return el('section', { class: 'compare-panel', 'aria-labelledby': 'compare-title' },
    el('header', {},
      el('h3', { id: 'compare-title' }, t('compare.title', pair[0].name, pair[1].name)),
      el('button', { type: 'button', class: 'quiet icon-button', 'aria-label': t('compare.close'), 'data-focus': 'compare-close', onclick: () => compare(undefined) }, icon('close'))),
    el('p', { class: 'small' }, t(isClear ? 'compare.apart' : 'compare.open', better.name)),
    el('table', {},
      el('thead', {}, el('tr', {}, el('td'), ...pair.map(({ name }) => el('th', { scope: 'col' }, name)))),
      el('tbody', {},
        row(t('column.rank'), ({ rank, rank_low: low, rank_high: high }) => `${rank} (${t('rank.range', low, high)})`, ({ rank }) => rank),
        row(t('column.accuracy'), (model) => accuracyBar(model, scale)),
        row(t('column.change'), changeOf),
        row(t('column.size'), (model) => formatBytes(model.download_bytes), (model) => model.download_bytes),
        row(t('column.macs'), ({ macs }) => formatMacs(macs), ({ macs }) => macs),
        row(t('column.time'), timeOf, ({ milliseconds }) => milliseconds),
        row(t('fact.parameters'), ({ params }) => formatMacs(params), ({ params }) => params),
        row(t('fact.trained-for'), purposeOf),
        row(t('fact.licence'), ({ licence }) => licenceText(licence)))));
}

/** @param {number | undefined} a @param {number | undefined} b */
const isLess = (a, b) => a !== undefined && b !== undefined && a < b;
