// The ranking as a table; on narrow screens each row becomes a card.
import { el, icon } from '../dom.mjs';
import { formatBytes, formatMacs, formatNumber, licenceText, t } from '../i18n.mjs';
import { startsDescending } from '../listing.mjs';
import { accuracyBar, accuracyScale, scaleLabels } from './accuracy-bar.mjs';

/**
 * @typedef {import('../listing.mjs').ListedModel} ListedModel
 * @typedef {import('../../wasm/report.mjs').RankedModel} RankedModel
 * @typedef {import('../assets.mjs').Manifest} Manifest
 * @typedef {import('../listing.mjs').Sorting} Sorting
 * @typedef {import('../listing.mjs').SortKey} SortKey
 */

/**
 * @param {ListedModel[]} ranking in the order to show
 * @param {{zoo: Manifest | undefined, selected: string | undefined, select(id: string): void,
 *   sorting: Sorting, sort(sorting: Sorting): void, isShort: boolean}} options isShort: whether narrow
 *   screens show the first rows only
 */
export function rankingTable(ranking, { zoo, selected, select, sorting, sort, isShort }) {
  const scale = accuracyScale(ranking);
  const head = (/** @type {SortKey} */ key, /** @type {string} */ className, /** @type {string} */ text, /** @type {string} */ title = '') =>
    columnHead({ key, text, title, className, sorting, sort }, key === 'accuracy' && scaleLabels(scale));
  // Explicit roles, because laying the table out as cards would otherwise take its meaning away.
  return el('table', { class: isShort ? 'ranking short' : 'ranking', role: 'table' },
    el('caption', { class: 'visually-hidden' }, t('ranking.caption')),
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' },
      head('rank', 'cell-rank', t('column.rank')),
      head('name', 'cell-model', t('column.model')),
      head('accuracy', 'cell-accuracy', t('column.accuracy')),
      head('change', 'cell-change', t('column.change'), t('column.change-long')),
      head('size', 'cell-size', t('column.size')),
      head('macs', 'cell-macs', t('column.macs'), t('column.macs-long')),
      head('time', 'cell-time', t('column.time'), t('column.time-long')))),
    el('tbody', { role: 'rowgroup' }, ...ranking.map((model) => row(model, { scale, zoo, selected, select }))));
}

/**
 * @param {{key: SortKey, text: string, title: string, className: string, sorting: Sorting,
 *   sort(sorting: Sorting): void}} column
 * @param {Node | false} below
 */
function columnHead({ key, text, title, className, sorting, sort }, below) {
  const isSorted = sorting.key === key;
  const isDescending = isSorted ? !sorting.isDescending : startsDescending[key];
  const direction = sorting.isDescending ? 'descending' : 'ascending';
  return el('th', { scope: 'col', class: className, role: 'columnheader', 'aria-sort': isSorted ? direction : undefined },
    el('button', {
      type: 'button', class: isSorted ? `sort ${direction}` : 'sort', title: title || undefined, 'data-focus': `sort-${key}`,
      onclick: () => sort({ key, isDescending }),
    }, text),
    below);
}

/**
 * @param {ListedModel} model
 * @param {{scale: import('./accuracy-bar.mjs').Scale, zoo: Manifest | undefined,
 *   selected: string | undefined, select(id: string): void}} options
 */
function row(model, { scale, zoo, selected, select }) {
  const isSelected = model.model === selected;
  const purpose = zoo?.models.find(({ id }) => id === model.model)?.trained_for;
  const cell = (/** @type {string} */ className, /** @type {any[]} */ ...content) =>
    el('td', { class: className, role: 'cell' }, ...content);
  return el('tr', { role: 'row', class: isSelected ? 'selected' : undefined, 'data-model': model.model },
    cell('cell-rank number', ...rankOf(model)),
    el('th', { scope: 'row', role: 'rowheader', class: 'cell-model' },
      el('button', {
        type: 'button', class: 'model-name', 'aria-pressed': isSelected, 'data-focus': `model-${model.model}`,
        onclick: () => select(model.model),
      }, model.name),
      purpose && el('span', { class: 'model-purpose' }, t('model.purpose', purpose)),
      el('span', { class: 'model-licence' }, licenceText(model.licence))),
    cell('cell-accuracy', accuracyBar(model, scale)),
    cell('cell-change number', changeOf(model)),
    cell('cell-size number', el('span', { class: 'cell-label', 'aria-hidden': 'true' }, t('column.size')), formatBytes(model.download_bytes)),
    cell('cell-macs number', el('span', { class: 'cell-label', 'aria-hidden': 'true' }, t('column.macs')), formatMacs(model.macs)),
    cell('cell-time number', el('span', { class: 'cell-label', 'aria-hidden': 'true' }, t('column.time')), timeOf(model)));
}

/** @param {ListedModel} model */
export function timeOf({ milliseconds, isMeasured }) {
  if (milliseconds === undefined) {
    return el('span', { title: t('time.unknown') }, el('span', { 'aria-hidden': 'true' }, '–'), el('span', { class: 'visually-hidden' }, t('time.unknown')));
  }
  const text = formatNumber(milliseconds, { maximumFractionDigits: milliseconds < 10 ? 1 : 0 });
  return el('span', { class: isMeasured ? 'time measured' : 'time reckoned', title: t(isMeasured ? 'time.is-measured' : 'time.is-reckoned') },
    !isMeasured && el('span', { 'aria-hidden': 'true' }, '≈ '), t('time.value', text),
    el('span', { class: 'visually-hidden' }, ` ${t(isMeasured ? 'time.is-measured' : 'time.is-reckoned')}`));
}

/** @param {RankedModel} model */
function rankOf({ rank, rank_low: low, rank_high: high }) {
  return [
    el('span', { 'aria-hidden': 'true', class: 'rank' }, rank),
    low !== high && el('span', { 'aria-hidden': 'true', class: 'rank-range' }, t('rank.range', low, high)),
    el('span', { class: 'visually-hidden' }, t('rank.sentence', rank, low, high)),
  ];
}

/** How far the user's images moved a model. @param {RankedModel} model */
export function changeOf({ rank, static_rank: before }) {
  const gain = before - rank;
  if (gain === 0) {
    return el('span', { class: 'change same' }, el('span', { 'aria-hidden': 'true' }, '–'),
      el('span', { class: 'visually-hidden' }, t('change.same')));
  }
  return el('span', { class: gain > 0 ? 'change gain' : 'change loss' },
    icon(gain > 0 ? 'up' : 'down'),
    el('span', { 'aria-hidden': 'true' }, Math.abs(gain)),
    el('span', { class: 'visually-hidden' }, gain > 0 ? t('change.up', gain) : t('change.down', -gain)));
}
