// A real, non-square patch is tiled and climbs the ladder; broken files are named, and the rest goes on.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { drawnPatch } from "../png.mjs";
import { drop, press, waitForState } from "../window.mjs";

export const name = "tiled: a real patch, the ladder, broken files";
export const minutes = 8;

export async function run(page, tools) {
  const real = readFileSync(tools.shared("real/he_1.png"));
  await tools.open();
  await waitForState(page, "the first screen", (now) => now.ready && now.shown);

  await drop(page, [{ name: "he_1.png", bytes: real }]);
  const named = (now, file) => now.patches.find((patch) => patch.name === file);
  const tiled = await waitForState(page, "the real patch", (now) => named(now, "he_1.png")?.predicted && now.shown);
  const sum = named(tiled, "he_1.png").probabilities.reduce((total, value) => total + value, 0);
  assert.ok(Math.abs(sum - 1) < 1e-3, `probabilities sum to ${sum}`);
  await press(page, "l");
  const climbed = await waitForState(page, "the ladder", (now) => now.rungs.length >= 4);
  assert.deepEqual(climbed.rungs.map(([factor]) => factor), [1, 2, 4, 8]);
  await page.waitForTimeout(500);
  await tools.screenshot("browser-ladder");

  await press(page, "l");
  const cut = drawnPatch().subarray(0, 2000);
  await drop(page, [
    { name: "not an image.png", bytes: Buffer.from("hello") },
    { name: "cut off.png", bytes: cut },
    { name: "good.png", bytes: drawnPatch(96) },
    { name: "broken model.pth", bytes: Buffer.from("nonsense") },
  ]);
  const after = await waitForState(
    page,
    "the good one among broken ones",
    (now) => named(now, "good.png")?.predicted && named(now, "cut off.png")?.error && named(now, "not an image.png")?.error,
    { errors: true },
  );
  assert.ok(after.error, "no problem is listed");
  assert.match(named(after, "cut off.png").error, /cut off\.png/);
  await page.waitForTimeout(500);
  await tools.screenshot("browser-problems");
}
