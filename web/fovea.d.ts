/** Types of the JavaScript API in fovea.js. */

export interface Analysis {
  classes: string[];
  probabilities: number[];
  /** Before softmax; of several tiles their mean by area. */
  logits: number[];
  /** Into how many tiles the image was cut. */
  tiles: number;
  /** What the user should know: how the scale was decided, what was done to the pixels. */
  notes: string[];
  /** One map of height × width per class, class after class, before any scaling. */
  attention: Float32Array;
  width: number;
  height: number;
  /** Index into `classes`. */
  predicted: number;
  /** What computed, for people. */
  adapter: string;
  device: "gpu" | "cpu";
  ms: number;
}

export interface Options {
  /** A Student's .safetensors; the embedded one when left out. */
  student?: ArrayBuffer | Uint8Array;
  /** `auto` takes the CPU when the adapter is a software one. */
  device?: "auto" | "gpu" | "cpu";
  /** Also runs the window, in this canvas. */
  canvas?: HTMLCanvasElement;
}

export class Fovea {
  static create(options?: Options): Promise<Fovea>;
  /** PNG, JPEG or TIFF bytes; `name` is what messages call the file. */
  analyze(bytes: Uint8Array | ArrayBuffer, name?: string): Promise<Analysis>;
  adapter(): string;
  free(): void;
}

/** Loads the WebAssembly module once; total is 0 when unknown. */
export function load(onProgress?: (received: number, total: number) => void): Promise<unknown>;
