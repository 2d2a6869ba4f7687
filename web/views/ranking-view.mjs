// Column 2: the ranking in its views, or why there is none yet.
import { FocusKeeper, byId, el, icon, replace } from '../dom.mjs';
import { formatSeconds, t } from '../i18n.mjs';
import { filterModels, sortModels, withFacts } from '../listing.mjs';
import { isBusy } from '../state.mjs';
import { usedClasses } from '../task.mjs';
import { comparePanel } from './compare-panel.mjs';
import { costPlot } from './cost-plot.mjs';
import { exportMenu } from './export-menu.mjs';
import { filterBar } from './filter-bar.mjs';
import { rankingTable } from './ranking-table.mjs';
import { tabList } from './tabs.mjs';
import { timingBar } from './timing-bar.mjs';
import { waitingWeb, webMap } from './web-map.mjs';
import { whyView } from './why-view.mjs';

/**
 * @typedef {import('../state.mjs').State} State
 * @typedef {import('../state.mjs').ResultView} ResultView
 * @typedef {{select(id: string): void, rank(): void,
 *   saveSession(hasPixels: boolean): void, copyLink(): void, show(change: Partial<State>): void,
 *   knownWeb(): Promise<import('../score/known-tasks.mjs').KnownWeb | undefined>, compare(id: string | undefined): void, confusions(): Promise<import('./why-view.mjs').Confusions>,
 *   lookAround(): Promise<import('./why-view.mjs').Surroundings | undefined>} & import('./timing-bar.mjs').TimingActions} RankingActions show: changes how the
 *   ranking is looked at
 */

// As many rows as the style sheet leaves on narrow screens.
const shortLength = 8;

const kindOrder = /** @type {import('../listing.mjs').Kind[]} */ (['objects', 'bodies', 'hands', 'faces', 'text', 'other']);

/** @param {{store: import('../store.mjs').Store<State>, actions: RankingActions}} page */
export function startRanking({ store, actions }) {
  const body = byId('ranking-body');
  store.watch(({ task, run, result, isPreview, shared, zoo, engine, observed, selected, rival, view, cost, sorting, filter, isWhole, speeds, timing, trial }) =>
    [task, run.phase, result, isPreview, shared, zoo, engine, observed, selected, rival, view, cost, sorting, filter, isWhole, speeds, timing, trial.phase], (state) => {
    const { task, shared } = state;
    const focus = new FocusKeeper(byId('ranking'));
    // Once there is something to see, it moves up to where the welcome was.
    document.body.classList.toggle('has-task', task.classes.length + task.loose.length + task.skipped.length > 0 || shared !== undefined);
    replace(byId('ranking-tools'), ...tools(state, actions));
    body.classList.toggle('stale', isBusy(state) && !state.isPreview);
    replace(body, ...content(state, actions));
    focus.restore();
  });
}

/** @param {State} state @param {RankingActions} actions */
function tools({ result, run, shared }, { copyLink, saveSession }) {
  return result && run.phase === 'done'
    ? [shared ? '' : el('p', { class: 'soft small number' }, t('ranking.took', formatSeconds(result.seconds.total))),
      exportMenu(result, { isShared: shared !== undefined, copyLink, saveSession })]
    : [];
}

/** @param {State} state @param {RankingActions} actions */
function content(state, actions) {
  const { run, result } = state;
  if (run.phase === 'failed') {
    return [message(t('ranking.failed'), run.error, button('ranking.retry', () => actions.rank()))];
  }
  if (run.phase === 'cancelled') {
    return [message(t('ranking.cancelled'), t('ranking.cancelled-hint'), button('ranking.resume', () => actions.rank()))];
  }
  if (result) {
    return resultViews(state, result, actions);
  }
  return isBusy(state) ? [] : [emptyMessage(state, actions)];
}

/** @param {State} state @param {import('../state.mjs').RankResult} result @param {RankingActions} actions @returns {Node[]} */
function resultViews(state, result, actions) {
  const { view, filter, zoo, engine, speeds } = state;
  const listed = withFacts(result.ranking, { zoo, pace: engine?.pace, speeds });
  const shown = filterModels(listed, filter);
  const kinds = kindOrder.filter((kind) => listed.some((model) => model.kind === kind));
  const panel = el('div', { id: 'result-panel', role: 'tabpanel', 'aria-labelledby': `tab-${view}` },
    shown.length === 0 ? message(t('filter.nothing'), t('filter.nothing-hint')) : viewOf(state, { shown, result }, actions));
  return [
    state.isPreview && el('p', { class: 'result-note small' }, t('ranking.preview', result.task.images)),
    state.shared && el('p', { class: 'result-note small' }, t('shared.note', state.shared.classes, state.shared.images)),
    el('div', { class: 'result-bar' },
      tabList(/** @type {ResultView[]} */ (['table', 'plot', 'map', 'why']).map((id) => ({ id, text: t(`ranking.${id}`) })), {
        label: t('ranking.view'), chosen: view, panel: 'result-panel', choose: (id) => actions.show({ view: id }),
      }),
      view !== 'why' && filterBar(filter, { kinds, change: (changed) => actions.show({ filter: changed }) })),
    view === 'table' && timingBar(state, listed, actions),
    comparePanel(listed, state, actions),
    panel,
  ].filter((part) => part instanceof Node);
}

/**
 * @param {State} state
 * @param {{shown: import('../listing.mjs').ListedModel[], result: import('../state.mjs').RankResult}} models
 *   shown: those that the filter leaves
 * @param {RankingActions} actions
 */
function viewOf({ view, zoo, selected, sorting, cost, shared, isWhole }, { shown, result }, { select, show, confusions, lookAround }) {
  switch (view) {
    case 'plot':
      return costPlot(shown, { cost, selected, select, chooseCost: (chosen) => show({ cost: chosen }) });
    case 'map':
      return webMap(shown, { selected, select, lookAround: shared ? async () => undefined : lookAround });
    case 'why':
      return whyView(result, { hasImages: !shared, confusions, lookAround });
    default:
      return el('div', {},
        rankingTable(sortModels(shown, sorting), {
          zoo, selected, select, sorting, sort: (chosen) => show({ sorting: chosen }), isShort: !isWhole && shown.length > shortLength,
        }),
        !isWhole && shown.length > shortLength && el('button', { type: 'button', class: 'show-all', onclick: () => show({ isWhole: true }) },
          t('ranking.show-all', shown.length)));
  }
}

/** @param {State} state @param {RankingActions} actions */
function emptyMessage({ task, unreadable, zoo }, { knownWeb }) {
  const classes = usedClasses(task);
  const readable = classes.filter(({ images }) => images.some(({ id }) => !unreadable.has(id)));
  if (classes.length > 0 && readable.length === 0) {
    return message(t('ranking.no-image'), t('ranking.no-image-hint'));
  }
  if (task.classes.length > 0 && readable.length < 2) {
    return message(t('ranking.one-class'), t('ranking.one-class-hint'));
  }
  return el('div', {}, message(t('ranking.empty'), zoo ? t('ranking.empty-hint', zoo.models.length) : ''), zoo && emptyWeb(zoo, knownWeb));
}

/** What the spider will look through. @param {import('../assets.mjs').Manifest} zoo @param {RankingActions['knownWeb']} knownWeb */
function emptyWeb({ models }, knownWeb) {
  const figure = el('figure', { class: 'map waiting' });
  const caption = el('p', { class: 'soft small waiting-words' });
  knownWeb().then((web) => {
    if (web) {
      const names = new Map(models.map(({ id, name }) => [id, name]));
      replace(figure, waitingWeb(web, { names, width: Math.max(figure.clientWidth, 280) }));
      caption.textContent = t('map.waiting', web.tasks.length, web.models.length);
    }
  // Without it the words above say enough.
  }).catch(() => {});
  return el('div', {}, figure, caption);
}

/** @param {string} title @param {string} hint @param {Node} [action] */
function message(title, hint, action) {
  return el('div', { class: 'empty' }, icon('spider', 'brand-mark'), el('h3', {}, title), el('p', {}, hint), action);
}

/** @param {import('../i18n.mjs').StringKey} key @param {() => void} act */
const button = (key, act) => el('button', { type: 'button', class: 'primary', onclick: act }, t(key));
