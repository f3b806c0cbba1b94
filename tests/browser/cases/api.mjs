// The JavaScript API: shape and sanity of what it returns, and what it says of bytes that are no image.
import assert from "node:assert/strict";

export const name = "api: create, analyze, errors";
export const minutes = 6;

/** Runs in the page: analyses base64 bytes on a device and returns what can be sent back as JSON. */
export async function analyzeInPage({ base64, device, name }) {
  const { Fovea } = await import("./fovea.js");
  const fovea = await Fovea.create({ device });
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const result = await fovea.analyze(bytes, name);
  const refused = await fovea.analyze(new Uint8Array([1, 2, 3]), "broken.png").then(
    () => "accepted",
    (error) => `${error instanceof Error} ${error.message}`,
  );
  const summary = {
    ...result,
    typed: result.attention instanceof Float32Array,
    attention: Array.from(result.attention),
    probabilities: Array.from(result.probabilities),
    logits: Array.from(result.logits),
    adapterOfEngine: fovea.adapter(),
    refused,
  };
  fovea.free();
  return summary;
}

function check(result, label) {
  const classes = result.classes.length;
  assert.ok(classes >= 2, `${label}: ${classes} classes`);
  assert.equal(result.probabilities.length, classes, label);
  assert.equal(result.logits.length, classes, label);
  const sum = result.probabilities.reduce((total, value) => total + value, 0);
  assert.ok(Math.abs(sum - 1) < 1e-4, `${label}: probabilities sum to ${sum}`);
  assert.equal(result.predicted, result.probabilities.indexOf(Math.max(...result.probabilities)), label);
  assert.ok(result.typed, `${label}: attention is no Float32Array`);
  assert.ok(result.width > 0 && result.height > 0, label);
  assert.equal(result.attention.length, classes * result.width * result.height, label);
  assert.ok(result.attention.every(Number.isFinite), `${label}: attention is not finite`);
  assert.ok(new Set(result.attention).size > 1, `${label}: attention is constant`);
  assert.ok(result.ms > 0, label);
  assert.ok(result.adapter.length > 0 && result.adapterOfEngine.length > 0, label);
  assert.match(result.refused, /^true .*broken\.png/s, `${label}: a broken file has to be refused by name`);
}

export async function run(page, tools) {
  await tools.open("api.html");
  const base64 = tools.sample().toString("base64");
  const results = {};
  for (const device of ["cpu", "gpu", "auto"]) {
    results[device] = await page.evaluate(analyzeInPage, { base64, device, name: "sample.png" });
    check(results[device], device);
    console.log(`    ${device}: ${results[device].adapter}, ${results[device].ms.toFixed(0)} ms`);
  }
  results.gpu.probabilities.forEach((value, index) => {
    const other = results.cpu.probabilities[index];
    assert.ok(Math.abs(value - other) <= 1e-4, `class ${index}: ${value} on the GPU, ${other} on the CPU`);
  });
}
