// A real browser for the tests of the built page: Debian's Chromium, a static server without any
// cleverness, and a log of everything that the page asked for or complained about.
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, relative } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const builtPage = fileURLToPath(new URL('../../dist/page', import.meta.url));
export const screenshots = fileURLToPath(new URL('../../build/screenshots', import.meta.url));
const program = '/usr/bin/chromium';
const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

/** Why there can be no test in a browser, or undefined. */
export function missingForBrowser() {
  if (!existsSync(program)) {
    return `CHROMIUM IS NOT INSTALLED (${program}): the page is not tested`;
  }
  return existsSync(join(builtPage, 'index.html')) ? undefined : 'THE PAGE IS NOT BUILT (npm run build:page): it is not tested';
}

/** @type {Record<string, string>} */
const types = {
  '.txt': 'text/plain', '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json',
  '.svg': 'image/svg+xml', '.wasm': 'application/wasm', '.webp': 'image/webp', '.webmanifest': 'application/manifest+json',
};

/**
 * Serves the built page below a sub-path, as many static hosts do.
 *
 * @param {(path: string, content: Buffer) => Buffer | string} [change] what a file of the page is
 *   sent as; path: below the page
 * @returns {Promise<{address: string, close(): Promise<void>}>}
 */
export async function servePage(change = (_, content) => content) {
  const prefix = '/some/where/';
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const file = normalize(join(builtPage, path.slice(prefix.length) || 'index.html'));
    const isThere = path.startsWith(prefix) && file.startsWith(builtPage) && await stat(file).then((info) => info.isFile(), () => false);
    if (!isThere) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    response.end(change(relative(builtPage, file), await readFile(file)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    address: `http://127.0.0.1:${port}${prefix}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** @param {string[]} [more] flags of Chromium */
export const startBrowser = (more = []) => chromium.launch({ executablePath: program, args: [...flags, ...more] });

/**
 * A page, and what it asked for and complained about.
 *
 * @typedef {{page: import('playwright-core').Page, requests: string[], complaints: string[],
 *   close(): Promise<void>}} OpenPage
 */

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} address
 * @param {import('playwright-core').BrowserContextOptions} [options]
 * @returns {Promise<OpenPage>} loaded, with the zoo's list there
 */
export async function openPage(browser, address, options = {}) {
  const context = await browser.newContext({ locale: 'en', viewport: { width: 1440, height: 1000 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  /** @type {string[]} */
  const requests = [];
  /** @type {string[]} */
  const complaints = [];
  context.on('request', (request) => {
    requests.push(request.url());
    if (request.method() !== 'GET' || request.postData() !== null) {
      complaints.push(`sent: ${request.method()} ${request.url()}`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const isOurs = !message.text().includes('Service Worker registration blocked by Playwright');
    if (isOurs && ['error', 'warning'].includes(message.type())) {
      complaints.push(`${message.type()}: ${message.text()}`);
    }
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} blocked ${event.blockedURI}`);
    });
  });
  await page.goto(address);
  await page.locator('body[data-ready]').waitFor({ timeout: 120_000 });
  return { page, requests, complaints, close: () => context.close() };
}

/**
 * Chooses a folder by way of the folder button's input.
 *
 * @param {import('playwright-core').Page} page
 * @param {string} folder
 */
export async function chooseFolder(page, folder) {
  await page.locator('input[webkitdirectory]').setInputFiles(folder);
}

/**
 * Drops files and folders on the middle of the page, as a file manager does.
 *
 * @param {import('playwright-core').Page} page
 * @param {string[]} paths
 */
export async function dropPaths(page, paths) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop'])) {
    await session.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data });
  }
  await session.detach();
}

/**
 * What the page's main thread does from now on, in processor time: a machine that does other work as
 * well stretches the clock's time, not this one.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {import('playwright-core').Page} page
 * @returns {Promise<() => Promise<number[]>>} ends the record: milliseconds of each task
 */
export async function traceTasks(browser, page) {
  await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline', '__metadata'] });
  return async () => {
    /** @type {{traceEvents: {name: string, pid: number, tid: number, tdur?: number, args: any}[]}} */
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString('utf8'));
    const main = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`);
    const tasks = traceEvents.filter(({ name, pid, tid }) => name === 'RunTask' && main.includes(`${pid} ${tid}`));
    if (!tasks.some(({ tdur }) => tdur !== undefined)) {
      throw new Error(`the trace has no processor times: ${traceEvents.length} events, ${tasks.length} tasks`);
    }
    return tasks.map(({ tdur = 0 }) => tdur / 1000);
  };
}

/** Waits for the ranking that follows what was just done. @param {import('playwright-core').Page} page */
export async function waitForRanking(page) {
  await page.locator('#ranking[aria-busy="false"] table.ranking').waitFor({ timeout: 120_000 });
}

/** The ranking as the table shows it. @param {import('playwright-core').Page} page @returns {Promise<string[]>} */
export const rankedModels = (page) => page.locator('tr[data-model]').evaluateAll((rows) =>
  rows.map((row) => row.getAttribute('data-model') ?? ''));

/**
 * The served page and a browser, there from before a file's first test until after its last; nothing
 * where there is no browser, so that the tests are skipped.
 *
 * @typedef {{server: Awaited<ReturnType<typeof servePage>>, browser: import('playwright-core').Browser}} SharedPage
 * @param {{flags?: string[], prepare?(shared: SharedPage): Promise<void>}} [options] flags: of
 *   Chromium; prepare: what all tests of the file start from
 * @returns {SharedPage}
 */
export function usePage({ flags, prepare } = {}) {
  const shared = /** @type {SharedPage} */ ({});
  before(async () => {
    if (!missingForBrowser()) {
      [shared.server, shared.browser] = await Promise.all([servePage(), startBrowser(flags)]);
      await prepare?.(shared);
    }
  });
  after(async () => {
    await shared.browser?.close();
    await shared.server?.close();
  });
  return shared;
}
