// Which models are worth showing: small enough, and with a licence that asks for little.
import { el } from '../dom.mjs';
import { formatBytes, t } from '../i18n.mjs';

/** @typedef {import('../listing.mjs').Filter} Filter */

const sizes = [Infinity, 5e6, 2e6, 1e6];

/**
 * @param {Filter} filter
 * @param {{kinds: import('../listing.mjs').Kind[], change(filter: Filter): void}} options kinds: that
 *   the ranking has
 */
export function filterBar(filter, { kinds, change }) {
  const kind = el('select', {
    'data-focus': 'filter-kind', 'aria-label': t('filter.kind'),
    onchange: (/** @type {Event} */ { currentTarget }) =>
      change({ ...filter, kind: /** @type {Filter['kind']} */ (/** @type {HTMLSelectElement} */ (currentTarget).value) }),
  }, ...(/** @type {Filter['kind'][]} */ (['any', ...kinds])).map((value) => el('option', { value, selected: value === filter.kind },
    value === 'any' ? t('filter.any-kind') : t(`kind.${value}`))));
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
  return el('div', { class: 'filter-bar small' }, kind, size, el('label', { class: 'check' }, licence, t('filter.permissive')));
}
