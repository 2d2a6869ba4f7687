// Writes service-worker.js with the list of what the built page consists of.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../offline/service-worker.js', import.meta.url));

/** @returns {import('vite').Plugin} put after all plugins that add files */
export function offlinePlugin() {
  return {
    name: 'modelspider-offline',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      async handler(_, bundle) {
        const kept = Object.values(bundle).filter(({ fileName }) => !fileName.startsWith('zoo/models/'))
          .sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
        const hash = createHash('sha256');
        for (const file of kept) {
          hash.update(file.fileName).update(file.type === 'chunk' ? file.code : file.source);
        }
        const names = kept.map(({ fileName }) => (fileName === 'index.html' ? './' : fileName));
        const template = await readFile(source, 'utf8');
        this.emitFile({
          type: 'asset',
          fileName: 'service-worker.js',
          source: template.replace('__VERSION__', hash.digest('hex').slice(0, 16)).replace('__FILES__', JSON.stringify(names)),
        });
      },
    },
  };
}
