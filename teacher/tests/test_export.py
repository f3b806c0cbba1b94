import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from fovea_teacher import Augmentation, read
from fovea_teacher.cli import main
from fovea_teacher.images import decode, scan
from fovea_teacher.views import image_key, live_key

GOLDEN = Path(__file__).parents[2] / "tests" / "golden"
MADE = GOLDEN / "teacher"
TEACHER = str(GOLDEN / "kd_resolution" / "teacher.pth")


def arguments(images, out, *more):
    fixed = ["--layer", "0.4.28=-1", "0.3.23=-2", "--features", "0.4.28", "--classes", "NC,G3,G4,G5", "--input", "128"]
    return ["export", "--model", TEACHER, "--images", str(images), "--out", str(out), *fixed, *more]


def test_the_committed_files_are_made_again(tmp_path):
    out = tmp_path / "aug.targets.safetensors"
    more = ["--views", "aug:2:7", "--um-per-px", "1.0", "--batch", "3"]
    assert main(arguments(MADE, out, *more)) == 0
    (metadata, arrays), (expected, reference) = read(out), read(MADE / "aug.targets.safetensors")
    assert {k: v for k, v in metadata.items() if k != "program"} == {k: v for k, v in expected.items() if k != "program"}
    assert arrays.keys() == reference.keys()
    for name, values in reference.items():
        tolerance = 2e-3 if values.dtype == np.float16 else 1e-4
        off = np.linalg.norm(arrays[name].astype(float) - values) / np.linalg.norm(values.astype(float))
        assert off <= tolerance, name
    np.testing.assert_array_equal(arrays["image.sha256"], reference["image.sha256"])


def test_augmentations_are_those_of_the_committed_list():
    listed = json.loads((MADE / "views.json").read_text())
    _, sha256 = decode(MADE / listed["image"])
    for case in listed["cases"]:
        drawn = Augmentation.draw(image_key(listed["seed"], sha256, case["index"]))
        assert all(getattr(drawn, part) == case[part] for part in ("mirror", "degrees", "scale", "shift", "saturation"))
    assert all(str(live_key(c["seed"], c["epoch"], c["position"])) == c["key"] for c in listed["live"])


def test_bad_images_are_named_and_the_others_serve(tmp_path, capsys):
    folder = tmp_path / "images" / "deep"
    folder.mkdir(parents=True)
    good = (MADE / "same.png").read_bytes()
    (folder / "a.png").write_bytes(good)
    (folder / "again.png").write_bytes(good)
    (folder / "broken.png").write_bytes(good[:40])
    cv2.imwrite(str(folder / "oblong.png"), np.zeros((4, 6, 3), np.uint8))
    out = tmp_path / "t.targets.safetensors"
    assert main(arguments(folder.parent, out)) == 1
    said = capsys.readouterr().err
    assert "broken.png" in said and "6 × 4 px" in said and "1 rows" in said
    metadata, arrays = read(out)
    assert metadata["views"] == "plain" and arrays["image.sha256"].shape == (1, 32)
    assert arrays["image.sha256"].tobytes().hex() == decode(folder / "a.png")[1]


def test_nothing_is_written_when_it_fails(tmp_path, capsys):
    out = tmp_path / "t.targets.safetensors"
    cases = [
        (["--classes", "A,B"], "2 class names are given, but the network scores 4"),
        (["--layer", "nowhere"], "no layer 'nowhere'"),
        (["--views", "aug:0:1"], "names no views"),
        (["--mean", "1,1,1"], "belong together"),
        (["--images", str(tmp_path / "none")], "no such file"),
        (["--model", "fovea_teacher:nothing"], "nothing"),
        (["--model", str(tmp_path / "x.pth")], "x.pth"),
    ]
    for more, expected in cases:
        assert main(arguments(MADE, out, *more)) == 2
        assert expected in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_nan_stops_the_export_and_leaves_no_file(tmp_path, capsys):
    module = torch.load(TEACHER, weights_only=False)
    with torch.no_grad():
        module[2].bias[1] = float("nan")
    torch.save(module, tmp_path / "nan.pth")
    out = tmp_path / "t.targets.safetensors"
    assert main([*arguments(MADE, out), "--model", str(tmp_path / "nan.pth")]) == 2
    assert "not finite" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["nan.pth"]


def test_images_are_found_as_fovea_finds_them(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ["z.PNG", "b/y.tiff", "._z.png", "a.txt"]:
        (tmp_path / name).write_bytes(b"")
    images, failed = scan([tmp_path])
    assert images == [] and [Path(f.rsplit(": ", 1)[1]).name for f in failed] == ["y.tiff", "z.PNG"]
