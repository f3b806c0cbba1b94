// Training in the browser: a tiny network learns a drawn mini set in its own Worker while the page answers, and its map is shown.
import assert from "node:assert/strict";
import { click, setUp, startRun } from "../distil.mjs";
import { press, waitForState } from "../window.mjs";

export const name = "distil: a Student is trained in the Worker while the page stays awake";
export const minutes = 8;

const settings = {
  student: { from: { random: { divisor: 16 } }, input_px: 64 },
  train: { epochs: 25, batch: 8, views: "plain", optimiser: { lr: 0.001 } },
  drawn: { train: 32, validation: 8 },
};

export async function run(page, tools) {
  const modules = [];
  page.context().on("request", (request) => modules.push(request.url()));
  await tools.open();
  await waitForState(page, "the first screen", (now) => now.ready && now.shown);
  assert.ok(!modules.some((url) => url.includes("trainer")), "the training module was fetched before anybody trained");

  await setUp(page, settings);
  await tools.screenshot("browser-distil-set-up");
  await startRun(page);
  await tools.screenshot("browser-distil-running");

  // A click while it trains: another patch, analysed and shown.
  await press(page, "d");
  const { selected: before } = await waitForState(page, "the other page", (now) => !now.distilling);
  await page.mouse.click(110, 252); // a row of the list, below the first
  const other = await waitForState(page, "another patch while training", (now) => now.selected !== before && now.shown, { seconds: 120 });
  assert.ok(other.patches[other.selected].predicted, "no result");
  const during = other.distil.stage;
  await press(page, "d");

  const done = await waitForState(page, "the end", (now) => now.distil.failure || now.distil.stage === "finished", { seconds: 300 });
  assert.equal(done.distil.failure, null);
  assert.equal(during, "running", "the patch was shown only after training had ended");
  assert.equal(done.distil.steps, 100);
  assert.ok(done.distil.last_loss < done.distil.first_loss, `the loss went from ${done.distil.first_loss} to ${done.distil.last_loss}`);
  const shown = await waitForState(page, "the new Student's maps", (now) => now.distil.maps === 4 && now.distil.sealed, { seconds: 120 });
  await tools.screenshot("browser-distil-finished");
  await click(page, "use");
  const used = await waitForState(page, "the new Student", (now) => !now.distilling && now.ready && now.shown, { seconds: 120 });
  assert.match(used.model, /VGG16/);
  await tools.screenshot("browser-distil-used");
  console.log(`    loss ${shown.distil.first_loss.toFixed(3)} to ${shown.distil.last_loss.toFixed(3)}`);
}
