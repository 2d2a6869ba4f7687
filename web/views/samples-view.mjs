// Sample tasks in one click, with whose pictures they are.
import { assetUrl, fetchJson } from '../assets.mjs';
import { byId, el, replace } from '../dom.mjs';
import { t } from '../i18n.mjs';

/**
 * @typedef {{id: string, title: string, licence: string, package: string, classes: number,
 *   images: number, bytes: number}} Sample
 */

/**
 * @param {{store: import('../store.mjs').Store<import('../state.mjs').State>,
 *   actions: {openSample(id: string): void}}} page
 */
export async function startSamples({ store, actions }) {
  /** @type {Sample[]} */
  let samples = [];
  const region = byId('samples');
  store.watch(({ task, isReading }) => [task.classes.length + task.loose.length > 0, isReading], ({ task, isReading }) => {
    const isShown = samples.length > 0 && task.classes.length + task.loose.length === 0;
    replace(region, isShown && sampleList(samples, { isReading, open: actions.openSample }));
  });
  try {
    samples = await fetchJson('samples/index.json');
  } catch {
    // A page that was built without the packages has no samples, and works as well.
  }
  store.redraw();
}

/** @param {Sample[]} samples @param {{isReading: boolean, open(id: string): void}} options */
function sampleList(samples, { isReading, open }) {
  const titles = new Map(samples.map(({ title, licence, package: source }) => [title, `${licence}, ${source} (Debian)`]));
  return el('section', { class: 'samples', 'aria-labelledby': 'samples-title' },
    el('h3', { id: 'samples-title' }, t('samples.title')),
    el('ul', { class: 'sample-list' }, ...samples.map(({ id, classes, images }) => el('li', {},
      el('button', { type: 'button', class: 'sample', 'data-sample': id, disabled: isReading, onclick: () => open(id) },
        el('img', { src: assetUrl(`samples/${id}.webp`), alt: '', width: 88, height: 44, loading: 'lazy' }),
        el('span', { class: 'sample-name' }, t(/** @type {any} */ (`samples.${id}`))),
        el('span', { class: 'soft small number' }, t('samples.count', classes, images)))))),
    el('details', { class: 'sample-terms soft small' },
      el('summary', {}, t('samples.terms')),
      el('ul', {}, ...[...titles].map(([title, terms]) => el('li', {}, `${title}: ${terms}`)))));
}
