// The user's classes, the images that have none yet, and the files that could not be used.
import { FocusKeeper, byId, el, icon, replace } from '../dom.mjs';
import { reasonText, t } from '../i18n.mjs';
import { imageCount } from '../task.mjs';
import { classCard } from './class-card.mjs';

// More cards than this would make the page slow to draw, and nobody looks at them all.
const cardLimit = 200;
const skippedLimit = 200;
// More than this scroll in a box of their own, so that the ranking stays near.
const scrollLimit = 3;

/**
 * @typedef {import('../state.mjs').State} State
 * @typedef {import('./class-card.mjs').ClassActions & {clear(): void, undo(): void, redo(): void,
 *   assignLoose(name: string): void, dropLoose(): void}} TaskActions
 */

/** @param {{store: import('../store.mjs').Store<State>, actions: TaskActions}} page */
export function startClasses({ store, actions }) {
  store.watch(({ task, unreadable, canUndo, canRedo }) => [task, unreadable, canUndo, canRedo], (state) => {
    const region = byId('classes');
    const focus = new FocusKeeper(document.body);
    replace(byId('images-tools'), ...historyButtons(state, actions));
    const { task } = state;
    replace(region,
      task.classes.length > 0 && el('div', { class: 'task-bar' },
        el('p', { class: 'soft small number' }, t('task.summary', task.classes.length, imageCount(task))),
        el('button', { type: 'button', class: 'link-button small', onclick: actions.clear }, t('task.clear'))),
      task.loose.length > 0 && looseForm(task, actions),
      task.classes.length > 0 && classList(state, actions));
    replace(byId('skipped'), skippedList(state));
    focus.restore();
  });
}

/** @param {State} state @param {TaskActions} actions */
function historyButtons({ canUndo, canRedo }, { undo, redo }) {
  if (!canUndo && !canRedo) {
    return [];
  }
  return [['undo', canUndo, undo], ['redo', canRedo, redo]].map(([name, isPossible, act]) => {
    const label = t(name === 'undo' ? 'task.undo' : 'task.redo');
    return el('button', {
      type: 'button', class: 'quiet icon-button', disabled: !isPossible, 'aria-label': label, title: label,
      'data-focus': name, onclick: act,
    }, icon(String(name)));
  });
}

/** @param {State} state @param {TaskActions} actions */
function classList({ task, unreadable }, actions) {
  const shown = task.classes.slice(0, cardLimit);
  const hiddenCount = task.classes.length - shown.length;
  const isLong = task.classes.length > scrollLimit;
  return el('ul', {
    class: isLong ? 'class-list many' : 'class-list', tabindex: isLong ? 0 : undefined, 'aria-label': t('images.title'),
  },
    ...shown.map((own) => classCard(own, {
      others: shown.filter((other) => other !== own),
      unreadableCount: own.images.filter(({ id }) => unreadable.has(id)).length,
      actions,
    })),
    hiddenCount > 0 && el('li', { class: 'soft small' }, t('skipped.more', hiddenCount)));
}

/** @param {import('../task.mjs').Task} task @param {TaskActions} actions */
function looseForm({ loose, classes }, { assignLoose, dropLoose }) {
  const name = el('input', { type: 'text', required: true, maxlength: 300, list: 'class-names', 'data-focus': 'loose-name' });
  return el('section', { class: 'loose' },
    el('h3', {}, t('loose.title')),
    el('p', { class: 'small' }, t('loose.hint', loose.length)),
    el('form', {
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        if (name.value.trim() !== '') {
          assignLoose(name.value.trim());
        }
      },
    },
    el('label', {}, t('loose.new'), name),
    el('datalist', { id: 'class-names' }, ...classes.slice(0, cardLimit).map((own) => el('option', { value: own.name }))),
    el('button', { type: 'submit', class: 'primary' }, t('loose.apply')),
    el('button', { type: 'button', onclick: dropLoose }, t('loose.drop'))));
}

/** @param {State} state */
function skippedList({ task, unreadable }) {
  const images = [...task.classes.flatMap((own) => own.images), ...task.loose];
  const unread = images.flatMap(({ id, path }) => {
    const reason = unreadable.get(id);
    return reason ? [{ file: path, reason }] : [];
  });
  const all = [...unread, ...task.skipped];
  if (all.length === 0) {
    return false;
  }
  return el('details', { class: 'skipped', open: all.length <= 5 },
    el('summary', {}, t('skipped.title', all.length)),
    el('ul', { tabindex: 0, 'aria-label': t('skipped.title', all.length) },
      ...all.slice(0, skippedLimit).map(({ file, reason }) => el('li', {},
        el('bdi', { class: 'file' }, file), reasonText(reason))),
      all.length > skippedLimit && el('li', {}, t('skipped.more', all.length - skippedLimit))));
}
