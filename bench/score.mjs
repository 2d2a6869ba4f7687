// node bench/score.mjs: milliseconds to score a zoo of 10,000 models for a task of 20 classes, beside
// the released zoo. The larger one repeats the released tokens under other names. Most of the time
// goes into what a task needs once, its landmarks; what the models add is the difference.
import { readFile } from 'node:fs/promises';
import { createEngine } from '../wasm/modelspider.mjs';
import { readSafetensors, writeSafetensors } from '../wasm/safetensors.mjs';

const runs = 20;
const classCount = 20;
const imagesPerClass = 10;
const read = (/** @type {string} */ path) => readFile(new URL(path, import.meta.url));
const tokens = await read('../zoo/browser/tokens.safetensors');
const engine = await createEngine(await read('../build/wasm/wasm/modelspider.wasm'));

/** The tokens without their certainty, repeated to so many models. @param {number} count */
function repeated(count) {
  const { tensors, metadata } = readSafetensors(tokens);
  const own = tensors.get('prior')?.shape[0] ?? 0;
  const entries = [...tensors].filter(([name]) => !name.startsWith('certainty')).map(([name, tensor]) => {
    if (name === 'recall_values') {
      const rows = tensor.shape[0];
      const data = Float32Array.from({ length: rows * count }, (_, i) => Number(tensor.data[Math.floor(i / count) * own + i % count % own]));
      return /** @type {const} */ ([name, { ...tensor, shape: [rows, count], data }]);
    }
    if (name !== 'tokens' && name !== 'prior') {
      return /** @type {const} */ ([name, tensor]);
    }
    const width = tensor.data.length / own;
    const data = Float32Array.from({ length: count * width }, (_, i) => Number(tensor.data[i % tensor.data.length]));
    return /** @type {const} */ ([name, { ...tensor, shape: [count, ...tensor.shape.slice(1)], data }]);
  });
  const models = Array.from({ length: count }, (_, m) => `model-${m}`).join('\n');
  return writeSafetensors(new Map(entries), { ...Object.fromEntries(metadata), models });
}

/** @param {Uint8Array} bytes @returns {{models: number, best: number, median: number}} milliseconds */
function time(bytes) {
  const scorer = engine.loadScorer(bytes);
  const task = engine.createTask(classCount, scorer.featureCount);
  for (let i = 0; i < classCount * imagesPerClass; i++) {
    task.addImage(i % classCount, Float32Array.from({ length: scorer.featureCount }, (_, j) => (Math.imul(i * 131 + j + 1, 2654435761) >>> 9) / 2 ** 23));
  }
  const times = Array.from({ length: runs }, () => {
    const started = performance.now();
    scorer.score(task);
    return performance.now() - started;
  }).sort((a, b) => a - b);
  task.destroy();
  scorer.destroy();
  return { models: scorer.modelIds.length, best: times[0], median: times[runs / 2] };
}

const released = time(tokens);
const large = time(repeated(10000));
for (const { models, best, median } of [released, large]) {
  console.log(`${String(models).padStart(6)} models: best ${best.toFixed(1)} ms, median ${median.toFixed(1)} ms`);
}
console.log(`${large.models - released.models} more models add ${(large.best - released.best).toFixed(1)} ms`);
