// What all commands share: help, versions, wrong usage, broken pipes.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { runCli, startCli } from './run-cli.mjs';

const commands = ['rank', 'features', 'metrics', 'zoo', 'train', 'eval', 'bench', 'selftest', 'serve'];

test('--version prints the version alone', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.deepEqual(await runCli(['--version']), { code: 0, out: `${version}\n`, err: '' });
});

test('--help lists the commands, and each has a help of its own', async () => {
  const { code, out } = await runCli(['--help']);
  assert.equal(code, 0);
  await Promise.all(commands.map(async (name) => {
    assert.match(out, new RegExp(`^  ${name} `, 'm'));
    const help = await runCli([name, '--help']);
    assert.equal(help.code, 0, name);
    assert.match(help.out, new RegExp(`^usage: modelspider ${name}`));
    assert.equal(help.err, '', name);
  }));
});

test('wrong usage ends with 2, one sentence on stderr and nothing on stdout', async () => {
  await Promise.all([[], ['nonsense'], ['__proto__'], ['rank'], ['rank', '--nonsense'], ['rank', 'a', 'b'],
    ['rank', '.', '--json', '--csv'], ['rank', '.', '--licence', 'any'], ['train', 'x'], ['eval', '--set', 'ridge'], ['bench', 'nonsense'], ['zoo'], ['zoo', 'eat'],
    ['zoo', 'show'], ['zoo', 'list', '--zoo', 'nonsense'], ['metrics', 'x.npy'], ['features', 'x', '--model', 'y'],
    ['serve', '--port', 'many'], ['features', '.', '--workers', '0']].map(async (args) => {
    const { code, out, err } = await runCli(args);
    assert.equal(code, 2, `${args}: ${err}`);
    assert.equal(out, '', String(args));
    assert.match(err, /^modelspider: [^\n]+\n(commands: [^\n]+\n)?$/, String(args));
  }));
});

test('without a terminal there is neither animation nor colour', async () => {
  const { out, err } = await runCli(['zoo', 'list'], { env: { FORCE_COLOR: '1' } });
  assert.doesNotMatch(out + err, /\x1b/);
});

test('who stops reading our output ends us without a word', async () => {
  const child = startCli(['zoo', '--help']);
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (text) => { err += text; });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.deepEqual([code, err], [0, '']);
});
