// How far the ranking is: a web that is being spun, words, a bar, and the way to stop it.
import { announce } from '../announce.mjs';
import { byId, el, replace } from '../dom.mjs';
import { formatSeconds, t } from '../i18n.mjs';
import { isBusy } from '../state.mjs';
import { SpinningWeb } from '../web-figure.mjs';

/** @typedef {import('../state.mjs').State} State */

const saidStep = 25;

/** @param {{store: import('../store.mjs').Store<State>, actions: {cancel(): void}}} page */
export function startProgress({ store, actions }) {
  const web = new SpinningWeb();
  const words = el('p', { class: 'progress-words number' });
  const left = el('p', { class: 'soft small number' });
  const bar = el('progress', { max: 1, 'aria-labelledby': 'progress-words' });
  const cancel = el('button', { type: 'button', id: 'cancel', onclick: actions.cancel });
  words.id = 'progress-words';
  const panel = el('div', { class: 'progress' }, web.element,
    el('div', { class: 'progress-text' }, words, bar, left), cancel);
  let said = 0;

  store.watch((state) => [isBusy(state), state.run], (state) => {
    const { run } = state;
    const region = byId('progress');
    byId('ranking').setAttribute('aria-busy', String(isBusy(state)));
    if (!isBusy(state)) {
      replace(region);
      said = 0;
      return;
    }
    if (!panel.isConnected) {
      replace(region, panel);
    }
    const share = shareOf(run);
    web.spin(share);
    bar.value = share;
    words.textContent = wordsOf(run);
    left.textContent = leftOf(run);
    cancel.textContent = t('progress.cancel');
    const percent = Math.floor((share * 100) / saidStep) * saidStep;
    if (percent > said && percent < 100) {
      said = percent;
      announce(t('progress.percent', percent));
    }
  });
}

/** @param {import('../state.mjs').Run} run */
function shareOf({ phase, done, total }) {
  if (phase === 'score') {
    return 1;
  }
  return phase === 'images' && total > 0 ? done / total : 0;
}

/** @param {import('../state.mjs').Run} run */
function wordsOf({ phase, done, total }) {
  if (phase === 'images') {
    return t('progress.images', Math.min(done + 1, total), total);
  }
  return t(phase === 'score' ? 'progress.score' : 'progress.engine');
}

/** Said once the pace is known. @param {import('../state.mjs').Run} run */
function leftOf({ phase, done, total, startedAt }) {
  const elapsed = (performance.now() - startedAt) / 1000;
  const left = (elapsed / Math.max(done, 1)) * (total - done);
  return phase === 'images' && done >= 8 && left > 1.5 ? t('progress.left', formatSeconds(Math.ceil(left))) : '\u00a0';
}
