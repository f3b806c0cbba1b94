// The page's server when nobody gave us one: `cargo xtask serve` on a port of its choice.
import { spawn } from "node:child_process";

/** Resolves to {url, stop}. */
export function startServer() {
  const child = spawn("cargo", ["xtask", "serve", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (data) => {
      text += data;
      const url = text.match(/serving (\S+)/)?.[1];
      if (url) resolve({ url, stop: () => child.kill() });
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`cargo xtask serve ended with ${code}`)));
  });
}
