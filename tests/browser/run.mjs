// Runs tests/browser/cases/*.mjs over the built page.
//   node run.mjs [--url http://127.0.0.1:PORT/] [WORDS…]     only cases whose file name contains one of the words
// A case exports `name`, `run(page, tools)` and, if it needs them, `minutes` and `expected` (patterns of errors it provokes).
import { mkdirSync, readFileSync, readdirSync, writeFileSync, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { launch, watchedPage } from "./browser.mjs";
import { drawnPatch } from "./png.mjs";
import { startServer } from "./server.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const screenshots = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "screenshots");
const strict = process.env.CI === "true" || process.env.FOVEA_REQUIRE === "1";

class Skip extends Error {}

/** What a case gets beside its page. */
function tools(page, url) {
  return {
    url,
    open: (path = "", options = {}) => page.goto(new URL(path, url).href, { waitUntil: "load", ...options }),
    /** A patch to analyse: a shipped sample where there is one, else a drawn one. */
    sample() {
      const folder = join(root, "assets/samples");
      const file = existsSync(folder) && readdirSync(folder).sort().find((name) => name.endsWith(".png"));
      return file ? readFileSync(join(folder, file)) : drawnPatch();
    },
    async screenshot(name) {
      mkdirSync(screenshots, { recursive: true });
      const bytes = await page.screenshot({ timeout: 120_000 });
      writeFileSync(join(screenshots, `${name}.png`), bytes);
      return bytes;
    },
    /** Path of shared reference data; its absence skips the case, or fails it where everything has to be there. */
    shared(path) {
      const found = join(root, "../shared", path);
      if (!existsSync(found)) throw strict ? new Error(`reference data missing: ${path}`) : new Skip(`no ../shared/${path}`);
      return found;
    },
  };
}

function withTimeLimit(work, minutes) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${minutes} minutes`)), minutes * 60_000);
  });
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

/** Runs one case in a browser of its own, so that a lost GPU process cannot spoil the next. */
async function runCase(test, url) {
  const browser = await launch();
  try {
    const { page, problems, close } = await watchedPage(browser, test.expected);
    try {
      await withTimeLimit(test.run(page, tools(page, url)), test.minutes ?? 4);
    } catch (error) {
      if (!(error instanceof Skip)) {
        const shot = join(screenshots, `failed-${test.name.replace(/\W+/g, "-")}.png`);
        mkdirSync(screenshots, { recursive: true });
        await page.screenshot({ path: shot, timeout: 20_000 }).catch(() => {});
        if (problems.length) error.message += `\n${problems.join("\n")}`;
      }
      throw error;
    }
    await withTimeLimit(close(), 1);
    if (problems.length) throw new Error(problems.join("\n"));
  } finally {
    await withTimeLimit(browser.close(), 1).catch(() => {});
  }
}

async function main() {
  const words = process.argv.slice(2);
  const flag = words.indexOf("--url");
  const given = flag >= 0 ? words.splice(flag, 2)[1] : undefined;
  const server = given ? { url: given, stop() {} } : await startServer();
  const files = readdirSync(join(here, "cases")).filter((name) => name.endsWith(".mjs")).sort();
  const chosen = files.filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of chosen) {
    const started = Date.now();
    const test = await import(new URL(`cases/${file}`, import.meta.url));
    const seconds = () => `(${((Date.now() - started) / 1000).toFixed(1)} s)`;
    try {
      await runCase(test, server.url);
      counts.passed++;
      console.log(`ok ${test.name} ${seconds()}`);
    } catch (error) {
      if (error instanceof Skip) {
        counts.skipped++;
        console.log(`skipped ${test.name}: ${error.message}`);
      } else {
        counts.failed++;
        console.log(`not ok ${test.name} ${seconds()}\n    ${String(error?.stack ?? error).replaceAll("\n", "\n    ")}`);
      }
    }
  }
  server.stop();
  console.log(`browser: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  // Exit at once: a hung page must not keep us. Choosing nothing is a mistake, not a success.
  process.exit(counts.failed > 0 || chosen.length === 0 ? 1 : 0);
}

await main();
