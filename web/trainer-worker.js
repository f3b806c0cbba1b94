// The training Worker: its module holds burn, is large, and is fetched only when somebody trains.
// Between two units of work it listens, so that pause and cancel are heard at once.
import init, { Trainer } from "./trainer.js";

const orders = [];
let wake = () => {};
self.addEventListener("message", ({ data }) => {
  orders.push(data);
  wake();
});

const say = (words) => {
  for (const { head, parts } of words) self.postMessage({ head, parts }, parts);
};

// A message to oneself comes after those that wait already; unlike a timer it costs no milliseconds.
const { port1, port2 } = new MessageChannel();
const breathe = () => new Promise((resolve) => {
  port1.onmessage = resolve;
  port2.postMessage(null);
});
const anOrder = () => new Promise((resolve) => {
  wake = resolve;
});

try {
  await init({ module_or_path: new URL("trainer_bg.wasm", import.meta.url) });
  const trainer = new Trainer();
  for (;;) {
    while (orders.length > 0) {
      const { head, parts } = orders.shift();
      say(trainer.order(head, parts));
    }
    if (trainer.busy()) {
      say(trainer.advance());
      await breathe();
    } else if (orders.length === 0) {
      await anOrder();
    }
  }
} catch (error) {
  self.postMessage({ panic: String(error?.message ?? error) });
}
