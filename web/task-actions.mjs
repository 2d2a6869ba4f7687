// What the user can do to the task: every change can be undone, and is followed by a new ranking.
import { announce, showNotice } from './announce.mjs';
import { fetchBlob } from './assets.mjs';
import { reasonText, t } from './i18n.mjs';
import { saveFile } from './download.mjs';
import { writeSession } from './session/session-file.mjs';
import { sortFiles } from './intake/sort-files.mjs';
import { readStamps } from './intake/stamp.mjs';
import { reasonOf } from './reasons.mjs';
import { History } from './store.mjs';
import * as tasks from './task.mjs';

/**
 * @typedef {import('./state.mjs').State} State
 * @typedef {import('./task.mjs').Task} Task
 * @typedef {import('./intake/collect.mjs').Found} Found
 */

const undoLimit = 100;

/**
 * @param {import('./store.mjs').Store<State>} store
 * @param {{engine: import('./engine.mjs').Engine, files: import('./images/image-pool.mjs').ImagePool,
 *   onChange(observed?: Map<string, import('./state.mjs').Observation>): void}} options files: opens
 *   archives; onChange: called after each change of the task, with what a session knows of models
 */
export function createTaskActions(store, { engine, files, onChange }) {
  /** @type {History<Task>} */
  const history = new History(undoLimit);

  /** @param {Task} task @param {Map<string, import('./state.mjs').Observation>} [observed] of a session */
  const show = (task, observed) => {
    store.update({ task, canUndo: history.canUndo, canRedo: history.canRedo });
    onChange(observed);
  };
  /** @param {Task} task */
  const change = (task) => {
    if (task !== store.state.task) {
      history.record(store.state.task);
      show(task);
    }
  };
  /** @param {number} id */
  const nameOf = (id) => store.state.task.classes.find((own) => own.id === id)?.name ?? '';

  /** @param {Found | Promise<Found>} found @param {Task} [base] what the images are added to */
  async function addFiles(found, base) {
    store.update({ isReading: true });
    try {
      const { sessions, ...grouped } = await sortFiles(await found, files);
      if (sessions.length > 0) {
        await openSession(sessions[0]);
        return;
      }
      const before = base ?? store.state.task;
      await readStamps(tasks.samePaths(before, grouped));
      const task = tasks.addImages(before, grouped);
      const count = tasks.imageCount(task) + task.loose.length - tasks.imageCount(before) - before.loose.length;
      change(task);
      announce(count > 0 ? t('notice.added', count) : t('notice.nothing'));
    } catch (error) {
      showNotice(t('notice.failed', reasonText(reasonOf(error))), { isError: true });
    } finally {
      store.update({ isReading: false });
    }
  }

  /** @param {import('./session/session-file.mjs').Session} session */
  async function openSession({ made, classes, features, observed }) {
    const { encoder } = await engine.made();
    const task = tasks.restoreTask(classes);
    if (made.encoder === encoder) {
      const known = await engine.encoderFeatures();
      task.classes.flatMap(({ images }) => images).forEach((image) => {
        const own = features.get(image.source);
        if (own) {
          known.set(image, own);
        }
      });
    } else {
      showNotice(t('notice.other-encoder'));
    }
    history.record(store.state.task);
    show(task, observed);
    announce(t('notice.added', tasks.imageCount(task)));
  }

  return {
    addFiles,
    /** @param {boolean} hasPixels whether the images go into the file, too */
    async saveSession(hasPixels) {
      const { task, observed } = store.state;
      try {
        const known = await engine.encoderFeatures();
        const parts = writeSession({ task, observed, made: await engine.made(), hasPixels, featuresOf: (image) => known.get(image) });
        saveFile('modelspider-session.zip', 'application/zip', await files.packZip(parts));
      } catch (error) {
        showNotice(t('notice.session', reasonText(reasonOf(error))), { isError: true });
      }
    },
    /** @param {string} id of a sample task */
    async openSample(id) {
      store.update({ isReading: true });
      try {
        const blob = await fetchBlob(`samples/${id}.zip`);
        await addFiles({ files: [{ path: `${id}.zip`, file: new File([blob], `${id}.zip`) }], skipped: [] }, tasks.emptyTask);
      } catch (error) {
        showNotice(t('samples.failed', reasonText(reasonOf(error))), { isError: true });
      } finally {
        store.update({ isReading: false });
      }
    },
    /** @param {number} id @param {boolean} isUsed */
    use: (id, isUsed) => change(tasks.useClass(store.state.task, id, isUsed)),
    /** @param {number} id @param {string} name */
    rename(id, name) {
      const before = nameOf(id);
      const isMerge = store.state.task.classes.some((own) => own.id !== id && own.name === name);
      change(tasks.renameClass(store.state.task, id, name));
      if (isMerge) {
        announce(t('notice.merged', before, name));
      }
    },
    /** @param {number} from @param {number} into */
    merge(from, into) {
      announce(t('notice.merged', nameOf(from), nameOf(into)));
      change(tasks.mergeClasses(store.state.task, from, into));
    },
    /** @param {number} id */
    remove(id) {
      announce(t('notice.removed', nameOf(id)));
      change(tasks.removeClass(store.state.task, id));
    },
    /** @param {string} name @param {File[]} files */
    addToClass(name, files) {
      const images = files.map((file) => ({ path: `${name}/${file.name}`, source: { blob: file } }));
      change(tasks.addImages(store.state.task, { classes: [{ name, images }], loose: [], skipped: [] }));
    },
    /** @param {string} name */
    assignLoose: (name) => change(tasks.assignLoose(store.state.task, name)),
    dropLoose: () => change(tasks.dropLoose(store.state.task)),
    clear: () => change(tasks.emptyTask),
    undo: () => show(history.undo(store.state.task)),
    redo: () => show(history.redo(store.state.task)),
  };
}
