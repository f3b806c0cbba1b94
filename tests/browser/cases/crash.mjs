// A crash inside the module leaves no frozen picture: the page says what happened, with details for a bug report.
import assert from "node:assert/strict";

export const name = "crash: the page says so instead of freezing";
export const expected = [/RuntimeError|unreachable/];

export async function run(page, tools) {
  await tools.open();
  await page.waitForFunction(() => globalThis.fovea_state && document.getElementById("cover").hidden, null, { timeout: 120_000 });
  // What a panic does: the module leaves its last words, then traps.
  await page.evaluate(() => {
    globalThis.fovea_panic = "panicked at 'a test'";
    setTimeout(() => {
      const trap = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11));
      new WebAssembly.Instance(trap).exports.f();
    }, 0);
  });
  await page.locator("#plain").waitFor({ state: "visible" });
  assert.match(await page.locator("#plain-title").innerText(), /stopped/);
  await page.locator("#plain-details summary").click();
  assert.match(await page.locator("#plain-message").innerText(), /a test/);
  await tools.screenshot("browser-crash");
}
