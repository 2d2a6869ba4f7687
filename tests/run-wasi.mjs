// Runs a C test that was compiled to WebAssembly: node run-wasi.mjs TEST.wasm [DATA_FOLDER]
import { readFile } from "node:fs/promises";
import process from "node:process";

process.removeAllListeners("warning");
const { WASI } = await import("node:wasi");
const [program, data] = process.argv.slice(2);
const wasi = new WASI({
  version: "preview1",
  args: [program, "/data"],
  preopens: data ? { "/data": data } : {},
  returnOnExit: true,
});
const module = await WebAssembly.compile(await readFile(program));
const env = { emscripten_notify_memory_growth() {} };
const instance = await WebAssembly.instantiate(module, { ...wasi.getImportObject(), env });
process.exitCode = wasi.start(instance);
