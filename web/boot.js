// Starts the window in the page's canvas; when that cannot work, shows the plain page instead of a black one.
import { Fovea, load } from "./fovea.js";

globalThis.Fovea = Fovea;

/** The window is gone: nothing in it can be saved any more. */
let over = false;

const element = (id) => document.getElementById(id);
const megabytes = (count) => (count / 1e6).toFixed(1);

function showPlain(title, reason, message) {
  over = true;
  if (title) element("plain-title").textContent = title;
  if (reason) element("plain-reason").textContent = reason;
  if (message) {
    element("plain-message").textContent = `${message}\n${navigator.userAgent}`;
    element("plain-details").hidden = false;
  }
  element("loading").hidden = true;
  element("plain").hidden = false;
  element("cover").hidden = false;
}

function showProgress(received, total) {
  const bar = element("bar");
  if (total > 0) {
    bar.value = received / total;
    element("progress").textContent = `Loading ${megabytes(received)} of ${megabytes(total)} MB`;
  } else {
    bar.removeAttribute("value"); // unknown length: the bar only says that something happens
    element("progress").textContent = `Loading ${megabytes(received)} MB`;
  }
}

async function hasWebGpu() {
  try {
    return Boolean(await navigator.gpu?.requestAdapter());
  } catch {
    return false;
  }
}

function hasWebGl2() {
  // On a canvas of its own: a context asked of the real one would keep WebGPU out of it.
  const context = document.createElement("canvas").getContext("webgl2");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return Boolean(context);
}

/** A panic leaves the window dead; say so rather than leave a frozen picture. The module puts its last words into `fovea_panic`. */
function watchForCrash() {
  const crashed = (error) => {
    if (error instanceof WebAssembly.RuntimeError || globalThis.fovea_panic) {
      const message = [globalThis.fovea_panic, error?.stack ?? error].filter(Boolean).join("\n");
      element("plain-help").hidden = true; // another browser would not help
      showPlain("Fovea stopped", "An error inside the program stopped the window. Try again; your files are untouched.", message);
    }
  };
  addEventListener("error", (event) => crashed(event.error));
  addEventListener("unhandledrejection", (event) => crashed(event.reason));
}

/** A lost graphics device leaves the picture frozen, while the module still runs; it says so by this event. */
function watchForLostDevice() {
  addEventListener("fovea-device-lost", ({ detail }) => {
    element("plain-help").hidden = true; // another browser would not help
    const training = globalThis.fovea_unsaved ? " Training on this page ended with it." : "";
    showPlain("The graphics device was lost", `The browser took it away, so the window cannot be drawn any more.${training} Try again; your files are untouched.`, detail);
  });
}

/** Leaving the page ends a run and forgets its Student; the module keeps `fovea_unsaved` up to date. */
function guardTraining() {
  addEventListener("beforeunload", (event) => {
    if (globalThis.fovea_unsaved && !over) {
      event.preventDefault();
      event.returnValue = true; // what older browsers go by
    }
  });
}

async function boot() {
  element("again").addEventListener("click", () => location.reload());
  if (typeof WebAssembly === "undefined") {
    showPlain("This browser cannot run Fovea", "WebAssembly is switched off or missing.");
    return;
  }
  if (!(await hasWebGpu()) && !hasWebGl2()) {
    showPlain();
    return;
  }
  // A file that misses the canvas must not replace the page.
  for (const kind of ["dragover", "drop"]) {
    addEventListener(kind, (event) => event.preventDefault());
  }
  watchForCrash();
  watchForLostDevice();
  guardTraining();
  const canvas = element("fovea");
  try {
    const wasm = await load(showProgress);
    element("progress").textContent = "Starting …";
    await wasm.start(canvas);
    element("cover").hidden = true;
    canvas.focus();
  } catch (error) {
    showPlain("Fovea could not start", "The window could not be opened in this browser.", String(error?.stack ?? error));
  }
}

boot();
