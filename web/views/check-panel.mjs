// The proof of the pudding: what small heads on the model make of images that they never saw, be it
// held-out ones, a new one, or the webcam's.
import { Camera, hasCamera } from '../camera.mjs';
import { FocusKeeper, el, replace } from '../dom.mjs';
import { formatPercent, reasonText, t } from '../i18n.mjs';
import { reasonOf } from '../reasons.mjs';
import { headNames, headSwitch, heldOutViewer, scoreByClass, verdicts } from './head-test.mjs';
import { pictureOf } from './thumbnails.mjs';

/**
 * @typedef {import('../state.mjs').State} State
 * @typedef {{testHeads(): void, check(image: Blob): void,
 *   checkLive(nextFrame: () => import('../../wasm/modelspider.mjs').Pixels | undefined): Promise<void>}
 *   & import('./head-test.mjs').TestActions} CheckActions checkLive: judges frames until there is none
 */

/**
 * A panel that lives as long as the page, since a webcam's picture does not survive being drawn anew.
 *
 * @param {import('../store.mjs').Store<State>} store
 * @param {CheckActions} actions
 */
export function createChecker(store, actions) {
  const held = el('div', { class: 'held-out' });
  const result = el('div', { 'aria-live': 'polite' });
  const fresh = el('div', { class: 'fresh' });
  const element = el('section', { class: 'check-panel', 'aria-labelledby': 'check-title' },
    el('h4', { id: 'check-title' }), held, fresh, result);
  const camera = liveCamera(store, { actions, isShown: () => element.isConnected, draw: () => drawFresh() });
  const drawFresh = () => {
    const focus = new FocusKeeper(fresh);
    replace(fresh, ...freshImage(store.state, { actions, camera }));
    camera.picture?.play();
    focus.restore();
  };
  store.watch(({ selected, trial, run, observed }) => [selected, trial.phase, run.phase, observed], () => actions.testHeads());
  store.watch(({ selected, trial }) => [selected, trial.phase], () => {
    camera.stop();
    drawFresh();
  });
  store.watch(({ selected, tests, head, heldOutAt, isOnlyWrong }) => [selected, tests, head, heldOutAt, isOnlyWrong], (state) => {
    const focus = new FocusKeeper(held);
    replace(/** @type {Element} */ (element.firstElementChild), t('check.title'));
    replace(held, ...heldOutTest(state, actions));
    focus.restore();
    drawFresh();
  });
  store.watch(({ check, head }) => [check, head], ({ check, head }) => replace(result, check && freshResult(check, head)));
  return element;
}

/** @param {State} state @param {CheckActions} actions @returns {Node[]} */
function heldOutTest(state, actions) {
  const test = state.tests.get(state.selected ?? '');
  if (!test?.judgement) {
    return [el('p', { class: 'small soft', 'aria-busy': String(!test) }, test ? test.error : t('check.fitting'))];
  }
  const { judged, fitCount } = test.judgement;
  if (judged.length === 0) {
    return [el('p', { class: 'small soft' }, t('check.too-few')), headSwitch(state, actions)];
  }
  return [
    el('p', { class: 'small soft' }, t('check.lead', judged.length, judged.length + fitCount)),
    headSwitch(state, actions, judged),
    heldOutViewer(state, judged, actions),
    scoreByClass(judged, state.head),
  ];
}

/**
 * The webcam, while it checks.
 *
 * @param {import('../store.mjs').Store<State>} store
 * @param {{actions: CheckActions, isShown(): boolean, draw(): void}} options
 */
function liveCamera(store, { actions, isShown, draw }) {
  /** @type {Camera | undefined} */
  let camera;
  const stop = () => {
    camera?.close();
    camera = undefined;
  };
  return {
    get picture() {
      return camera?.element;
    },
    stop,
    async toggle() {
      if (camera) {
        stop();
        draw();
        return;
      }
      try {
        const own = await Camera.open();
        camera = own;
        draw();
        await actions.checkLive(() => (camera === own && isShown() ? own.pixels() : undefined));
      } catch (error) {
        store.update({ check: { guesses: undefined, error: reasonText(reasonOf(error)), image: undefined } });
      }
      stop();
      draw();
    },
  };
}

/**
 * @param {State} state
 * @param {{actions: CheckActions, camera: ReturnType<typeof liveCamera>}} options
 * @returns {Node[]}
 */
function freshImage({ selected, tests }, { actions, camera }) {
  if (!tests.get(selected ?? '')?.judgement) {
    return [];
  }
  const input = el('input', { type: 'file', accept: 'image/*', hidden: true });
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file) {
      actions.check(file);
    }
  });
  return [
    el('h5', {}, t('check.fresh')),
    el('p', { class: 'small soft' }, t('check.hint')),
    el('div', { class: 'check-buttons' },
      el('button', { type: 'button', id: 'check-image', 'data-focus': 'check-image', onclick: () => input.click() }, t('check.choose')),
      input,
      hasCamera() && el('button', {
        type: 'button', id: 'check-live', 'data-focus': 'check-live', 'aria-pressed': String(camera.picture !== undefined), onclick: camera.toggle,
      }, t(camera.picture ? 'camera.close' : 'camera.open'))),
    ...(camera.picture ? [camera.picture] : []),
  ];
}

/** @param {import('../state.mjs').Check} check @param {import('../head.mjs').HeadName} head */
function freshResult({ error, guesses, image }, head) {
  if (!guesses) {
    return el('p', { class: 'small' }, error);
  }
  return el('div', { class: 'held-image' },
    image && pictureOf({ blob: image }),
    el('div', {}, verdicts(guesses),
      el('p', { class: 'small soft' }, t('check.shares', headNames(head))),
      shareBars(guesses[head])));
}

const shownCount = 3;

/** @param {import('../head.mjs').Guess[]} guesses */
function shareBars(guesses) {
  return el('ol', { class: 'guesses' }, ...guesses.slice(0, shownCount).map(({ name, share }) => {
    const bar = el('span', { class: 'guess-bar', 'aria-hidden': 'true' });
    bar.style.setProperty('--share', `${(share * 100).toFixed(1)}%`);
    return el('li', {}, el('bdi', { class: 'guess-name' }, name), el('span', { class: 'number' }, formatPercent(share)), bar);
  }));
}
