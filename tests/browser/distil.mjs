// What cases on the Distil page share.
import assert from "node:assert/strict";
import { drop, press, state, waitForState } from "./window.mjs";

/** Opens the Distil page and drops these settings on it. */
export async function setUp(page, settings) {
  await press(page, "d");
  await waitForState(page, "the page", (now) => now.distilling);
  await drop(page, [{ name: "settings.json", bytes: Buffer.from(JSON.stringify(settings)) }]);
  await waitForState(page, "the set-up", (now) => now.distil.problem === null && now.distil.places.some(([name]) => name === "start"));
}

/** Starts the run that is set up, as far as its first step. */
export async function startRun(page) {
  await click(page, "start");
  const first = await waitForState(page, "the first step", (now) => now.distil.failure || now.distil.steps > 0, { seconds: 300 });
  assert.equal(first.distil.failure, null);
}

/** Clicks the middle of a thing whose place the page publishes. */
export async function click(page, thing) {
  const { distil } = await state(page);
  const found = distil.places.find(([name]) => name === thing);
  assert.ok(found, `'${thing}' is not on the page: ${JSON.stringify(distil.places)}`);
  const [left, top, width, height] = found[1];
  await page.mouse.click(left + width / 2, top + height / 2);
}
