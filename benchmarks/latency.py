"""Encoder, decoder, end to end and cold start of a published model, as ratios to SAM 2-tiny's encoder in the same run.

    python benchmarks/latency.py --out benchmarks/latency.json

SAM 2-tiny is transformers' own, with random weights (time doesn't depend on them), at its native 1024 px, eager torch.
The two are timed in turn, so that a machine that drifts slows both; medians are compared.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import Sam2Config, Sam2Model

from uniultra.models.build import SIZES, vision_config
from uniultra.segmenter import Segmenter
from uniultra.types import Frame, Prompt

COLD = "import time; t = time.perf_counter(); from uniultra import *; import numpy as np; " + (
    "f = Frame(np.zeros((400, 500), np.uint8)); Segmenter.load().segment(f, [Prompt(box_xyxy=(90, 90, 300, 250))]); "
    "print(time.perf_counter() - t)"
)


def main() -> None:
    """Measures, prints a table, writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="uniultra-mini")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    report = measure(options.model, options.threads, options.rounds)
    for name, value in report["median_ms"].items():
        print(f"{name:<44} {value:9.1f} ms")
    print(f"\nSAM 2-tiny encoder / ours, encoder alone:          {report['ratio_encoder']:.0f}x")
    print(f"SAM 2-tiny encoder / ours, encoder and first mask: {report['ratio_first_mask']:.0f}x")
    if options.out:
        options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def measure(model: str, threads: int, rounds: int) -> dict[str, Any]:
    """All medians in ms, and the two ratios."""
    torch.set_num_threads(threads)
    ours = Segmenter.load(model, threads=threads)
    peer = Sam2Model(Sam2Config(vision_config=vision_config(SIZES["tiny"], None, 1024))).eval()  # its own windows, 8/4/14/7
    picture = np.random.default_rng(0).integers(0, 255, (434, 512)).astype(np.uint8)
    frame = Frame(picture)
    view = picture[None, : ours.backend.input_size, : ours.backend.input_size].copy()
    box, click = Prompt(box_xyxy=(150, 100, 350, 300)), Prompt(points_xy=((250.0, 200.0),), point_labels=(1,))
    embedding = ours.encode(frame)
    jobs: dict[str, Callable[[], Any]] = {
        "encoder": lambda: ours.backend.encode(view),
        "decoder, one prompt on an embedding": lambda: ours.decode(embedding, [box]),
        "first mask from a box (encode and decode)": lambda: ours.segment(frame, [box]),
        "first mask from a click (coarse, then focus)": lambda: ours.segment(frame, [click]),
    }
    times: dict[str, list[float]] = {name: [] for name in [*jobs, "SAM 2-tiny encoder, 1024 px"]}
    image = torch.zeros(1, 3, 1024, 1024)
    for turn in range(rounds + 1):  # the first turn warms up and isn't counted
        for name, job in jobs.items():
            took = [_time(job) for _ in range(8)]
            times[name] += took if turn else []
        took = [_time(lambda: _encode(peer, image))] if turn < 6 else []
        times["SAM 2-tiny encoder, 1024 px"] += took if turn else []
    medians = {name: 1000 * statistics.median(values) for name, values in times.items()}
    medians["cold start: new process to first mask"] = 1000 * statistics.median(_cold() for _ in range(5))
    peer_ms = medians["SAM 2-tiny encoder, 1024 px"]
    return {
        "model": {"name": ours.name, "version": ours.version, "input_size": ours.backend.input_size},
        "threads": threads,
        "rounds": rounds,
        "machine": {"processor": platform.machine(), "python": platform.python_version(), "torch": torch.__version__},
        "median_ms": {name: round(value, 2) for name, value in medians.items()},
        "ratio_encoder": round(peer_ms / medians["encoder"], 1),
        "ratio_first_mask": round(peer_ms / medians["first mask from a box (encode and decode)"], 1),
    }


def _encode(model: Any, image: torch.Tensor) -> None:
    with torch.inference_mode():
        model.get_image_embeddings(image)


def _time(job: Callable[[], Any]) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


def _cold() -> float:
    return float(subprocess.run([sys.executable, "-c", COLD], check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
