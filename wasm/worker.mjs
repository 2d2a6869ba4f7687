// What a worker does: one engine that runs networks on images. worker-browser.mjs and
// worker-node.mjs connect it to their kind of thread.
//
// Requests {id, op, args}, replies {id, ok: true, result} or {id, ok: false, error: {code, message}}:
//   start   {module}               → {version}         once, before all others
//   load    {key, bytes, input}    → {featureCount}    keeps a network under a key
//   unload  {key}                  → {}                forgets it; unknown keys are fine
//   warm    {key}                  → {}                runs a network on nothing for a while
//   embed   {key, image}           → Float32Array      the features of {data, width, height}
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
  /** @type {Map<string, import('./modelspider.mjs').Network>} */
  const networks = new Map();

  /** @param {string} key */
  const found = (key) => {
    const network = networks.get(key);
    if (!network) {
      throw new ModelSpiderError('argument', `no network is loaded as ${key}`);
    }
    return network;
  };

  /** @type {Record<string, (args: any) => any>} */
  const operations = {
    async start({ module }) {
      engine = await createEngine(module);
      return { version: engine.version };
    },
    load({ key, bytes, input }) {
      operations.unload({ key });
      const network = started(engine).loadNetwork(bytes, input);
      networks.set(key, network);
      return { featureCount: network.featureCount };
    },
    unload({ key }) {
      networks.get(key)?.destroy();
      networks.delete(key);
      return {};
    },
    warm({ key }) {
      found(key).warmUp();
      return {};
    },
    embed({ key, image }) {
      return found(key).embed(image);
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
