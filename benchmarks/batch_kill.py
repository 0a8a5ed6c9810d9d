"""Workers of `uniultra batch` killed in the middle: is a result lost, doubled, or other than one process
alone gives?

    python benchmarks/batch_kill.py --out benchmarks/batch_kill.json

Makes small images out of the bundled examples (flips, sizes, brightness and speckle drawn for each), with a
box each; starts the command in a process of its own; ends one of its workers with SIGKILL each time another
share of the results is there; then compares every mask with what `Segmenter.segment` gives in this process,
and gives the command once more, which must find nothing to do.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
from PIL import Image

from uniultra import Prompt, Segmenter, __version__, read_frame
from uniultra.io.output import write_text
from uniultra.types import mask_box

EXAMPLES = Path(__file__).parents[1] / "src" / "uniultra" / "examples"
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Original:
    """An example, grey (H, W), and the box of a structure in it by pixel edges."""

    pixels_hw: np.ndarray
    box_xyxy: Box


def originals(segmenter: Segmenter) -> list[Original]:
    """The bundled examples; where a click is the prompt, the box is that of its mask."""
    found = []
    for row in json.loads((EXAMPLES / "examples.json").read_text(encoding="utf-8")):
        frame, thing = read_frame(EXAMPLES / row["image"]), row["objects"][0]
        box = thing.get("box")
        if box is None:
            clicks = tuple(tuple(point) for point in thing["points"])
            [mask] = segmenter.segment(frame, [Prompt(points_xy=clicks, point_labels=(1,) * len(clicks))])
            box = mask_box(mask.mask_hw)
        found.append(Original(frame.pixels_hw, tuple(map(float, box))))
    return found


def variation(original: Original, seed: int) -> tuple[np.ndarray, Box]:
    """A small image of its own and its box: another size and brightness, speckle, perhaps mirrored."""
    chance = np.random.default_rng(seed)
    scale = chance.uniform(0.3, 0.5)
    small = cv2.resize(original.pixels_hw, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(
        np.float64
    )
    speckled = 255 * (small / 255) ** chance.uniform(0.7, 1.4) * chance.rayleigh(0.8, small.shape) ** 0.2
    pixels = np.clip(speckled, 0, 255).astype(np.uint8)
    x0, y0, x1, y1 = ((edge + 0.5) * scale - 0.5 for edge in original.box_xyxy)
    if chance.random() < 0.5:
        pixels, x0, x1 = pixels[:, ::-1], pixels.shape[1] - 1 - x1, pixels.shape[1] - 1 - x0
    return np.ascontiguousarray(pixels), (round(x0, 1), round(y0, 1), round(x1, 1), round(y1, 1))


def make_archive(folder: Path, count: int, segmenter: Segmenter) -> dict[str, Box]:
    """Writes the images, in ten folders, and prompts.csv beside them; the box of each image."""
    sources, boxes = originals(segmenter), {}
    for number in range(count):
        name = f"study{number % 10}/image{number:04d}.png"
        pixels, boxes[name] = variation(sources[number % len(sources)], number)
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    with open(folder / "prompts.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "x0", "y0", "x1", "y1"])
        writer.writerows([name, *box] for name, box in boxes.items())
    return boxes


def start(folder: Path, workers: int) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "uniultra.cli.main",
        "batch",
        "in",
        "out",
        "--prompts",
        "prompts.csv",
        "--workers",
        str(workers),
    ]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def records(folder: Path) -> int:
    return sum(1 for _ in (folder / "out" / ".uniultra" / "records").glob("*/*.json"))


def begun_again(folder: Path) -> set[str]:
    """Inputs that were being worked on when their worker ended, and were begun anew."""
    return {path.name for path in (folder / "out" / ".uniultra" / "runs").glob("*/tries/*.2")}


def kill_when(running: subprocess.Popen[str], folder: Path, at: int) -> dict[str, Any] | None:
    """Ends one worker of this very command when so many results are there; what was done, or None where it
    ended before.
    """
    while running.poll() is None:
        done = records(folder)
        if done >= at:
            time.sleep(random.uniform(0, 0.1))  # a result was just written: any moment may be the one
            for process in psutil.Process(running.pid).children(recursive=True):
                if is_worker(process):
                    os.kill(process.pid, signal.SIGKILL)
                    return {"results_then": done, "signal": "SIGKILL"}
        time.sleep(0.02)
    return None


def is_worker(process: psutil.Process) -> bool:
    """A process of the pool."""
    try:
        return any("spawn_main" in part for part in process.cmdline())
    except psutil.Error:
        return False


def check(folder: Path, boxes: dict[str, Box], segmenter: Segmenter) -> dict[str, int]:
    """What is there, against what one process gives."""
    with open(folder / "out" / "results.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(folder / "out" / "failures.csv", newline="", encoding="utf-8") as file:
        failures = list(csv.DictReader(file))
    counted = Counter(row["input"] for row in rows)
    wrong_masks = wrong_rows = 0
    for row in rows:
        [mask] = segmenter.segment(
            read_frame(folder / "in" / row["input"]), [Prompt(box_xyxy=boxes[row["input"]])]
        )
        written = np.asarray(Image.open(folder / "out" / row["mask"]))
        wrong_masks += not np.array_equal(written, mask.mask_hw.astype(np.uint8))
        wrong_rows += int(row["area_px"]) != np.count_nonzero(mask.mask_hw) or float(row["quality"]) != round(
            mask.quality, 4
        )
    return {
        "results": len(rows),
        "missing": len(set(boxes) - set(counted)),
        "double": sum(number > 1 for number in counted.values()),
        "unknown": len(set(counted) - set(boxes)),
        "failures": len(failures),
        "masks_unlike_one_process": wrong_masks,
        "rows_unlike_one_process": wrong_rows,
        "mask_files": sum(1 for _ in (folder / "out").rglob("*.mask.png")),
        "parts_left": sum(1 for _ in (folder / "out").rglob("*.part")),
    }


def measure(folder: Path, count: int, workers: int, kills: int) -> dict[str, Any]:
    segmenter = Segmenter.load(threads=1)
    boxes = make_archive(folder, count, segmenter)
    began, running = time.monotonic(), start(folder, workers)
    done, again = [], set()
    for number in range(kills):
        done.append(kill_when(running, folder, count * (number + 1) // (kills + 1)))
        time.sleep(0.2)
    while running.poll() is None:
        again |= begun_again(folder)
        time.sleep(0.1)
    took, (reported, problems) = time.monotonic() - began, running.communicate()
    found = check(folder, boxes, segmenter)
    before = (folder / "out" / "results.csv").read_bytes()
    second = start(folder, workers)
    reported_again, _ = second.communicate()
    return {
        "what": "uniultra batch with workers killed in the middle",
        "uniultra": __version__,
        "inputs": count,
        "workers": workers,
        "kills": [kill for kill in done if kill],
        "files_begun_again": len(again),
        "exit_code": running.returncode,
        "seconds": round(took, 1),
        "told": reported.strip().splitlines(),
        "problems": [line for line in problems.strip().splitlines() if "files per second" not in line],
        **found,
        "second_run": {
            "exit_code": second.returncode,
            "told": reported_again.strip().splitlines()[:1],
            "same_table": before == (folder / "out" / "results.csv").read_bytes(),
        },
        "machine": {"python": platform.python_version(), "system": platform.system(), "cpus": os.cpu_count()},
    }


def passed(report: dict[str, Any], kills: int) -> bool:
    zero = (
        "missing",
        "double",
        "unknown",
        "failures",
        "masks_unlike_one_process",
        "rows_unlike_one_process",
        "parts_left",
    )
    whole = (
        report["results"] == report["mask_files"] == report["inputs"]
        and report["exit_code"] == report["second_run"]["exit_code"] == 0
    )
    return (
        whole
        and len(report["kills"]) == kills
        and report["second_run"]["same_table"]
        and not any(report[name] for name in zero)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="uniultra-") as folder:
        report = measure(Path(folder), given.files, given.workers, given.kills)
    report["passed"] = passed(report, given.kills)
    text = json.dumps(report, indent=2)
    print(text)
    if given.out:
        write_text(given.out, text + "\n", force=True)
    sys.exit(0 if report["passed"] else 1)


if __name__ == "__main__":
    main()
