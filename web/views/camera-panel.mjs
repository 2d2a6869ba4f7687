// Images from the webcam: name a class, hold the button, show things from all sides.
import { announce } from '../announce.mjs';
import { Camera, hasCamera } from '../camera.mjs';
import { byId, el, replace } from '../dom.mjs';
import { reasonText, t } from '../i18n.mjs';
import { reasonOf } from '../reasons.mjs';

const interval = 150;
const mostFrames = 200;

/**
 * @typedef {{addToClass(name: string, files: File[]): void}} CameraActions
 * @typedef {import('../store.mjs').Store<import('../state.mjs').State>} StateStore
 */

/** @param {{store: StateStore, actions: CameraActions}} page */
export function startCamera({ store, actions }) {
  const region = byId('camera');
  /** @type {Camera | undefined} */
  let camera;
  const close = () => {
    camera?.close();
    camera = undefined;
    store.update({ isCameraOpen: false });
  };
  const open = async () => {
    try {
      camera = await Camera.open();
      replace(region, panel(camera, { store, actions, close }));
      region.querySelector('input')?.focus();
    } catch (error) {
      const text = reasonText(reasonOf(error));
      replace(region, el('div', { class: 'camera-panel' }, el('p', { class: 'small' }, text),
        el('button', { type: 'button', onclick: close }, t('camera.close'))));
      announce(text);
    }
  };
  store.watch(({ isCameraOpen }) => [isCameraOpen], ({ isCameraOpen }) => {
    if (isCameraOpen && !camera) {
      open();
    } else if (!isCameraOpen) {
      replace(region);
    }
  });
}

/** @param {StateStore} store */
export const cameraButton = (store) => hasCamera() && el('button', {
  type: 'button', id: 'use-camera', 'data-focus': 'use-camera', onclick: () => store.update({ isCameraOpen: true }),
}, t('camera.open'));

/** @param {Camera} camera @param {{store: StateStore, actions: CameraActions, close(): void}} options */
function panel(camera, { store, actions, close }) {
  const name = el('input', { type: 'text', maxlength: 300, list: 'camera-classes', id: 'camera-class' });
  const count = el('p', { class: 'small soft number', role: 'status' }, t('camera.hint'));
  const names = el('datalist', { id: 'camera-classes' }, ...store.state.task.classes.slice(0, 200).map((own) => el('option', { value: own.name })));
  const hold = el('button', { type: 'button', class: 'primary', id: 'hold-to-record' }, t('camera.hold'));
  const record = recorder(camera, (frames) => { count.textContent = t('camera.frames', frames); });
  const stop = async () => {
    const className = name.value.trim() || t('camera.unnamed');
    const files = await record.stop();
    if (files.length > 0) {
      actions.addToClass(className, files);
      announce(t('notice.added', files.length));
    }
  };
  hold.addEventListener('pointerdown', (event) => {
    hold.setPointerCapture(event.pointerId);
    record.start();
  });
  ['pointerup', 'pointercancel', 'blur'].forEach((type) => hold.addEventListener(type, stop));
  hold.addEventListener('keydown', (event) => {
    if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      record.start();
    }
  });
  hold.addEventListener('keyup', stop);
  return el('section', { class: 'camera-panel', 'aria-label': t('camera.open') }, camera.element,
    el('label', { class: 'small' }, t('loose.new'), name, names), count,
    el('div', { class: 'camera-buttons' }, hold,
      el('button', { type: 'button', id: 'close-camera', onclick: () => { stop(); close(); } }, t('camera.close'))));
}

/** @param {Camera} camera @param {(count: number) => void} onCount */
function recorder(camera, onCount) {
  /** @type {Promise<Blob>[]} */
  let frames = [];
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  const take = () => {
    if (frames.length < mostFrames) {
      onCount(frames.push(camera.frame()));
    }
  };
  return {
    start() {
      if (timer === undefined) {
        timer = setInterval(take, interval);
        take();
      }
    },
    /** @returns {Promise<File[]>} what was taken since start */
    async stop() {
      clearInterval(timer);
      timer = undefined;
      const taken = frames;
      frames = [];
      const began = Date.now();
      // A date and a number: frames are not told apart by anything else.
      return (await Promise.all(taken)).map((blob, i) => new File([blob], `webcam-${began}-${i}.jpg`, { type: blob.type }));
    },
  };
}
