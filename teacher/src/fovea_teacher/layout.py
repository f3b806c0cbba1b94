"""The targets file: its tensors, written row by row without holding them all in memory (see `app/distill/src/targets`)."""

from __future__ import annotations

import json
import math
import os
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from .errors import TargetsError

KEY = "fovea.targets"
VERSION = 1
# Bytes of the largest file that Fovea trains from: it holds the whole in memory.
LARGEST = 16 << 30
_NAMES = {np.dtype("<f4"): "F32", np.dtype("<f2"): "F16", np.dtype("u1"): "U8"}


def tensors(metadata: dict, images: int, views: int) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
    """Type and shape of every tensor, largest elements first."""
    f32, f16, u8 = np.dtype("<f4"), np.dtype("<f2"), np.dtype("u1")
    rows, classes = images * views, len(metadata["classes"])
    out = {"logits": (f32, (rows, classes))}
    for i, a in enumerate(metadata["attention"]):
        out[f"attention.{i}"] = (f32, (rows, *a["grid"], classes))
    if (k := metadata["pooled"]) is not None:
        out |= {"pooled": (f32, (rows, k)), "head.weight": (f32, (classes, k)), "head.bias": (f32, (classes,))}
    for i, f in enumerate(metadata["features"]):
        out[f"features.{i}"] = (f16, (rows, *f["shape"]))
    out["image.sha256"] = (u8, (images, 32))
    return out


def check_place(path: Path) -> None:
    """Refuses a place where no file can be written, before the Teacher runs."""
    if path.is_dir():
        raise TargetsError(f"cannot write (this is a folder): {path}")
    if not path.parent.is_dir():
        raise TargetsError(f"cannot write (there is no such folder): {path}")


class Writer:
    """Fills the tensors of a file that gets its name when it is complete; until then it is beside it, and goes when anything fails."""

    def __init__(self, path: Path, metadata: dict, images: int, views: int):
        self._path = path
        self._partial = path.with_name(f".{path.name}.partial")
        self._parts = tensors(metadata, images, views)
        offsets, at = {}, 0
        for name, (dtype, shape) in self._parts.items():
            end = at + dtype.itemsize * math.prod(shape)
            offsets[name] = (at, end)
            at = end
        header = {"__metadata__": {KEY: json.dumps(metadata, ensure_ascii=False)}}
        for name, (dtype, shape) in self._parts.items():
            header[name] = {"dtype": _NAMES[dtype], "shape": shape, "data_offsets": offsets[name]}
        text = json.dumps(header, ensure_ascii=False).encode()
        text += b" " * (-len(text) % 8)
        self._start = 8 + len(text)
        self.bytes = self._start + at
        self._offsets = offsets
        self._header = len(text).to_bytes(8, "little") + text
        self._file = None

    def __enter__(self) -> Writer:
        try:
            with self._refused():
                self._file = open(self._partial, "wb")
                self._file.write(self._header)
                self._file.truncate(self.bytes)
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(self, kind, _error, _trace) -> None:
        try:
            if kind is None:
                with self._refused():
                    self._file.flush()
                    os.fsync(self._file.fileno())
                    self._file.close()
                    os.replace(self._partial, self._path)
                self._file = None
        finally:
            self._discard()

    @contextmanager
    def _refused(self):
        """What the system says becomes words for the user."""
        try:
            yield
        except OSError as e:
            raise TargetsError(f"cannot write ({e.strerror or e}): {self._path}") from e

    def _discard(self) -> None:
        """Takes the unfinished file away."""
        if self._file is None:
            return
        # If that fails too there is nothing better to do.
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._partial.unlink(missing_ok=True)

    def put(self, name: str, row: int, values: np.ndarray) -> None:
        """Writes rows of a tensor from `row` on (the whole tensor from 0 for the head)."""
        dtype, shape = self._parts[name]
        whole = name.startswith("head.")
        if values.shape != shape if whole else values.shape[1:] != shape[1:]:
            raise TargetsError(f"'{name}' is {values.shape}, planned is {shape}: {self._path}")
        with np.errstate(over="ignore"):
            encoded = np.ascontiguousarray(values, dtype)
        if dtype.kind == "f" and not np.isfinite(encoded).all():
            raise TargetsError(f"'{name}' holds a value that is not finite (row {row}): {self._path}")
        stride = 0 if whole else dtype.itemsize * math.prod(shape[1:])
        with self._refused():
            self._file.seek(self._start + self._offsets[name][0] + row * stride)
            self._file.write(encoded.tobytes())


def read(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Metadata and tensors of a targets file; Fovea's own reader checks more."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            texts = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as e:
        raise TargetsError(f"not a usable safetensors file ({e}): {path}") from e
    if KEY not in texts:
        raise TargetsError(f"no Teacher targets: {path}")
    metadata = json.loads(texts[KEY])
    if metadata["version"] > VERSION:
        raise TargetsError(f"the targets have version {metadata['version']}, this program reads up to {VERSION}: {path}")
    return metadata, arrays
