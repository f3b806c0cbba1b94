"""Times PyTorch's VGG16 forward at 512 px and Fovea's forward + all-class attention alternately, on the CPU, in one run.

    pip install torch torchvision
    cargo build --release
    python tests/reference/compare_pytorch_speed.py --fovea target/release/fovea [--rounds 5] [--threads 2]
"""

import argparse
import json
import statistics
import subprocess
import time

import torch
import torchvision


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fovea", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    features = torchvision.models.vgg16(weights=None).features[:29].eval()
    model = torch.nn.Sequential(features, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(512, 4))
    x = torch.rand(1, 3, 512, 512)
    theirs, ours = [], []
    with torch.no_grad():
        model(x)
        for _ in range(args.rounds):
            start = time.perf_counter()
            model(x)
            theirs.append((time.perf_counter() - start) * 1e3)
            out = subprocess.run([args.fovea, "bench", "--json", "--px", "512", "--device", "cpu"], capture_output=True, check=True)
            row = json.loads(out.stdout)["rows"][-1]
            ours.append(row["forward_and_attention"]["ms"])
    pairs = [o / t for o, t in zip(ours, theirs)]
    print("PyTorch forward, ms:", [round(t) for t in theirs])
    print("Fovea forward + attention, ms:", [round(o) for o in ours])
    print(f"ratio: median of pairs {statistics.median(pairs):.2f}, of medians {statistics.median(ours) / statistics.median(theirs):.2f}")


if __name__ == "__main__":
    main()
