// Keeps the whole page on the device, so that it works without a network after the first visit. The
// build puts the list of files and its hash in; a new hash is a new cache, filled before it is used.
const version = '__VERSION__';
/** @type {string[]} addresses below this script */
const files = JSON.parse('__FILES__');

const pageCache = `modelspider-page-${version}`;
// Models are large and fetched when asked for; their address holds their hash, so they never change.
const modelCache = 'modelspider-models';
const scope = /** @type {any} */ (self);
const root = new URL('./', scope.location.href).href;

scope.addEventListener('install', (/** @type {any} */ event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(pageCache);
    await cache.addAll(files.map((file) => new Request(new URL(file, root), { cache: 'no-cache' })));
  })());
});

scope.addEventListener('activate', (/** @type {any} */ event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith('modelspider-page-') && name !== pageCache);
    await Promise.all(old.map((name) => caches.delete(name)));
    await scope.clients.claim();
  })());
});

scope.addEventListener('message', (/** @type {any} */ { data }) => {
  if (data === 'use-now') {
    scope.skipWaiting();
  }
});

scope.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  if (request.method === 'GET' && request.url.startsWith(root)) {
    event.respondWith(answer(request));
  }
});

/** @param {Request} request @returns {Promise<Response>} */
async function answer(request) {
  const page = await caches.open(pageCache);
  const isVisit = request.mode === 'navigate';
  const kept = await page.match(request, { ignoreSearch: isVisit }) ?? (isVisit ? await page.match(root) : undefined);
  if (kept) {
    return kept;
  }
  if (!new URL(request.url).pathname.includes('/zoo/models/')) {
    return fetch(request);
  }
  const models = await caches.open(modelCache);
  const model = await models.match(request);
  if (model) {
    return model;
  }
  const response = await fetch(request);
  if (response.ok) {
    await models.put(request, response.clone());
  }
  return response;
}
