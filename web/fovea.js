// The JavaScript API: run the Student on image bytes from any page, with or without the window.
//
//   import { Fovea } from "./fovea.js";
//   const fovea = await Fovea.create();
//   const { classes, probabilities, attention, width, height } = await fovea.analyze(bytes, "patch.png");
//
// Everything runs in this browser; no request leaves the page's own origin.

let module;

/** Loads the WebAssembly module once. `onProgress(received, total)` counts bytes; total is 0 when unknown. */
export function load(onProgress) {
  module ??= fetchModule(onProgress).catch((error) => {
    module = undefined; // a later call may try again
    throw error;
  });
  return module;
}

async function fetchModule(onProgress) {
  const wasm = await import("./fovea_wasm.js");
  const response = await fetch(new URL("fovea_wasm_bg.wasm", import.meta.url));
  if (!response.ok) {
    throw new Error(`the WebAssembly module did not load (HTTP ${response.status})`);
  }
  await wasm.default({ module_or_path: onProgress ? counted(response, onProgress) : response });
  return wasm;
}

/** The same response, reporting how much of it has arrived. */
function counted(response, onProgress) {
  const compressed = response.headers.has("content-encoding");
  const total = compressed ? 0 : Number(response.headers.get("content-length") ?? 0);
  let received = 0;
  const counter = new TransformStream({
    transform(chunk, controller) {
      received += chunk.byteLength;
      onProgress(received, total);
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(counter), { headers: { "content-type": "application/wasm" } });
}

const asError = (reason) => (reason instanceof Error ? reason : new Error(String(reason)));

/** A loaded Student on one device. */
export class Fovea {
  #engine;
  #last = Promise.resolve();

  /** Use `Fovea.create`. */
  constructor(engine) {
    this.#engine = engine;
  }

  /**
   * @param {object} [options]
   * @param {ArrayBuffer|Uint8Array} [options.student] a Student's .safetensors; the embedded one when left out
   * @param {"auto"|"gpu"|"cpu"} [options.device] auto takes the CPU when the adapter is a software one
   * @param {HTMLCanvasElement} [options.canvas] also runs the window, in this canvas
   */
  static async create({ student, device = "auto", canvas } = {}) {
    if (!["auto", "gpu", "cpu"].includes(device)) {
      throw new TypeError(`device must be auto, gpu or cpu: ${device}`);
    }
    const bytes = student === undefined ? undefined : student instanceof Uint8Array ? student : new Uint8Array(student);
    try {
      const wasm = await load();
      const engine = await wasm.Engine.create({ student: bytes, device });
      if (canvas) {
        await wasm.start(canvas);
      }
      return new Fovea(engine);
    } catch (reason) {
      throw asError(reason);
    }
  }

  /**
   * Analyses one PNG, JPEG or TIFF. Calls made at the same time run one after the other.
   *
   * @param {Uint8Array|ArrayBuffer} bytes the file's bytes
   * @param {string} [name] what messages call the file
   * @returns {Promise<{classes: string[], probabilities: number[], logits: number[], attention: Float32Array,
   *   width: number, height: number, predicted: number, tiles: number, notes: string[], adapter: string, device: string, ms: number}>}
   *   `attention` holds one map of height × width per class, class after class.
   */
  analyze(bytes, name = "image") {
    const run = async () => {
      if (!this.#engine) {
        throw new Error("this Fovea was freed");
      }
      try {
        return await this.#engine.analyze(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes), name);
      } catch (reason) {
        throw asError(reason);
      }
    };
    const result = this.#last.then(run);
    this.#last = result.catch(() => {}); // the next call runs whatever became of this one
    return result;
  }

  /** Name of the graphics adapter, or of the CPU executor. */
  adapter() {
    if (!this.#engine) {
      throw new Error("this Fovea was freed");
    }
    return this.#engine.adapter();
  }

  /** Gives the Student's memory back, after what still runs. */
  free() {
    const engine = this.#engine;
    this.#engine = undefined;
    this.#last.then(() => engine?.free());
  }
}
