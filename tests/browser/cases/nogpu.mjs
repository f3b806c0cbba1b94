// Neither WebGPU nor WebGL: a plain page that says what to do, instead of a black one.
import assert from "node:assert/strict";

export const name = "nogpu: a plain page says what to do";

export async function run(page, tools) {
  await page.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined });
    for (const kind of [HTMLCanvasElement, OffscreenCanvas]) {
      const real = kind.prototype.getContext;
      kind.prototype.getContext = function (name, ...rest) {
        return /webgl|webgpu/.test(name) ? null : real.call(this, name, ...rest);
      };
    }
  });
  await tools.open();
  await page.locator("#plain").waitFor({ state: "visible" });
  const text = await page.locator("body").innerText();
  for (const sentence of [/WebGPU/, /WebGL/, /What you can do/, /files never leave this device/i, /research use only/i, /cargo run --release/]) {
    assert.match(text, sentence);
  }
  assert.ok(await page.locator("#again").isVisible());
  assert.ok(await page.locator("#loading").isHidden());
  await tools.screenshot("browser-nogpu");
}
