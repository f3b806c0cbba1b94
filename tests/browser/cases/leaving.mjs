// What a run of training meets on a page: somebody who leaves, a Worker that dies, and a graphics device that is taken away.
import assert from "node:assert/strict";
import { click, setUp, startRun } from "../distil.mjs";
import { waitForState } from "../window.mjs";

export const name = "leaving: the page asks before a run is lost, and says what ended one";
export const minutes = 8;
// The GPU process is killed on purpose.
export const expected = [/GPU|WebGPU|WebGL|device|context/i];

const settings = {
  student: { from: { random: { divisor: 16 } }, input_px: 64 },
  train: { epochs: 400, batch: 8, views: "plain", optimiser: { lr: 0.001 } },
  drawn: { train: 16, validation: 4 },
};

/** Tries to leave the page and stays; whether it asked. */
async function asksBeforeLeaving(page) {
  let asked = false;
  const stay = (dialog) => {
    asked = dialog.type() === "beforeunload";
    return dialog.dismiss();
  };
  page.once("dialog", stay);
  await page.close({ runBeforeUnload: true });
  await page.waitForTimeout(1500);
  page.off("dialog", stay);
  return asked;
}

export async function run(page, tools) {
  // Keeps a hand on every Worker the module starts.
  await page.addInitScript(() => {
    globalThis.started = [];
    globalThis.Worker = class extends Worker {
      constructor(url, options) {
        super(url, options);
        globalThis.started.push({ url: String(url), worker: this });
      }
    };
  });
  await tools.open();
  await waitForState(page, "the first screen", (now) => now.ready && now.shown);
  await setUp(page, settings);
  await startRun(page);
  assert.ok(await asksBeforeLeaving(page), "the page would have been left without a question while a run went on");

  await page.evaluate(() => {
    const { worker } = globalThis.started.findLast(({ url }) => url.includes("trainer"));
    worker.terminate();
    worker.dispatchEvent(new ErrorEvent("error", { message: "killed by a test", cancelable: true }));
  });
  const dead = await waitForState(page, "the failure", (now) => now.distil.failure, { errors: true });
  assert.match(dead.distil.failure, /Worker stopped: killed by a test/);
  await tools.screenshot("browser-distil-worker-died");
  await click(page, "resume");
  await waitForState(page, "the run to go on", (now) => now.distil.failure === null && now.distil.stage === "running" && now.distil.steps > dead.distil.steps, {
    seconds: 300,
  });

  const browser = await page.context().browser().newBrowserCDPSession();
  await browser.send("Browser.crashGpuProcess");
  await page.locator("#plain").waitFor({ state: "visible" });
  assert.match(await page.locator("#plain-title").innerText(), /graphics device was lost/);
  assert.match(await page.locator("#plain-reason").innerText(), /Training on this page ended with it/);
  await tools.screenshot("browser-device-lost");
}
