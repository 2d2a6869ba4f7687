// node bench/metrics.mjs [--numpy PYTHON]
// Processor seconds of the metrics on one core, through the wasm as it is shipped: each by itself and
// all at once; how they grow with images and features, beside what the header says; and, with a Python
// that has numpy, LogME beside the same formula there, taking turns in one run. Single runs of a busy
// machine are noisy: the best of several counts. numpy should have OpenBLAS, on one thread.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readWasm } from '../tests/wasm/wasm-file.mjs';
import { textTable } from '../wasm/report.mjs';
import { createEngine } from '../wasm/modelspider.mjs';

/**
 * @typedef {{count: number, dimension: number, classCount: number}} Shape
 * @typedef {Shape & {features: Float32Array, labels: Uint32Array}} Matrix
 */

/** @type {Shape} */
const shape = { count: 1000, dimension: 1280, classCount: 20 };
const runs = 3;

const { values: options } = parseArgs({ options: { numpy: { type: 'string' } } });
const engine = await createEngine(await readWasm());
const { metricNames } = engine;

/**
 * Multiply-adds as modelspider.h says, with typical numbers of steps; n is the smaller side.
 *
 * @type {Record<string, (N: number, D: number, C: number, n: number) => number>}
 */
const documented = {
  logme: (N, D, C, n) => N * D * n / 2 + 2 * n ** 3 / 3 + 2 * n * n * C,
  'h-score': (N, D, C, n) => N * D * n / 2 + 5 / 2 * n ** 3,
  'regularised-h-score': (N, D, C, n) => N * D * n / 2 + 5 / 2 * n ** 3,
  'n-leep': (N, D, C, n) => N * D * n / 2 + n ** 3 + 10 * N * (n / 3) * Math.min(5 * C, N / 4) * 20 / 10,
  gbc: (N, D, C, n) => N * D * n / 2 + n ** 3 + C * C * 64,
  lfc: (N, D, C, n) => N * D * n / 2,
  'pactran-gaussian': (N, D, C, n) => N * D * n / 2 + 5 / 2 * n ** 3 + 2 * N * n * C * 40 / 4,
  transrate: (N, D, C, n) => N * D * n / 2 * (1 + 1 / C) + n ** 3 / 6,
  sfda: (N, D, C, n) => N * D * n + n ** 3 / 3,
  parc: (N, D) => N * N * (D / 2 + 10),
  knn: (N, D) => N * N * D / 2,
  ridge: (N, D, C, n) => N * D * n / 2 + n ** 3 / 6 + N * n * n / 2,
  probe: (N, D, C, n) => (N <= D ? N * D * n / 2 + 5 / 2 * n ** 3 + 5 * 20 * N * n * C / 4 : N * D * D / 2 + 5 / 2 * D ** 3 + 5 * 40 * N * D * C / 4),
};

/** Features that look like a network's: not negative, overlapping classes, smaller and smaller. @param {Shape} of @returns {Matrix} */
function makeMatrix({ count, dimension, classCount }) {
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
  const offsets = Float32Array.from({ length: classCount * dimension }, () => 0.4 * random());
  const labels = Uint32Array.from({ length: count }, (_, i) => i % classCount);
  const features = Float32Array.from({ length: count * dimension }, (_, i) => {
    const j = i % dimension;
    const value = 0.1 + offsets[labels[Math.floor(i / dimension)] * dimension + j] + random() + random() + random();
    return Math.max(value, 0) / (1 + 10 * j / dimension);
  });
  return { count, dimension, classCount, features, labels };
}

/** @param {() => unknown} work @returns {number} processor seconds of one run */
function timeOnce(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** @param {() => unknown} work @param {number} times @returns {number} of the best run */
const time = (work, times) => Math.min(...Array.from({ length: times }, () => timeOnce(work)));

/** @param {Matrix} m @param {string} name */
const judge = (m, name) => engine.metric(name, m.features, m.count, m.dimension, m.labels, m.classCount);

/** @param {Matrix} m */
function reportSeconds(m) {
  const rows = metricNames.map((name) => [name, time(() => judge(m, name), runs).toFixed(3)]);
  const all = time(() => engine.metrics(metricNames, m.features, m.count, m.dimension, m.labels, m.classCount), runs);
  console.log(`${m.count} images, ${m.dimension} features, ${m.classCount} classes`);
  console.log(textTable(['metric', 'seconds'], [...rows, ['all at once', all.toFixed(3)]]));
}

/** Exponents between two shapes: measured, and as documented. @param {string} of @param {Shape} small @param {Shape} large */
function reportGrowth(of, small, large) {
  const [a, b] = [makeMatrix(small), makeMatrix(large)];
  const cost = (/** @type {string} */ name, /** @type {Shape} */ { count: N, dimension: D, classCount: C }) =>
    documented[name](N, D, C, Math.min(N, D));
  const rows = metricNames.map((name) => {
    judge(a, name);
    const measured = Math.log2(time(() => judge(b, name), 3) / time(() => judge(a, name), 3));
    return [name, measured.toFixed(2), Math.log2(cost(name, large) / cost(name, small)).toFixed(2)];
  });
  console.log(`growth with twice as many ${of}, from ${small.count} × ${small.dimension}, as a power`);
  console.log(textTable(['metric', 'measured', 'documented'], rows));
}

/** LogME here and in numpy, in turns. @param {string} python @param {Matrix} m */
async function compareWithNumpy(python, m) {
  const child = spawn(python, [fileURLToPath(new URL('logme_numpy.py', import.meta.url)), ...[m.count, m.dimension, m.classCount].map(String)], {
    env: { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' }, stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(new Uint8Array(m.features.buffer));
  child.stdin.write(Uint8Array.from(m.labels));
  const blas = (await lines.next()).value;
  /** @type {number[]} */
  const ours = [];
  /** @type {number[]} */
  const theirs = [];
  let value = '';
  for (let round = 0; round < 2 * runs; round++) {
    ours.push(timeOnce(() => judge(m, 'logme')));
    child.stdin.write(Uint8Array.of(1));
    const [seconds, found] = String((await lines.next()).value).split(' ');
    theirs.push(Number(seconds));
    value = found;
  }
  child.stdin.end();
  const [a, b] = [Math.min(...ours), Math.min(...theirs)];
  console.log(`LogME: ${judge(m, 'logme').toFixed(6)} in ${a.toFixed(3)} s here, ${value} in ${b.toFixed(3)} s in numpy (${blas}), ratio ${(a / b).toFixed(2)}`);
}

const matrix = makeMatrix(shape);
reportSeconds(matrix);
if (options.numpy) {
  await compareWithNumpy(options.numpy, matrix);
}
reportGrowth('images', { count: 300, dimension: 1600, classCount: 20 }, { count: 600, dimension: 1600, classCount: 20 });
reportGrowth('features', { count: 400, dimension: 800, classCount: 20 }, { count: 400, dimension: 1600, classCount: 20 });
