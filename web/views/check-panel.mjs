// The proof of the pudding: a new image, or the webcam, and what a small head on the model makes of it.
import { Camera, hasCamera } from '../camera.mjs';
import { el, replace } from '../dom.mjs';
import { formatPercent, reasonText, t } from '../i18n.mjs';
import { reasonOf } from '../reasons.mjs';

/**
 * @typedef {import('../state.mjs').State} State
 * @typedef {{check(blob: Blob): void, checkLive(nextFrame: () => import('../../wasm/modelspider.mjs').Pixels | undefined): Promise<void>}} CheckActions
 *   checkLive: judges frames until there is none
 */

const shownCount = 3;

/**
 * A panel that lives as long as the page, since a webcam's picture does not survive being drawn anew.
 *
 * @param {import('../store.mjs').Store<State>} store
 * @param {CheckActions} actions
 */
export function createChecker(store, actions) {
  const element = el('section', { class: 'check-panel', 'aria-labelledby': 'check-title' });
  const result = el('div', { 'aria-live': 'polite' });
  /** @type {Camera | undefined} */
  let camera;
  const stop = () => {
    camera?.close();
    camera = undefined;
  };
  const toggle = async () => {
    if (camera) {
      stop();
      draw();
      return;
    }
    try {
      const own = await Camera.open();
      camera = own;
      draw();
      await actions.checkLive(() => (camera === own && element.isConnected ? own.pixels() : undefined));
    } catch (error) {
      store.update({ check: { guesses: [], error: reasonText(reasonOf(error)) } });
    }
    stop();
    draw();
  };
  const draw = () => {
    replace(element, ...content({ actions, toggle, camera }), result);
    camera?.element.play();
  };
  store.watch(({ selected, trial }) => [selected, trial.phase], () => {
    stop();
    draw();
  });
  store.watch(({ check }) => [check], ({ check }) => replace(result, check && checkResult(check)));
  return element;
}

/** @param {{actions: CheckActions, toggle(): void, camera: Camera | undefined}} options */
function content({ actions, toggle, camera }) {
  const input = el('input', { type: 'file', accept: 'image/*', hidden: true });
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file) {
      actions.check(file);
    }
  });
  return [
    el('h4', { id: 'check-title' }, t('check.title')),
    el('p', { class: 'small soft' }, t('check.hint')),
    el('div', { class: 'check-buttons' },
      el('button', { type: 'button', id: 'check-image', 'data-focus': 'check-image', onclick: () => input.click() }, t('check.choose')),
      input,
      hasCamera() && el('button', { type: 'button', id: 'check-live', 'data-focus': 'check-live', 'aria-pressed': String(camera !== undefined), onclick: toggle },
        t(camera ? 'camera.close' : 'camera.open'))),
    camera?.element,
  ];
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
