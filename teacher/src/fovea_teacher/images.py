"""Image files: found as Fovea finds them, decoded, brought to the Teacher's size by area averaging."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from .errors import TargetsError

_EXTENSIONS = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}


@dataclass(frozen=True)
class Image:
    """A usable file."""

    path: Path
    sha256: str


def find(paths: list[Path]) -> list[Path]:
    """Files as they are named, folders searched at any depth by extension, in sorted order."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found.extend(_folder(path))
        elif path.exists():
            found.append(path)
        else:
            raise TargetsError(f"there is no such file or folder: {path}")
    return found


def _folder(path: Path) -> list[Path]:
    found = []
    for at, folders, files in os.walk(path):
        folders.sort()
        found.extend(Path(at) / f for f in files if not f.startswith(".") and Path(f).suffix.lower() in _EXTENSIONS)
    return sorted(found)


def decode(path: Path) -> tuple[np.ndarray, str]:
    """(side, side, 3) RGB of a square image, and the SHA-256 of the file's bytes."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise TargetsError(f"{e.strerror}: {path}") from e
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as e:
        raise TargetsError(f"not a usable image ({e.err}): {path}") from e
    if bgr is None:
        raise TargetsError(f"not a usable image: {path}")
    if bgr.shape[0] != bgr.shape[1]:
        raise TargetsError(f"{bgr.shape[1]} × {bgr.shape[0]} px: targets are made of square images: {path}")
    return np.ascontiguousarray(bgr[:, :, ::-1]), hashlib.sha256(data).hexdigest()


def to_side(rgb: np.ndarray, px: int) -> np.ndarray:
    """Area averaging, rounded to uint8."""
    return rgb if rgb.shape[0] == px else cv2.resize(rgb, (px, px), interpolation=cv2.INTER_AREA)


def scan(paths: list[Path]) -> tuple[list[Image], list[str]]:
    """Every usable image once (the same bytes twice count once), and why the others are not."""
    images: dict[str, Image] = {}
    failed = []
    for path in find(paths):
        try:
            _, sha256 = decode(path)
        except TargetsError as e:
            failed.append(str(e))
        else:
            images.setdefault(sha256, Image(path, sha256))
    return list(images.values()), failed
