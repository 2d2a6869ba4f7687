// Puts the page together: state, actions, views.
import './trusted.mjs';
import { createCheckActions } from './check-actions.mjs';
import { byId, replace } from './dom.mjs';
import { Engine } from './engine.mjs';
import { currentLanguage, onLanguage, preferredLanguage, setLanguage, t, toggleLanguage } from './i18n.mjs';
import { ImagePool } from './images/image-pool.mjs';
import { startOffline } from './offline/register.mjs';
import { prepare } from './prepare.mjs';
import { createRankActions } from './rank-actions.mjs';
import { initialState } from './state.mjs';
import { Store } from './store.mjs';
import { createTaskActions } from './task-actions.mjs';
import { createTimingActions } from './timing-actions.mjs';
import { createTrialActions } from './trial-actions.mjs';
import { startTheme } from './theme.mjs';
import { startCamera } from './views/camera-panel.mjs';
import { startClasses } from './views/classes-view.mjs';
import { startFooter } from './views/footer-view.mjs';
import { startIntake } from './views/intake-view.mjs';
import { startPrivacy } from './views/privacy-view.mjs';
import { startProgress } from './views/progress-view.mjs';
import { startRanking } from './views/ranking-view.mjs';
import { startSamples } from './views/samples-view.mjs';
import { warmUpThumbnails } from './views/thumbnails.mjs';
import { startTry } from './views/try-view.mjs';
import { drawWeb } from './web-figure.mjs';

const store = new Store(initialState);
const files = new ImagePool(1);
const engine = new Engine(files);
const trialActions = createTrialActions(store, engine);
const timingActions = createTimingActions(store, engine);
const checkActions = createCheckActions(store, engine);
const rankActions = createRankActions(store, engine, () => {
  trialActions.stopTrial();
  timingActions.stopTiming();
});
const taskActions = createTaskActions(store, { engine, files, onChange: (observed) => rankActions.rank(observed) });
const actions = { ...taskActions, ...rankActions, ...trialActions, ...timingActions, ...checkActions };
const page = { store, actions, addFiles: actions.addFiles };

startTheme();
replace(byId('hero-web'), drawWeb({ spokes: 19, rings: 11 }));
byId('language').addEventListener('click', () => toggleLanguage());
onLanguage(() => {
  byId('language').textContent = t('app.language');
  byId('language').lang = currentLanguage() === 'en' ? 'zh-Hans' : 'en';
  store.redraw();
});
await setLanguage(preferredLanguage());

startPrivacy();
startIntake(page);
startCamera(page);
startSamples(page);
startClasses(page);
startProgress(page);
startRanking(page);
startTry(page);
startFooter(page);
await Promise.all([prepare({ store, engine }), warmUpThumbnails()]);
actions.openLink();
addEventListener('hashchange', () => actions.openLink());
document.body.dataset.ready = '';
startOffline();
