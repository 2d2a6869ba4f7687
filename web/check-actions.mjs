// Tests small heads on models that were run: on images that are held out, on new ones, on the webcam.
import { reasonText } from './i18n.mjs';
import { reasonOf } from './reasons.mjs';

/** @typedef {import('./state.mjs').State} State */

/**
 * @param {import('./store.mjs').Store<State>} store
 * @param {import('./engine.mjs').Engine} engine
 */
export function createCheckActions(store, engine) {
  /** Models that are being tested. @type {Set<string>} */
  const running = new Set();

  /** @param {string} id of a model that was run @returns {Promise<import('./state.mjs').HeadTest | undefined>} */
  async function outcomeOf(id) {
    try {
      return { judgement: await engine.judge(id), error: '' };
    } catch (error) {
      const reason = reasonOf(error);
      // Something else took the workers: the test is made again when they are free.
      return reason.code === 'cancelled' ? undefined : { judgement: undefined, error: reasonText(reason) };
    }
  }

  return {
    /** Tests the heads on the chosen model, if it was run and they were not. */
    async testHeads() {
      const { selected: id, observed, tests, task } = store.state;
      if (id === undefined || !observed.get(id)?.hasFeatures || tests.has(id) || running.has(id)) {
        return;
      }
      running.add(id);
      const outcome = await outcomeOf(id);
      running.delete(id);
      if (outcome && task === store.state.task && store.state.observed.has(id)) {
        store.update({ tests: new Map(store.state.tests).set(id, outcome) });
      }
    },
    /** @param {Blob} image a new one, for the chosen model */
    async check(image) {
      const id = store.state.selected ?? '';
      const check = await engine.withHeads(id, async (guess) => ({ guesses: await guess(image), error: '', image })).catch((error) =>
        ({ guesses: undefined, error: reasonText(reasonOf(error)), image: undefined }));
      if (id === store.state.selected) {
        store.update({ check });
      }
    },
    /** @param {() => import('../wasm/modelspider.mjs').Pixels | undefined} nextFrame undefined at the end */
    async checkLive(nextFrame) {
      const id = store.state.selected ?? '';
      await engine.withHeads(id, async (guess) => {
        for (let frame = nextFrame(); frame && id === store.state.selected; frame = nextFrame()) {
          store.update({ check: { guesses: await guess(frame), error: '', image: undefined } });
        }
      });
    },
  };
}
