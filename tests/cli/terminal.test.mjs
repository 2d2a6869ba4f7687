import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from '../../wasm/cli/terminal.mjs';

test('text from outside cannot steer a terminal', () => {
  assert.equal(printable('a\x1b[2Jb\r\n\x07\x9b'), 'a\\u{1b}[2Jb\\u{d}\\u{a}\\u{7}\\u{9b}');
  assert.equal(printable('\u202egnp.exe'), '\\u{202e}gnp.exe');
  assert.equal(printable('猫 café 🕷'), '猫 café 🕷');
});
