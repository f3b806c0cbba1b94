"""Makes reference cases for `fovea audit` from full-size torchvision networks, in the layout of shared/golden/cam.

Weights are random from a fixed seed, batch norm statistics are settled by forward passes, maps come from pytorch-grad-cam. Nothing is
downloaded. The references are computed in float64 and rounded. A ReLU's input that is zero but for rounding errors has either sign in
float32, and a single such cell changes the gradient behind it by more than the audit's bound: two correct float32 programs then differ.
So `--search` looks for seeds whose networks can be told right from wrong in float32 at all, by PyTorch alone: no map may change by more
than half of its bound when PyTorch computes in float32, or in float64 when the image moves a little (see `nudge`). The seeds below were found so.
How far PyTorch's own float32 is stands in each case.json ("pytorch_float32"); `--affine wild` makes networks that are not so kind.

    pip install torch torchvision grad-cam onnx onnxscript onnxruntime safetensors
    python tests/reference/make_cam_cases.py --out /tmp/cam_cases [network ...]
    python tests/reference/cam_table.py --fovea target/release/fovea --device cpu /tmp/cam_cases
"""

import argparse
import copy
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
import torchvision
from pytorch_grad_cam import GradCAM, GradCAMElementWise, GradCAMPlusPlus, HiResCAM, LayerCAM, XGradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from safetensors.torch import save_file

# torchvision's DenseNet calls F.relu(..., inplace=True), which would change an activation that a hook has just handed out.
_relu = torch.nn.functional.relu
torch.nn.functional.relu = lambda x, inplace=False: _relu(x)

METHODS = [GradCAM, GradCAMElementWise, GradCAMPlusPlus, HiResCAM, LayerCAM, XGradCAM]

# Name: (constructor, seed, pixels, layers as module paths: the last feature map, one close to it, one or two further in).
NETWORKS = {
    "resnet50": (torchvision.models.resnet50, 1, 224, ["layer4", "layer4.1", "layer2"]),
    "efficientnet_b0": (torchvision.models.efficientnet_b0, 2, 224, ["features", "features.6", "features.4"]),
    "densenet121": (torchvision.models.densenet121, 603, 224, ["features", "features.denseblock3", "features.denseblock2"]),
    "mobilenet_v3_large": (torchvision.models.mobilenet_v3_large, 6404, 224, ["features", "features.13", "features.6"]),
    "convnext_tiny": (torchvision.models.convnext_tiny, 5, 224, ["features", "features.5", "features.3"]),
    "regnet_y_400mf": (torchvision.models.regnet_y_400mf, 6, 224, ["trunk_output", "trunk_output.block3", "trunk_output.block2"]),
    "shufflenet_v2_x1_0": (torchvision.models.shufflenet_v2_x1_0, 7, 224, ["conv5", "stage4", "stage3"]),
    "googlenet": (torchvision.models.googlenet, 3208, 224, ["inception5b", "inception5a", "maxpool4"]),
    "vgg16_bn": (torchvision.models.vgg16_bn, 309, 224, ["features", "features.42", "features.39", "features.36"]),
    "mnasnet1_0": (torchvision.models.mnasnet1_0, 10, 224, ["layers", "layers.13", "layers.10"]),
}
# Batch norm's (weight, bias) are drawn from these ranges, so that folding them is tested. With biases around 0 about as many cells
# lie at a ReLU's kink as can; with "settled" ones most do not, as in "wild".
AFFINE = {"settled": ((0.5, 1.5), (2.0, 3.0)), "open": ((0.5, 1.5), (1.0, 2.0)), "wild": ((0.5, 1.5), (-0.3, 0.3))}
CLASSES = 4
# How often an image is moved when a seed is looked for: two moves may miss what the third shows.
NUDGES = 12


def network(name, affine, seed=None):
    make, known, pixels, layers = NETWORKS[name]
    seed = known if seed is None else seed
    # Where nothing but pools and ReLUs follows, pools decide: larger biases leave less of a difference between their cells.
    affine = "open" if (name, affine) == ("vgg16_bn", "settled") else affine
    torch.manual_seed(seed)
    extra = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    model = make(weights=None, num_classes=CLASSES, **extra)
    for module in model.modules():
        # An in-place ReLU would change the activation that a hook has just handed out.
        if hasattr(module, "inplace"):
            module.inplace = False
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            weight, bias = AFFINE[affine]
            torch.nn.init.uniform_(module.weight, *weight)
            torch.nn.init.uniform_(module.bias, *bias)
    settle(model, pixels)
    return model.eval(), pixels, layers


def settle(model, pixels):
    """Two passes: the statistics of deep layers need settled shallow ones."""
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout) or type(module).__name__ == "StochasticDepth":
            module.eval()
    with torch.no_grad():
        for _ in range(2):
            for module in model.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.reset_running_stats()
            for _ in range(2):
                model(torch.rand(4, 3, pixels, pixels))


def forward(model, layers, x):
    """Scores, and the activation of each layer."""
    kept = {}
    hooks = [layer.register_forward_hook(lambda m, i, output, layer=layer: kept.update({layer: output})) for layer in layers]
    scores = model(x)
    [hook.remove() for hook in hooks]
    return scores, [kept[layer] for layer in layers]


def slopes(model, layer, x):
    """Activation of a layer, and for each class the gradient of its summed score there."""
    scores, [a] = forward(model, [layer], x)
    one = lambda c: torch.autograd.grad(scores[:, c].sum(), a, retain_graph=True)[0].numpy()
    return a.detach(), [one(c) for c in range(CLASSES)]


def maps(model, layer, x):
    """Activation and raw maps (N, classes, h, w) of every method, in the precision of `x`."""
    a, gradients = slopes(model, layer, x)
    out = {"activation": a}
    for method in METHODS:
        cam = method(model=model, target_layers=[layer])
        per_class = []
        for c, g in enumerate(gradients):
            targets = [ClassifierOutputTarget(c)] * len(x)
            per_class.append(cam.get_cam_image(x, layer, targets, a.numpy(), g, False))
        out[method.__name__] = torch.from_numpy(np.stack(per_class, 1))
        cam.activations_and_grads.release()
    return out


def formulas(a, g):
    """The maps that depend on a gradient, as METHODS has them, for one class."""
    area, mean = a.sum((2, 3), keepdim=True), g.mean((2, 3), keepdim=True)
    plus = torch.where(g != 0, g**2 / (2 * g**2 + area * g**3 + 1e-6), 0.0) * g.clamp(min=0)
    return {
        "GradCAM": (mean * a).sum(1),
        "GradCAMElementWise": (g * a).clamp(min=0).sum(1),
        "GradCAMPlusPlus": (plus.sum((2, 3), keepdim=True) * a).sum(1),
        "HiResCAM": (g * a).sum(1),
        "LayerCAM": (g.clamp(min=0) * a).sum(1),
        "XGradCAM": ((g * a).sum((2, 3), keepdim=True) / (area + 1e-7) * a).sum(1),
    }


def all_maps(model, layers, x):
    """Every layer's maps (N, classes, h, w) of every formula in one pass, and how far each moves with A and g by a millionth."""
    scores, kept = forward(model, [model.get_submodule(path) for path in layers], x)
    moved = lambda t: t * (1 + 1e-6 * (2 * torch.rand_like(t) - 1))
    out, own = {}, {}
    for c in range(CLASSES):
        for path, a, g in zip(layers, kept, torch.autograd.grad(scores[:, c].sum(), kept, retain_graph=True)):
            a = a.detach()
            near = formulas(moved(a), moved(g))
            for name, found in formulas(a, g).items():
                out.setdefault((path, name), []).append(found)
                own.setdefault((path, name), []).append(near[name])
    stack = lambda maps: {key: torch.stack(found, 1) for key, found in maps.items()}
    out, own = stack(out), stack(own)
    return out, {key: apart(own[key], out[key].double()) for key in out}


def nudge(model, exact, path, x):
    """How far an image has to move, as a share of its values, to move an activation twice as far as float32 does."""
    at = lambda m, x: forward(m, [m.get_submodule(path)], x)[1][0].detach()
    wanted = at(exact, x.double())
    by_rounding = apart(at(model, x), wanted)
    by_a_millionth = apart(at(exact, x.double() * (1 + 1e-6 * torch.randn_like(x.double()))), wanted)
    return 2e-6 * by_rounding / by_a_millionth


def shares(name, seed, affine):
    """For each other way to compute, the largest change of a map as a share of its bound, and which map."""
    model, pixels, layers = network(name, affine, seed)
    x = torch.rand(2, 3, pixels, pixels)
    exact = copy.deepcopy(model).double()
    wanted, own = all_maps(exact, layers, x.double())
    share = lambda found: max((apart(found[key], wanted[key]) / max(1e-3, 10 * own[key]), key) for key in wanted)
    yield share(all_maps(model, layers, x)[0])
    step = nudge(model, exact, layers[-1], x)
    for _ in range(NUDGES):
        yield share(all_maps(exact, layers, x.double() * (1 + step * torch.randn_like(x.double())))[0])


def search(name, affine):
    """The first seed whose network is well enough conditioned."""
    first = NETWORKS[name][1]
    for seed in range(first, first + 6000, 100):
        found, key = 0, None
        for found, key in shares(name, seed, affine):
            if found > 1 / 2:
                break
        print(f"{name} seed {seed}: {found:.2f} of the bound at {key}", flush=True)
        if found <= 1 / 2:
            return


def apart(found, wanted):
    """‖found − wanted‖ / ‖wanted‖."""
    return float((found.double() - wanted).norm() / wanted.norm())


def value_named(path, x, activation):
    """Name of the ONNX value that holds this activation, found by its numbers."""
    model = onnx.load(str(path))
    known = {o.name for o in model.graph.output}
    for node in model.graph.node:
        for name in node.output:
            if name and name not in known:
                model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    probe = path.with_name("probe.onnx")
    onnx.save(model, str(probe))
    session = onnxruntime.InferenceSession(str(probe), providers=["CPUExecutionProvider"])
    probe.unlink()
    names = [o.name for o in session.get_outputs()]
    values = session.run(names, {session.get_inputs()[0].name: x.numpy()})
    want = activation.numpy()
    # The closest, not the first that is close: behind large biases a ReLU changes few cells.
    errors = {n: float(np.linalg.norm(v - want)) for n, v in zip(names, values) if getattr(v, "shape", None) == want.shape}
    best = min(errors, key=errors.get, default=None)
    return best if best and errors[best] <= 1e-3 * np.linalg.norm(want) else None


def export(model, x, folder):
    torch.onnx.export(model, (x,), str(folder / "model.onnx"), opset_version=17, dynamo=False)
    torch.onnx.export(model, (x,), str(folder / "model_dynamo.onnx"), dynamo=True, external_data=True)


def make(name, out, affine):
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    model, pixels, layers = network(name, affine)
    x = torch.rand(2, 3, pixels, pixels)
    export(model, x, folder)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, str(folder / "model.safetensors"))
    exact = copy.deepcopy(model).double()
    with torch.no_grad():
        logits = exact(x.double())
        single = {"logits": apart(model(x), logits)}
    tensors = {"x": x, "logits": logits.float()}
    described = []
    for i, path in enumerate(layers):
        found = maps(exact, exact.get_submodule(path), x.double())
        own = maps(model, model.get_submodule(path), x)
        single.update({f"layer{i}.{k}": apart(own[k], v) for k, v in found.items()})
        tensors.update({f"layer{i}.{k}": v.float().contiguous() for k, v in found.items()})
        a = tensors[f"layer{i}.activation"]
        described.append(
            {
                "index": i,
                "module": path,
                "onnx_value": value_named(folder / "model.onnx", x, a),
                "onnx_value_dynamo": value_named(folder / "model_dynamo.onnx", x, a),
                "shape": list(a.shape[1:]),
            }
        )
    save_file(tensors, str(folder / "case.safetensors"))
    case = {"network": name, "input": [3, pixels, pixels], "classes": CLASSES, "affine": affine, "pytorch_float32": single, "layers": described}
    (folder / "case.json").write_text(json.dumps(case, indent=1))
    print(name, "logits", tensors["logits"][0].tolist(), [(d["module"], d["onnx_value"], d["onnx_value_dynamo"]) for d in described], flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("cam_cases"))
    parser.add_argument("--affine", choices=list(AFFINE), default="settled")
    parser.add_argument("--search", action="store_true", help="look for seeds instead")
    parser.add_argument("networks", nargs="*", metavar="network", default=list(NETWORKS))
    args = parser.parse_args()
    for name in args.networks:
        search(name, args.affine) if args.search else make(name, args.out, args.affine)


if __name__ == "__main__":
    main()
