"""Any torch module as a Teacher: hooks catch the named layers, autograd gives the gradients of the logits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from .errors import TargetsError

FORMS = ("positive", "relu", "signed")
# What Fovea's reader takes (`app/distill/src/targets/meta.rs`).
_MOST_LAYERS = 64
LONGEST = 1024


@dataclass(frozen=True)
class Layer:
    """A module by its name in `named_modules`, with the level (-1 = last block) that training may call it by."""

    name: str
    level: int | None = None

    @staticmethod
    def parse(text: str) -> Layer:
        name, _, level = text.rpartition("=")
        if not name:
            return Layer(text)
        if not level.lstrip("-").isdigit() or int(level) >= 0:
            raise TargetsError(f"'{level}' is no level (-1 is the last block): {text}")
        return Layer(name, int(level))


@dataclass
class Seen:
    """What the Teacher says about a batch; arrays are float32."""

    logits: np.ndarray  # (n, classes)
    pooled: np.ndarray | None  # (n, k)
    attention: list[np.ndarray]  # (n, h, w, classes) each
    features: list[np.ndarray]  # (n, k, h, w) each


class Network:
    """A module in evaluation mode with its layers named."""

    def __init__(self, module: nn.Module, attention: list[Layer], features: list[Layer] = (), form: str = "positive"):
        if form not in FORMS:
            raise TargetsError(f"'{form}' is no form: {', '.join(FORMS)}")
        self.module = module.eval()
        self.attention = list(attention)
        self.features = list(features)
        self.form = form
        self.head: nn.Linear | None = None
        for p in module.parameters():
            p.requires_grad_(False)
        self._named = dict(module.named_modules())
        for layer in [*self.attention, *self.features]:
            if layer.name not in self._named or not layer.name:
                known = ", ".join(list(self._named)[1:12])
                raise TargetsError(f"the module has no layer '{layer.name}'; its first are {known}")
        _distinct(self.attention, "--layer")
        _distinct(self.features, "--features")

    def weights_sha256(self) -> str:
        """The hash Fovea has for the same weights: name-sorted floating tensors of the state dict as float32."""
        digest = hashlib.sha256()

        def part(data: bytes) -> None:
            digest.update(len(data).to_bytes(8, "little"))
            digest.update(data)

        state = {n: t for n, t in self.module.state_dict().items() if t.is_floating_point()}
        for name in sorted(state, key=lambda n: n.encode()):
            values = state[name].detach().cpu().to(torch.float32).contiguous().numpy().astype("<f4")
            part(name.encode())
            part(b"F32")
            part(np.asarray(values.shape, "<u8").tobytes())
            part(values.tobytes())
        return digest.hexdigest()

    def run(self, images: torch.Tensor) -> Seen:
        """`images`: (n, 3, px, px) as the module takes them."""
        caught: dict[str, torch.Tensor] = {}
        linears: list[tuple[nn.Linear, torch.Tensor, torch.Tensor]] = []
        softmaxes: list[tuple[torch.Tensor, torch.Tensor]] = []
        hooks = self._hooks(caught, linears, softmaxes)
        try:
            with torch.enable_grad():
                logits = _before_softmax(self.module(images.requires_grad_(True)), softmaxes)
                if logits.dim() != 2:
                    raise TargetsError(f"the module gives {tuple(logits.shape)}, not one row of scores per image")
                maps = [self._attention(logits, self._caught(caught, layer)) for layer in self.attention]
        finally:
            for hook in hooks:
                hook.remove()
        self.head, pooled = next(((m, x) for m, x, y in linears if y is logits), (None, None))
        features = [self._caught(caught, layer).detach() for layer in self.features]
        as_array = lambda t: t.detach().to(torch.float32).cpu().numpy()  # noqa: E731
        pooled = None if pooled is None else as_array(pooled)
        return Seen(as_array(logits), pooled, [as_array(m) for m in maps], [as_array(f) for f in features])

    def _hooks(self, caught, linears, softmaxes):
        def catch(name):
            def hook(_module, _inputs, output):
                if not isinstance(output, torch.Tensor):
                    raise TargetsError(f"the layer '{name}' gives {type(output).__name__}, not a tensor")
                caught[name] = output
                # A ReLU behind it may work in place: it gets a copy.
                return output.clone()

            return hook

        hooks = []
        for name in {layer.name for layer in [*self.attention, *self.features]}:
            hooks.append(self._named[name].register_forward_hook(catch(name)))
        for module in self._named.values():
            if isinstance(module, nn.Linear):
                hooks.append(module.register_forward_hook(lambda m, x, y: linears.append((m, x[0], y))))
            elif isinstance(module, (nn.Softmax, nn.LogSoftmax)):
                hooks.append(module.register_forward_hook(lambda _m, x, y: softmaxes.append((x[0], y))))
        return hooks

    def _caught(self, caught, layer: Layer) -> torch.Tensor:
        found = caught.get(layer.name)
        if found is None or found.dim() != 4:
            what = "did not run" if found is None else f"gives {tuple(found.shape)}, not (n, channels, height, width)"
            raise TargetsError(f"the layer '{layer.name}' {what}")
        return found

    def _attention(self, logits: torch.Tensor, activation: torch.Tensor) -> torch.Tensor:
        """(n, h, w, classes): positive Σ_k relu(mean(g_k)·A_k), relu relu(Σ_k mean(g_k)·A_k), signed Σ_k mean(g_k)·A_k."""
        maps = []
        for score in logits.sum(0):
            (gradient,) = torch.autograd.grad(score, activation, retain_graph=True)
            weighted = gradient.mean((2, 3), keepdim=True) * activation.detach()
            weighted = weighted.relu() if self.form == "positive" else weighted
            summed = weighted.sum(1)
            maps.append(summed.relu() if self.form == "relu" else summed)
        return torch.stack(maps, -1)


def _distinct(layers: list[Layer], option: str) -> None:
    """What Fovea's reader would refuse, before the module runs."""
    if len(layers) > _MOST_LAYERS:
        raise TargetsError(f"{option} names {len(layers)} layers; {_MOST_LAYERS} is the most")
    seen = set()
    for layer in layers:
        if layer.name in seen:
            raise TargetsError(f"{option} names the layer '{layer.name}' twice")
        if len(layer.name.encode()) > LONGEST:
            raise TargetsError(f"the name of a layer is longer than {LONGEST} bytes: {layer.name[:80]}…")
        seen.add(layer.name)


def refuse_probabilities(logits: np.ndarray) -> None:
    """A softmax inside `forward` is no module and cannot be left out: what it gives is no logits."""
    if logits.shape[1] < 2:
        return
    # Cut above 1, where no logarithm of a probability is.
    for scores, what in [(logits, "probabilities"), (np.exp(np.minimum(logits, 1)), "logarithms of probabilities")]:
        if (scores >= 0).all() and (np.abs(scores.sum(1) - 1) <= 1e-4).all():
            raise TargetsError(
                f"the module's output looks like {what}, but targets hold logits: leave the softmax at the end of its forward() out"
            )


def _before_softmax(output, softmaxes) -> torch.Tensor:
    """The logits behind a module that ends in softmax."""
    if not isinstance(output, torch.Tensor):
        raise TargetsError(f"the module gives {type(output).__name__}, not a tensor of scores")
    return next((x for x, y in softmaxes if y is output), output)
