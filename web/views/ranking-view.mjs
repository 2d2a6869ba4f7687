// Column 2: the ranking in its views, or why there is none yet.
import { FocusKeeper, byId, el, icon, replace } from '../dom.mjs';
import { formatSeconds, t } from '../i18n.mjs';
import { filterModels, sortModels } from '../listing.mjs';
import { isBusy } from '../state.mjs';
import { usedClasses } from '../task.mjs';
import { costPlot } from './cost-plot.mjs';
import { exportMenu } from './export-menu.mjs';
import { filterBar } from './filter-bar.mjs';
import { rankingTable } from './ranking-table.mjs';
import { tabList } from './tabs.mjs';
import { webMap } from './web-map.mjs';
import { whyView } from './why-view.mjs';

/**
 * @typedef {import('../state.mjs').State} State
 * @typedef {import('../state.mjs').ResultView} ResultView
 * @typedef {{select(id: string): void, rank(): void,
 *   saveSession(hasPixels: boolean): void, show(change: Partial<State>): void,
 *   confusions(): Promise<import('./why-view.mjs').Confusions>}} RankingActions show: changes how the
 *   ranking is looked at
 */

/** @param {{store: import('../store.mjs').Store<State>, actions: RankingActions}} page */
export function startRanking({ store, actions }) {
  const body = byId('ranking-body');
  store.watch(({ task, run, result, zoo, selected, view, cost, sorting, filter }) =>
    [task, run.phase, result, zoo, selected, view, cost, sorting, filter], (state) => {
    const focus = new FocusKeeper(byId('ranking'));
    replace(byId('ranking-tools'), ...tools(state, actions));
    body.classList.toggle('stale', isBusy(state));
    replace(body, ...content(state, actions));
    focus.restore();
  });
}

/** @param {State} state @param {RankingActions} actions */
function tools({ result, run }, actions) {
  return result && run.phase === 'done'
    ? [el('p', { class: 'soft small number' }, t('ranking.took', formatSeconds(result.seconds.total))), exportMenu(result, actions)]
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
  return isBusy(state) ? [] : [emptyMessage(state)];
}

/** @param {State} state @param {import('../state.mjs').RankResult} result @param {RankingActions} actions */
function resultViews(state, result, { select, show, confusions }) {
  const { view, filter } = state;
  const shown = filterModels(result.ranking, filter);
  const panel = el('div', { id: 'result-panel', role: 'tabpanel', 'aria-labelledby': `tab-${view}` },
    shown.length === 0 ? message(t('filter.nothing'), t('filter.nothing-hint')) : viewOf(state, { ...result, ranking: shown }, { select, show, confusions }));
  return [
    el('div', { class: 'result-bar' },
      tabList(/** @type {ResultView[]} */ (['table', 'plot', 'map', 'why']).map((id) => ({ id, text: t(`ranking.${id}`) })), {
        label: t('ranking.view'), chosen: view, panel: 'result-panel', choose: (id) => show({ view: id }),
      }),
      filterBar(filter, (changed) => show({ filter: changed }))),
    panel,
  ];
}

/**
 * @param {State} state
 * @param {import('../state.mjs').RankResult} result with the models to show
 * @param {Omit<RankingActions, 'rank' | 'saveSession'>} actions
 */
function viewOf({ view, zoo, selected, sorting, cost }, result, { select, show, confusions }) {
  const { ranking } = result;
  switch (view) {
    case 'plot':
      return costPlot(ranking, { cost, selected, select, chooseCost: (chosen) => show({ cost: chosen }) });
    case 'map':
      return webMap(ranking, { selected, select });
    case 'why':
      return whyView(result, { confusions });
    default:
      return rankingTable(sortModels(ranking, sorting), {
        zoo, selected, select, sorting, sort: (chosen) => show({ sorting: chosen }),
      });
  }
}

/** @param {State} state */
function emptyMessage({ task, unreadable, zoo }) {
  const classes = usedClasses(task);
  const readable = classes.filter(({ images }) => images.some(({ id }) => !unreadable.has(id)));
  if (classes.length > 0 && readable.length === 0) {
    return message(t('ranking.no-image'), t('ranking.no-image-hint'));
  }
  if (task.classes.length > 0 && readable.length < 2) {
    return message(t('ranking.one-class'), t('ranking.one-class-hint'));
  }
  return message(t('ranking.empty'), zoo ? t('ranking.empty-hint', zoo.models.length) : '');
}

/** @param {string} title @param {string} hint @param {Node} [action] */
function message(title, hint, action) {
  return el('div', { class: 'empty' }, icon('spider', 'brand-mark'), el('h3', {}, title), el('p', {}, hint), action);
}

/** @param {import('../i18n.mjs').StringKey} key @param {() => void} act */
const button = (key, act) => el('button', { type: 'button', class: 'primary', onclick: act }, t(key));
