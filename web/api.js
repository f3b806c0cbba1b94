// Example of the API: pick files, read the class probabilities.
import { Fovea } from "./fovea.js";

globalThis.Fovea = Fovea;

const result = document.getElementById("result");
let fovea;

function say(text) {
  const line = document.createElement("pre");
  line.textContent = text;
  result.append(line);
}

document.getElementById("files").addEventListener("change", async (event) => {
  for (const file of event.target.files) {
    try {
      fovea ??= await Fovea.create();
      const analysis = await fovea.analyze(new Uint8Array(await file.arrayBuffer()), file.name);
      const shares = analysis.classes.map((name, index) => `${name} ${analysis.probabilities[index].toFixed(3)}`);
      say(`${file.name}: ${shares.join(", ")} (${analysis.adapter}, ${analysis.ms.toFixed(0)} ms)`);
    } catch (error) {
      say(`${file.name}: ${error.message}`);
    }
  }
});
