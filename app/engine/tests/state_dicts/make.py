"""Residual networks in small, built of torchvision's own blocks under torchvision's names: writes NAME.safetensors (the state dict) and
NAME.case.safetensors (`x`, two images, and PyTorch's `logits`).

    pip install torch torchvision safetensors
    python app/engine/tests/state_dicts/make.py
"""

import pathlib

import torch
from safetensors.torch import save_file
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet


def thin(block, blocks, width, groups=1):
    """torchvision's ResNet with all widths of a network whose stem has `width` channels instead of 64."""
    model = ResNet(block, [1, 1, 1, 1], num_classes=3)
    model.groups, model.base_width = groups, 64
    model.inplanes, model.dilation = width, 1
    model.conv1 = torch.nn.Conv2d(3, width, 7, 2, 3, bias=False)
    model.bn1 = torch.nn.BatchNorm2d(width)
    model.layer1 = model._make_layer(block, width, blocks[0])
    model.layer2 = model._make_layer(block, 2 * width, blocks[1], stride=2)
    model.layer3 = model._make_layer(block, 4 * width, blocks[2], stride=2)
    model.layer4 = model._make_layer(block, 8 * width, blocks[3], stride=2)
    model.fc = torch.nn.Linear(8 * width * block.expansion, 3)
    return model


def settle(model):
    """Batch norm with random affine parts and statistics of random images."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.3, 0.3)
    model.train()
    for _ in range(4):
        model(torch.rand(8, 3, 64, 64))
    return model.eval()


def main():
    folder = pathlib.Path(__file__).parent
    cases = {
        "resnet": (BasicBlock, [2, 1, 2, 1], 4, 1),
        "resnext": (Bottleneck, [1, 2, 1, 1], 4, 2),
    }
    for seed, (name, (block, blocks, width, groups)) in enumerate(cases.items()):
        torch.manual_seed(seed)
        model = settle(thin(block, blocks, width, groups))
        x = torch.rand(2, 3, 64, 64)
        with torch.no_grad():
            logits = model(x)
        save_file({k: v.clone() for k, v in model.state_dict().items()}, folder / f"{name}.safetensors")
        save_file({"x": x, "logits": logits}, folder / f"{name}.case.safetensors")
        print(name, logits.tolist())


if __name__ == "__main__":
    main()
