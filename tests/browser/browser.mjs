// Starts Chromium so that WebGPU works on a machine without a GPU, and watches every page for errors and stray requests.
import { chromium } from "playwright-core";

// Exactly these, measured: without the Vulkan ones compute works, but a canvas stays blank.
const WEBGPU = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=vulkan",
  "--ignore-gpu-blocklist",
  "--enable-gpu",
];
const QUIET = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Launches the browser; playwright gives each launch a fresh profile folder and removes it again. */
export function launch() {
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: [...WEBGPU, ...QUIET], headless: true, timeout: 60_000 });
}

const LOCAL = /^(blob:|data:|https?:\/\/127\.0\.0\.1[:/])/;

/** A page in a context of its own, and the list of what went wrong on it. `expected`: errors a case provokes on purpose. */
export async function watchedPage(browser, expected = []) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 });
  const problems = [];
  const report = (text) => {
    if (!expected.some((pattern) => pattern.test(text))) problems.push(text);
  };
  context.on("request", (request) => {
    if (!LOCAL.test(request.url())) report(`request to another host: ${request.url()}`);
  });
  context.on("console", (message) => {
    if (process.env.FOVEA_VERBOSE) console.log(`    [${message.type()}] ${message.text()}`);
    if (message.type() === "error") report(`console error: ${message.text()}`);
  });
  context.on("weberror", (error) => report(`page error: ${error.error()?.stack ?? error.error()}`));
  const page = await context.newPage();
  page.on("crash", () => report("the page crashed"));
  page.setDefaultTimeout(120_000);
  return { page, problems, close: () => context.close() };
}
