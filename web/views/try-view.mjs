// Column 3: run the best here, look at one model closely, check it with a new image, take it along.
import { FocusKeeper, byId, el, icon, replace } from '../dom.mjs';
import { formatBytes, formatPercent, t } from '../i18n.mjs';
import { isBusy } from '../state.mjs';
import { hasPixels } from '../task.mjs';
import { createChecker } from './check-panel.mjs';
import { codePanel } from './code-panel.mjs';
import { modelFacts } from './model-facts.mjs';

/**
 * @typedef {import('../state.mjs').State} State
 * @typedef {import('../../wasm/report.mjs').RankedModel} RankedModel
 * @typedef {import('../assets.mjs').ModelEntry} ModelEntry
 * @typedef {{runTop(count: number): void, runOne(id: string): void, cancelTrial(): void,
 *   compare(id: string | undefined): void} & import('./check-panel.mjs').CheckActions} TryActions
 */

const topCount = 3;

/** @param {{store: import('../store.mjs').Store<State>, actions: TryActions}} page */
export function startTry({ store, actions }) {
  const body = byId('try-body');
  const progress = trialProgress(actions);
  const checker = createChecker(store, actions);
  store.watch(({ task, run, result, zoo, selected, rival, observed, speeds, timing, trial, shared }) =>
    [task, run.phase, result, zoo, selected, rival, observed, speeds, timing.isRunning, trial.phase, trial.model, shared], (state) => {
    const { result, zoo, selected } = state;
    const focus = new FocusKeeper(body);
    const ranked = result?.ranking.find(({ model }) => model === selected) ?? result?.ranking[0];
    const entry = zoo?.models.find(({ id }) => id === ranked?.model);
    replace(body, ...(ranked && entry
      ? [runPanel(state, actions, progress.element), modelCard(state, ranked, entry, { actions, checker })]
      : emptyWords()));
    focus.restore();
  });
  store.watch(({ trial, zoo }) => [trial, zoo], progress.show);
}

/** What will be here. */
const emptyWords = () => [
  el('p', { class: 'soft' }, t('try.empty')),
  el('ul', { class: 'try-promises' }, ...['try.empty-run', 'try.empty-check', 'try.empty-take'].map((key) =>
    el('li', {}, icon('tick'), el('span', {}, t(/** @type {import('../i18n.mjs').StringKey} */ (key)))))),
];

/** @param {State} state @param {TryActions} actions @param {Element} progress */
function runPanel(state, { runTop }, progress) {
  const { trial, observed, result, shared } = state;
  if (shared || !hasPixels(state.task)) {
    return el('p', { class: 'run-panel small soft' }, t(shared ? 'shared.no-images' : 'session.no-images'));
  }
  const isRunning = trial.phase === 'fetch' || trial.phase === 'run';
  const left = (result?.ranking.length ?? 0) - observed.size;
  return el('section', { class: 'run-panel', 'aria-label': t('trial.title') },
    el('p', { class: 'small soft' }, t(observed.size === 0 ? 'trial.hint' : 'trial.ran', observed.size)),
    trial.phase === 'failed' && el('p', { class: 'notice notice-error small' }, trial.error),
    isRunning ? progress
      : left > 0 && el('button', { type: 'button', class: 'primary', id: 'run-top', 'data-focus': 'run-top', disabled: isBusy(state) || state.timing.isRunning, onclick: () => runTop(Math.min(topCount, left)) },
        t(observed.size === 0 ? 'trial.run-top' : 'trial.run-more', Math.min(topCount, left))));
}

/** What changes many times a second is not drawn anew with the rest. @param {TryActions} actions */
function trialProgress({ cancelTrial }) {
  const words = el('p', { class: 'small number', id: 'trial-words' });
  const bar = el('progress', { max: 1, 'aria-labelledby': 'trial-words' });
  const cancel = el('button', { type: 'button', id: 'cancel-trial', 'data-focus': 'cancel-trial', onclick: cancelTrial });
  return {
    element: el('div', { class: 'trial-progress' }, words, bar, cancel),
    /** @param {State} state */
    show({ trial: { phase, model, done, total }, zoo }) {
      const name = zoo?.models.find(({ id }) => id === model)?.name ?? model;
      words.textContent = phase === 'fetch'
        ? t('trial.fetch', name, formatBytes(done), formatBytes(total)) : t('trial.run', name, Math.min(done + 1, total), total);
      bar.value = total > 0 ? done / total : 0;
      cancel.textContent = t('progress.cancel');
    },
  };
}

/**
 * @param {State} state
 * @param {RankedModel} ranked
 * @param {ModelEntry} entry
 * @param {{actions: TryActions, checker: Element}} options
 */
function modelCard(state, ranked, entry, { actions, checker }) {
  const { low, mid, high } = ranked.expected_accuracy;
  const observation = state.observed.get(ranked.model);
  const canRun = !state.shared && hasPixels(state.task) && !isBusy(state) && !state.timing.isRunning && (state.trial.phase === 'idle' || state.trial.phase === 'failed');
  return el('article', { class: 'model-card' },
    el('p', { class: 'model-rank number' }, t('try.rank', ranked.rank)),
    el('h3', {}, ranked.name),
    el('p', { class: 'soft' }, t('model.purpose', entry.trained_for)),
    el('p', { class: 'model-accuracy' }, el('strong', { class: 'number' }, formatPercent(mid)),
      el('span', { class: 'soft small number' }, t('try.accuracy', formatPercent(low), formatPercent(high)))),
    observation?.hasFeatures
      ? checker
      : canRun && el('button', { type: 'button', class: 'run-one', 'data-focus': 'run-one', onclick: () => actions.runOne(ranked.model) }, t('trial.run-one')),
    compareChoice(state, ranked, actions),
    modelFacts(entry, { observation, milliseconds: state.speeds.get(ranked.model) }),
    codePanel(entry));
}

/** @param {State} state @param {RankedModel} ranked @param {TryActions} actions */
function compareChoice({ result, rival }, { model }, { compare }) {
  const others = (result?.ranking ?? []).filter((other) => other.model !== model);
  return el('label', { class: 'compare-choice small' }, t('compare.choose'), ' ', el('select', {
    'data-focus': 'compare',
    onchange: (/** @type {Event} */ { currentTarget }) => compare(/** @type {HTMLSelectElement} */ (currentTarget).value || undefined),
  },
  el('option', { value: '' }, t('compare.none')),
  ...others.map((other) => el('option', { value: other.model, selected: other.model === rival }, `${other.rank}. ${other.name}`))));
}
