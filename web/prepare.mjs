// While the user looks for images: the engine is fetched and warmed up, and what this browser cannot
// do is said before it is needed.
import { showNotice } from './announce.mjs';
import { reasonText, t } from './i18n.mjs';
import { reasonOf } from './reasons.mjs';

/**
 * @param {{store: import('./store.mjs').Store<import('./state.mjs').State>,
 *   engine: import('./engine.mjs').Engine}} page
 */
export async function prepare({ store, engine }) {
  const verdict = await engine.probeCanvas();
  if (verdict !== 'exact') {
    showNotice(t(verdict === 'noisy' ? 'notice.noisy-canvas' : 'reason.false-canvas'), { isError: verdict === 'false' });
  }
  try {
    const { zoo, ...facts } = await engine.warmUp();
    store.update({ zoo, engine: facts });
  } catch (error) {
    const { code } = /** @type {{code?: string}} */ (error);
    showNotice(code === 'unsupported' ? t('notice.simd') : t('notice.engine', reasonText(reasonOf(error))), { isError: true });
  }
}
