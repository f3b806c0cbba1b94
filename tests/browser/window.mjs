// What cases that drive the window share: its published state, and files dropped as a person would.

/** The app keeps its state as JSON in `globalThis.fovea_state`, for tests and for people who embed it. */
export const state = (page) => page.evaluate(() => (globalThis.fovea_state ? JSON.parse(globalThis.fovea_state) : null));

/** Waits until the state holds; an error that the app reports ends the wait, unless the case provokes one. */
export async function waitForState(page, what, holds, { seconds = 120, errors = false } = {}) {
  const deadline = Date.now() + seconds * 1000;
  let last = null;
  while (Date.now() < deadline) {
    last = await state(page);
    if (last?.error && !errors) throw new Error(`the app reports: ${last.error}`);
    if (last && holds(last)) return last;
    await page.waitForTimeout(100);
  }
  throw new Error(`waited for ${what}, state is ${JSON.stringify(last)}`);
}

function dropInPage(files) {
  const canvas = document.getElementById("fovea");
  const dataTransfer = new DataTransfer();
  for (const { base64, name } of files) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    dataTransfer.items.add(new File([bytes], name));
  }
  const { width, height } = canvas.getBoundingClientRect();
  for (const kind of ["dragenter", "dragover", "drop"]) {
    canvas.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true, clientX: width / 2, clientY: height / 2 }));
  }
}

/** Drops files on the canvas: [{name, bytes}]. */
export const drop = (page, files) =>
  page.evaluate(dropInPage, files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString("base64") })));

/** Presses a key with the focus on the window's canvas; a click could hit a button. */
export async function press(page, key) {
  await page.evaluate(() => document.getElementById("fovea").focus());
  await page.keyboard.press(key);
}
