// What a worker does: one engine that runs networks on images. worker-browser.mjs and
// worker-node.mjs connect it to their kind of thread.
//
// Requests {id, op, args}, replies {id, ok: true, result} or {id, ok: false, error: {code, message}}:
//   start   {module}               → {version}         once, before all others
//   load    {key, parts}           → {featureCount}    keeps networks, each {bytes, input}, under a key
//   unload  {key}                  → {}                forgets it; unknown keys are fine
//   warm    {key}                  → {}                runs a network on nothing for a while
//   embed   {key, image}           → Float32Array      features of {data, width, height}, one network's
//                                                      after the other's
//   metric  {name, …Matrix}        → number            judges labelled features
//   sourceMetric {name, …Matrix}   → number            the same by probabilities of source classes
//   metrics {names, …Matrix}       → {name: number}    the same by several, as Engine.metrics
//   probe   {options, …Matrix}     → {mean, standardError}   their ground truth, as Engine.probe
//   fitProbe {…Matrix}             → LinearHead        to classify further images
import { ModelSpiderError, createEngine } from './modelspider.mjs';
import { createAnswerer } from './worker-answer.mjs';

/**
 * @typedef {import('./modelspider.mjs').Matrix} Matrix
 * @typedef {import('./worker-link.mjs').Reply} Reply
 * @typedef {import('./worker-link.mjs').Request} Request
 */

/**
 * Answers requests, in their order.
 *
 * @param {(reply: Reply, transfer: ArrayBuffer[]) => void} post
 * @returns {(request: Request) => void}
 */
export function createHandler(post) {
  /** @type {import('./modelspider.mjs').Engine | undefined} */
  let engine;
  /** @type {Map<string, import('./modelspider.mjs').Network[]>} */
  const networks = new Map();

  /** @param {string} key */
  const found = (key) => {
    const parts = networks.get(key);
    if (!parts) {
      throw new ModelSpiderError('argument', `no network is loaded as ${key}`);
    }
    return parts;
  };

  /** @type {Record<string, (args: any) => any>} */
  const operations = {
    async start({ module }) {
      engine = await createEngine(module);
      return { version: engine.version };
    },
    load({ key, parts }) {
      operations.unload({ key });
      /** @type {import('./modelspider.mjs').Network[]} */
      const loaded = [];
      networks.set(key, loaded);
      try {
        for (const { bytes, input } of parts) {
          loaded.push(started(engine).loadNetwork(bytes, input));
        }
      } catch (error) {
        operations.unload({ key });
        throw error;
      }
      return { featureCount: loaded.reduce((sum, { featureCount }) => sum + featureCount, 0) };
    },
    unload({ key }) {
      networks.get(key)?.forEach((network) => network.destroy());
      networks.delete(key);
      return {};
    },
    warm({ key }) {
      found(key).forEach((network) => network.warmUp());
      return {};
    },
    embed({ key, image }) {
      const small = started(engine).reduceImage(image); // once for all networks
      const parts = found(key).map((network) => network.embed(small));
      const features = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
      let end = 0;
      for (const part of parts) {
        features.set(part, end);
        end += part.length;
      }
      return features;
    },
    metric({ name, features, count, dimension, labels, classCount }) {
      return started(engine).metric(name, features, count, dimension, labels, classCount);
    },
    sourceMetric({ name, features, count, dimension, labels, classCount }) {
      return started(engine).sourceMetric(name, features, count, dimension, labels, classCount);
    },
    metrics({ names, features, count, dimension, labels, classCount }) {
      return started(engine).metrics(names, features, count, dimension, labels, classCount);
    },
    probe({ options, features, count, dimension, labels, classCount }) {
      return started(engine).probe(features, count, dimension, labels, classCount, options);
    },
    fitProbe({ features, count, dimension, labels, classCount }) {
      return started(engine).fitProbe(features, count, dimension, labels, classCount);
    },
  };

  const run = (/** @type {string} */ op, /** @type {any} */ args) => {
    if (!Object.hasOwn(operations, op)) {
      throw new ModelSpiderError('argument', `a worker knows no operation ${op}`);
    }
    return operations[op](args);
  };
  return createAnswerer({ run, transferOf: bufferOf, describe, post });
}

/** @param {import('./modelspider.mjs').Engine | undefined} engine */
function started(engine) {
  if (!engine) {
    throw new ModelSpiderError('argument', 'the worker was not started');
  }
  return engine;
}

/** @param {unknown} result @returns {ArrayBuffer[]} what can be given away with it */
function bufferOf(result) {
  return result instanceof Float32Array ? [/** @type {ArrayBuffer} */ (result.buffer)] : [];
}

/** @param {unknown} error @returns {{code: string, message: string}} */
function describe(error) {
  return error instanceof ModelSpiderError
    ? { code: error.code, message: error.message }
    : { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}
