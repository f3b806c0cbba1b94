// What cases on the Distil page share.
import assert from "node:assert/strict";
import { state } from "./window.mjs";

/** Clicks the middle of a thing whose place the page publishes. */
export async function click(page, thing) {
  const { distil } = await state(page);
  const found = distil.places.find(([name]) => name === thing);
  assert.ok(found, `'${thing}' is not on the page: ${JSON.stringify(distil.places)}`);
  const [left, top, width, height] = found[1];
  await page.mouse.click(left + width / 2, top + height / 2);
}
