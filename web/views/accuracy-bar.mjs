// Expected accuracy as a mark on a scale: where the middle lies, and how far it may be off.
import { el } from '../dom.mjs';
import { formatPercent, t } from '../i18n.mjs';

/**
 * @typedef {import('../../wasm/report.mjs').RankedModel} RankedModel
 * @typedef {{low: number, high: number}} Scale
 */

/** The round scale that holds all intervals. @param {RankedModel[]} ranking @returns {Scale} */
export function accuracyScale(ranking) {
  const low = Math.min(...ranking.map((model) => model.expected_accuracy.low));
  const high = Math.max(...ranking.map((model) => model.expected_accuracy.high));
  return { low: Math.max(Math.floor(low * 10) / 10, 0), high: Math.min(Math.ceil(high * 10) / 10, 1) };
}

/** @param {number} value @param {Scale} scale @returns {string} */
const place = (value, { low, high }) => `${(((value - low) / Math.max(high - low, 1e-6)) * 100).toFixed(2)}%`;

/** @param {RankedModel} model @param {Scale} scale */
export function accuracyBar({ expected_accuracy: { low, mid, high } }, scale) {
  const bar = el('span', { class: 'accuracy-bar', 'aria-hidden': 'true' });
  bar.style.setProperty('--low', place(low, scale));
  bar.style.setProperty('--mid', place(mid, scale));
  bar.style.setProperty('--high', place(high, scale));
  const sentence = t('accuracy.sentence', formatPercent(mid), formatPercent(low), formatPercent(high));
  return el('span', { class: 'accuracy', title: sentence },
    el('span', { class: 'accuracy-value number', 'aria-hidden': 'true' }, formatPercent(mid)),
    bar,
    el('span', { class: 'visually-hidden' }, sentence));
}

/** The scale's ends, for the head of the column. @param {Scale} scale */
export function scaleLabels({ low, high }) {
  return el('span', { class: 'scale number', 'aria-hidden': 'true' },
    el('span', {}, formatPercent(low)), el('span', {}, formatPercent(high)));
}
