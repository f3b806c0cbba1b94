"""Views of an image, exactly as Fovea makes them (`app/distill/src/views`): the same keys, draws and arithmetic.

All whole-number arithmetic is modulo 2**64; all pixel arithmetic is float64 in the same order, so that pictures agree byte for
byte (up to the last bit of sine and cosine, which at worst moves a value by one level).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .errors import TargetsError

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_EXPORTED = 1
_LIVE = 2
MOST_VIEWS = 4096


def _mix(z: int) -> int:
    z = (z + _STEP) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def _key(domain: int, parts: list[int]) -> int:
    key = _mix(domain)
    for part in parts:
        key = _mix(key ^ (part & _MASK))
    return key


def image_key(seed: int, sha256: str, index: int) -> int:
    """Key of an exported view: the seed, the four big-endian words of the file's hash, the view's index."""
    words = [int(sha256[16 * i : 16 * (i + 1)], 16) for i in range(4)]
    return _key(_EXPORTED, [seed, *words, index])


def live_key(seed: int, epoch: int, position: int) -> int:
    """Key of what Fovea's training draws as it goes."""
    return _key(_LIVE, [seed, epoch, position])


class Draws:
    """splitmix64."""

    def __init__(self, key: int):
        self._state = key

    def bits(self) -> int:
        drawn = _mix(self._state)
        self._state = (self._state + _STEP) & _MASK
        return drawn

    def unit(self) -> float:
        return (self.bits() >> 11) / float(1 << 53)

    def within(self, lo: float, hi: float) -> float:
        return lo + (hi - lo) * self.unit()

    def coin(self) -> bool:
        return self.unit() < 0.5


@dataclass(frozen=True)
class Augmentation:
    """One augmentation; the defaults leave a picture as it is. See Fovea's `Augmentation` for the meaning of each part."""

    mirror: bool = False
    degrees: float = 0.0
    scale: float = 1.0
    shift: float = 0.0
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0

    @staticmethod
    def draw(key: int) -> Augmentation:
        """Coins and amounts in a fixed order; amounts are drawn even where the coin leaves them out."""
        draws = Draws(key)
        mirror = draws.coin()

        def part(ranges: list[tuple[float, float]], neutral: float) -> list[float]:
            used = draws.coin()
            amounts = [draws.within(lo, hi) for lo, hi in ranges]
            return amounts if used else [neutral] * len(ranges)

        (degrees,) = part([(-45.0, 45.0)], 0.0)
        (scale,) = part([(0.95, 1.20)], 1.0)
        (shift,) = part([(-0.05, 0.05)], 0.0)
        brightness, contrast, saturation = part([(1.0 - 0.1, 1.0 + 0.1)] * 3, 1.0)
        return Augmentation(mirror, degrees, scale, shift, brightness, contrast, saturation)

    def apply(self, rgb: np.ndarray) -> np.ndarray:
        """`rgb`: (px, px, 3) uint8."""
        values = self._colour(self._resample(rgb))
        return np.rint(values).astype(np.uint8)

    def _resample(self, rgb: np.ndarray) -> np.ndarray:
        px = rgb.shape[0]
        half = px / 2.0
        angle = self.degrees * math.pi / 180.0
        sin, cos = math.sin(angle) / self.scale, math.cos(angle) / self.scale
        v = (np.arange(px, dtype=np.float64) + 0.5 - half)[:, None]
        u = (np.arange(px, dtype=np.float64) + 0.5 - half - self.shift * px)[None, :]
        sx, sy = cos * u + sin * v, cos * v - sin * u
        if self.mirror:
            sx = -sx
        return _bilinear(rgb, sx + half - 0.5, sy + half - 0.5)

    def _colour(self, values: np.ndarray) -> np.ndarray:
        if self.brightness != 1.0:
            values = np.clip(values * self.brightness, 0.0, 255.0)
        if self.contrast != 1.0:
            # A running sum adds from the first pixel to the last, as Fovea does; `np.sum` would add pairwise.
            mean = np.cumsum(_grey(values).ravel())[-1] / (values.shape[0] * values.shape[1])
            values = np.clip(mean + self.contrast * (values - mean), 0.0, 255.0)
        if self.saturation != 1.0:
            grey = _grey(values)[:, :, None]
            values = np.clip(grey + self.saturation * (values - grey), 0.0, 255.0)
        return values


def _grey(values: np.ndarray) -> np.ndarray:
    return 0.299 * values[:, :, 0] + 0.587 * values[:, :, 1] + 0.114 * values[:, :, 2]


def _reflect(i: np.ndarray, px: int) -> np.ndarray:
    i = i.astype(np.int64) % (2 * px)
    return np.where(i < px, i, 2 * px - 1 - i)


def _bilinear(rgb: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    px = rgb.shape[0]
    x0, y0 = np.floor(x), np.floor(y)
    fx, fy = (x - x0)[:, :, None], (y - y0)[:, :, None]

    def corner(dx: int, dy: int) -> np.ndarray:
        return rgb[_reflect(y0 + dy, px), _reflect(x0 + dx, px)].astype(np.float64)

    top = corner(0, 0) * (1.0 - fx) + corner(1, 0) * fx
    bottom = corner(0, 1) * (1.0 - fx) + corner(1, 1) * fx
    return top * (1.0 - fy) + bottom * fy


def turn(rgb: np.ndarray, number: int) -> np.ndarray:
    """A flip or rotation by its number: 4 swaps the axes, then 1 mirrors left and right, 2 top and bottom."""
    out = rgb.transpose(1, 0, 2) if number & 4 else rgb
    out = out[:, ::-1] if number & 1 else out
    out = out[::-1] if number & 2 else out
    return np.ascontiguousarray(out)


@dataclass(frozen=True)
class ViewSet:
    """`plain`, `dihedral8` or `aug:K:SEED`."""

    kind: str
    count: int
    seed: int = 0

    @staticmethod
    def parse(text: str) -> ViewSet:
        parts = text.split(":")
        if text == "plain":
            return ViewSet("plain", 1)
        if text == "dihedral8":
            return ViewSet("dihedral8", 8)
        if len(parts) == 3 and parts[0] == "aug" and all(_plain_number(p) for p in parts[1:]):
            count, seed = int(parts[1]), int(parts[2])
            if 1 <= count <= MOST_VIEWS and seed <= _MASK:
                return ViewSet("aug", count, seed)
        raise TargetsError(f"'{text}' names no views: plain, dihedral8 or aug:K:SEED (K from 1 to {MOST_VIEWS})")

    def __str__(self) -> str:
        return f"aug:{self.count}:{self.seed}" if self.kind == "aug" else self.kind

    def apply(self, rgb: np.ndarray, sha256: str, index: int) -> np.ndarray:
        """View `index` of a (px, px, 3) picture whose file has this SHA-256."""
        if self.kind == "plain":
            return rgb
        if self.kind == "dihedral8":
            return turn(rgb, index)
        return Augmentation.draw(image_key(self.seed, sha256, index)).apply(rgb)


def _plain_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and str(int(text)) == text
