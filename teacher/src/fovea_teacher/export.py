"""From a network and image files to a targets file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from . import images as pictures
from ._version import __version__
from .errors import TargetsError
from .images import Image
from .layout import VERSION, Writer, check_place
from .network import LONGEST, Network, Seen, refuse_probabilities
from .views import ViewSet


@dataclass
class Request:
    """What stands in the file beside the numbers, and how images meet the network."""

    classes: list[str]
    input_px: int
    views: ViewSet
    name: str
    um_per_px: float | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    batch: int = 8
    device: str = "cpu"
    progress: Callable[[int, int], None] = field(default=lambda done, of: None)
    announce: Callable[[int, int], None] = field(default=lambda rows, size: None)

    def tensor(self, batch: list[np.ndarray]) -> torch.Tensor:
        """(n, 3, px, px): value / 255, then (x - mean) / std where the network wants that."""
        x = torch.from_numpy(np.stack(batch)).to(self.device).permute(0, 3, 1, 2).to(torch.float32) / 255.0
        if self.mean is None:
            return x.contiguous()
        mean, std = (torch.tensor(v, device=self.device).view(1, 3, 1, 1) for v in (self.mean, self.std or (1.0,) * 3))
        return ((x - mean) / std).contiguous()


def export(network: Network, images: list[Image], request: Request, out: Path) -> None:
    """Writes what the network says about every view of every image. The file appears when it is complete."""
    if not images:
        raise TargetsError("there is no usable image")
    check_place(out)
    _check(request)
    network.module.to(request.device)
    views = request.views
    first = network.run(request.tensor([_picture(image, request) for image in images[: request.batch]]))
    refuse_probabilities(first.logits)
    metadata = _metadata(network, request, first)
    writer = Writer(out, metadata, len(images), views.count)
    rows = len(images) * views.count
    request.announce(rows, writer.bytes)
    with writer:
        if network.head is not None:
            bias = network.head.bias
            weight = network.head.weight.detach().float().cpu().numpy()
            writer.put("head.weight", 0, weight)
            writer.put("head.bias", 0, np.zeros(len(weight)) if bias is None else bias.detach().float().cpu().numpy())
        waiting: list[np.ndarray] = []
        done = 0
        for index, image in enumerate(images):
            rgb = _picture(image, request)
            writer.put("image.sha256", index, np.frombuffer(bytes.fromhex(image.sha256), np.uint8)[None])
            for view in range(views.count):
                waiting.append(views.apply(rgb, image.sha256, view))
                if len(waiting) == request.batch:
                    done = _flush(network, request, writer, waiting, done)
                    request.progress(done, rows)
        if waiting:
            done = _flush(network, request, writer, waiting, done)
            request.progress(done, rows)


# Most classes that Fovea's reader takes.
_MOST_CLASSES = 4096


def _check(request: Request) -> None:
    """What Fovea's reader would refuse (`Metadata::validate` in `app/distill/src/targets/meta.rs`), before the Teacher runs."""
    classes, um = request.classes, request.um_per_px
    if not 1 <= len(classes) <= _MOST_CLASSES:
        raise TargetsError(f"{len(classes)} class names are given; from 1 to {_MOST_CLASSES} are possible")
    seen = set()
    for name in classes:
        if name in seen:
            raise TargetsError(f"two classes are named '{name}'")
        seen.add(name)
    for text in [request.name, *classes]:
        if len(text.encode()) > LONGEST:
            raise TargetsError(f"a name is longer than {LONGEST} bytes: {text[:80]}…")
    if request.input_px < 1 or request.batch < 1:
        raise TargetsError(f"the input is {request.input_px} px, the batch {request.batch}: both are at least 1")
    if um is not None and not 0 < um < float("inf"):
        raise TargetsError(f"{um} µm/px is no positive number")


def _picture(image: Image, request: Request) -> np.ndarray:
    rgb, sha256 = pictures.decode(image.path)
    if sha256 != image.sha256:
        raise TargetsError(f"the file has changed since it was first read: {image.path}")
    return pictures.to_side(rgb, request.input_px)


def _flush(network: Network, request: Request, writer: Writer, waiting: list[np.ndarray], row: int) -> int:
    seen = network.run(request.tensor(waiting))
    writer.put("logits", row, seen.logits)
    if seen.pooled is not None:
        writer.put("pooled", row, seen.pooled)
    for i, values in enumerate(seen.attention):
        writer.put(f"attention.{i}", row, values)
    for i, values in enumerate(seen.features):
        writer.put(f"features.{i}", row, values)
    row += len(waiting)
    waiting.clear()
    return row


def _metadata(network: Network, request: Request, seen: Seen) -> dict:
    classes = seen.logits.shape[1]
    if len(request.classes) != classes:
        raise TargetsError(f"{len(request.classes)} class names are given, but the network scores {classes} classes")
    attention = [
        {"layer": layer.name, "level": layer.level, "form": network.form, "grid": list(values.shape[1:3])}
        for layer, values in zip(network.attention, seen.attention)
    ]
    features = [
        {"layer": layer.name, "level": layer.level, "shape": list(values.shape[1:])}
        for layer, values in zip(network.features, seen.features)
    ]
    return {
        "version": VERSION,
        "teacher": {"name": request.name, "sha256": network.weights_sha256()},
        "classes": request.classes,
        "input_px": request.input_px,
        "um_per_px": request.um_per_px,
        "views": str(request.views),
        "attention": attention,
        "features": features,
        "pooled": None if seen.pooled is None else seen.pooled.shape[1],
        "program": f"fovea-teacher {__version__}, torch {torch.__version__}",
    }
