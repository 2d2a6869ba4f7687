// modelspider bench: how long the zoo's models take on this machine, in one thread.
import { compactCount, textTable } from '../report.mjs';
import { findEntry, entriesOf, inputIn, loadEngine, readModel, readZoo } from './assets.mjs';
import { Failure, reasonOf } from './failure.mjs';
import { chosenPrecision, integerOption, precisionOption } from './options.mjs';
import { makePeak } from './peak.mjs';

/**
 * @typedef {{model: string, load_ms: number, first_ms: number, best_ms: number, median_ms: number,
 *   gmac_per_s: number, memory_bytes: number}} Timing
 */

/** @typedef {{runs: number, precision: import('./assets.mjs').Precision | 'auto'}} How */

/**
 * @typedef {{layer: string, mmac: number, ms: number, gflop_per_s: number, share_of_peak: number}} Layer
 */

/** @type {import('./options.mjs').Command} */
export const command = {
  name: 'bench',
  summary: 'Measures how long models take here, in one thread',
  usage: 'bench [ID…] [options]',
  about: 'Times are of loading, of the first image and of the images after it, each 224 × 224 pixels. With --layers, the best time of each layer, and its share of the peak of multiplications and additions that is measured before and after it, the median of all runs.',
  options: {
    runs: { type: 'string', value: 'N', default: '20', help: 'images after the first (default: 20)' },
    layers: { type: 'boolean', help: 'where the time of one model goes (default: the encoder)' },
    zoo: { type: 'string', value: 'NAME|DIR', default: 'browser', help: 'which zoo, or a folder with one (default: browser)' },
    precision: precisionOption('f32'),
    json: { type: 'boolean', help: 'print JSON, not a table' },
  },
  async run({ values, positionals, terminal }) {
    const precision = chosenPrecision(values);
    const runs = /** @type {number} */ (integerOption(values, 'runs', { min: 1, max: 10000 }));
    const engine = await loadEngine();
    const zoo = await readZoo(values.zoo, engine);
    if (values.layers) {
      const [entry] = positionals.length > 0 ? positionals.map((id) => findEntry(zoo, id)) : entriesOf(zoo);
      await terminal.data(printLayers(await measureLayers(engine, zoo, entry, { runs, precision }), Boolean(values.json)));
      return;
    }
    const entries = positionals.length > 0 ? positionals.map((id) => findEntry(zoo, id)) : entriesOf(zoo);
    const timings = [];
    for (const entry of entries) {
      terminal.progress(entry.id);
      timings.push(await measure(engine, zoo, entry, { runs, precision }));
    }
    await terminal.data(values.json
      ? `${JSON.stringify({ schema: 1, runs, models: timings }, null, 2)}\n`
      : textTable(['model', 'load ms', 'first ms', 'best ms', 'median ms', 'GMAC/s', 'memory'], timings.map(cellsOf)));
  },
};

/** @param {Timing} timing @returns {string[]} */
function cellsOf({ model, load_ms, first_ms, best_ms, median_ms, gmac_per_s, memory_bytes }) {
  return [model, ...[load_ms, first_ms, best_ms, median_ms, gmac_per_s].map((value) => value.toFixed(1)), `${compactCount(memory_bytes)}B`];
}

/**
 * @param {import('../modelspider.mjs').Engine} engine
 * @param {import('./assets.mjs').Zoo} zoo
 * @param {import('./assets.mjs').ModelEntry} entry
 * @param {How} how
 * @returns {Promise<Timing>}
 */
async function measure(engine, zoo, entry, { runs, precision }) {
  const bytes = await readModel(zoo, entry);
  const input = await inputIn(zoo, entry, precision);
  const image = { data: testPattern(224 * 224 * 4), width: 224, height: 224 };
  const [load_ms, network] = timed(() => load(engine, bytes, entry, input));
  try {
    const [first_ms] = timed(() => network.embed(image));
    const times = Array.from({ length: runs }, () => timed(() => network.embed(image))[0]).sort((a, b) => a - b);
    const best_ms = times[0];
    return {
      model: entry.id,
      load_ms,
      first_ms,
      best_ms,
      median_ms: times[Math.floor(times.length / 2)],
      gmac_per_s: network.macCount / best_ms / 1e6,
      memory_bytes: network.memorySize,
    };
  } finally {
    network.destroy();
  }
}

/**
 * The layers, each with its best time of many and the median of its shares of the peak, which is
 * measured before and after it. The first run is not counted.
 *
 * @param {import('../modelspider.mjs').Engine} engine
 * @param {import('./assets.mjs').Zoo} zoo
 * @param {import('./assets.mjs').ModelEntry} entry
 * @param {How} how
 * @returns {Promise<{peaks: number[], layers: Layer[]}>}
 */
async function measureLayers(engine, zoo, entry, { runs, precision }) {
  const network = load(engine, await readModel(zoo, entry), entry, await inputIn(zoo, entry, precision));
  const image = { data: testPattern(224 * 224 * 4), width: 224, height: 224 };
  const measurePeak = makePeak();
  try {
    const layers = network.layers();
    const times = layers.map(() => /** @type {number[]} */ ([]));
    const shares = layers.map(() => /** @type {number[]} */ ([]));
    const peaks = [];
    for (let run = 0; run <= runs; run++) {
      network.embed(image);
      peaks.push(measurePeak());
      for (const [layer, { macCount }] of layers.entries()) {
        const [ms] = timed(() => network.runLayer(layer));
        peaks.push(measurePeak());
        if (run > 0) {
          times[layer].push(ms);
          shares[layer].push(speedOf(macCount, ms) / ((peaks[peaks.length - 2] + peaks[peaks.length - 1]) / 2));
        }
      }
    }
    return {
      peaks,
      layers: layers.map(({ text, macCount }, i) => {
        const ms = Math.min(...times[i]);
        return { layer: text, mmac: macCount / 1e6, ms, gflop_per_s: speedOf(macCount, ms), share_of_peak: median(shares[i]) };
      }),
    };
  } finally {
    network.destroy();
  }
}

/** @param {number} macs @param {number} ms @returns {number} GFLOP/s */
const speedOf = (macs, ms) => (2 * macs) / ms / 1e6;

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** 1×1 convolutions: as many products per output as there are input channels. @param {Layer} layer */
function isPointwise({ layer, mmac }) {
  const [, channels, output] = /^Conv \d+x(\d+)x\d+x\d+ -> ([\dx]+)$/.exec(layer) ?? [];
  return output !== undefined && mmac * 1e6 === output.split('x').reduce((product, size) => product * Number(size), Number(channels));
}

/** Layers together; their shares are weighted by how long they would take. @param {string} layer @param {Layer[]} some @returns {Layer} */
function together(layer, some) {
  const sum = (/** @type {(one: Layer) => number} */ of) => some.reduce((total, one) => total + of(one), 0);
  const mmac = sum((one) => one.mmac);
  const ms = sum((one) => one.ms);
  const working = some.filter((one) => one.mmac > 0).reduce((total, one) => total + one.mmac / one.share_of_peak, 0);
  return { layer, mmac, ms, gflop_per_s: speedOf(mmac * 1e6, ms), share_of_peak: mmac > 0 ? mmac / working : 0 };
}

/** @param {{peaks: number[], layers: Layer[]}} measured @param {boolean} json @returns {string} */
function printLayers({ peaks, layers }, json) {
  const pointwise = together('1×1 convolutions', layers.filter(isPointwise));
  const all = together('all', layers);
  const peak = { best: Math.max(...peaks), median: median(peaks) };
  if (json) {
    return `${JSON.stringify({ schema: 1, peak_gflop_per_s: peak.best, peak_median_gflop_per_s: peak.median, layers, pointwise, all }, null, 2)}\n`;
  }
  const rows = [...layers.filter(({ mmac, ms }) => mmac > 0 || ms > 0.02), pointwise, all];
  return textTable(['layer', 'MMAC', 'ms', 'GFLOP/s', '% of peak'], [
    ...rows.map(({ layer, mmac, ms, gflop_per_s, share_of_peak }) => [layer, mmac.toFixed(2), ms.toFixed(3), gflop_per_s.toFixed(1), (100 * share_of_peak).toFixed(0)]),
    ['multiply+add peak, best', '', '', peak.best.toFixed(1), ''],
    ['multiply+add peak, median', '', '', peak.median.toFixed(1), '100'],
  ]);
}

/**
 * @param {import('../modelspider.mjs').Engine} engine
 * @param {Uint8Array} bytes
 * @param {{id: string}} entry
 * @param {import('./assets.mjs').InputRecipe} input
 */
function load(engine, bytes, entry, input) {
  try {
    return engine.loadNetwork(bytes, input);
  } catch (error) {
    throw new Failure('asset', `${entry.id} cannot be loaded: ${reasonOf(error)}`);
  }
}

/** @template T @param {() => T} work @returns {[number, T]} milliseconds and result */
function timed(work) {
  const started = performance.now();
  const result = work();
  return [performance.now() - started, result];
}

/** Values without a pattern that a cache or a branch could like. @param {number} size */
function testPattern(size) {
  return Uint8Array.from({ length: size }, (_, i) => (i % 4 === 3 ? 255 : Math.imul(i, 2654435761) >>> 24));
}
