// The last line of the page: what computes here.
import { byId } from '../dom.mjs';
import { t } from '../i18n.mjs';

/** @param {{store: import('../store.mjs').Store<import('../state.mjs').State>}} page */
export function startFooter({ store }) {
  store.watch(({ engine, zoo }) => [engine, zoo], ({ engine, zoo }) => {
    byId('footer-facts').textContent = engine && zoo ? t('footer.facts', engine.version, engine.workers, zoo.models.length) : '';
  });
}
