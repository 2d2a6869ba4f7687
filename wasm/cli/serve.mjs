// modelspider serve: the built page on this machine, to this machine only.
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { packageRoot } from './assets.mjs';
import { Failure } from './failure.mjs';
import { exactly, integerOption } from './options.mjs';

/** @type {Record<string, string>} */
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.wasm': 'application/wasm',
};

/** @type {import('./options.mjs').Command} */
export const command = {
  name: 'serve',
  summary: 'Serves the page on this machine, to this machine only',
  usage: 'serve [--port N]',
  options: {
    port: { type: 'string', value: 'N', default: '8080', help: 'port (default: 8080; 0 takes a free one)' },
    root: { type: 'string', value: 'DIR', help: 'the folder to serve (default: the built page)' },
  },
  async run({ values, positionals, terminal }) {
    exactly(positionals, []);
    const port = integerOption(values, 'port', { min: 0, max: 65535 }) ?? 0;
    const root = await realpath(values.root ?? join(packageRoot, 'dist/page')).catch(() => {
      throw new Failure('asset', `there is no built page in ${values.root ?? 'dist/page'}: npm run build makes it, in the repository`);
    });
    const server = createServer((request, response) => {
      respond(root, request, response).catch(() => response.destroy());
    });
    const { port: bound } = await listen(server, port);
    await terminal.data(`http://127.0.0.1:${bound}/\n`);
    terminal.note('serving until interrupted (Ctrl-C)');
    await new Promise((resolve) => server.on('close', resolve));
  },
};

/** @param {import('node:http').Server} server @param {number} port @returns {Promise<import('node:net').AddressInfo>} */
function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new Failure('usage', `port ${port} cannot be used: ${error.message}`)));
    server.listen(port, '127.0.0.1', () => resolve(/** @type {import('node:net').AddressInfo} */ (server.address())));
  });
}

/**
 * @param {string} root
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function respond(root, request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const file = await findFile(root, request.url ?? '/');
  if (!file) {
    response.writeHead(404, { 'content-type': types['.txt'] }).end('not found\n');
    return;
  }
  response.writeHead(200, {
    'content-type': types[extname(file.path).toLowerCase()] ?? 'application/octet-stream',
    'content-length': file.size,
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
  });
  if (request.method === 'HEAD') {
    response.end();
  } else {
    createReadStream(file.path).on('error', () => response.destroy()).pipe(response);
  }
}

/**
 * The file of a URL, if it lies below the root, links resolved.
 *
 * @param {string} root
 * @param {string} url
 * @returns {Promise<{path: string, size: number} | undefined>}
 */
async function findFile(root, url) {
  try {
    const path = decodeURIComponent(new URL(`http://localhost${url}`).pathname);
    const real = await realpath(join(root, path.endsWith('/') ? `${path}index.html` : path));
    const info = await stat(real);
    return real.startsWith(root + sep) && info.isFile() ? { path: real, size: info.size } : undefined;
  } catch {
    return undefined;
  }
}
