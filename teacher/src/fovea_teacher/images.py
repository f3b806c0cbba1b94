"""Image files: found as Fovea finds them, decoded, brought to the Teacher's size by area averaging."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from . import pixels
from .errors import TargetsError

_EXTENSIONS = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}


@dataclass(frozen=True)
class Image:
    """A usable file."""

    path: Path
    sha256: str


def find(paths: list[Path]) -> tuple[list[Path], list[str]]:
    """Files as they are named and folders searched at any depth by extension, their entries sorted; and what could not be read."""
    found: list[Path] = []
    failed: list[str] = []
    for path in paths:
        if os.path.isdir(path):
            before = len(found) + len(failed)
            _folder(path, found, failed, set())
            if len(found) + len(failed) == before:
                failed.append(f"no PNG, JPEG or TIFF file in this folder: {path}")
        elif path.exists():
            found.append(path)
        else:
            raise TargetsError(f"there is no such file or folder: {path}")
    return found, failed


def _folder(path: Path, found: list[Path], failed: list[str], seen: set[str]) -> None:
    """`seen` holds the real paths of the folders so far, so that a link to a parent does not go round for ever."""
    try:
        real = os.path.realpath(path, strict=True)
        names = [] if real in seen else os.listdir(path)
    except OSError as e:
        failed.append(f"cannot read the folder: {e.strerror}: {path}")
        return
    seen.add(real)
    for name in sorted(names, key=os.fsencode):
        entry = path / name
        if os.path.isdir(entry):
            _folder(entry, found, failed, seen)
        elif not name.startswith(".") and entry.suffix.lower() in _EXTENSIONS:
            found.append(entry)


def decode(path: Path) -> tuple[np.ndarray, str]:
    """(side, side, 3) RGB of a square image, and the SHA-256 of the file's bytes."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise TargetsError(f"{e.strerror}: {path}") from e
    try:
        rgb = pixels.rgb(data)
    except ValueError as e:
        raise TargetsError(f"not a usable image ({e}): {path}") from e
    height, width, _ = rgb.shape
    if width != height:
        raise TargetsError(f"{width} × {height} px: targets are made of square images: {path}")
    return rgb, hashlib.sha256(data).hexdigest()


def to_side(rgb: np.ndarray, px: int) -> np.ndarray:
    """Area averaging, rounded to uint8."""
    return rgb if rgb.shape[0] == px else cv2.resize(rgb, (px, px), interpolation=cv2.INTER_AREA)


def scan(paths: list[Path]) -> tuple[list[Image], list[str]]:
    """Every usable image once (the same bytes twice count once), and why the others are not."""
    images: dict[str, Image] = {}
    found, failed = find(paths)
    for path in found:
        try:
            _, sha256 = decode(path)
        except TargetsError as e:
            failed.append(str(e))
        else:
            images.setdefault(sha256, Image(path, sha256))
    return list(images.values()), failed
