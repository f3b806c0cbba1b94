"""`fovea-teacher export` and `fovea-teacher info`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import images, load
from .errors import TargetsError
from .export import Request, export
from .layout import LARGEST, check_place, read
from .network import FORMS, Layer, Network
from .views import ViewSet


def _three(text: str) -> tuple[float, float, float]:
    values = tuple(float(v) for v in text.split(","))
    if len(values) != 3:
        raise argparse.ArgumentTypeError("three numbers: red,green,blue")
    return values


def _positive(kind):
    def parse(text: str):
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError("a positive number")
        return value

    return parse


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fovea-teacher", description="Teacher targets for Fovea from PyTorch modules.")
    actions = parser.add_subparsers(dest="action", required=True)
    run = actions.add_parser("export", help="run a Teacher over images and write what it says")
    add = run.add_argument
    add("--model", required=True, help="a pickled module (.pth, .pt; runs its author's code) or package.module:factory")
    add("--weights", type=Path, help="state dict (.pt, .safetensors) for the factory's module")
    add("--images", required=True, nargs="+", type=Path, help="square images and folders, searched at any depth")
    add("--layer", required=True, nargs="+", metavar="NAME[=LEVEL]", help="layers of the attention maps; the last block is LEVEL -1")
    add("--form", choices=FORMS, default="positive", help="arithmetic of the maps (default: positive, AT+)")
    add("--features", nargs="+", default=[], metavar="NAME[=LEVEL]", help="layers whose feature maps are written (large)")
    add("--classes", required=True, help="class names in the order of the scores: A,B,…")
    add("--input", required=True, type=_positive(int), metavar="PX", help="side of the image the Teacher takes")
    add("--um-per-px", type=_positive(float), help="micrometres per pixel of that image")
    add("--mean", type=_three, help="R,G,B of values from 0 to 1 that the input is freed of")
    add("--std", type=_three, help="R,G,B that it is divided by")
    add("--views", type=str, default="plain", help="plain, dihedral8 or aug:K:SEED")
    add("--name", help="the Teacher's name (default: the model's file name)")
    add("--batch", type=_positive(int), default=8)
    add("--device", default="cpu", help="torch device (default: cpu)")
    add("--out", required=True, type=Path, metavar="FILE", help="NAME.targets.safetensors")
    info = actions.add_parser("info", help="print the metadata of a targets file")
    info.add_argument("file", type=Path)
    return parser


def _export(args: argparse.Namespace) -> int:
    if (args.mean is None) != (args.std is None):
        raise TargetsError("--mean and --std belong together")
    check_place(args.out)
    layers = [Layer.parse(text) for text in args.layer]
    if all(layer.level is None for layer in layers):
        print(f"note: '{layers[0].name}' is taken for the last block (level -1)", file=sys.stderr)
        layers[0] = Layer(layers[0].name, -1)
    levels = {layer.name: layer.level for layer in layers}
    features = [Layer.parse(text) for text in args.features]
    features = [f if f.level is not None else Layer(f.name, levels.get(f.name)) for f in features]
    network = Network(load.module(args.model, args.weights), layers, features, args.form)
    found, failed = images.scan(args.images)
    for reason in failed:
        print(reason, file=sys.stderr)
    request = Request(
        classes=[name.strip() for name in args.classes.split(",")],
        input_px=args.input,
        views=ViewSet.parse(args.views),
        name=args.name or Path(args.model).name,
        um_per_px=args.um_per_px,
        mean=args.mean,
        std=args.std,
        batch=args.batch,
        device=args.device,
        progress=_progress,
        announce=_announce,
    )
    export(network, found, request, args.out)
    print(f"written: {args.out}")
    return 1 if failed else 0


def _announce(rows: int, size: int) -> None:
    print(f"{rows} rows, {size} bytes", file=sys.stderr)
    if size > LARGEST:
        more = "take fewer images, views or feature maps"
        print(f"warning: Fovea trains from files of at most {LARGEST} bytes, this one will be larger: {more}", file=sys.stderr)


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{of}", end="\n" if done == of else "", file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    """Exit codes as Fovea's: 0 all fine, 1 some images failed, 2 nothing was done."""
    args = _parser().parse_args(argv)
    try:
        if args.action == "export":
            return _export(args)
        metadata, arrays = read(args.file)
        print(json.dumps(metadata | {"images": len(arrays["image.sha256"])}, indent=2, ensure_ascii=False))
        return 0
    except TargetsError as e:
        print(f"fovea-teacher: {e}", file=sys.stderr)
    except Exception as e:
        # The Teacher's own code, or torch's; its words may be many lines.
        words = " ".join(str(e).split())
        print(f"fovea-teacher: {type(e).__name__}{': ' if words else ''}{words}", file=sys.stderr)
    return 2
