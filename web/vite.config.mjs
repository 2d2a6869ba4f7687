// Builds the page into dist/page: a folder that works from any static host and any sub-path.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { assetsPlugin } from './bundle/assets-plugin.mjs';
import { licencesFile, licencesPlugin } from './bundle/licences-plugin.mjs';
import { offlinePlugin } from './bundle/offline-plugin.mjs';
import { textPlugin } from './bundle/text-plugin.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));

export default defineConfig({
  root,
  base: './',
  publicDir: false,
  plugins: [textPlugin(), assetsPlugin(), licencesPlugin(), offlinePlugin()],
  worker: { format: 'es' },
  build: {
    outDir: fileURLToPath(new URL('../dist/page', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // The page's content security policy knows no data: scripts and needs no polyfill.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: licencesFile },
  },
});
