"""Pixels to the byte as Fovea's decoder has them; the numbers are those of its own tests (`app/patch/src/decode/tests/kinds.rs`)."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from fovea_teacher.errors import TargetsError
from fovea_teacher.images import decode
from fovea_teacher.pixels import rgb

PATCH = Path(__file__).parents[2] / "app" / "patch" / "testdata"
QUADRANTS = [[200, 60, 120], [40, 160, 90], [240, 230, 235], [30, 30, 150]]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples, colour, depth=8, more=()):
    """`samples`: (h, w, channels); those of less than 8 bits come packed, one row of bytes each."""
    h, w = samples.shape[:2]
    w = w * 8 // depth if depth < 8 else w
    raw = b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for row in samples)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunk(*m) for m in more) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def tiff(samples, extra, order="<", big=False, orientation=1):
    """Uncompressed, one strip, four samples."""
    h, w, n = samples.shape
    samples = samples.astype(samples.dtype.newbyteorder(order))
    word, count, head, step = ("Q", "Q", 16, 20) if big else ("I", "H", 8, 12)
    tags = {256: [w], 257: [h], 258: [8 * samples.itemsize] * n, 259: [1], 262: [2], 273: [0], 274: [orientation]}
    tags |= {277: [n], 278: [h], 279: [samples.nbytes], 338: [extra]}
    beside = head + struct.calcsize(order + count) + step * len(tags) + struct.calcsize(order + word)
    tags[273] = [beside + 16]
    body, blob = struct.pack(order + count, len(tags)), b""
    for tag, values in tags.items():
        raw = struct.pack(order + ("H" if tag not in (273, 279) else "I") * len(values), *values)
        if len(raw) > struct.calcsize(order + word):
            raw, blob = struct.pack(order + word, beside + len(blob)), blob + raw
        kind = 4 if tag in (273, 279) else 3
        body += struct.pack(order + "HH" + word, tag, kind, len(values)) + raw.ljust(struct.calcsize(order + word), b"\0")
    magic = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    magic += struct.pack(order + "HHQ", 8, 0, head) if big else struct.pack(order + "I", head)
    return magic + body + struct.pack(order + word, 0) + blob.ljust(16, b"\0") + samples.tobytes()


def on_white(c, a):
    return (c * a + 255 * (255 - a) + 127) // 255


def eight(v):
    return (v * 255 + 32_767) // 65_535


def every_pair():
    """Every colour under every alpha, and what is to come out."""
    c, a = np.meshgrid(np.arange(256), np.arange(256))
    picture = np.dstack([c, 255 - c, c // 2, a])
    wanted = [[[on_white(int(v), int(p[3])) for v in p[:3]] for p in row] for row in picture]
    return picture.astype(np.uint8), np.array(wanted, np.uint8)


def test_alpha_is_laid_on_white_to_the_byte():
    picture, wanted = every_pair()
    np.testing.assert_array_equal(rgb(png(picture, 6)), wanted)
    np.testing.assert_array_equal(rgb(tiff(picture, extra=2)), wanted)
    np.testing.assert_array_equal(rgb(tiff(picture, extra=2, order=">", big=True)), wanted)
    grey = picture[:, :, [0, 3]]
    np.testing.assert_array_equal(rgb(png(grey, 4)), np.repeat(wanted[:, :, :1], 3, 2))


def test_the_numbers_of_fovea_s_own_tests():
    two = np.array([[[255, 0, 0, 128], [0, 0, 0, 0]]])
    assert rgb(png(two, 6)).tolist() == [[[255, 127, 127], [255, 255, 255]]]
    assert rgb(png(np.array([[[9, 8, 7, 255]]]), 6)).tolist() == [[[9, 8, 7]]]
    assert rgb(png(np.array([[[100, 51]]]), 4)).tolist() == [[[224] * 3]]
    grey = np.array([[[0], [128 * 257], [65_535], [65_407]]])
    assert rgb(png(grey, 0, 16))[0, :, 0].tolist() == [0, 128, 255, 255]
    quadrants = rgb((PATCH / "rgba.tif").read_bytes())[[4, 4, 12, 12], [8, 24, 8, 24]]
    assert quadrants.tolist() == [[on_white(v, 128) for v in q] for q in QUADRANTS]


def test_other_kinds_of_transparency():
    colours = np.array([[[9, 9, 9], [200, 100, 50], [9, 9, 8]]])
    key = (b"tRNS", struct.pack(">HHH", 9, 9, 9))
    assert rgb(png(colours, 2, more=[key])).tolist() == [[[255] * 3, [200, 100, 50], [9, 9, 8]]]
    palette = [(b"PLTE", bytes([10, 20, 30, 40, 50, 60])), (b"tRNS", bytes([128]))]
    assert rgb(png(np.array([[[0], [1]]]), 3, more=palette)).tolist() == [[[on_white(v, 128) for v in (10, 20, 30)], [40, 50, 60]]]
    grey = np.array([[[7], [8]]])
    assert rgb(png(grey, 0, more=[(b"tRNS", b"\0\x07")])).tolist() == [[[255] * 3, [8] * 3]]
    # Two bits a sample: 0, 1, 2, 3, of which 2 is transparent.
    assert rgb(png(np.array([[[0b00_01_10_11]]]), 0, 2, [(b"tRNS", b"\0\x02")]))[0, :, 0].tolist() == [0, 85, 255, 255]


def test_sixteen_bits_are_rounded_before_alpha_is_applied():
    samples = np.random.default_rng(1).integers(0, 65_536, (5, 4, 4))
    v = eight(samples)
    wanted = on_white(v[:, :, :3], v[:, :, 3:])
    np.testing.assert_array_equal(rgb(png(samples, 6, 16)), wanted)
    np.testing.assert_array_equal(rgb(png(samples[:, :, :3], 2, 16)), v[:, :, :3])
    short = samples.astype(np.uint16)
    np.testing.assert_array_equal(rgb(tiff(short, extra=2, order=">")), wanted)
    np.testing.assert_array_equal(rgb(tiff(short, extra=1)), np.minimum(v[:, :, :3] + 255 - v[:, :, 3:], 255))


def test_a_tiffs_fourth_channel_is_what_it_says():
    picture, _ = every_pair()
    beside = np.minimum(picture[:, :, :3].astype(int) + 255 - picture[:, :, 3:], 255)
    np.testing.assert_array_equal(rgb(tiff(picture, extra=1)), beside)
    np.testing.assert_array_equal(rgb(tiff(picture, extra=0)), picture[:, :, :3])


def test_pictures_with_alpha_are_turned_as_those_without():
    colours = np.random.default_rng(2).integers(0, 256, (3, 5, 3)).astype(np.uint8)
    whole = np.dstack([colours, np.full((3, 5), 255, np.uint8)])
    for orientation in range(1, 9):
        exif = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)
        plain, alpha = (png(p, c, more=[(b"eXIf", exif)]) for p, c in ((colours, 2), (whole, 6)))
        expected = cv2.imdecode(np.frombuffer(plain, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
        np.testing.assert_array_equal(rgb(alpha), expected)
        np.testing.assert_array_equal(rgb(tiff(whole, 2, orientation=orientation)), expected)


def test_what_would_be_read_otherwise_than_by_fovea_is_refused(tmp_path):
    grey_alpha = PATCH / "grey_alpha.tif"
    with pytest.raises(TargetsError, match="a grey TIFF with alpha.*grey_alpha.tif"):
        decode(grey_alpha)
    other = tmp_path / "a.png"
    for data, reason in [(b"", "no PNG"), (b"BM" + bytes(60), "no PNG"), (png(np.zeros((2, 2, 4)), 6)[:30], "damaged")]:
        other.write_bytes(data)
        with pytest.raises(TargetsError, match=f"not a usable image .{reason}.*a.png"):
            decode(other)
