// What the images changed, how sure the order is, and which classes look alike.
import { el, replace } from '../dom.mjs';
import { formatPercent, t } from '../i18n.mjs';
import { plainName } from './web-map.mjs';

/**
 * @typedef {import('../state.mjs').RankResult} RankResult
 * @typedef {import('../../wasm/report.mjs').RankedModel} RankedModel
 * @typedef {import('../head.mjs').Confusions} Confusions
 * @typedef {import('../score/known-tasks.mjs').Surroundings} Surroundings
 */

const shownPairs = 4;
const shownMoves = 3;
const shownTasks = 4;
// Of all pairs of known tasks, a third is closer than this: what is further away is no neighbour.
const closeEnough = 2 / 3;

/**
 * @param {RankResult} result
 * @param {{hasImages: boolean, confusions(): Promise<Confusions>, lookAround(): Promise<Surroundings | undefined>}} options
 */
export function whyView(result, { hasImages, confusions, lookAround }) {
  const known = [section('why.best', ...bestText(result.ranking)), section('why.change', ...changeText(result))];
  if (!hasImages) {
    return el('div', { class: 'why' }, ...known);
  }
  const tasks = el('div', { 'aria-busy': 'true' });
  lookAround().then((around) => replace(tasks, ...taskText(around, result.ranking)), () => replace(tasks))
    .finally(() => tasks.removeAttribute('aria-busy'));
  const classes = el('div', { 'aria-busy': 'true' }, el('p', { class: 'soft' }, t('why.looking')));
  confusions().then((found) => replace(classes, ...confusionText(found)), () => replace(classes))
    .finally(() => classes.removeAttribute('aria-busy'));
  return el('div', { class: 'why' },
    ...known,
    section('why.tasks', tasks),
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
  const certain = ranking.filter(({ static_rank: before, rank_low: low, rank_high: high }) => before < low || before > high).length;
  const item = (/** @type {RankedModel} */ { name, rank, static_rank: before }) =>
    el('li', { class: rank < before ? 'gain' : 'loss' }, t(rank < before ? 'why.gained' : 'why.lost', name, before, rank));
  return [
    paragraph(t('why.share', formatPercent(change))),
    paragraph(certain > 0 ? t('why.certain', certain, ranking.length) : t('why.uncertain')),
    el('ul', { class: 'moves number' }, ...gained.map(item), ...lost.map(item)),
  ];
}

/** @param {Surroundings | undefined} around @param {RankedModel[]} ranking */
function taskText(around, ranking) {
  if (!around) {
    return [paragraph(t('map.unknown'))];
  }
  const nameOf = (/** @type {string} */ id) => ranking.find(({ model }) => model === id)?.name;
  const items = around.neighbours.slice(0, shownTasks).map(({ name, closeness, best }) => el('li', {},
    el('strong', {}, plainName(name)),
    el('p', { class: 'soft small number' }, t('why.task', formatPercent(closeness), best.map(nameOf).filter(Boolean).join(', ')))));
  return [
    el('ul', { class: 'pairs' }, ...items),
    around.neighbours[0].closeness < closeEnough && paragraph(t('why.far')),
  ].filter((part) => part !== false);
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
