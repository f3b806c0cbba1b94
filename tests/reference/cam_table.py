"""Audits the cases of make_cam_cases.py and prints a table: what holds at each layer, and how far PyTorch's own float32 is.

    python tests/reference/cam_table.py --fovea target/release/fovea --device cpu FOLDER [network ...]
"""

import argparse
import json
import pathlib
import subprocess


def audit(fovea, folder, device):
    run = subprocess.run([fovea, "audit", str(folder), "--device", device, "--json"], capture_output=True, text=True)
    if not run.stdout:
        raise SystemExit(run.stderr)
    return json.loads(run.stdout)["cases"]


def row(label, quantities, single):
    past = [q["name"].split(".")[-1] for q in quantities if not q["ok"]]
    worst = max(q["relative"] for q in quantities)
    theirs = max(single[name] for name in {q["name"] for q in quantities} if name in single)
    fine = len(quantities) - len(past)
    return f"| {label} | {fine} of {len(quantities)} | {worst:.1e} | {theirs:.1e} | {', '.join(sorted(set(past))) or '–'} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fovea", required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("networks", nargs="*")
    args = parser.parse_args()
    print("| network, layer | within the bounds | largest relative error | PyTorch's float32 | past |\n|---|---|---|---|---|", flush=True)
    fine = total = 0
    for folder in sorted(args.folder.iterdir()):
        if not (folder / "case.json").is_file() or (args.networks and folder.name not in args.networks):
            continue
        case = json.loads((folder / "case.json").read_text())
        quantities = [q for report in audit(args.fovea, folder, args.device) for q in report["quantities"]]
        fine += sum(q["ok"] for q in quantities)
        total += len(quantities)
        print(row(f"{folder.name}, logits", [q for q in quantities if q["name"] == "logits"], case["pytorch_float32"]), flush=True)
        for layer in case["layers"]:
            own = [q for q in quantities if q["name"].startswith(f"layer{layer['index']}.")]
            print(row(f"{folder.name}, {layer['module']}", own, case["pytorch_float32"]), flush=True)
    print(f"\n{fine} of {total} quantities within the bounds on {args.device}")


if __name__ == "__main__":
    main()
