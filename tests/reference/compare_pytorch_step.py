"""Times a training step (forward, backward, Adam) of kd_resolution's VGG16 in PyTorch and in Fovea alternately, on the CPU, in one run.

    pip install torch
    cargo build --release
    python tests/reference/compare_pytorch_step.py --fovea target/release/fovea [--rounds 4] [--threads 2]
"""

import argparse
import json
import os
import statistics
import subprocess
import time

import torch
from torch import nn

BLOCKS = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]


def network(divisor):
    layers, channels = [], 3
    for count, width in BLOCKS:
        for _ in range(count):
            layers += [nn.Conv2d(channels, width // divisor, 3, padding=1), nn.ReLU()]
            channels = width // divisor
        layers.append(nn.MaxPool2d(2))
    # Block 5 ends before its ReLU, without a pool.
    return nn.Sequential(*layers[:-2], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 4))


def step_ms(divisor, px, batch, steps=8, warm=2):
    torch.manual_seed(0)
    model = network(divisor)
    optimiser = torch.optim.Adam(model.parameters(), 1e-4, eps=1e-8)
    x, y = torch.rand(batch, 3, px, px), torch.arange(batch) % 4
    times = []
    for _ in range(steps + warm):
        start = time.perf_counter()
        loss = nn.functional.cross_entropy(model(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss.item()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[warm:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fovea", required=True)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    environment = {**os.environ, "RAYON_NUM_THREADS": str(args.threads)}
    pairs = {}
    for _ in range(args.rounds):
        command = [args.fovea, "bench", "--train", "--json", "--device", "cpu"]
        out = subprocess.run(command, capture_output=True, check=True, env=environment)
        for row in json.loads(out.stdout)["training"]:
            divisor = int(row["network"].split()[-1])
            key = (divisor, row["input_px"], row["batch"])
            pairs.setdefault(key, []).append((row["cross_entropy_ms"], step_ms(*key)))
    for (divisor, px, batch), times in pairs.items():
        ratios = [ours / theirs for ours, theirs in times]
        ms = ", ".join(f"{ours:.0f}/{theirs:.0f}" for ours, theirs in times)
        print(f"widths / {divisor}, {px} px, batch {batch}: Fovea/PyTorch ms {ms}; ratio, median of pairs {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
