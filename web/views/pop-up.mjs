// A small menu that opens beside its button, and closes on Escape, on a choice, or when left.
import { el, icon } from '../dom.mjs';

/**
 * @param {{text?: string, label?: string, focusKey: string}} button text, or a label for three dots
 * @param {Node[]} items
 */
export function popUp({ text, label, focusKey }, items) {
  const summary = el('summary', { 'aria-label': label, 'data-focus': focusKey, class: text ? 'menu-text' : 'menu-dots' },
    text ?? icon('more'));
  const menu = el('details', { class: 'menu' }, summary, el('div', { class: 'menu-items' }, ...items));
  menu.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape' && menu.open) {
      menu.open = false;
      summary.focus();
    }
  });
  menu.addEventListener('focusout', ({ relatedTarget }) => {
    if (!menu.contains(/** @type {Node | null} */ (relatedTarget))) {
      menu.open = false;
    }
  });
  menu.addEventListener('click', ({ target }) => {
    if (target instanceof Element && target.closest('.menu-items > button')) {
      menu.open = false;
    }
  });
  return menu;
}
