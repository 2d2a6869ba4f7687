// One class of the user's task: its name, how many images, a few of them, and what can be done.
import { el } from '../dom.mjs';
import { formatNumber, t } from '../i18n.mjs';
import { popUp } from './pop-up.mjs';
import { thumbnailsOf } from './thumbnails.mjs';

const thumbnailCount = 6;

/**
 * @typedef {import('../task.mjs').TaskClass} TaskClass
 * @typedef {{use(id: number, isUsed: boolean): void, rename(id: number, name: string): void,
 *   merge(from: number, into: number): void, remove(id: number): void}} ClassActions
 */

/**
 * @param {TaskClass} own
 * @param {{others: TaskClass[], unreadableCount: number, actions: ClassActions}} options
 * @returns {HTMLLIElement}
 */
export function classCard(own, { others, unreadableCount, actions }) {
  const { id, name, isUsed, images } = own;
  return el('li', { class: isUsed ? 'class-card' : 'class-card off', 'data-class': id },
    el('div', { class: 'class-head' },
      el('input', {
        type: 'checkbox', checked: isUsed, 'aria-label': t('class.use', name), 'data-focus': `use-${id}`,
        onchange: (/** @type {Event} */ event) =>
          actions.use(id, /** @type {HTMLInputElement} */ (event.currentTarget).checked),
      }),
      el('div', { class: 'class-title' },
        nameButton(own, actions),
        el('p', { class: 'class-meta number' }, isUsed ? t('class.images', images.length) : t('class.off'),
          unreadableCount > 0 && ' · ',
          unreadableCount > 0 && el('span', { class: 'unreadable' }, t('class.unreadable', unreadableCount)))),
      classMenu(own, others, actions)),
    el('div', { class: 'thumbnails', 'aria-hidden': 'true' },
      ...thumbnailsOf(images.slice(0, images.length > thumbnailCount ? thumbnailCount - 1 : thumbnailCount)),
      images.length > thumbnailCount
        && el('span', { class: 'thumbnail more number' }, `+${formatNumber(images.length - thumbnailCount + 1)}`)));
}

/** The name, which turns into a field when it is pressed. @param {TaskClass} own @param {ClassActions} actions */
function nameButton({ id, name }, actions) {
  const button = el('button', {
    type: 'button', class: 'class-name', title: name, 'aria-label': t('class.rename', name), 'data-focus': `name-${id}`,
    onclick: () => edit(),
  }, el('bdi', {}, name));
  const edit = () => {
    const field = el('input', { type: 'text', value: name, 'aria-label': t('class.name'), 'data-focus': `name-${id}` });
    let isOver = false;
    const end = (/** @type {boolean} */ isKept) => {
      if (!isOver) {
        isOver = true;
        const wanted = field.value.trim();
        field.replaceWith(button);
        button.focus();
        if (isKept && wanted !== '' && wanted !== name) {
          actions.rename(id, wanted);
        }
      }
    };
    field.addEventListener('blur', () => end(true));
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === 'Escape') {
        // The button that takes the focus back must not take this key as well.
        event.preventDefault();
        end(event.key === 'Enter');
      }
    });
    button.replaceWith(field);
    field.focus();
    field.select();
  };
  return button;
}

/** @param {TaskClass} own @param {TaskClass[]} others @param {ClassActions} actions */
function classMenu({ id, name }, others, actions) {
  const target = el('select', { 'aria-label': t('class.merge') },
    ...others.map((other) => el('option', { value: other.id }, other.name)));
  const mergeForm = el('form', {
    class: 'merge-form',
    onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      actions.merge(id, Number(target.value));
    },
  }, el('p', { class: 'soft small' }, t('class.merge')), target, el('button', { type: 'submit' }, t('class.merge-into')));
  const remove = el('button', { type: 'button', onclick: () => actions.remove(id) }, t('class.delete'));
  return popUp({ label: t('class.actions', name), focusKey: `menu-${id}` }, others.length > 0 ? [mergeForm, remove] : [remove]);
}
