"""How much of the grade a small network reads from a drawn set at full and at lower magnification.

    fovea synth --out SET --train 1500 --validation 40 --test 600 --seed 1
    python3 tests/reference/measure_synth_gap.py SET 1 4 8

trains the thin VGG16 of METHOD.md (widths / 8) from random weights on the training patches, once for each factor k: the
picture is average-pooled k x k and brought back by bilinear interpolation. Prints balanced accuracy on the test
patches after every third epoch, and the CPU time spent. Needs torch, numpy, pillow, openpyxl. Weights start at random; each layer is then
scaled on some patches to mean 0 and deviation 1, since twelve layers without normalisation need many epochs to leave chance otherwise.
"""

import sys
import time
from pathlib import Path

import numpy as np
import openpyxl
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

EPOCHS, BATCH, RATE = 6, 16, 1e-3
BLOCKS = [(2, 8), (2, 16), (3, 32), (3, 64), (3, 64)]


def read(root, table):
    sheet = openpyxl.load_workbook(root / "partition" / table).active
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    labels = torch.tensor([row[1:5].index(1) for row in rows])
    pictures = np.stack([np.asarray(Image.open(root / "images" / row[0])) for row in rows])
    return torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()), labels


def view(pictures, k):
    x = pictures.float() / 255
    return x if k == 1 else F.interpolate(F.avg_pool2d(x, k), scale_factor=k, mode="bilinear", align_corners=True)


def network(some):
    layers, channels = [], 3
    for block, (count, width) in enumerate(BLOCKS):
        for i in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    layers = layers[:-2]  # block 5 ends before its ReLU, without a pool
    with torch.no_grad():
        for layer in layers:
            some = layer(some)
            if isinstance(layer, nn.Conv2d):
                mean, deviation = some.mean((0, 2, 3)), some.std((0, 2, 3)) + 1e-6
                layer.weight /= deviation[:, None, None, None]
                layer.bias.sub_(mean).div_(deviation)
                some = (some - mean[:, None, None]) / deviation[:, None, None]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 4))


def balanced_accuracy(model, pictures, labels, k):
    with torch.no_grad():
        guesses = torch.cat([model(view(part, k)).argmax(1) for part in pictures.split(64)])
    return float(np.mean([(guesses[labels == c] == c).float().mean().item() for c in range(4)]))


def run(train, test, k):
    torch.manual_seed(0)
    np.random.seed(0)
    (pictures, labels), started = train, time.process_time()
    model = network(view(pictures[:64], k))
    optimiser = torch.optim.Adam(model.parameters(), RATE, eps=1e-8)
    per_epoch = len(labels) // BATCH
    for step in range(EPOCHS * per_epoch):
        if step % per_epoch == 0:
            order, total = torch.randperm(len(labels)), 0.0
        chosen = order[step % per_epoch * BATCH:][:BATCH]
        x = view(pictures[chosen], k)
        turn = np.random.randint(8)
        x = x.flip(3) if turn & 1 else x
        x = x.flip(2) if turn & 2 else x
        x = x.transpose(2, 3) if turn & 4 else x
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 50) * (0.05 + 0.95 * (1 - step / (EPOCHS * per_epoch)))
        loss = F.cross_entropy(model(x), labels[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item()
        epoch, rest = divmod(step + 1, per_epoch)
        if rest == 0 and (epoch % 3 == 0 or epoch == EPOCHS):
            accuracy = balanced_accuracy(model, *test, k)
            seconds = time.process_time() - started
            print(f"k {k} epoch {epoch}: loss {total / per_epoch:.3f}, balanced accuracy {accuracy:.3f}, {seconds:.0f} s CPU", flush=True)


def main():
    torch.set_num_threads(1)
    root = Path(sys.argv[1])
    train, test = read(root, "Validation/Val1/Train.xlsx"), read(root, "Test/Test.xlsx")
    for k in map(int, sys.argv[2:] or ["1", "4", "8"]):
        run(train, test, k)


main()
