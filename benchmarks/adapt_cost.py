"""What a training step of each method costs on each size: peak memory and seconds, each in a process of its
own.

    python benchmarks/adapt_cost.py --out benchmarks/adapt_cost.json
    python benchmarks/adapt_cost.py --device cuda --sizes large --image-sizes 1024 --batch 4 \
        --precision bf16 --out cost.json

Random weights and random images: neither changes the cost. One round of prompting a step. On the CPU the
memory is the process's peak resident set, torch itself included (about 0.4 GB); on CUDA it is what torch
allocated. A case that doesn't fit is listed as such.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import torch

from uniultra.errors import ModelError, UniUltraError
from uniultra.io.output import write_json
from uniultra.models.build import PAPER, SIZES, build, check_image_size
from uniultra.models.methods import METHODS, prepare
from uniultra.text import comma_parts
from uniultra.training.config import LossSettings
from uniultra.training.interactive_loss import InteractiveTrainer

STEPS = 3


def main() -> None:
    """Measures every combination, one after the other, and prints a table."""
    options = _options()
    if options.case:
        print(json.dumps(_measure(options)))
        return
    rows = []
    sizes, methods = (
        _some(each, legal) for each, legal in ((options.sizes, SIZES), (options.methods, METHODS))
    )
    sides = [int(part) if part.isdecimal() else 0 for part in comma_parts(options.image_sizes)]
    for side in sides:
        check_image_size(side)
    for size in sizes:
        for side in sides:
            for method in methods:
                for recompute in (False, True) if options.recompute else (False,):
                    rows.append(_in_a_process(options, size, side, method, recompute))
                    print(_row(rows[-1]), flush=True)
                    if options.out:
                        setting = {
                            "device": options.device,
                            "precision": options.precision,
                            "threads": torch.get_num_threads(),
                        }
                        write_json(options.out, setting | {"rows": rows}, force=True)


def _some(text: str, legal: Iterable[str]) -> tuple[str, ...]:
    """The names in a list by commas. Raises ModelError for one that isn't legal."""
    wrong = set(comma_parts(text)) - set(legal)
    if wrong:
        raise ModelError(f"'{min(wrong)}' of '{text}' is unknown; use some of {', '.join(legal)}")
    return comma_parts(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--image-sizes", default="256,512")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"))
    parser.add_argument("--recompute", action="store_true", help="also with activations computed again")
    parser.add_argument("--limit-gb", type=float, default=16.0, help="give up on a CPU case beyond this")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    return parser.parse_args()


def _in_a_process(
    options: argparse.Namespace, size: str, side: int, method: str, recompute: bool
) -> dict[str, object]:
    case = {
        "size": size,
        "image_size": side,
        "method": method,
        "batch": options.batch,
        "recompute": recompute,
    }
    command = [
        sys.executable,
        __file__,
        "--case",
        json.dumps(case),
        "--device",
        options.device,
        "--precision",
        options.precision,
    ]
    done = subprocess.run(
        [*command, "--limit-gb", str(options.limit_gb)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["killed"])[-1]
        return case | {"fits": False, "why": last[:200]}
    return case | {"fits": True} | json.loads(done.stdout.strip().splitlines()[-1])


def _measure(options: argparse.Namespace) -> dict[str, object]:
    case = json.loads(options.case)
    if options.device == "cpu":
        limit = int(options.limit_gb * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    model = build(case["size"], PAPER if case["method"] == "ch-adapter" else None, case["image_size"])
    prepare(model, case["method"])
    if case["recompute"]:
        model.activation_checkpointing_enable({"use_reentrant": False})
    trainer = InteractiveTrainer(model, LossSettings(rounds=1)).to(options.device).train()
    learned = [parameter for parameter in trainer.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=1e-6)
    seconds = [_step(trainer, optimizer, case, options) for _ in range(STEPS)]
    if options.device == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**30
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "learned": sum(p.numel() for p in learned),
        "seconds": round(statistics.median(seconds[1:]), 3),
        "peak_gb": round(peak, 2),
    }


def _step(
    trainer: InteractiveTrainer,
    optimizer: torch.optim.Optimizer,
    case: dict[str, int],
    options: argparse.Namespace,
) -> float:
    side, batch, device = case["image_size"], case["batch"], options.device
    corner = torch.tensor([[[side * 0.3, side * 0.3], [side * 0.7, side * 0.7]]], device=device).expand(
        batch, -1, -1
    )
    example = {
        "image": torch.randint(0, 255, (batch, side, side), dtype=torch.uint8, device=device),
        "target": (torch.rand(batch, side, side, device=device) > 0.5).float(),
        "points": corner,
        "labels": torch.tensor([[2, 3]], device=device).expand(batch, -1),
        "mask": torch.zeros(batch, 1, side // 4, side // 4, device=device),
        "has_mask": torch.zeros(batch, device=device),
    }
    began = time.monotonic()
    with torch.autocast(device, dtype=torch.bfloat16, enabled=options.precision == "bf16"):
        loss = trainer(**example)["loss"]
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.monotonic() - began


def _row(row: dict[str, object]) -> str:
    again = ", recomputed" if row["recompute"] else ""
    name = f"| {row['size']} | {row['image_size']} | {row['method']}{again} | {row['batch']} |"
    if not row["fits"]:
        return f"{name} doesn't fit ({row['why']}) | | |"
    learned = row["learned"]
    assert isinstance(learned, int)
    return f"{name} {learned / 1e6:.2f} M | {row['seconds']} s | {row['peak_gb']} GB |"


if __name__ == "__main__":
    try:
        main()
    except UniUltraError as error:
        print(f"adapt_cost: {error}", file=sys.stderr)
        sys.exit(2)
