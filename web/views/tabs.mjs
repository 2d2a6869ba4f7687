// Tabs as the ARIA authoring practices describe them: arrow keys move, one stop for the tab key.
import { el } from '../dom.mjs';

/**
 * @template {string} Id
 * @param {{id: Id, text: string}[]} tabs
 * @param {{label: string, chosen: Id, panel: string, choose(id: Id): void}} options panel: the id
 *   of the element that shows the chosen one
 */
export function tabList(tabs, { label, chosen, panel, choose }) {
  const list = el('div', { class: 'tabs', role: 'tablist', 'aria-label': label },
    ...tabs.map(({ id, text }) => el('button', {
      type: 'button', role: 'tab', id: `tab-${id}`, class: 'tab', 'aria-selected': String(id === chosen),
      'aria-controls': panel, tabindex: id === chosen ? 0 : -1, 'data-focus': `tab-${id}`,
      onclick: () => choose(id),
    }, text)));
  list.addEventListener('keydown', (event) => {
    const steps = { ArrowRight: 1, ArrowLeft: -1 };
    const step = steps[/** @type {'ArrowRight'} */ (event.key)];
    if (step) {
      const at = tabs.findIndex(({ id }) => id === chosen);
      const next = tabs[(at + step + tabs.length) % tabs.length].id;
      /** @type {HTMLElement | null} */ (list.querySelector(`#tab-${next}`))?.focus();
      choose(next);
    }
  });
  return list;
}
