import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startCli } from './run-cli.mjs';

const folder = await mkdtemp(join(tmpdir(), 'modelspider-serve-'));
after(() => rm(folder, { recursive: true }));
await mkdir(join(folder, 'page/parts'), { recursive: true });
await writeFile(join(folder, 'page/index.html'), '<!doctype html>');
await writeFile(join(folder, 'page/parts/a b.mjs'), 'export {};');
await writeFile(join(folder, 'page/engine.wasm'), new Uint8Array(8));
await writeFile(join(folder, 'secret.txt'), 'secret');
await symlink(join(folder, 'secret.txt'), join(folder, 'page/link.txt'));

const child = startCli(['serve', '--port', '0', '--root', join(folder, 'page')]);
after(() => child.kill('SIGINT'));
const origin = await new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim())));

/** A request whose path is sent as it is. @param {string} path @param {string} [method] */
function get(path, method = 'GET') {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    request({ hostname, port, path, method }, (response) => {
      let body = '';
      response.on('data', (text) => { body += text; });
      response.on('end', () => resolve({ status: response.statusCode, type: response.headers['content-type'], body }));
    }).on('error', reject).end();
  });
}

test('files come with their types', async () => {
  assert.deepEqual(await get('/'), { status: 200, type: 'text/html; charset=utf-8', body: '<!doctype html>' });
  assert.deepEqual(await get('/parts/a%20b.mjs?x'), { status: 200, type: 'text/javascript; charset=utf-8', body: 'export {};' });
  assert.equal((await get('/engine.wasm')).type, 'application/wasm');
});

test('nothing outside the folder is served', async () => {
  for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/parts/../../secret.txt', '/link.txt',
    '//secret.txt', '/\\..\\secret.txt', '/%00', '/%', '/parts', '/missing']) {
    const { status, body } = await get(path);
    assert.equal(status, 404, path);
    assert.doesNotMatch(body, /secret/);
  }
});

test('only reading is served', async () => {
  assert.equal((await get('/', 'POST')).status, 405);
  assert.deepEqual(await get('/', 'HEAD'), { status: 200, type: 'text/html; charset=utf-8', body: '' });
});

test('an interruption ends it with 130', async () => {
  child.kill('SIGINT');
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 130);
});
