// Starts and stops rankings. A change of the task while one is computed starts it anew; features
// that are known are kept, so that only new images cost time.
import { announce, showNotice } from './announce.mjs';
import { formatSeconds, reasonText, t } from './i18n.mjs';
import { isLink, readLink, writeLink } from './permalink.mjs';
import { reasonOf } from './reasons.mjs';
import { idleRun, isBusy } from './state.mjs';
import { usedClasses } from './task.mjs';

/** @typedef {import('./state.mjs').State} State */

/**
 * @param {import('./store.mjs').Store<State>} store
 * @param {import('./engine.mjs').Engine} engine
 * @param {() => void} stopOthers ends whatever else runs models
 */
export function createRankActions(store, engine, stopOthers) {
  let run = 0;

  /** @param {Partial<import('./state.mjs').Run>} change */
  const update = (change) => store.update({ run: { ...store.state.run, ...change } });

  /** Ends what is being computed, without a word. */
  function stop() {
    run++;
    stopOthers();
    engine.cancel();
    store.update({ observed: new Map(), tests: new Map(), check: undefined, heldOutAt: 0 });
  }

  /**
   * Ranks the task as it is, if it can be ranked.
   *
   * @param {Map<string, import('./state.mjs').Observation>} [observed] what is known of models that
   *   were run on just these images
   */
  async function rank(observed = new Map()) {
    stop();
    const own = run;
    const classes = usedClasses(store.state.task);
    if (isLink(location.hash)) {
      history.replaceState(null, '', location.pathname + location.search);
    }
    if (classes.length < 2) {
      store.update({ run: idleRun, result: undefined, shared: undefined });
      return;
    }
    store.update({ shared: undefined, isPreview: false, run: { ...idleRun, phase: 'engine', startedAt: performance.now() } });
    try {
      const result = await engine.rank(classes, {
        onPhase: (phase) => own === run && update({ phase, startedAt: performance.now() }),
        onProgress: (done, total) => own === run && update({ done, total }),
        onPreview: (result) => own === run && showPreview(result),
        onUnreadable: (image, reason) => store.update({ unreadable: new Map(store.state.unreadable).set(image.id, reason) }),
      });
      if (own === run) {
        finish(result && observed.size > 0 ? await engine.rankAgain(observed, 0) : result, observed);
      }
    } catch (error) {
      if (own === run) {
        fail(error);
      }
    }
  }

  /** The model to look at, which stays the same from one ranking to the next. @param {import('./state.mjs').RankResult} [result] */
  const choose = (result) =>
    (result?.ranking.find(({ model }) => model === store.state.selected) ?? result?.ranking[0])?.model;

  /** @param {import('./state.mjs').RankResult} result of the first images */
  const showPreview = (result) => store.update({ result, isPreview: true });

  /**
   * @param {import('./state.mjs').RankResult | undefined} result undefined if too few classes can be read
   * @param {Map<string, import('./state.mjs').Observation>} observed
   */
  function finish(result, observed) {
    store.update({
      result,
      observed,
      isPreview: false,
      run: { ...idleRun, phase: result ? 'done' : 'idle' },
      selected: choose(result),
    });
    if (result) {
      announce(t('ranking.done', result.ranking[0].name, formatSeconds(result.seconds.total)));
    }
  }

  /** @param {unknown} error */
  function fail(error) {
    const text = reasonText(reasonOf(error));
    store.update({ result: undefined, run: { ...idleRun, phase: 'failed', error: text } });
    announce(`${t('ranking.failed')}: ${text}`);
  }

  return {
    rank,
    cancel() {
      if (isBusy(store.state)) {
        stop();
        store.update({ result: undefined, run: { ...idleRun, phase: 'cancelled' } });
        announce(t('ranking.cancelled'));
      }
    },
    /** @param {string} id of a model */
    select: (id) => store.update({ selected: id, check: undefined, heldOutAt: 0 }),
    /** @param {string | undefined} id of the model to compare the chosen one with */
    compare: (id) => store.update({ rival: id }),
    confusions: () => engine.confusions(),
    lookAround: () => engine.lookAround(),
    knownWeb: () => engine.knownWeb(),
    /** Shows the ranking of the page's address, if it has one. */
    openLink() {
      const { zoo } = store.state;
      if (!zoo || !isLink(location.hash)) {
        return;
      }
      const linked = readLink(location.hash, zoo);
      if (linked) {
        stop();
        store.update({ ...linked, isPreview: false, run: { ...idleRun, phase: 'done' } });
      } else {
        showNotice(t('shared.broken'), { isError: true });
      }
    },
    /** Makes the page's address one of this ranking, and copies it. */
    async copyLink() {
      history.replaceState(null, '', location.pathname + location.search + writeLink(store.state));
      await navigator.clipboard?.writeText(location.href).catch(() => {});
      showNotice(t('export.linked'));
    },
    /** @param {Partial<State>} change of how the ranking is looked at */
    show: (change) => store.update(change),
  };
}
