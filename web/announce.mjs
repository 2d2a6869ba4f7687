// Tells screen readers what happened, and shows notices that stay until they are dismissed.
import { byId, el, icon } from './dom.mjs';
import { t } from './i18n.mjs';

/** @param {string} text said when there is time */
export function announce(text) {
  byId('live').textContent = text;
}

/** @param {string} text said at once */
export function alertNow(text) {
  byId('live-alert').textContent = text;
}

/**
 * @param {string} text
 * @param {{isError?: boolean, action?: {text: string, act(): void}}} [options]
 */
export function showNotice(text, { isError = false, action } = {}) {
  const notice = el('div', { class: isError ? 'notice notice-error' : 'notice' },
    el('p', {}, text),
    el('div', { class: 'notice-tools' },
      action && el('button', { type: 'button', onclick: action.act }, action.text),
      el('button', {
        type: 'button', class: 'quiet icon-button', 'aria-label': t('notice.dismiss'), onclick: () => notice.remove(),
      }, icon('close'))));
  byId('notices').append(notice);
  alertNow(text);
}
