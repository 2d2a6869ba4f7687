// Starts the service worker once the page has all it needs, and offers a new version when there is
// one; the page never changes under the user's hands.
import { showNotice } from '../announce.mjs';
import { t } from '../i18n.mjs';

export async function startOffline() {
  if (!('serviceWorker' in navigator) || !isSecureContext) {
    return;
  }
  const { serviceWorker } = navigator;
  try {
    const registration = await serviceWorker.register(new URL('service-worker.js', document.baseURI));
    const offer = (/** @type {ServiceWorker} */ worker) => offerUpdate(worker, serviceWorker);
    if (registration.waiting && serviceWorker.controller) {
      offer(registration.waiting);
    }
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing;
      worker?.addEventListener('statechange', () => {
        if (worker.state === 'installed' && serviceWorker.controller) {
          offer(worker);
        }
      });
    });
  } catch {
    // A browser may forbid it, in a private window for one; the page then needs its server.
  }
}

/** @param {ServiceWorker} worker @param {ServiceWorkerContainer} container */
function offerUpdate(worker, container) {
  showNotice(t('notice.update'), {
    action: {
      text: t('notice.update-now'),
      act() {
        container.addEventListener('controllerchange', () => location.reload(), { once: true });
        worker.postMessage('use-now');
      },
    },
  });
}
