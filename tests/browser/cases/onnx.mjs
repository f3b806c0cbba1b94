// An ONNX network in two files, then a patch: prediction and map appear and are what the desktop window computes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { drop, press, waitForState } from "../window.mjs";

export const name = "onnx: a dropped network in two files gives the native prediction and map";
export const minutes = 8;
/** GPU and CPU add in different orders. */
const TOLERANCE = 1e-3;

const root = join(fileURLToPath(new URL(".", import.meta.url)), "../../..");
const golden = (name) => ({ name, bytes: readFileSync(join(root, "tests/golden/onnx", name)) });

/** Largest difference by the largest wanted value. */
function apart(found, wanted) {
  assert.equal(found.length, wanted.length);
  const scale = Math.max(...wanted.map(Math.abs));
  return Math.max(...wanted.map((value, index) => Math.abs(value - found[index]))) / scale;
}

export async function run(page, tools) {
  const expected = JSON.parse(golden("expected.json").bytes.toString("utf8"));
  await tools.open();
  await waitForState(page, "the first screen", (now) => now.ready);

  // The model alone: the second file is asked for by name.
  await drop(page, [golden("model_dynamo.onnx")]);
  const asked = await waitForState(page, "the missing file", (now) => now.error, { errors: true });
  assert.ok(asked.error.includes("'model_dynamo.onnx.data'"), asked.error);
  await tools.screenshot("browser-onnx-missing");

  await drop(page, [golden("model_dynamo.onnx.data"), golden("config.json")]);
  const form = await waitForState(page, "the form", (now) => now.form && !now.error, { errors: true });
  assert.equal(form.form, "model_dynamo.onnx");
  // The configuration is read right after the weights, and fills the form.
  await page.waitForTimeout(1000);
  await tools.screenshot("browser-onnx-form");
  await press(page, "Enter");
  const loaded = await waitForState(page, "the network", (now) => !now.form && now.ready && now.model.startsWith("model_dynamo"));
  assert.ok(loaded.layers.includes(expected.layer), `no layer ${expected.layer}`);

  const patch = { name: "patch.jpg", bytes: golden("patch.jpg").bytes };
  await drop(page, [patch]);
  const named = (now) => now.patches.find((found) => found.name === patch.name);
  const done = await waitForState(page, "the patch", (now) => named(now)?.predicted && now.shown && now.map);
  assert.equal(named(done).predicted, expected.predicted);
  const probabilities = apart(named(done).probabilities, expected.probabilities);
  assert.ok(probabilities <= TOLERANCE, `probabilities differ by ${probabilities}`);
  assert.deepEqual([done.map.layer, done.map.height, done.map.width], [expected.layer, expected.height, expected.width]);
  const map = apart(done.map.values, expected.map);
  assert.ok(map <= TOLERANCE, `the map differs by ${map}`);
  await tools.screenshot("browser-onnx");

  await press(page, "m");
  const compared = await waitForState(page, "maps side by side", (now) => now.compared.length === 4);
  assert.ok(apart(compared.compared[0].values, expected.map) <= TOLERANCE, "the compared map is another one");
  await page.waitForTimeout(500);
  await tools.screenshot("browser-onnx-compare");
  console.log(`    ${named(done).predicted} on ${done.executor}, probabilities to ${probabilities.toExponential(1)}, map to ${map.toExponential(1)}`);
}
