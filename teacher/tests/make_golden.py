"""Makes ../../tests/golden/teacher: drawn pictures, targets of the golden Teacher, pictures and parameters of augmentations.

    python tests/make_golden.py        (in teacher/, after pip install .)

Fovea's tests hold their own reader, exporter and augmentations against these files.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch

from fovea_teacher import Augmentation, Layer, Network, Request, ViewSet, export
from fovea_teacher.images import decode, scan
from fovea_teacher.load import module
from fovea_teacher.views import image_key, live_key

GOLDEN = Path(__file__).parents[2] / "tests" / "golden"
OUT = GOLDEN / "teacher"
CLASSES = ["NC", "G3", "G4", "G5"]


def picture(px: int, seed: int) -> np.ndarray:
    """Rings of cells around holes on a stroma-like gradient, in a few colours so that the file stays small."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:px, 0:px].astype(np.float64)
    rgb = np.stack([220 + 0 * x, 150 + 60 * x / px, 200 + 0 * x], -1)
    for _ in range(px // 12):
        cx, cy, r = random.uniform(0, px), random.uniform(0, px), random.uniform(5, 16)
        d = np.hypot(x - cx, y - cy)
        rgb[d < r] = (250, 240, 250)
        rgb[(d > r - 3) & (d < r)] = (110, 60, 150)
    return (rgb // 8 * 8).astype(np.uint8)


def main() -> None:
    torch.set_num_threads(1)
    OUT.mkdir(exist_ok=True)
    for name, px, seed in [("same.png", 128, 1), ("larger.png", 192, 2)]:
        cv2.imwrite(str(OUT / name), picture(px, seed)[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    images, failed = scan([OUT])
    assert len(images) == 2 and not failed
    teacher = module(str(GOLDEN / "kd_resolution" / "teacher.pth"))
    both = [Layer("0.4.28", -1), Layer("0.3.23", -2)]
    for name, layers, features, views in [
        ("aug", both, [Layer("0.4.28", -1)], "aug:2:7"),
        ("dihedral8", both[:1], [], "dihedral8"),
    ]:
        request = Request(classes=CLASSES, input_px=128, views=ViewSet.parse(views), name="teacher.pth", um_per_px=1.0)
        export(Network(teacher, layers, features), images, request, OUT / f"{name}.targets.safetensors")
    rgb, sha256 = decode(OUT / "same.png")
    cases = []
    for index in range(12):
        augmentation = Augmentation.draw(image_key(7, sha256, index))
        digest = hashlib.sha256(augmentation.apply(rgb).tobytes()).hexdigest()
        cases.append({"index": index, "pixels_sha256": digest, **asdict(augmentation)})
    # Keys as text: JSON numbers have 53 bits in many programs.
    live = [{"seed": 3, "epoch": e, "position": p, "key": str(live_key(3, e, p))} for e, p in [(0, 0), (1, 5), (9, 1234)]]
    (OUT / "views.json").write_text(json.dumps({"image": "same.png", "seed": 7, "cases": cases, "live": live}, indent=1) + "\n")


if __name__ == "__main__":
    main()
