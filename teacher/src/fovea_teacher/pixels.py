"""A file's bytes to 8-bit RGB as Fovea has them (`app/patch/src/decode`): alpha on white, 16 bits rounded, orientation applied."""

from __future__ import annotations

import struct

import cv2
import numpy as np

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# 16 bits stay 16 bits: cv2 would cut them where Fovea rounds.
_COLOUR = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
# TIFF and EXIF tags.
_PHOTOMETRIC, _ORIENTATION, _SAMPLES, _EXTRA = 262, 274, 277, 338
_RGB, _PREMULTIPLIED, _ALPHA = 2, 1, 2


def rgb(data: bytes) -> np.ndarray:
    """(h, w, 3) uint8. A ValueError says why there is none."""
    if data.startswith(_PNG):
        return _png(data)
    if data.startswith(_TIFF):
        return _tiff(data)
    if data.startswith(_JPEG):
        return _opaque(_read(data, _COLOUR))
    raise ValueError("no PNG, JPEG or TIFF file")


def _read(data: bytes, how: int) -> np.ndarray:
    try:
        found = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    except cv2.error as e:
        raise ValueError(e.err) from e
    if found is None:
        raise ValueError("damaged, or of a kind that cv2 does not read")
    if found.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"{found.dtype} samples, not 8 or 16 bits")
    return found


def _png(data: bytes) -> np.ndarray:
    chunks = _chunks(data)
    depth, colour = chunks[b"IHDR"][8:10] if len(chunks.get(b"IHDR", b"")) >= 10 else (8, 2)
    if colour not in (4, 6) and b"tRNS" not in chunks:
        return _opaque(_read(data, _COLOUR))
    whole = _read(data, cv2.IMREAD_UNCHANGED)
    if whole.ndim == 2:
        # cv2 knows no transparent grey.
        alpha = np.where(whole == _grey_key(chunks[b"tRNS"], depth), 0, np.iinfo(whole.dtype).max).astype(whole.dtype)
        whole = np.dstack([whole, whole, whole, alpha])
    # With its alpha a picture is read as it is stored.
    turn = _tags(chunks[b"eXIf"]).get(_ORIENTATION, 1) if b"eXIf" in chunks else 1
    whole = _oriented(_eight(whole), turn)
    return _opaque(whole) if whole.shape[2] == 3 else _on_white(whole)


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """What stands before the pixels of a PNG."""
    chunks, at = {}, 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT":
            break
        chunks.setdefault(kind, data[at + 8 : at + 8 + length])
        at += length + 12
    return chunks


def _grey_key(transparent: bytes, depth: int) -> int:
    """The transparent grey on the scale that cv2 gives: shallow samples are stretched to 8 bits."""
    value = int.from_bytes(transparent[:2], "big") & ((1 << depth) - 1)
    return value if depth >= 8 else value * 255 // ((1 << depth) - 1)


def _tiff(data: bytes) -> np.ndarray:
    tags = _tags(data)
    samples, extra = tags.get(_SAMPLES, 1), tags.get(_EXTRA)
    if samples == 2:
        raise ValueError("a grey TIFF with alpha, which cv2 reads without; as PNG it can be used")
    if samples != 4 or tags.get(_PHOTOMETRIC) != _RGB or extra not in (_PREMULTIPLIED, _ALPHA):
        return _opaque(_read(data, _COLOUR))
    whole = _read(data, cv2.IMREAD_UNCHANGED)
    if whole.dtype == np.uint8:
        # libtiff has multiplied the colours by alpha, rounded as in `_on_white`: the rest is white.
        return _beside_white(whole)
    whole = _eight(whole)
    return _beside_white(whole) if extra == _PREMULTIPLIED else _on_white(whole)


def _tags(data: bytes) -> dict[int, int]:
    """First value of every whole-numbered tag in the first directory of a TIFF (or of EXIF, which is one)."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    word, head, step = ("Q", 8, 20) if big else ("I", 2, 12)
    sizes, kinds = {1: 1, 3: 2, 4: 4, 16: 8}, {1: "B", 3: "H", 4: "I", 16: "Q"}
    tags = {}
    try:
        (at,) = struct.unpack_from(order + word, data, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
        for entry in range(at + head, min(at + head + step * count, len(data)), step):
            tag, kind, values = struct.unpack_from(order + "HH" + word, data, entry)
            place = entry + (12 if big else 8)
            if kind in kinds and values:
                if values * sizes[kind] > struct.calcsize(order + word):
                    (place,) = struct.unpack_from(order + word, data, place)
                (tags[tag],) = struct.unpack_from(order + kinds[kind], data, place)
    except struct.error:
        pass  # Cut short; the decoder will say so.
    return tags


def _eight(samples: np.ndarray) -> np.ndarray:
    """16 bits to 8, rounded to nearest."""
    if samples.dtype == np.uint8:
        return samples
    return ((samples.astype(np.uint32) * 255 + 32_767) // 65_535).astype(np.uint8)


def _opaque(bgr: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(_eight(bgr)[:, :, ::-1])


def _on_white(bgra: np.ndarray) -> np.ndarray:
    """Colours that do not depend on alpha, seen through it in front of white."""
    colour, alpha = bgra[:, :, 2::-1].astype(np.uint32), bgra[:, :, 3:].astype(np.uint32)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _beside_white(bgra: np.ndarray) -> np.ndarray:
    """Colours that are multiplied by alpha already."""
    colour, alpha = bgra[:, :, 2::-1].astype(np.uint16), bgra[:, :, 3:].astype(np.uint16)
    return np.minimum(colour + (255 - alpha), 255).astype(np.uint8)


def _oriented(picture: np.ndarray, orientation: int) -> np.ndarray:
    """Turned and mirrored as the EXIF orientation says."""
    if 5 <= orientation <= 8:
        picture = picture.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    return picture[:, ::-1] if orientation in (2, 3, 6, 7) else picture
