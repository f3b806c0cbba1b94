import numpy as np
import pytest

from fovea_teacher.errors import TargetsError
from fovea_teacher.views import Augmentation, Draws, ViewSet, image_key, live_key, turn


def picture(px):
    i = np.arange(px * px * 3)
    return ((i * 37 + i // 3 * 11 + i * i % 61) % 256).astype(np.uint8).reshape(px, px, 3)


def test_splitmix64_as_published():
    draws = Draws(1234567)
    assert [draws.bits() for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_every_part_of_a_key_counts():
    digest = "0123456789abcdef" * 4
    keys = {image_key(1, digest, 0), image_key(2, digest, 0), image_key(1, digest, 1), image_key(1, digest[:-1] + "0", 0)}
    keys |= {live_key(1, 0, 0), live_key(0, 1, 0), live_key(0, 0, 1)}
    assert len(keys) == 7


def test_neutral_parts_change_nothing():
    rgb = picture(7)
    assert (Augmentation().apply(rgb) == rgb).all()
    mirrored = Augmentation(mirror=True).apply(rgb)
    assert (mirrored == rgb[:, ::-1]).all()


def test_parts_do_what_they_say():
    rgb = picture(20)
    shifted = Augmentation(shift=0.05).apply(rgb)
    assert (shifted[:, 1:] == rgb[:, :-1]).all() and (shifted[:, 0] == rgb[:, 0]).all()
    # Right goes down.
    assert (Augmentation(degrees=90.0).apply(rgb) == np.rot90(rgb, -1)).all()
    grey = np.full((20, 20, 3), 100, np.uint8)
    assert (Augmentation(scale=1.2, degrees=30.0, brightness=1.1, contrast=0.9).apply(grey) == 110).all()


def test_turns_are_eight_different_ones():
    rgb = picture(5)
    assert (turn(rgb, 0) == rgb).all()
    assert (turn(rgb, 1) == rgb[:, ::-1]).all() and (turn(rgb, 2) == rgb[::-1]).all()
    assert (turn(rgb, 4) == rgb.transpose(1, 0, 2)).all()
    assert len({turn(rgb, i).tobytes() for i in range(8)}) == 8


def test_sets_as_text():
    for text in ["plain", "dihedral8", "aug:4:18446744073709551615"]:
        assert str(ViewSet.parse(text)) == text
    for text in ["", "Plain", "aug", "aug:0:1", "aug:4097:1", "aug:+3:1", "aug:03:1", "aug:1:18446744073709551616"]:
        with pytest.raises(TargetsError, match="names no views"):
            ViewSet.parse(text)
