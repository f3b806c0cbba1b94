// The WGSL kernels against their CPU twins, in a real browser: it rejects what naga accepts.
import assert from "node:assert/strict";

export const name = "kernels: every one agrees with its CPU twin";
export const minutes = 8;

export async function run(page, tools) {
  await tools.open("api.html");
  const results = await page.evaluate(async () => {
    const { load } = await import("./fovea.js");
    const { Engine } = await load();
    const engine = await Engine.create({ device: "gpu" });
    return Array.from(await engine.kernel_tests(""));
  });
  const worst = results.reduce((most, result) => Math.max(most, result.max_rel_error), 0);
  console.log(`    ${results.length} cases, worst relative error ${worst.toExponential(1)}`);
  const wrong = results.filter((result) => !result.ok || !Number.isFinite(result.max_rel_error));
  assert.deepEqual(wrong, [], "kernels that disagree");
  assert.ok(results.length >= 20, `only ${results.length} cases`);
}
