// What both heads on a model say of the images that were held out: the images one by one, and the
// sum by class.
import { el, icon } from '../dom.mjs';
import { formatPercent, t } from '../i18n.mjs';
import { isRight, scoreHead } from '../held-out.mjs';
import { pictureOf } from './thumbnails.mjs';

/**
 * @typedef {import('../state.mjs').State} State
 * @typedef {import('../head.mjs').HeadName} HeadName
 * @typedef {import('../head.mjs').Guesses} Guesses
 * @typedef {import('../held-out.mjs').JudgedImage} JudgedImage
 * @typedef {{show(change: Partial<State>): void}} TestActions
 */

/** @type {HeadName[]} */
const heads = ['linear', 'nearest'];
// A class without a mistake needs no line where there are more than this.
const shownClasses = 8;

/** @param {HeadName} head */
export const headNames = (head) => t(`head.${head}`);

/**
 * Which head is looked at, with how often each is right.
 *
 * @param {State} state
 * @param {TestActions} actions
 * @param {JudgedImage[]} [judged]
 */
export function headSwitch({ head: chosen }, { show }, judged) {
  return el('div', { class: 'head-switch', role: 'group', 'aria-label': t('head.choose') }, ...heads.map((head) => {
    const score = judged && scoreHead(judged, head);
    return el('button', {
      type: 'button', 'data-focus': `head-${head}`, 'data-head': head, 'aria-pressed': String(head === chosen), onclick: () => show({ head }),
    },
    el('span', {}, headNames(head)),
    score && el('strong', { class: 'number' }, formatPercent(score.right / score.total)),
    score && el('span', { class: 'small number' }, t('check.right-of', score.right, score.total)));
  }));
}

/**
 * One held-out image, its class, and what both heads say.
 *
 * @param {State} state
 * @param {JudgedImage[]} judged
 * @param {TestActions} actions
 */
export function heldOutViewer({ head, heldOutAt, isOnlyWrong }, judged, { show }) {
  const shown = isOnlyWrong ? judged.filter((image) => !isRight(image, head)) : judged;
  const at = shown.length > 0 ? heldOutAt % shown.length : 0;
  const step = (/** @type {'previous' | 'next'} */ name, /** @type {number} */ by) => el('button', {
    type: 'button', class: 'quiet icon-button', 'aria-label': t(name === 'previous' ? 'check.previous' : 'check.next'), 'data-focus': `held-${name}`, 'data-held': name,
    disabled: shown.length < 2, onclick: () => show({ heldOutAt: (at + by + shown.length) % shown.length }),
  }, icon(name));
  return el('section', { class: 'held-viewer', 'aria-label': t('check.viewer') },
    el('div', { class: 'held-bar' },
      step('previous', -1),
      el('span', { class: 'small number' }, shown.length > 0 ? t('check.position', at + 1, shown.length) : '–'),
      step('next', 1),
      el('label', { class: 'check small' },
        el('input', {
          type: 'checkbox', checked: isOnlyWrong, 'data-focus': 'only-wrong',
          onchange: () => show({ isOnlyWrong: !isOnlyWrong, heldOutAt: 0 }),
        }), t('check.only-wrong'))),
    el('div', { 'aria-live': 'polite' }, shown.length > 0 ? heldImage(shown[at]) : el('p', { class: 'small' }, t('check.no-mistake'))));
}

/** @param {JudgedImage} judged */
function heldImage(judged) {
  const { image, name, guesses } = judged;
  return el('div', { class: 'held-image' },
    pictureOf(image.source),
    el('div', {},
      el('p', { class: 'small soft' }, t('check.truth')),
      el('p', { class: 'held-truth' }, el('bdi', {}, name)),
      verdicts(guesses, name)));
}

/**
 * What each head takes an image for.
 *
 * @param {Guesses} guesses
 * @param {string} [truth] undefined where nobody knows it
 */
export function verdicts(guesses, truth) {
  return el('ul', { class: 'verdicts' }, ...heads.map((head) => {
    const [{ name, share }] = guesses[head];
    const mark = truth === undefined ? '' : name === truth ? 'right' : 'wrong';
    return el('li', { class: mark, 'data-verdict': head },
      mark !== '' && icon(mark === 'right' ? 'tick' : 'close'),
      mark !== '' && el('span', { class: 'visually-hidden' }, t(mark === 'right' ? 'check.right' : 'check.wrong')),
      el('span', { class: 'soft small' }, headNames(head)),
      el('span', { class: 'verdict-name' }, el('bdi', {}, name), ' ', el('span', { class: 'number soft small' }, formatPercent(share))));
  }));
}

/**
 * The confusions in words, the worst class first.
 *
 * @param {JudgedImage[]} judged
 * @param {HeadName} head
 */
export function scoreByClass(judged, head) {
  const { classes } = scoreHead(judged, head);
  const hidden = classes.slice(shownClasses);
  return el('details', { class: 'by-class small' },
    el('summary', { 'data-focus': 'by-class' }, t('check.by-class', headNames(head))),
    el('ul', {}, ...classes.slice(0, shownClasses).map(({ name, right, total, taken }) => {
      const bar = el('span', { class: 'guess-bar', 'aria-hidden': 'true' });
      bar.style.setProperty('--share', `${((right / total) * 100).toFixed(1)}%`);
      return el('li', {},
        el('bdi', { class: 'guess-name' }, name), el('span', { class: 'number' }, t('check.right-of', right, total)), bar,
        ...taken.map((other) => el('p', { class: 'soft' }, t('check.taken', other.count), ' ', el('bdi', {}, other.name))));
    }),
    hidden.length > 0 && el('li', { class: 'soft' }, t('check.more-classes', hidden.length))));
}
