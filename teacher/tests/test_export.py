import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from fovea_teacher import Augmentation, cli, read
from fovea_teacher.cli import main
from fovea_teacher.images import decode, find, scan
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
        (["--layer", "0.4.28", "0.4.28"], "names the layer '0.4.28' twice"),
        (["--features", "0.4.28", "0.4.28"], "names the layer '0.4.28' twice"),
        (["--classes", "A,B,A,C"], "two classes are named 'A'"),
        (["--classes", "A,B,C," + "D" * 1025], "longer than 1024 bytes"),
        (["--name", "é" * 513], "longer than 1024 bytes"),
        (["--classes", ",".join(map(str, range(4097)))], "4097 class names"),
        (["--out", str(tmp_path)], "this is a folder"),
        (["--device", "nowhere"], "fovea-teacher: RuntimeError: "),
    ]
    for more, expected in cases:
        assert main(arguments(MADE, out, *more)) == 2, expected
        said = capsys.readouterr().err
        assert expected in said and "Traceback" not in said
        assert len([line for line in said.splitlines() if line.startswith("fovea-teacher: ")]) == 1
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


def test_a_file_that_training_would_not_read_is_announced(tmp_path, capsys, monkeypatch):
    out = tmp_path / "t.targets.safetensors"
    assert main(arguments(MADE / "same.png", out)) == 0
    assert "warning" not in capsys.readouterr().err
    monkeypatch.setattr(cli, "LARGEST", 1000)
    assert main(arguments(MADE / "same.png", out)) == 0
    assert "trains from files of at most 1000 bytes" in capsys.readouterr().err


def test_images_are_found_as_fovea_finds_them(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ["z.PNG", "b/y.tiff", "._z.png", "a.txt"]:
        (tmp_path / name).write_bytes(b"")
    images, failed = scan([tmp_path])
    assert images == [] and [Path(f.rsplit(": ", 1)[1]).name for f in failed] == ["y.tiff", "z.PNG"]


def test_linked_folders_are_searched_once_and_unreadable_ones_named(tmp_path, monkeypatch):
    real = tmp_path / "real"
    (real / "deep").mkdir(parents=True)
    (real / "deep" / "a.png").write_bytes(b"")
    here = tmp_path / "here"
    here.mkdir()
    (here / "z.png").write_bytes(b"")
    (here / "closed").mkdir()
    (here / "linked").symlink_to(real, target_is_directory=True)
    # Both would go round for ever.
    (real / "deep" / "up").symlink_to(here, target_is_directory=True)
    (real / "self").symlink_to(real, target_is_directory=True)
    listed = os.listdir

    def listdir(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "listdir", listdir)
    found, failed = find([here])
    assert [str(p.relative_to(here)) for p in found] == ["linked/deep/a.png", "z.png"]
    assert failed == [f"cannot read the folder: Permission denied: {here / 'closed'}"]
    (tmp_path / "empty").mkdir()
    assert find([tmp_path / "empty"]) == ([], [f"no PNG, JPEG or TIFF file in this folder: {tmp_path / 'empty'}"])
