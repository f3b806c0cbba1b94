// The Worker for long work: the same module as the page, on a thread of its own.
import init, { worker_main } from "./fovea_wasm.js";

// Messages may come before the module has loaded; they are kept and handed on in order.
const early = [];
const keep = (event) => {
  event.stopImmediatePropagation();
  early.push(event);
};
self.addEventListener("message", keep);

await init({ module_or_path: new URL("fovea_wasm_bg.wasm", import.meta.url) });
worker_main();
self.removeEventListener("message", keep);
for (const { data, ports } of early) {
  self.dispatchEvent(new MessageEvent("message", { data, ports: [...ports] }));
}
