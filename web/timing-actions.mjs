// Measures how long each model takes for one image on this device, one model after another.
import { announce } from './announce.mjs';
import { t } from './i18n.mjs';
import { idleTiming } from './state.mjs';
import { usedClasses } from './task.mjs';

/** @typedef {import('./state.mjs').State} State */

/** A picture of the task, as models will meet them. @param {State} state */
function pictureOf({ task, unreadable }) {
  const images = usedClasses(task).flatMap((own) => own.images);
  return images.find(({ id, source }) => !unreadable.has(id) && source.blob.size > 0)?.source;
}

/**
 * @param {import('./store.mjs').Store<State>} store
 * @param {import('./engine.mjs').Engine} engine
 */
export function createTimingActions(store, engine) {
  /** @type {AbortController | undefined} */
  let abort;

  /** @param {Partial<import('./state.mjs').Timing>} change */
  const update = (change) => store.update({ timing: { ...store.state.timing, ...change } });

  /** Ends a measurement, without a word; what was measured stays. */
  function stopTiming() {
    if (abort) {
      abort.abort();
      abort = undefined;
      engine.cancel();
      store.update({ timing: idleTiming });
    }
  }

  /** @param {import('../wasm/report.mjs').RankedModel} ranked @param {AbortSignal} signal */
  async function time({ model, name }, signal) {
    update({ model: name });
    const milliseconds = await engine.timeModel(model, pictureOf(store.state), signal).catch(() => undefined);
    if (signal.aborted) {
      return;
    }
    if (milliseconds === undefined) {
      // It cannot be fetched, and keeps its estimate; how many there are is said.
      update({ failed: store.state.timing.failed + 1 });
    } else {
      store.update({ speeds: new Map(store.state.speeds).set(model, milliseconds) });
      update({ done: store.state.timing.done + 1 });
    }
  }

  return {
    stopTiming,
    /** Measures every model of the ranking that was not, best first. */
    async timeAll() {
      stopTiming();
      const { signal } = (abort = new AbortController());
      const { result, speeds } = store.state;
      const models = (result?.ranking ?? []).filter(({ model }) => !speeds.has(model));
      update({ ...idleTiming, isRunning: true, total: models.length });
      for (const ranked of models) {
        if (!signal.aborted) {
          await time(ranked, signal);
        }
      }
      if (!signal.aborted) {
        abort = undefined;
        update({ isRunning: false });
        announce(t('timing.done', store.state.timing.done, store.state.timing.failed));
      }
    },
    cancelTiming() {
      stopTiming();
      announce(t('ranking.cancelled'));
    },
  };
}
