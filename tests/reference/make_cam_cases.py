"""Makes reference cases for `fovea audit` from torchvision networks, in the layout of shared/golden/cam.

Everything is float32 on the CPU. Weights are random from a fixed seed, batch norm statistics are settled by forward passes,
maps come from pytorch-grad-cam. Nothing is downloaded.

    pip install torch torchvision grad-cam onnx onnxscript onnxruntime safetensors
    python tests/reference/make_cam_cases.py --out /tmp/cam_cases [network ...]
    cargo run --release -- audit /tmp/cam_cases/*
"""

import argparse
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

# Name: (constructor, seed, pixels, layers as module paths: last feature map first).
NETWORKS = {
    "resnet50": (torchvision.models.resnet50, 1, 224, ["layer4", "layer2"]),
    "efficientnet_b0": (torchvision.models.efficientnet_b0, 2, 224, ["features", "features.4"]),
    "densenet121": (torchvision.models.densenet121, 3, 224, ["features", "features.denseblock2"]),
    "mobilenet_v3_large": (torchvision.models.mobilenet_v3_large, 4, 224, ["features", "features.6"]),
    "convnext_tiny": (torchvision.models.convnext_tiny, 5, 224, ["features", "features.3"]),
    "regnet_y_400mf": (torchvision.models.regnet_y_400mf, 6, 224, ["trunk_output", "trunk_output.block2"]),
    "shufflenet_v2_x1_0": (torchvision.models.shufflenet_v2_x1_0, 7, 224, ["conv5", "stage3"]),
    "googlenet": (torchvision.models.googlenet, 8, 224, ["inception5b", "inception4a"]),
    "vgg16_bn": (torchvision.models.vgg16_bn, 9, 224, ["features.42", "features.22"]),
    "mnasnet1_0": (torchvision.models.mnasnet1_0, 10, 224, ["layers", "layers.10"]),
}
CLASSES = 4


def network(name):
    make, seed, pixels, layers = NETWORKS[name]
    torch.manual_seed(seed)
    extra = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    model = make(weights=None, num_classes=CLASSES, **extra)
    for module in model.modules():
        # An in-place ReLU would change the activation that a hook has just handed out.
        if hasattr(module, "inplace"):
            module.inplace = False
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            # Random affine parts, so that folding them is tested.
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.3, 0.3)
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


def maps(model, layer, x):
    """Activation and raw maps (N, classes, h, w) of every method."""
    out = {}
    for method in METHODS:
        cam = method(model=model, target_layers=[layer])
        per_class = []
        for c in range(CLASSES):
            targets = [ClassifierOutputTarget(c)] * len(x)
            scores = cam.activations_and_grads(x)
            model.zero_grad()
            sum(t(s) for t, s in zip(targets, scores)).backward(retain_graph=True)
            a = cam.activations_and_grads.activations[0].numpy()
            g = cam.activations_and_grads.gradients[0].numpy()
            per_class.append(cam.get_cam_image(x, layer, targets, a, g, False))
        out["activation"] = torch.from_numpy(a.copy())
        out[method.__name__] = torch.from_numpy(np.stack(per_class, 1).astype(np.float32))
        cam.activations_and_grads.release()
    return out


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
    for name, value in zip(names, values):
        if getattr(value, "shape", None) == want.shape and np.linalg.norm(value - want) <= 1e-3 * np.linalg.norm(want):
            return name
    return None


def export(model, x, folder):
    torch.onnx.export(model, (x,), str(folder / "model.onnx"), opset_version=17, dynamo=False)
    torch.onnx.export(model, (x,), str(folder / "model_dynamo.onnx"), dynamo=True, external_data=True)


def make(name, out):
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    model, pixels, layers = network(name)
    x = torch.rand(2, 3, pixels, pixels)
    with torch.no_grad():
        tensors = {"x": x, "logits": model(x)}
    export(model, x, folder)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, str(folder / "model.safetensors"))
    described = []
    for i, path in enumerate(layers):
        found = maps(model, model.get_submodule(path), x)
        tensors.update({f"layer{i}.{k}": v.contiguous() for k, v in found.items()})
        a = found["activation"]
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
    case = {"network": name, "input": [3, pixels, pixels], "classes": CLASSES, "layers": described}
    (folder / "case.json").write_text(json.dumps(case, indent=1))
    print(name, "logits", tensors["logits"][0].tolist(), [(d["module"], d["onnx_value"], d["onnx_value_dynamo"]) for d in described])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("networks", nargs="*", metavar="network", default=list(NETWORKS))
    args = parser.parse_args()
    for name in args.networks:
        make(name, args.out)


if __name__ == "__main__":
    main()
