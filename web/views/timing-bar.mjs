// Which times of the table are measured and which estimated, and the way to measure them all.
import { el } from '../dom.mjs';
import { formatBytes, t } from '../i18n.mjs';
import { isBusy } from '../state.mjs';

/**
 * @typedef {import('../state.mjs').State} State
 * @typedef {import('../listing.mjs').ListedModel} ListedModel
 * @typedef {{timeAll(): void, cancelTiming(): void}} TimingActions
 */

/** @param {State} state @param {ListedModel[]} models of the ranking @param {TimingActions} actions */
export function timingBar(state, models, { timeAll, cancelTiming }) {
  const { timing, trial } = state;
  const open = models.filter(({ isMeasured }) => !isMeasured);
  if (timing.isRunning) {
    return el('div', { class: 'timing-bar small' },
      el('p', { class: 'number', id: 'timing-words' }, t('timing.running', timing.model, timing.done + timing.failed + 1, timing.total)),
      el('progress', { max: timing.total, value: timing.done + timing.failed, 'aria-labelledby': 'timing-words' }),
      el('button', { type: 'button', class: 'small', id: 'cancel-timing', 'data-focus': 'time-all', onclick: cancelTiming }, t('progress.cancel')));
  }
  const isFree = !isBusy(state) && (trial.phase === 'idle' || trial.phase === 'failed');
  return el('div', { class: 'timing-bar small' },
    el('p', { class: 'soft number' }, t('timing.so-far', models.length - open.length, models.length),
      timing.failed > 0 && ` ${t('timing.failed', timing.failed)}`),
    open.length > 0 && el('button', { type: 'button', class: 'link-button', id: 'time-all', 'data-focus': 'time-all', disabled: !isFree, onclick: timeAll },
      t('timing.measure', open.length, formatBytes(open.reduce((sum, model) => sum + model.download_bytes, 0)))));
}
