// Where images come in: the drop zone, its two buttons, and the whole window as a target.
import { collectFiles, collectTransfer } from '../intake/collect.mjs';
import { byId, el, icon, replace } from '../dom.mjs';
import { t } from '../i18n.mjs';
import { cameraButton } from './camera-panel.mjs';

/** @typedef {import('../intake/collect.mjs').Found} Found */

/**
 * @param {{store: import('../store.mjs').Store<import('../state.mjs').State>,
 *   addFiles(found: Found | Promise<Found>): void}} page
 */
export function startIntake({ store, addFiles }) {
  const folderInput = fileInput({ webkitdirectory: true }, addFiles);
  const filesInput = fileInput({ accept: 'image/*,.zip,application/zip' }, addFiles);
  store.watch(({ task, isReading }) => [task.classes.length + task.loose.length > 0, isReading], ({ task, isReading }) => {
    const isCompact = task.classes.length + task.loose.length > 0;
    replace(byId('intake'), el('div', { class: isCompact ? 'drop-zone compact' : 'drop-zone' },
      icon('spider', 'brand-mark'),
      el('h3', {}, t(isReading ? 'intake.reading' : isCompact ? 'intake.add' : 'intake.drop')),
      el('p', {}, t('intake.hint')),
      el('div', { class: 'drop-buttons' },
        el('button', { type: 'button', class: isCompact ? '' : 'primary', id: 'choose-folder', onclick: () => folderInput.click() },
          t('intake.folder')),
        el('button', { type: 'button', id: 'choose-files', onclick: () => filesInput.click() }, t('intake.files')),
        cameraButton(store)),
      folderInput, filesInput));
  });
  takeDrops(addFiles);
  takePastes(addFiles);
}

/** @param {Record<string, any>} attributes @param {(found: Found) => void} addFiles */
function fileInput(attributes, addFiles) {
  const input = el('input', { type: 'file', multiple: true, hidden: true, ...attributes });
  input.addEventListener('change', () => {
    addFiles(collectFiles(input.files ?? []));
    input.value = '';
  });
  return input;
}

/** @param {(found: Promise<Found>) => void} addFiles */
function takeDrops(addFiles) {
  const veil = byId('drop-veil');
  let depth = 0;
  /** @param {DragEvent} event */
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
  /** @param {number} now */
  const show = (now) => {
    depth = Math.max(now, 0);
    veil.hidden = depth === 0;
  };
  addEventListener('dragenter', (event) => hasFiles(event) && show(depth + 1));
  addEventListener('dragleave', (event) => hasFiles(event) && show(depth - 1));
  addEventListener('dragover', (event) => hasFiles(event) && event.preventDefault());
  addEventListener('drop', (event) => {
    show(0);
    if (event.dataTransfer && hasFiles(event)) {
      event.preventDefault();
      addFiles(collectTransfer(event.dataTransfer));
    }
  });
}

/** @param {(found: Promise<Found>) => void} addFiles */
function takePastes(addFiles) {
  addEventListener('paste', (event) => {
    if (event.clipboardData && event.clipboardData.files.length > 0) {
      event.preventDefault();
      addFiles(collectTransfer(event.clipboardData));
    }
  });
}
