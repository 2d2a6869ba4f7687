// The binding over the real wasm.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ModelSpiderError, createEngine } from '../../wasm/modelspider.mjs';
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

test('a trainer learns which of two models suits which kind of task', () => {
  const trainer = engine.createTrainer({ modelCount: 2, featureCount: 3, width: 4, seed: 1, options: { ridge: 0.01 } });
  for (let i = 0; i < 12; i++) {
    const side = i % 2 === 0 ? 1 : -1;
    const prototypes = Float32Array.of(side, i / 12, 1, side, 1, i / 12);
    trainer.addTask({ classCount: 2, prototypes, spreads: new Float32Array(6).fill(0.5) }, [side, -side], 1);
  }
  trainer.fit();
  const losses = Array.from({ length: 20 }, () => trainer.step());
  assert.ok(losses.every(Number.isFinite));
  const [a, b] = [trainer.score(0), trainer.score(1)];
  assert.ok(a[0] > a[1] && b[0] < b[1], `${a} and ${b}`);
  trainer.destroy();
  assert.throws(() => engine.createTrainer({ modelCount: 2, featureCount: 3, width: 4, seed: 1, options: { nonsense: 1 } }), { code: 'argument' });
});

test('memory that cannot be had is an error, and the engine goes on', () => {
  const recipe = { width: 8, height: 8, mean: [0, 0, 0], std: [1, 1, 1] };
  assert.throws(() => engine.loadNetwork(new Uint8Array(2 ** 31), recipe), { code: 'memory' });
  const task = engine.createTask(1, 1);
  task.addImage(0, new Float32Array([1]));
  assert.equal(task.imageCount, 1);
  task.destroy();
});
