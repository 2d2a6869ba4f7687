// node tests/page/measure.mjs [PART…]   (npm run measure:page)
// Measures the built page in Chromium and writes tests/page/figures.json: what it weighs, when it can
// be used, how long a ranking takes, and what 2,000 images and 20 rankings cost; all parts or those
// named. Times by the clock hang on what else the machine does, its load stands beside them; times
// of the processor do not. Exit code 1 if a limit that does not hang on the load is not kept.
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { chooseFolder, dropPaths, openPage, servePage, startBrowser, traceTasks, waitForRanking } from './browser.mjs';
import { makeFolder } from './sample-folder.mjs';
import { weighPage } from './weigh.mjs';

/** @typedef {import('playwright-core').Page} Page */

const figuresFile = fileURLToPath(new URL('./figures.json', import.meta.url));
const longTaskLimit = 100;
const heapLimit = 2e6;

const server = await servePage();
const browser = await startBrowser();
const open = (/** @type {import('playwright-core').BrowserContextOptions} */ options = {}) =>
  openPage(browser, server.address, { serviceWorkers: 'block', ...options });

/** @param {number} value */
const rounded = (value) => Number(value.toPrecision(3));

/** @param {number} classCount @param {number} imageCount of each class */
const folderOf = (classCount, imageCount) =>
  makeFolder(Object.fromEntries(Array.from({ length: classCount }, (_, i) => [`class ${i}`, imageCount])));

/** When the page can be used: its buttons work; its engine is warm. */
async function measureStart() {
  const { page, close } = await open();
  const figures = await page.evaluate(() => {
    const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType('navigation'));
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    return { firstPaint: paint?.startTime ?? NaN, interactive: navigation.domInteractive, loaded: navigation.domContentLoadedEventEnd, warm: performance.now() };
  });
  await close();
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${name}_ms`, Math.round(value)]));
}

/** Seconds that the processor spent on pages and their workers so far. @returns {Promise<number>} */
async function processorSeconds() {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** From the drop to the ranking of 200 images. @param {number} workers */
async function measureRanking(workers) {
  const { folder, remove } = await folderOf(10, 20);
  const { page, close } = await open();
  // What the page is told of the machine decides how many workers it starts.
  await page.addInitScript((count) => Object.defineProperty(Navigator.prototype, 'hardwareConcurrency', { get: () => count }), workers);
  await page.reload();
  await page.locator('body[data-ready]').waitFor();
  const spent = await processorSeconds();
  const begun = performance.now();
  await dropPaths(page, [folder]);
  await waitForRanking(page);
  const seconds = (performance.now() - begun) / 1000;
  const processor = await processorSeconds() - spent;
  await close();
  await remove();
  return { seconds: rounded(seconds), processor_seconds: rounded(processor) };
}

/** Long tasks on the page's main thread, by the clock and by processor time. */
async function measureLongTasks() {
  const { folder, remove } = await folderOf(20, 100);
  const { page, close } = await open();
  await page.evaluate(() => {
    const tasks = /** @type {any} */ (globalThis).longTasks = /** @type {number[]} */ ([]);
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
  });
  const stop = await traceTasks(browser, page);
  await dropPaths(page, [folder]);
  await page.locator('#ranking[aria-busy="false"] table.ranking').waitFor({ timeout: 1_200_000 });
  const processor = Math.max(...await stop());
  const clock = await page.evaluate(() => /** @type {any} */ (globalThis).longTasks);
  await close();
  await remove();
  return { images: 2000, longest_ms: Math.round(Math.max(0, ...clock)), over_100_ms: clock.filter((/** @type {number} */ task) => task > longTaskLimit).length, longest_processor_ms: Math.round(processor) };
}

/** From the press of cancel to a page at rest. */
async function measureCancel() {
  const { folder, remove } = await folderOf(2, 60);
  const { page, close } = await open();
  await chooseFolder(page, folder);
  await page.locator('#cancel').waitFor();
  const took = await page.evaluate(async () => {
    const start = performance.now();
    document.getElementById('cancel')?.click();
    while (document.getElementById('ranking')?.getAttribute('aria-busy') === 'true') {
      await new Promise((resolve) => setTimeout(resolve));
    }
    return performance.now() - start;
  });
  await close();
  await remove();
  return rounded(took);
}

/** What 20 rankings add to the heap. */
async function measureHeap() {
  const { folder, remove } = await folderOf(3, 8);
  const { page, close } = await open();
  await chooseFolder(page, folder);
  await waitForRanking(page);
  const session = await page.context().newCDPSession(page);
  const used = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize;
  };
  const before = await used();
  for (let i = 0; i < 20; i++) {
    for (const name of ['Undo', 'Redo']) {
      await page.getByRole('button', { name }).click();
    }
    await waitForRanking(page);
  }
  const growth = await used() - before;
  await close();
  await remove();
  return growth;
}

/** @type {Record<string, () => Promise<any>>} */
const parts = {
  bytes_gzipped: weighPage,
  start: measureStart,
  ranking_200_images: async () => ({ workers_1: await measureRanking(1), workers_2: await measureRanking(2) }),
  cancel: async () => ({ milliseconds: await measureCancel() }),
  heap_growth_20_rankings: async () => ({ bytes: await measureHeap() }),
  long_tasks: measureLongTasks,
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) {
  throw new Error(`there is no part ${unknown}; there is ${Object.keys(parts).join(', ')}`);
}
const figures = JSON.parse(await readFile(figuresFile, 'utf8').catch(() => '{}'));
figures.machine = { processor: cpus()[0].model, cores: cpus().length, browser: `Chromium ${browser.version()}` };
for (const name of wanted.length > 0 ? wanted : Object.keys(parts)) {
  figures[name] = { date: new Date().toISOString().slice(0, 10), load: rounded(loadavg()[0]), ...await parts[name]() };
}
await browser.close();
await server.close();
const text = `${JSON.stringify(figures, null, 2)}\n`;
await writeFile(figuresFile, text);
process.stdout.write(text);
process.exitCode = figures.long_tasks.longest_processor_ms > longTaskLimit || figures.heap_growth_20_rankings.bytes > heapLimit ? 1 : 0;
