// How to check that nothing leaves the device.
import { byId, el } from '../dom.mjs';
import { t } from '../i18n.mjs';

export function startPrivacy() {
  byId('privacy-more').addEventListener('click', () => {
    const dialog = el('dialog', { 'aria-labelledby': 'privacy-title' },
      el('h2', { id: 'privacy-title' }, t('privacy.title')),
      el('p', {}, t('privacy.text')),
      el('p', {}, t('privacy.check')),
      el('form', { method: 'dialog' }, el('button', { class: 'primary' }, t('privacy.close'))));
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });
}
