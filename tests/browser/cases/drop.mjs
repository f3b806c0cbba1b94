// The window in the browser: samples on the first screen, a dropped PNG analysed, its overlay drawn, `H` takes it off and puts it back.
import assert from "node:assert/strict";
import { difference, drawnPatch } from "../png.mjs";
import { drop, press, waitForState } from "../window.mjs";

export const name = "drop: a dropped patch is analysed and its overlay drawn";
export const minutes = 8;

/** A screenshot once two in a row are equal: animations are over and the map is there. */
async function settled(page, tools, name) {
  let before = await tools.screenshot(name);
  for (let round = 0; round < 20; round++) {
    await page.waitForTimeout(300);
    const now = await tools.screenshot(name);
    if (difference(before, now, undefined, 0) === 0) return now;
    before = now;
  }
  throw new Error(`the picture never came to rest: ${name}`);
}

export async function run(page, tools) {
  await tools.open();
  await waitForState(page, "the first screen", (now) => now.ready && now.patches.every((patch) => patch.predicted !== null));
  assert.ok(await page.locator("#cover").isHidden(), "the cover is still there");
  const first = await settled(page, tools, "browser-first");

  const file = "dropped patch.png";
  await drop(page, [{ name: file, bytes: drawnPatch() }]);
  const named = (now) => now.patches.find((patch) => patch.name.endsWith(file));
  const done = await waitForState(page, "the dropped patch", (now) => named(now)?.probabilities?.length > 0);
  const patch = named(done);
  const sum = patch.probabilities.reduce((total, value) => total + value, 0);
  assert.ok(Math.abs(sum - 1) < 1e-3, `probabilities sum to ${sum}`);
  assert.ok(patch.predicted !== null && patch.predicted !== undefined && patch.predicted !== "", "no prediction");
  assert.equal(done.patches[done.selected]?.name, patch.name, "the dropped patch is not the one shown");
  const dropped = await settled(page, tools, "browser-dropped");

  // `view`: where the patch is drawn, in CSS pixels, when the app tells.
  const area = done.view;
  assert.ok(difference(first, dropped, area) > 2000, "the drop did not change the picture");
  await press(page, "h");
  const bare = await settled(page, tools, "browser-heatmap-off");
  const changed = difference(dropped, bare, area);
  assert.ok(changed > 2000, `only ${changed} overlay pixels`);
  await press(page, "h");
  const again = await settled(page, tools, "browser-heatmap-on");
  assert.ok(difference(dropped, again, area) < changed / 50, "the overlay came back different");
  console.log(`    ${patch.predicted} on ${done.executor}, overlay of ${changed} pixels`);
}
