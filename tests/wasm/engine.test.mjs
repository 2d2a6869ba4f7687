// The binding over the real wasm.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ModelSpiderError, createEngine } from '../../wasm/modelspider.mjs';
import { randomImage, tinyInput, tinyNetwork } from './tiny-network.mjs';
import { readWasm } from './wasm-file.mjs';

const engine = await createEngine(await readWasm());

test('the version is that of package.json', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.equal(engine.version, version);
});

test('a compiled module serves several engines, each with memory of its own', async () => {
  const module = await WebAssembly.compile(await readWasm());
  const [a, b] = await Promise.all([createEngine(module), createEngine(module)]);
  const tasks = Array.from({ length: 20 }, () => {
    const task = a.createTask(2, 65536);
    for (let i = 0; i < 20; i++) {
      task.addImage(i % 2, new Float32Array(65536));
    }
    return task;
  });
  assert.ok(a.memorySize > b.memorySize);
  tasks.forEach((task) => task.destroy());
});

test('bytes that are no wasm give one sentence', async () => {
  await assert.rejects(createEngine(new Uint8Array([1, 2, 3])), (error) => {
    assert.ok(error instanceof ModelSpiderError);
    assert.equal(error.code, 'format');
    assert.match(error.message, /^modelspider\.wasm is damaged/);
    return true;
  });
});

test('a failure in C arrives with its code and its sentence', () => {
  const task = engine.createTask(2, 3);
  assert.throws(() => task.addImage(2, new Float32Array(3)), { name: 'ModelSpiderError', code: 'argument', message: /2/ });
  assert.throws(() => task.addImage(0, new Float32Array([1, NaN, 0])), { code: 'data' });
  assert.equal(task.imageCount, 0);
  task.destroy();
});

test('a destroyed object cannot be used, and may be destroyed twice', () => {
  const task = engine.createTask(2, 3);
  task.destroy();
  task.destroy();
  assert.throws(() => task.imageCount, { code: 'argument', message: 'this task was destroyed' });
});

test('an input recipe that cannot be is refused', () => {
  const recipe = { width: 8, height: 8, mean: [0, 0, 0], std: [1, 1, 1] };
  const bytes = new Uint8Array(4);
  assert.throws(() => engine.loadNetwork(bytes, { ...recipe, mean: [0] }), { code: 'argument', message: /needs 3 mean/ });
  // @ts-expect-error a fit that does not exist
  assert.throws(() => engine.loadNetwork(bytes, { ...recipe, fit: 'stretch' }), { code: 'argument', message: /stretch/ });
  // @ts-expect-error a precision that does not exist
  assert.throws(() => engine.loadNetwork(bytes, { ...recipe, precision: 'int4' }), { code: 'argument', message: /precision int4/ });
});

test('a large image reduced once has the features that it has as it is', () => {
  const network = engine.loadNetwork(tinyNetwork(1), { ...tinyInput, signature: true });
  const large = randomImage(3, 1300, 1281);
  const reduced = engine.reduceImage(large);
  assert.deepEqual([reduced.width, reduced.height, reduced.data.length], [650, 640, 650 * 640 * 4]);
  assert.equal(engine.reduceImage(reduced), reduced);
  assert.deepEqual(network.embed(reduced), network.embed(large));
  assert.throws(() => engine.reduceImage({ ...large, width: 1301 }), /6661200 bytes are no image of 1301 × 1281 RGBA pixels/);
  network.destroy();
});

test('layers are named, counted, and run one by one', () => {
  const network = engine.loadNetwork(tinyNetwork(1), { ...tinyInput, signature: false });
  const image = randomImage(2, 16, 16);
  const features = network.embed(image);
  const layers = network.layers();
  assert.equal(layers.reduce((sum, { macCount }) => sum + macCount, 0), network.macCount);
  layers.forEach((_, layer) => network.runLayer(layer));
  assert.throws(() => network.runLayer(layers.length), { code: 'argument', message: `layer ${layers.length} of ${layers.length}` });
  assert.deepEqual(network.embed(image), features);
  network.destroy();
});

// scipy 1.10: weightedtau([1,2,3,4,5],[2,1,3,5,4], rank=None), kendalltau of the same.
test('rankings are compared as scipy compares them', () => {
  const truth = [1, 2, 3, 4, 5];
  const score = [2, 1, 3, 5, 4];
  assert.ok(Math.abs(engine.kendallTauB(truth, score) - 0.6) < 1e-12);
  assert.equal(engine.weightedTau(truth, truth), 1);
  assert.equal(engine.regretAtOne(truth, score), 1);
  assert.equal(engine.topRecall(truth, score, 2), 1);
  assert.throws(() => engine.weightedTau(truth, [1]), { code: 'argument' });
});

test('rankings are joined: two lists against one decide', () => {
  const joined = engine.copeland([[3, 2, 1], [3, 2, 1], [1, 2, 3]]);
  assert.deepEqual([...joined], [2, 0, -2]);
  assert.throws(() => engine.copeland([[1, 2], [1]]), { code: 'argument' });
});

test("a task's class tokens are means and root mean square deviations of its classes", () => {
  const task = engine.createTask(3, 2);
  task.addImage(2, Float32Array.of(1, 10));
  task.addImage(2, Float32Array.of(3, 10));
  task.addImage(0, Float32Array.of(5, 6));
  const { classCount, prototypes, spreads } = task.classTokens();
  assert.deepEqual([classCount, [...prototypes], [...spreads]], [2, [5, 6, 2, 10], [0, 0, 1, 0]]);
  task.destroy();
});

/** Tasks of two kinds; the first model suits the one, the second the other. */
function trainTwoModels() {
  const trainer = engine.createTrainer({ modelCount: 2, featureCount: 3, width: 4, seed: 1, options: { ridge: 0.01 } });
  for (let i = 0; i < 12; i++) {
    const side = i % 2 === 0 ? 1 : -1;
    const prototypes = Float32Array.of(side, i / 12, 1, side, 1, i / 12);
    trainer.addTask({ classCount: 2, prototypes, spreads: new Float32Array(6).fill(0.5) }, [side, -side], 1);
  }
  trainer.fit();
  return trainer;
}

/** A task as the trainer's. @param {number} side */
function taskOfKind(side) {
  const task = engine.createTask(2, 3);
  for (let i = 0; i < 8; i++) {
    const noise = i % 4 < 2 ? 0.5 : -0.5;
    task.addImage(i % 2, Float32Array.of(side + noise, (i % 2 === 0 ? 0.5 : 1) + noise, (i % 2 === 0 ? 1 : 0.5) + noise));
  }
  return task;
}

test('a trainer learns which of two models suits which kind of task', () => {
  const trainer = trainTwoModels();
  const losses = Array.from({ length: 20 }, () => trainer.step());
  assert.ok(losses.every(Number.isFinite));
  const [a, b] = [trainer.score(0), trainer.score(1)];
  assert.ok(a[0] > a[1] && b[0] < b[1], `${a} and ${b}`);
  trainer.destroy();
  assert.throws(() => engine.createTrainer({ modelCount: 2, featureCount: 3, width: 4, seed: 1, options: { nonsense: 1 } }), { code: 'argument' });
});

test('a scorer is saved, loaded, scores tasks, and says how sure it is', () => {
  const trainer = trainTwoModels();
  for (let i = 0; i < 12; i++) {
    const side = i % 2 === 0 ? 1 : -1;
    const predicted = trainer.score(i);
    trainer.addHeldOut({
      truths: [1 + side * 0.9 + i / 30, 1 - side * 1.1 + i / 40], predicted, observed: [0.7 + side * 0.2, 0.7 - side * 0.2],
      landmark: 0.85, imageCount: 50, weight: 1,
    });
  }
  trainer.fitCertainty();
  const hash = 'ab'.repeat(32);
  const bytes = trainer.save(['first', 'zweites-\u00e9'], hash);
  trainer.destroy();
  const scorer = engine.loadScorer(bytes);
  assert.deepEqual([scorer.modelIds, scorer.featureCount, scorer.encoderHash], [['first', 'zweites-\u00e9'], 3, hash]);
  assert.equal(scorer.prior().length, 2);
  for (const side of [1, -1]) {
    const task = taskOfKind(side);
    const scores = scorer.score(task);
    assert.equal(Math.sign(scores[0] - scores[1]), side);
    const { assessments, orderChange } = scorer.assess(task, { seed: 3, draws: 64 });
    assert.deepEqual(scorer.assess(task, { seed: 3, draws: 64 }).assessments, assessments);
    assert.ok(orderChange >= 0 && orderChange <= 1);
    assessments.forEach(({ rankLow, rankHigh, accuracy: { low, mid, high } }) => {
      assert.ok(rankLow >= 0 && rankLow <= rankHigh && rankHigh <= 1);
      assert.ok(low <= mid && mid <= high && low >= 0 && high <= 1);
    });
    const next = scorer.suggest(task, new Map());
    assert.ok(next === 0 || next === 1);
    assert.equal(scorer.suggest(task, new Map([[next, 0.5]])), 1 - next);
    assert.throws(() => scorer.assess(task, { observed: new Map([[2, 0.5]]) }), { code: 'argument' });
    task.destroy();
  }
  for (let size = 0; size < bytes.length; size += 7) {
    assert.throws(() => engine.loadScorer(bytes.subarray(0, size)), { name: 'ModelSpiderError', code: 'format' }, `cut to ${size}`);
  }
  scorer.destroy();
});

test("a task's landmarks say which block of its features tells the classes apart", () => {
  const task = engine.createTask(2, 4);
  for (let i = 0; i < 20; i++) {
    // Block 0 holds the class, block 1 noise that is the same for both classes.
    task.addImage(i % 2, Float32Array.of(i % 2 === 0 ? 5 : -5, Math.sin(i >> 1), Math.sin((i >> 1) ** 2), Math.cos(i >> 1)));
  }
  const [first, second] = task.landmarks({ widths: [2, 2], joint: 0 });
  assert.ok(first > 2 && second < 1, `${first} and ${second}`);
  assert.equal(task.landmarks({ widths: [2, 2], joint: 2 }).length, 3);
  assert.throws(() => task.landmarks({ widths: [2, 3], joint: 0 }), { code: 'argument' });
  task.destroy();
});

test('metrics of source classes are what they are by hand', () => {
  // The likeliest source classes are 1, 1, 2 and 1: two labels share class 1, of three rows.
  const sure = Float32Array.of(0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0);
  const labels = [0, 0, 1, 2];
  const expected = (2 * Math.log(2 / 3) + Math.log(1 / 3)) / 4;
  for (const name of ['nce', 'leep']) {
    assert.ok(Math.abs(engine.sourceMetric(name, sure, 4, 3, labels, 3) - expected) < 1e-12);
  }
  // One source class, two rows of different labels: evidence of the Dirichlet distribution of (1/2, 1/2),
  // 1/2 · 1/2 / 2. The Gamma form bounds the same from below.
  const one = Float32Array.of(1, 1);
  const dirichlet = engine.sourceMetric('pactran-dirichlet', one, 2, 1, [0, 1], 2);
  assert.ok(Math.abs(dirichlet - Math.log(1 / 8) / 2) < 1e-6);
  assert.ok(engine.sourceMetric('pactran-gamma', one, 2, 1, [0, 1], 2) < dirichlet);
  assert.throws(() => engine.sourceMetric('logme', one, 2, 1, [0, 1], 2), { code: 'argument' });
  assert.throws(() => engine.sourceMetric('nce', Float32Array.of(0.5, 1), 2, 1, [0, 1], 2), { code: 'data', message: /sum to 0\.5/ });
  assert.throws(() => engine.sourceMetric('nce', one, 2, 2, [0, 1], 2), { code: 'argument' });
});

test('LogME takes targets, and OTCE a source sample', () => {
  const features = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i * i) + 9 * (Math.floor(i / 2) % 2));
  const labels = Array.from({ length: 20 }, (_, i) => i % 2);
  const targets = Float32Array.from(labels.flatMap((label) => [1 - label, label]));
  // By definition LogME of labels is that of their columns of 0 and 1.
  assert.equal(engine.logmeOfTargets(features, 20, 2, targets, 2), engine.metric('logme', features, 20, 2, labels, 2));
  assert.throws(() => engine.logmeOfTargets(features, 20, 2, targets, 3), { code: 'argument' });
  const task = { features, count: 20, dimension: 2, labels, classCount: 2 };
  // A task coupled with itself: far classes never mix, so that nothing is left to guess.
  assert.ok(Math.abs(engine.otce(task, task, 0.02)) < 1e-6);
  assert.throws(() => engine.otce(task, { ...task, count: 19 }), { code: 'argument' });
});

test('the probe tells classes that lie apart', () => {
  const labels = Array.from({ length: 24 }, (_, i) => i % 2);
  const features = Float32Array.from({ length: 48 }, (_, i) => Math.sin(i * i) + (i % 4 < 2 ? 5 : 0));
  const { mean, standardError } = engine.probe(features, 24, 2, labels, 2, { trainFraction: 0.5, splits: 5, seed: 1 });
  assert.deepEqual([mean, standardError], [1, 0]);
  assert.throws(() => engine.probe(features, 24, 3, labels, 2, { trainFraction: 0.5, splits: 5, seed: 1 }), { code: 'argument' });
});

test('a linear head tells further rows apart', () => {
  const labels = Array.from({ length: 24 }, (_, i) => i % 2);
  const features = Float32Array.from({ length: 48 }, (_, i) => Math.sin(i * i) + (i % 4 < 2 ? 5 : 0));
  const { weights, intercepts } = engine.fitProbe(features, 24, 2, labels, 2);
  assert.deepEqual([weights.length, intercepts.length], [4, 2]);
  const lead = (/** @type {number[]} */ [x, y]) =>
    (weights[0] - weights[2]) * x + (weights[1] - weights[3]) * y + intercepts[0] - intercepts[1];
  assert.ok(lead([5, 5]) > 1 && lead([0, 0]) < -1, `${lead([5, 5])} and ${lead([0, 0])}`);
  assert.throws(() => engine.fitProbe(features, 24, 2, labels, 3), { code: 'data' });
  assert.throws(() => engine.fitProbe(features, 24, 3, labels, 2), { code: 'argument' });
});

test('rows times classes that no memory holds are an error', () => {
  // In 32 bits 65,536 squared is 0.
  const count = 65536;
  const labels = Array.from({ length: count }, (_, i) => i);
  const features = Float32Array.from(labels, (i) => Math.sin(i));
  assert.throws(() => engine.metric('ridge', features, count, 1, labels, count), { code: 'memory' });
});

test('memory that cannot be had is an error, and the engine goes on', () => {
  const recipe = { width: 8, height: 8, mean: [0, 0, 0], std: [1, 1, 1] };
  assert.throws(() => engine.loadNetwork(new Uint8Array(2 ** 31), recipe), { code: 'memory' });
  const task = engine.createTask(1, 1);
  task.addImage(0, new Float32Array([1]));
  assert.equal(task.imageCount, 1);
  task.destroy();
});
