// What the images changed, how sure the order is, and which classes look alike.
import { el, replace } from '../dom.mjs';
import { formatPercent, t } from '../i18n.mjs';

/**
 * @typedef {import('../state.mjs').RankResult} RankResult
 * @typedef {import('../../wasm/report.mjs').RankedModel} RankedModel
 * @typedef {import('../head.mjs').Confusions} Confusions
 */

const shownPairs = 4;
const shownMoves = 3;

/** @param {RankResult} result @param {{confusions(): Promise<Confusions>}} options */
export function whyView(result, { confusions }) {
  const classes = el('div', { 'aria-busy': 'true' }, el('p', { class: 'soft' }, t('why.looking')));
  confusions().then((found) => replace(classes, ...confusionText(found)), () => replace(classes))
    .finally(() => classes.removeAttribute('aria-busy'));
  return el('div', { class: 'why' },
    section('why.best', ...bestText(result.ranking)),
    section('why.change', ...changeText(result)),
    section('why.classes', classes));
}

/** @param {import('../i18n.mjs').StringKey} title @param {...Node} content */
const section = (title, ...content) => el('section', {}, el('h3', {}, t(title)), ...content);

/** @param {string} text */
const paragraph = (text) => el('p', {}, text);

/** The models that may truly be the best. @param {RankedModel[]} ranking */
function bestText(ranking) {
  const rivals = ranking.filter(({ rank_low: low }) => low === 1);
  const names = rivals.map(({ name }) => name);
  return [paragraph(rivals.length <= 1 ? t('why.one-best', ranking[0].name) : t('why.some-best', rivals.length, names.join(', ')))];
}

/** @param {RankResult} result */
function changeText({ ranking, order_change: change }) {
  const byGain = ranking.toSorted((a, b) => (b.static_rank - b.rank) - (a.static_rank - a.rank));
  const gained = byGain.filter((model) => model.static_rank > model.rank).slice(0, shownMoves);
  const lost = byGain.filter((model) => model.static_rank < model.rank).slice(-shownMoves).reverse();
  const item = (/** @type {RankedModel} */ { name, rank, static_rank: before }) =>
    el('li', { class: rank < before ? 'gain' : 'loss' }, t(rank < before ? 'why.gained' : 'why.lost', name, before, rank));
  return [
    paragraph(t('why.share', formatPercent(change))),
    el('ul', { class: 'moves number' }, ...gained.map(item), ...lost.map(item)),
  ];
}

/** @param {Confusions} found */
function confusionText({ pairs, right, total }) {
  return [
    paragraph(t('why.right', right, total)),
    pairs.length > 0 ? el('ul', { class: 'pairs' }, ...pairs.slice(0, shownPairs).map(({ a, b, count }) =>
      el('li', {}, el('bdi', {}, a), ' ↔ ', el('bdi', {}, b), ' ', el('span', { class: 'soft small number' }, t('why.times', count)))))
      : paragraph(t('why.apart')),
  ];
}
