import errno
import os

import numpy as np
import pytest

from fovea_teacher import layout
from fovea_teacher.errors import TargetsError
from fovea_teacher.layout import Writer, check_place, read

METADATA = {"version": 1, "classes": ["a", "b"], "attention": [], "features": [], "pooled": None}


def fill(path):
    with Writer(path, METADATA, 1, 1) as writer:
        writer.put("image.sha256", 0, np.zeros((1, 32), np.uint8))
        writer.put("logits", 0, np.ones((1, 2)))


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_has_its_name_when_it_is_complete(tmp_path):
    fill(tmp_path / "x")
    assert os.listdir(tmp_path) == ["x"] and read(tmp_path / "x")[1]["logits"].tolist() == [[1, 1]]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, monkeypatch, call):
    monkeypatch.setattr(layout.os, call, full)
    with pytest.raises(TargetsError, match="cannot write .No space left on device.*x"):
        fill(tmp_path / "x")
    assert os.listdir(tmp_path) == []


def test_a_disk_that_is_full_from_the_start_or_while_rows_are_written(tmp_path):
    class Full:
        def __init__(self, file):
            self.file = file

        close = property(lambda self: self.file.close)
        seek = write = full

    writer = Writer(tmp_path / "x", METADATA, 1, 1)
    with pytest.raises(TargetsError, match="No space left"), writer:
        writer._file = Full(writer._file)
        writer.put("logits", 0, np.ones((1, 2)))
    assert os.listdir(tmp_path) == []
    writer = Writer(tmp_path / "y", METADATA, 1, 1)
    writer.bytes = -1
    with pytest.raises(TargetsError, match="cannot write.*y"), writer:
        pass
    assert os.listdir(tmp_path) == []


def test_another_error_takes_the_unfinished_file_away(tmp_path):
    with pytest.raises(KeyboardInterrupt), Writer(tmp_path / "x", METADATA, 1, 1):
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_places_where_nothing_can_be_written(tmp_path):
    check_place(tmp_path / "x")
    with pytest.raises(TargetsError, match="this is a folder"):
        check_place(tmp_path)
    with pytest.raises(TargetsError, match="no such folder"):
        check_place(tmp_path / "none" / "x")
