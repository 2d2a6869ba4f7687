// Completes the list of licences that Vite makes of what it bundles, with those of the wasm.
import { readFile } from 'node:fs/promises';

const repository = new URL('../../', import.meta.url);

/** Where Vite is to write its list. */
export const licencesFile = 'licences.txt';

/** @returns {import('vite').Plugin} put after what adds code, before what lists files */
export function licencesPlugin() {
  return {
    name: 'modelspider-licences',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      async handler(_, bundle) {
        const list = bundle[licencesFile];
        if (list?.type !== 'asset') {
          this.error(`${licencesFile} was not made`);
        }
        const cJson = await readFile(new URL('build/cjson/LICENSE', repository), 'utf8');
        const own = await readFile(new URL('LICENSE', repository), 'utf8');
        list.source = `${String(list.source).trim()}\n\n## cJSON - 1.7.15 (MIT), in the wasm\n\n${cJson.trim()}\n\n## modelspider (Apache-2.0)\n\n${own.trim()}\n`;
      },
    },
  };
}
