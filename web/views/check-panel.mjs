// The proof of the pudding: a new image, and what a small head on the model makes of it.
import { el } from '../dom.mjs';
import { formatPercent, t } from '../i18n.mjs';

/** @typedef {import('../state.mjs').State} State */

const shownCount = 3;

/** @param {State} state @param {{check(blob: Blob): void}} actions */
export function checkPanel({ check }, actions) {
  const input = el('input', { type: 'file', accept: 'image/*', hidden: true });
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file) {
      actions.check(file);
    }
  });
  return el('section', { class: 'check-panel', 'aria-labelledby': 'check-title' },
    el('h4', { id: 'check-title' }, t('check.title')),
    el('p', { class: 'small soft' }, t('check.hint')),
    el('button', { type: 'button', id: 'check-image', 'data-focus': 'check-image', onclick: () => input.click() }, t('check.choose')),
    input,
    check && checkResult(check));
}

/** @param {import('../state.mjs').Check} check */
function checkResult({ error, guesses }) {
  if (error) {
    return el('p', { class: 'small' }, error);
  }
  return el('ol', { class: 'guesses' }, ...guesses.slice(0, shownCount).map(({ name, share }) => {
    const bar = el('span', { class: 'guess-bar', 'aria-hidden': 'true' });
    bar.style.setProperty('--share', `${(share * 100).toFixed(1)}%`);
    return el('li', {}, el('bdi', { class: 'guess-name' }, name), el('span', { class: 'number' }, formatPercent(share)), bar);
  }));
}
