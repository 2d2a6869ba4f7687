// What contestants fetch, from this machine: the repository's files, node_modules among them, and the
// network that they are to run, in the forms that the engines read.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tfjsArtifacts } from '../tests/convert/tfjs-artifacts.mjs';
import { convertModel } from '../zoo/convert/convert.mjs';
import { locateSource } from '../zoo/convert/source.mjs';
import { cutGraph } from '../zoo/convert/source-graph.mjs';
import { readTflite } from '../zoo/convert/tflite.mjs';

const packageRoot = fileURLToPath(new URL('..', import.meta.url));

/** @type {Record<string, string>} */
const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.json': 'application/json', '.wasm': 'application/wasm' };

/** @typedef {{file: string, bytes: Uint8Array}[]} Files */
/** @typedef {import('../zoo/convert/source-graph.mjs').SourceNode} SourceNode */

/** Nodes that compute, each reading from such nodes. @param {SourceNode[]} nodes @returns {SourceNode[]} */
function withoutIdentities(nodes) {
  /** @type {Map<string, string>} */
  const origins = new Map();
  const originOf = (/** @type {string} */ name) => origins.get(name) ?? name;
  for (const { inputs: [from], outputs: [to] } of nodes.filter(({ op }) => op === 'identity')) {
    origins.set(to, originOf(from));
  }
  return nodes.filter(({ op }) => op !== 'identity').map((node) => ({ ...node, inputs: node.inputs.map(originOf) }));
}

/**
 * Activations become part of the convolutions that they alone read.
 *
 * @param {SourceNode[]} nodes
 * @param {string[]} taps
 * @returns {(SourceNode & {activation?: string})[]}
 */
function withActivations(nodes, taps) {
  /** @type {(SourceNode & {activation?: string})[]} */
  const fused = [];
  for (const node of nodes) {
    const [read] = node.inputs;
    const before = fused.find(({ op, outputs }) => op.endsWith('conv') && outputs[0] === read);
    const only = nodes.filter(({ inputs }) => inputs.includes(read)).length === 1 && !taps.includes(read);
    if (node.op === 'relu6' && before && only) {
      Object.assign(before, { outputs: node.outputs, activation: node.op });
    } else {
      fused.push({ ...node });
    }
  }
  return fused;
}

/** TF.js has no reader for TFLite files; contestant.mjs runs their nodes. @param {any} recipe @param {Files} files */
function describeTflite({ taps }, [{ bytes }]) {
  const graph = readTflite(bytes);
  const [{ name: entry }] = graph.entries;
  const nodes = withActivations(withoutIdentities(cutGraph(graph, taps, entry)), taps);
  const constants = [];
  const data = [];
  let start = 0;
  for (const name of new Set(nodes.flatMap(({ inputs }) => inputs))) {
    const constant = graph.constants.get(name);
    if (constant) {
      constants.push({ name, shape: constant.shape, start, count: constant.data.length });
      data.push(Buffer.from(Float32Array.from(constant.data).buffer));
      start += constant.data.length;
    }
  }
  return { tfjs: { kind: 'nodes', entry, nodes, constants }, weights: Buffer.concat(data) };
}

/**
 * What TF.js makes the network from, and its weights; nothing where it was published as ONNX.
 *
 * @param {any} recipe
 * @param {Files} files
 * @returns {{tfjs?: any, weights?: Uint8Array}}
 */
function describeForTfjs(recipe, files) {
  const { format } = recipe.source;
  if (format === 'onnx') {
    return {};
  }
  if (format === 'tflite') {
    return describeTflite(recipe, files);
  }
  const { artifacts, weights } = tfjsArtifacts(files);
  return { tfjs: { kind: format === 'tfjs-layers' ? 'layers' : 'graph', entry: recipe.entry, artifacts }, weights };
}

/** @param {any} entry of the manifest @returns {Promise<Record<string, Uint8Array | string>>} by path */
async function describe(entry) {
  const { files } = await locateSource(entry, { packageRoot });
  const { tfjs, weights } = describeForTfjs(entry, files);
  return {
    '/network.onnx': await convertModel(entry, { packageRoot }),
    '/network.json': JSON.stringify({ input: entry.input, taps: entry.taps, tfjs }),
    '/network.weights': weights ?? '',
  };
}

/** @returns {Promise<{base: string, offer(entry: any): Promise<void>, close(): void}>} */
export async function startServer() {
  /** @type {Record<string, Uint8Array | string>} */
  let offered = {};
  const server = createServer(async ({ url }, response) => {
    const path = decodeURIComponent(new URL(url ?? '/', 'http://localhost').pathname);
    const file = normalize(join(packageRoot, path));
    const content = offered[path] ?? (file.startsWith(packageRoot) ? await readFile(file).catch(() => undefined) : undefined);
    // Isolated pages have fine clocks.
    response.writeHead(content === undefined ? 404 : 200, {
      'content-type': types[extname(path)] ?? 'application/octet-stream',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    }).end(content);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    base: `http://127.0.0.1:${port}`,
    async offer(entry) {
      offered = await describe(entry);
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
