// modelspider zoo check: what an ONNX file of the user's needs, and what of it is missing here.
import { loadEngine } from './assets.mjs';
import { Failure, exitCodes, reasonOf } from './failure.mjs';
import { readWhole } from './files.mjs';
import { exactly, integerOption } from './options.mjs';
import { compactCount, textTable } from '../report.mjs';
import { printable } from './terminal.mjs';

/** @typedef {import('../modelspider.mjs').NetworkReport} NetworkReport */

/** @param {import('./options.mjs').Call} call */
export async function checkFile({ values, positionals, terminal }) {
  const [file] = exactly(positionals, ['FILE.onnx']);
  const size = integerOption(values, 'size', { min: 1, max: 4096, fallback: 224 });
  const bytes = new Uint8Array(await readWhole(file, 'data'));
  const report = checkBytes(await loadEngine(), file, bytes, size);
  if (values.json) {
    await terminal.data(`${JSON.stringify({ schema: 1, file, ...report }, null, 2)}\n`);
  } else {
    await terminal.data(report.missing.length > 0 ? missingTable(report) : summary(report));
  }
  if (report.missing.length > 0) {
    const behind = report.unchecked > 0 ? `; nodes behind those that could not be checked: ${report.unchecked}` : '';
    terminal.fail(`${file}: unsupported: ${report.missing.length}${behind}`);
    return exitCodes.data;
  }
  return exitCodes.ok;
}

/**
 * @param {import('../modelspider.mjs').Engine} engine
 * @param {string} file
 * @param {Uint8Array} bytes
 * @param {number | undefined} size
 */
function checkBytes(engine, file, bytes, size) {
  try {
    return engine.checkNetwork(bytes, size);
  } catch (error) {
    throw new Failure('data', `${file} is no network that can be run: ${reasonOf(error)}`);
  }
}

/** The reason without what the other columns say. @param {string} reason */
const shorten = (reason) => reason.replace(/^.*? \(opset \d+\): /, '').replace(/^operator .* is unsupported \(node .*\)$/, 'there is no such operator here');

/** @param {NetworkReport} report */
function missingTable({ missing }) {
  const rows = missing.map(({ operator, opset, node, reason }) =>
    [operator, opset > 0 ? String(opset) : '', node, shorten(reason)].map(printable));
  return textTable(['operator', 'opset', 'node', 'reason'], rows);
}

/** @param {NetworkReport} report */
function summary({ input, output, features, nodes, steps, parameters = 0, macs = 0, memory = 0 }) {
  const tensor = (/** @type {import('../modelspider.mjs').TensorReport | undefined} */ told) =>
    (told ? `${printable(told.name)}, ${told.type} ${told.shape.join('×')}` : '');
  return textTable([], [
    ['input', tensor(input)],
    ['output', `${tensor(output)}: ${features} features`],
    ['nodes', `${nodes}, of which ${steps} are left to run`],
    ['parameters', compactCount(parameters)],
    ['MACs', compactCount(macs)],
    ['memory', `${(memory / 1e6).toFixed(1)} MB`],
  ]);
}
