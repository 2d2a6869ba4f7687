import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Terminal, printable } from '../../wasm/cli/terminal.mjs';

test('text from outside cannot steer a terminal', () => {
  assert.equal(printable('a\x1b[2Jb\r\n\x07\x9b'), 'a\\u{1b}[2Jb\\u{d}\\u{a}\\u{7}\\u{9b}');
  assert.equal(printable('\u202egnp.exe'), '\\u{202e}gnp.exe');
  assert.equal(printable('猫 café 🕷'), '猫 café 🕷');
});

/**
 * What a terminal gets on stderr for one progress line, one note and one warning.
 *
 * @param {{isTTY: boolean, env?: Record<string, string>, quiet?: boolean}} options
 */
async function written({ isTTY, env = {}, quiet }) {
  let text = '';
  const stream = /** @type {any} */ ({ isTTY, columns: 20, write: (/** @type {string} */ part) => { text += part; } });
  const terminal = new Terminal({ out: stream, err: stream, env, quiet });
  await pause(60);
  terminal.progress('a line that is longer than the terminal is wide');
  terminal.note('note');
  terminal.warn('careful\x1b[2J');
  return text;
}

test('a person sees a line that gives way to the next, and colour', async () => {
  assert.equal(await written({ isTTY: true }),
    '\r\x1b[Ka line that is long\r\x1b[Knote\n\x1b[33mwarning:\x1b[0m careful\\u{1b}[2J\n');
});

test('NO_COLOR, a file, and --quiet each take away what they should', async () => {
  assert.equal(await written({ isTTY: true, env: { NO_COLOR: '1' } }),
    '\r\x1b[Ka line that is long\r\x1b[Knote\nwarning: careful\\u{1b}[2J\n');
  assert.equal(await written({ isTTY: false }), 'note\nwarning: careful\\u{1b}[2J\n');
  assert.equal(await written({ isTTY: true, quiet: true, env: { NO_COLOR: '1' } }), 'warning: careful\\u{1b}[2J\n');
});
