// PNG in both directions, as far as tests need it: 8 bits, RGB or RGBA, not interlaced.
import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** Encodes RGB pixels. */
export function encode(width, height, rgb) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    rows.set(rgb.subarray(y * width * 3, (y + 1) * width * 3), y * (1 + width * 3) + 1);
  }
  return Buffer.concat([SIGNATURE, chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function unfilter(raw, width, height, size) {
  const stride = width * size;
  const pixels = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const kind = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x >= size ? pixels[at - size] : 0;
      const up = y > 0 ? pixels[at - stride] : 0;
      const corner = x >= size && y > 0 ? pixels[at - stride - size] : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][kind];
      pixels[at] = raw[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return pixels;
}

/** Decodes a screenshot: {width, height, size: bytes per pixel, pixels}. */
export function decode(bytes) {
  if (!bytes.subarray(0, 8).equals(SIGNATURE)) throw new Error("not a PNG");
  const parts = [];
  let [width, height, size] = [0, 0, 0];
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const kind = bytes.toString("latin1", at + 4, at + 8);
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") {
      [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)];
      size = { 2: 3, 6: 4 }[data[9]];
      if (data[8] !== 8 || !size || data[12] !== 0) throw new Error("a kind of PNG this test cannot read");
    }
    if (kind === "IDAT") parts.push(data);
    at += length + 12;
  }
  return { width, height, size, pixels: unfilter(inflateSync(Buffer.concat(parts)), width, height, size) };
}

/** How many pixels of two screenshots differ by more than `tolerance` in any channel, inside `area` [x, y, width, height]. */
export function difference(first, second, area, tolerance = 6) {
  const [a, b] = [decode(first), decode(second)];
  if (a.width !== b.width || a.height !== b.height) throw new Error("screenshots of different size");
  const [left, top, width, height] = (area ?? [0, 0, a.width, a.height]).map(Math.round);
  let count = 0;
  for (let y = Math.max(top, 0); y < Math.min(top + height, a.height); y++) {
    for (let x = Math.max(left, 0); x < Math.min(left + width, a.width); x++) {
      const [i, j] = [(y * a.width + x) * a.size, (y * b.width + x) * b.size];
      const differs = (channel) => Math.abs(a.pixels[i + channel] - b.pixels[j + channel]) > tolerance;
      if (differs(0) || differs(1) || differs(2)) count++;
    }
  }
  return count;
}

/** A drawn patch that looks a little like tissue: pink ground, purple nuclei, one pale gland. Same bytes every time. */
export function drawnPatch(side = 128) {
  let seed = 12345;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  const nuclei = Array.from({ length: 60 }, () => [random() * side, random() * side, (0.012 + random() * 0.02) * side]);
  const rgb = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const gland = Math.hypot(x - side * 0.6, y - side * 0.4) < side * 0.18;
      const nucleus = nuclei.some(([cx, cy, radius]) => Math.hypot(x - cx, y - cy) < radius);
      const colour = nucleus ? [96, 58, 132] : gland ? [240, 232, 240] : [222, 150, 190];
      const noise = (random() - 0.5) * 16;
      rgb.set(colour.map((value) => Math.max(0, Math.min(255, value + noise))), (y * side + x) * 3);
    }
  }
  return encode(side, side, rgb);
}
