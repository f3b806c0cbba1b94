// The reference's Teacher in the browser against PyTorch's probabilities of the same weights, on both devices.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { encode } from "../png.mjs";

export const name = "reference: probabilities agree with PyTorch";
export const minutes = 6;
/** JPEG decoders differ that much. */
const TOLERANCE = 0.02;

const root = join(fileURLToPath(new URL(".", import.meta.url)), "../../..");

/** Decodes a JPEG in the page and averages it down to 128 px, as the reference did. */
async function shrinkInPage(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none" });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const [side, step] = [128, bitmap.width / 128];
  const rgb = [];
  for (let cell = 0; cell < side * side * 3; cell++) {
    const [x, y, channel] = [Math.floor(cell / 3) % side, Math.floor(cell / 3 / side), cell % 3];
    let sum = 0;
    for (let dy = 0; dy < step; dy++) {
      for (let dx = 0; dx < step; dx++) sum += data[((y * step + dy) * bitmap.width + x * step + dx) * 4 + channel];
    }
    rgb.push(Math.round(sum / (step * step)));
  }
  return rgb;
}

async function probabilitiesInPage({ files, device, teacher }) {
  const { Fovea } = await import("./fovea.js");
  const student = Uint8Array.from(atob(teacher), (letter) => letter.charCodeAt(0));
  const fovea = await Fovea.create({ device, student });
  const all = {};
  for (const [name, base64] of files) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    all[name] = Array.from((await fovea.analyze(bytes, name)).probabilities);
  }
  fovea.free();
  return all;
}

export async function run(page, tools) {
  const reference = JSON.parse(readFileSync(tools.shared("golden/kd_resolution/mini_probabilities.json"), "utf8"));
  const names = Object.keys(reference).slice(0, 6);
  const teacher = readFileSync(join(root, "tests/golden/kd_resolution/student.safetensors")).toString("base64");
  await tools.open("api.html");
  const files = [];
  for (const name of names) {
    const jpeg = readFileSync(join(tools.shared("mini_sicap/images"), name));
    const rgb = await page.evaluate(shrinkInPage, jpeg.toString("base64"));
    files.push([name, encode(128, 128, Uint8Array.from(rgb)).toString("base64")]);
  }
  for (const device of ["cpu", "gpu"]) {
    const found = await page.evaluate(probabilitiesInPage, { files, device, teacher });
    let worst = 0;
    for (const name of names) {
      reference[name].forEach((value, index) => {
        const error = Math.abs(value - found[name][index]);
        worst = Math.max(worst, error);
        assert.ok(error <= TOLERANCE, `${device}, ${name}, class ${index}: ${found[name][index]} instead of ${value}`);
      });
    }
    console.log(`    ${device}: largest difference ${worst.toFixed(5)} over ${names.length} patches`);
  }
}
