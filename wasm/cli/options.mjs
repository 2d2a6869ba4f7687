// Options of commands: their help text, and values that are checked before anything runs.
import { Failure } from './failure.mjs';

/**
 * @typedef {{type: 'string' | 'boolean', short?: string, multiple?: boolean, default?: string | boolean,
 *   value?: string, help: string}} Option `value` is how help calls the argument
 * @typedef {Record<string, any>} Values
 * @typedef {{values: Values, positionals: string[], terminal: import('./terminal.mjs').Terminal}} Call
 * @typedef {{name: string, summary: string, usage: string, about?: string,
 *   options: Record<string, Option>, run(call: Call): Promise<number | void>}} Command run gives the
 *   exit code where it is not 0
 */

/** @type {Record<string, Option>} */
export const commonOptions = {
  quiet: { type: 'boolean', short: 'q', help: 'no progress on stderr' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
};

/** @type {Option} */
export const workersOption = { type: 'string', value: 'N', help: 'parallel workers (default: one per core)' };

/** @param {'f32' | 'auto'} usual @returns {Option} */
export const precisionOption = (usual) => ({ type: 'string', value: 'f32|int16|auto', default: usual, help: `what networks compute in; auto: what zoo precision chose for each model (default: ${usual})` });

/** @param {Values} values @returns {'f32' | 'int16' | 'auto'} */
export function chosenPrecision({ precision }) {
  if (!['f32', 'int16', 'auto'].includes(precision)) {
    throw new Failure('usage', `--precision knows f32, int16 and auto, not ${precision}`);
  }
  return precision;
}

/** @param {Command} command @returns {string} */
export function helpText({ summary, usage, about, options }) {
  const rows = Object.entries({ ...options, ...commonOptions }).map(([name, { short, value, help }]) =>
    [`${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`, help]);
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2;
  const lines = rows.map(([flag, help]) => `  ${flag.padEnd(width)}${help}`);
  return [`usage: modelspider ${usage}`, '', `${summary}.`, ...(about ? ['', about] : []), '', ...lines, '']
    .join('\n');
}

/**
 * @param {Values} values
 * @param {string} name of an option
 * @param {{min: number, max?: number, fallback?: number}} range
 * @returns {number | undefined} undefined only without a fallback
 */
export function integerOption(values, name, { min, max = Number.MAX_SAFE_INTEGER, fallback }) {
  const text = values[name];
  if (text === undefined) {
    return fallback;
  }
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(number >= min && number <= max)) {
    const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} up` : `from ${min} to ${max}`;
    throw new Failure('usage', `--${name} takes a whole number ${range}, not ${text}`);
  }
  return number;
}

/**
 * @param {string[]} positionals
 * @param {string[]} names of what must be there
 * @returns {string[]}
 */
export function exactly(positionals, names) {
  if (positionals.length !== names.length) {
    throw new Failure('usage', `${names.join(' and ')} must be given${positionals.length > names.length ? ', and nothing more' : ''}`);
  }
  return positionals;
}
