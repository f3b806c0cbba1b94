"""Modules from files and factories."""

from __future__ import annotations

import importlib
from pathlib import Path

import torch
from torch import nn

from .errors import TargetsError


def module(model: str, weights: Path | None = None) -> nn.Module:
    """`model` is a pickled module (.pth, .pt) or `package.module:factory`; `weights` a state dict for the latter.

    A pickled module runs code of whoever made it: take it only from people you trust.
    """
    if Path(model).suffix in {".pth", ".pt"}:
        return _pickled(Path(model))
    name, _, factory = model.partition(":")
    if not factory:
        raise TargetsError(f"'{model}' is neither a .pth or .pt file nor 'package.module:factory'")
    try:
        made = getattr(importlib.import_module(name), factory)()
    except (ImportError, AttributeError) as e:
        raise TargetsError(f"{e}: {model}") from e
    if not isinstance(made, nn.Module):
        raise TargetsError(f"the factory made {type(made).__name__}, not a torch module: {model}")
    if weights is None:
        raise TargetsError(f"a factory needs --weights, else the Teacher would be untrained: {model}")
    try:
        made.load_state_dict(_state(weights))
    except RuntimeError as e:
        raise TargetsError(f"{e}: {weights}") from e
    return made


def _pickled(path: Path) -> nn.Module:
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=False)
    except Exception as e:  # torch raises many kinds
        raise TargetsError(f"cannot be read ({type(e).__name__}: {e}): {path}") from e
    if not isinstance(loaded, nn.Module):
        raise TargetsError(f"holds {type(loaded).__name__}, not a module; use 'package.module:factory' with --weights: {path}")
    return loaded


def _state(path: Path) -> dict[str, torch.Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as e:
        raise TargetsError(f"cannot be read ({type(e).__name__}: {e}): {path}") from e
