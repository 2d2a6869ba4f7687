// Runs models on the user's images, one after another: each that is done tells of itself, of those
// like it, and of the task, and so the ranking is made anew after each.
import { announce } from './announce.mjs';
import { reasonText, t } from './i18n.mjs';
import { reasonOf } from './reasons.mjs';
import { idleTrial } from './state.mjs';
import { usedClasses } from './task.mjs';

/** @typedef {import('./state.mjs').State} State */

/**
 * @param {import('./store.mjs').Store<State>} store
 * @param {import('./engine.mjs').Engine} engine
 */
export function createTrialActions(store, engine) {
  /** @type {AbortController | undefined} */
  let abort;

  /** @param {Partial<import('./state.mjs').Trial>} change */
  const update = (change) => store.update({ trial: { ...store.state.trial, ...change } });

  /** Ends what is running, without a word; models that are done stay done. */
  function stopTrial() {
    if (abort && !abort.signal.aborted) {
      abort.abort();
      engine.cancel();
    }
    abort = undefined;
    if (store.state.trial.phase !== 'idle') {
      store.update({ trial: idleTrial });
    }
  }

  /**
   * @param {() => string | undefined} next the model to run now, undefined at the end
   */
  async function runModels(next) {
    stopTrial();
    const own = new AbortController();
    abort = own;
    try {
      for (let id = next(); id !== undefined;) {
        const found = await runModel(id, own.signal);
        if (own.signal.aborted) {
          return;
        }
        store.update(found);
        announce(t('trial.done', nameOf(id), found.result.ranking[0].name));
        // What comes next is said in the same moment, so that all of it is drawn once.
        id = next();
        if (id === undefined) {
          abort = undefined;
          store.update({ trial: idleTrial });
        }
      }
    } catch (error) {
      if (!own.signal.aborted) {
        update({ phase: 'failed', error: reasonText(reasonOf(error)) });
      }
    }
  }

  /** @param {string} id @param {AbortSignal} signal @returns what is known after the run */
  async function runModel(id, signal) {
    const begun = performance.now();
    update({ ...idleTrial, phase: 'fetch', model: id });
    const { observation, milliseconds } = await engine.tryModel(id, usedClasses(store.state.task), {
      onBytes: (done, total) => !signal.aborted && update({ done, total }),
      onProgress: (done, total) => !signal.aborted && update({ phase: 'run', done, total }),
      onUnreadable: () => {},
      signal,
    });
    signal.throwIfAborted();
    const observed = new Map(store.state.observed).set(id, observation);
    const spent = (store.state.result?.seconds.rerank ?? 0) + (performance.now() - begun) / 1000;
    const result = await engine.rankAgain(observed, spent);
    return { observed, result, speeds: new Map(store.state.speeds).set(id, milliseconds) };
  }

  /** @param {string} id */
  const nameOf = (id) => store.state.zoo?.models.find((model) => model.id === id)?.name ?? id;

  return {
    stopTrial,
    /** Runs the first of the ranking that were not run, until `count` are. @param {number} count */
    runTop(count) {
      const goal = store.state.observed.size + count;
      return runModels(() => (store.state.observed.size < goal
        ? store.state.result?.ranking.find(({ model }) => !store.state.observed.has(model))?.model : undefined));
    },
    /** @param {string} id of a model */
    runOne(id) {
      return runModels(() => (store.state.observed.get(id)?.hasFeatures ? undefined : id));
    },
    cancelTrial() {
      stopTrial();
      announce(t('ranking.cancelled'));
    },
  };
}
