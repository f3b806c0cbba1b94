"""Makes the pictures beside it: `python make.py` (Pillow 13, NumPy). What tests expect of them is in ../src/decode/tests.rs."""

import struct
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
W, H = 32, 16
# Four flat quadrants on the 8 × 8 blocks of JPEG, so that it keeps their colours, and a turn of the picture shows.
Q = np.zeros((H, W, 3), np.uint8)
Q[: H // 2, : W // 2] = (200, 60, 120)
Q[: H // 2, W // 2 :] = (40, 160, 90)
Q[H // 2 :, : W // 2] = (240, 230, 235)
Q[H // 2 :, W // 2 :] = (30, 30, 150)
rgb = Image.fromarray(Q)


def save(name, image, **options):
    image.save(HERE / name, **options)


def orientation(n):
    exif = Image.Exif()
    exif[0x112] = n
    return exif.tobytes()


rgb16 = Q.astype(np.uint16) * 257
save("cmyk.jpg", rgb.convert("CMYK"), quality=95, subsampling=0)
save("progressive.jpg", rgb, quality=95, progressive=True, subsampling=0)
save("orient6.jpg", rgb, quality=95, subsampling=0, exif=orientation(6))
save("cmyk.tif", rgb.convert("CMYK"), compression="tiff_lzw")
save("palette.tif", rgb.convert("P", palette=Image.Palette.ADAPTIVE, colors=4))
save("palette.png", rgb.convert("P", palette=Image.Palette.ADAPTIVE, colors=4))
save("bilevel.tif", Image.fromarray(Q[..., 0] > 100).convert("1"))
save("grey_alpha.tif", Image.fromarray(np.dstack([Q[..., 0], Q[..., 1]]), "LA"))
save("rgba.tif", Image.fromarray(np.dstack([Q, np.full((H, W), 128, np.uint8)])), compression="tiff_deflate")
save("ycbcr_jpeg.tif", rgb, compression="jpeg", quality=95)
save("orient3.tif", rgb, tiffinfo={274: 3})
save("aperio.tif", rgb, tiffinfo={270: "Aperio Image Library v1\r\n32x16|AppMag = 20|MPP = 0.4990|Left = 1.0"})
save("half_um.tif", rgb, resolution_unit="cm", x_resolution=20000.0, y_resolution=20000.0)
save("dpi300.tif", rgb, dpi=(300, 300))
save("two_pages.tif", rgb, save_all=True, append_images=[rgb.resize((5, 3))])


def tiff(order, samples, tags):
    """A TIFF by hand: uncompressed, one strip a plane."""
    planes = samples if isinstance(samples, list) else [samples]
    data = b"".join(p.astype(p.dtype.newbyteorder(order)).tobytes() for p in planes)
    size = len(data) // len(planes)
    tags = dict(tags) | {273: [8 + size * i for i in range(len(planes))], 279: [size] * len(planes)}
    at = 8 + len(data)
    out = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, at) + data
    entries, extra = b"", b""
    end = at + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        value = value if isinstance(value, list) else [value]
        raw = struct.pack(f"{order}{len(value)}I", *value)
        field = raw if len(raw) <= 4 else struct.pack(order + "I", end + len(extra))
        extra += raw if len(raw) > 4 else b""
        entries += struct.pack(order + "HHI", tag, 4, len(value)) + field
    return out + struct.pack(order + "H", len(tags)) + entries + bytes(4) + extra


base = {256: W, 257: H, 259: 1, 262: 2, 277: 3, 278: H}
(HERE / "rgb16_be.tif").write_bytes(tiff(">", rgb16, base | {258: [16] * 3}))
planes = [np.ascontiguousarray(Q[..., c]) for c in range(3)]
(HERE / "planar.tif").write_bytes(tiff("<", planes, base | {258: [8] * 3, 284: 2}))
(HERE / "float.tif").write_bytes(tiff("<", (Q / 255).astype(np.float32), base | {258: [32] * 3, 339: [3] * 3}))
(HERE / "huge_header.tif").write_bytes(tiff("<", Q, base | {256: 100_000, 257: 100_000, 258: [8] * 3}))
for f in ("cmyk.jpg", "cmyk.tif", "ycbcr_jpeg.tif"):
    im = np.asarray(Image.open(HERE / f).convert("RGB"))
    print(f, [im[y, x].tolist() for y, x in ((2, 2), (2, 17), (9, 2), (9, 17))])
