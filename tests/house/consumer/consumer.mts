// Compiles if the package says of what types its functions are.
import { openRanker, type ClassInput } from 'modelspider';
import { createEngine } from 'modelspider/wasm/modelspider.mjs';

export async function bestModel(classes: ClassInput[], bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const ranker = await openRanker({ workers: 1, precision: 'f32' });
  const { ranking } = await ranker.rank(classes, { rerank: 2 });
  // @ts-expect-error There is no such option.
  await ranker.rank(classes, { reranked: 2 });
  ranker.close();
  const engine = await createEngine(await WebAssembly.compile(bytes));
  const version: string = engine.version;
  return `${ranking[0].model} ${ranking[0].rank_low.toFixed()} ${version}`;
}
