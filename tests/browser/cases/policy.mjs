// The promise "files never leave this device", put to the test: a live server on another port must never hear from the page.
import assert from "node:assert/strict";
import { createServer } from "node:http";

export const name = "policy: the page cannot send anything anywhere";
export const expected = [/Content Security Policy/i, /Failed to load resource|Refused to|violates/i];

/** Tries every way out there is; returns which of them did not fail. */
async function tryToLeave(target) {
  const open = [];
  const attempt = async (kind, work) => {
    try {
      await work();
      open.push(kind);
    } catch {
      // refused, as it should be
    }
  };
  const event = (object, good, bad) => new Promise((resolve, reject) => {
    object.addEventListener(good, resolve);
    object.addEventListener(bad, reject);
  });
  await attempt("fetch", () => fetch(target, { method: "POST", body: "pixels", mode: "no-cors" }));
  await attempt("socket", () => event(new WebSocket(target.replace("http", "ws")), "open", "error"));
  await attempt("image", () => event(Object.assign(new Image(), { src: `${target}x.png` }), "load", "error"));
  await attempt("worker", async () => {
    const source = `fetch(${JSON.stringify(target)}, { mode: "no-cors" }).then(() => postMessage("open"), () => postMessage("shut"))`;
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    const { data } = await event(worker, "message", "error");
    if (data !== "open") throw new Error(data);
  });
  navigator.sendBeacon(target, "pixels");
  return open;
}

export async function run(page, tools) {
  let heard = 0;
  const listener = createServer((_, answer) => {
    heard++;
    answer.setHeader("Access-Control-Allow-Origin", "*").end("heard");
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const target = `http://127.0.0.1:${listener.address().port}/`;
  try {
    // The listener itself works, so that silence means something.
    await fetch(target);
    assert.equal(heard, 1);
    await tools.open("api.html");
    assert.deepEqual(await page.evaluate(tryToLeave, target), []);
    await page.waitForTimeout(500);
    assert.equal(heard, 1, "something left the page");
  } finally {
    listener.close();
    listener.closeAllConnections?.();
  }
}
