"""Makes the files beside it with PyTorch (2.15 made those committed): `python make.py`. Small odd checkpoints, with what PyTorch says they hold."""

import os
import torch
from safetensors.torch import save_file
from torch import nn

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.manual_seed(3)
# The legacy format stores the source of every module class, with the path it has on this machine: keep a stub.
torch.serialization.get_source_lines_and_file = lambda cls: (["class Module: pass\n"], 0, "module.py")

# Views, element types and shared storages, as state dicts.
base = torch.randn(6, 8)
odd = {
    "plain": base,
    "transposed": base.t(),
    "offset": base[2:4],
    "sliced": base[1::2, 2:7:3],
    "expanded": torch.randn(3, 1).expand(3, 5),
    "channels_last": torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
    "scalar": torch.tensor(1.25),
    "half": torch.randn(5).half(),
    "bfloat16": torch.randn(5).bfloat16(),
    "double": torch.randn(5).double(),
    "int64": torch.tensor([-3, 0, 1 << 20]),
    "int32": torch.tensor([-3, 7], dtype=torch.int32),
    "int16": torch.tensor([-3, 7], dtype=torch.int16),
    "int8": torch.tensor([-3, 7], dtype=torch.int8),
    "uint8": torch.tensor([3, 250], dtype=torch.uint8),
    "bool": torch.tensor([True, False]),
    "bn.num_batches_tracked": torch.tensor(12),
}
expected = {k: v.float().clone(memory_format=torch.contiguous_format) for k, v in odd.items() if "tracked" not in k}
save_file(expected, "odd_tensors.safetensors")
torch.save(odd, "odd_tensors.pt")
torch.save(odd, "odd_tensors_protocol4.pt", pickle_protocol=4)
torch.save(odd, "odd_tensors_protocol5.pt", pickle_protocol=5)
torch.save(odd, "odd_tensors_legacy.pt", _use_new_zipfile_serialization=False)
wrapped = {"epoch": 3, "best": 0.5, "optimizer": {"state": {}, "param_groups": [{"lr": 1e-4}]}}
torch.save({**wrapped, "state_dict": {f"module.{k}": v for k, v in odd.items()}}, "odd_tensors_wrapped.pt")

# A Sequential with every kind of layer, and its scores.
net = nn.Sequential(
    nn.Sequential(nn.Conv2d(3, 6, 3, padding="same", dilation=2), nn.BatchNorm2d(6), nn.LeakyReLU(0.1)),
    nn.Sequential(nn.Conv2d(6, 6, (3, 2), stride=(2, 1), padding=(1, 0), groups=3, bias=False), nn.SiLU(), nn.Dropout2d(0.3)),
    nn.MaxPool2d(3, 2, padding=1, ceil_mode=True),
    nn.Conv2d(6, 8, 1),
    nn.BatchNorm2d(8, affine=False),
    nn.GELU(),
    nn.AvgPool2d(2, padding=1, count_include_pad=False),
    nn.AdaptiveAvgPool2d((1, 1)),
    nn.Flatten(),
    nn.Linear(8, 5),
    nn.BatchNorm1d(5),
    nn.Identity(),
    nn.ReLU6(),
    nn.Linear(5, 3),
    nn.LogSoftmax(dim=1),
)
with torch.no_grad():
    for _ in range(3):
        net(torch.randn(8, 3, 21, 21))
net.eval()
x = torch.rand(2, 3, 21, 21)
save_file({"x": x, "logits": net[:-1](x).detach().contiguous()}, "odd_module.safetensors")
torch.save(net, "odd_module.pth")
torch.save(net, "odd_module_legacy.pth", _use_new_zipfile_serialization=False)
net[3].bias.data[2] = float("nan")
torch.save(net, "odd_module_nan.pth")


class Own(nn.Module):
    def forward(self, x):
        return x


torch.save(nn.Sequential(nn.Conv2d(3, 4, 3), Own()), "own_class.pth")
