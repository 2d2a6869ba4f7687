// Which models are worth showing: small enough, and with a licence that asks for little.
import { el } from '../dom.mjs';
import { formatBytes, t } from '../i18n.mjs';

/** @typedef {import('../listing.mjs').Filter} Filter */

const sizes = [Infinity, 5e6, 2e6, 1e6];

/** @param {Filter} filter @param {(filter: Filter) => void} change */
export function filterBar(filter, change) {
  const size = el('select', {
    'data-focus': 'filter-size', 'aria-label': t('filter.size'),
    onchange: (/** @type {Event} */ { currentTarget }) =>
      change({ ...filter, maxBytes: Number(/** @type {HTMLSelectElement} */ (currentTarget).value) }),
  }, ...sizes.map((bytes) => el('option', { value: bytes, selected: bytes === filter.maxBytes },
    bytes === Infinity ? t('filter.any-size') : t('filter.up-to', formatBytes(bytes)))));
  const licence = el('input', {
    type: 'checkbox', checked: filter.isPermissiveOnly, 'data-focus': 'filter-licence',
    onchange: (/** @type {Event} */ { currentTarget }) =>
      change({ ...filter, isPermissiveOnly: /** @type {HTMLInputElement} */ (currentTarget).checked }),
  });
  return el('div', { class: 'filter-bar small' }, size, el('label', { class: 'check' }, licence, t('filter.permissive')));
}
