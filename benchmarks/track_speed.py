"""How fast tracking is: frames per second end to end, five structures against one, and the first result.

    python benchmarks/track_speed.py --frames 120

A simulated frame at 640 x 480 is set in motion (seeded, no data set needed). Timed is what happens to
decoded frames in `uniultra track` up to the measures, which are taken on threads as there: motion,
registration or the model, the mask; `model` is with registration switched off, the slow case. On an idle
machine the wall clock is what counts; processor time is printed beside it. `uniultra track` leaves OpenCV as
many threads as there are cores; here it has one, unless `--opencv-threads` gives it more.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from importlib import import_module

import cv2
import numpy as np

from uniultra.data.simulation.cines import simulate_cine
from uniultra.data.simulation.frames import simulate_frame
from uniultra.parallel import map_ahead
from uniultra.pixel_scale import Box
from uniultra.results import FrameResult
from uniultra.segmenter import Segmenter
from uniultra.tracking import answers, track
from uniultra.types import Cine, Frame, Prompt, mask_box

WIDTH, HEIGHT = 640, 480
MEASURING = 2
"""Threads that take the measures, as those that draw in `uniultra track`."""


def clip(count: int, seed: int) -> tuple[list[Frame], Box]:
    """A clip, and the box of its largest structure on the first frame."""
    still = simulate_frame(seed, 0)
    sizes = np.bincount(still.ids_hw.ravel())[1:]
    target = (still.ids_hw == 1 + int(np.argmax(sizes))).astype(np.uint8)
    size = WIDTH, HEIGHT
    pixels = cv2.resize(still.pixels_hw, size, interpolation=cv2.INTER_AREA)
    ids = cv2.resize(target, size, interpolation=cv2.INTER_NEAREST)
    box = mask_box(ids > 0)
    assert box is not None, "the largest structure has a pixel"
    return [
        Frame(np.asarray(one.pixels_hw)) for one in simulate_cine(np.asarray(pixels), ids, count, seed)
    ], box


def shifted(box: Box, structures: int) -> dict[int, Prompt]:
    """The box, and the same beside it: structures that lie close."""
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    steps = ((0.0, 0.0), (0.5, 0.0), (-0.5, 0.0), (0.0, 0.5), (0.0, -0.5))[:structures]
    moved = [(x0 + dx * width, y0 + dy * height, x1 + dx * width, y1 + dy * height) for dx, dy in steps]
    return {
        number: Prompt((max(a, 0.0), max(b, 0.0), min(c, WIDTH - 1.0), min(d, HEIGHT - 1.0)))
        for number, (a, b, c, d) in enumerate(moved, start=1)
    }


def timed(
    segmenter: Segmenter, frames: Sequence[Frame], prompts: dict[int, Prompt]
) -> tuple[float, float, float]:
    """Milliseconds: the first result, and a later frame by the wall clock and by processor time."""
    cine = Cine("simulated", (HEIGHT, WIDTH), len(frames), frames.__getitem__, lambda: iter(frames))
    begun = time.perf_counter()
    results = track(segmenter, cine, {0: prompts})
    measured(next(results))
    first = time.perf_counter() - begun
    begun, worked = time.perf_counter(), time.process_time()
    count = sum(1 for _ in map_ahead(measured, results, MEASURING))
    wall, cpu = time.perf_counter() - begun, time.process_time() - worked
    return 1000 * first, 1000 * wall / count, 1000 * cpu / count


def measured(result: FrameResult) -> FrameResult:
    """The same, once its structures are measured."""
    for one in result.objects:
        assert one.measured.scale is one.scale
    return result


def report(model: str, count: int, threads: int | None, seed: int) -> Iterator[str]:
    """Lines of a table, one a case."""
    segmenter = Segmenter.load(model, threads)
    frames, box = clip(count, seed)
    timed(segmenter, frames[:5], shifted(box, 1))
    yield "| case | first result, ms | ms per frame | frames per second | processor time, ms per frame |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    modules = answers, import_module("uniultra.tracking.step")
    explained = answers.EXPLAINED
    for name, least in (("registered", explained), ("model", 2.0)):
        for module in modules:
            module.EXPLAINED = least  # type: ignore[attr-defined]
        for structures in (1, 5):
            first, wall, cpu = timed(segmenter, frames, shifted(box, structures))
            yield f"| {name}, {structures} | {first:.0f} | {wall:.1f} | {1000 / wall:.0f} | {cpu:.1f} |"
    for module in modules:
        module.EXPLAINED = explained  # type: ignore[attr-defined]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    options.add_argument("--model", default="uniultra-mini")
    options.add_argument("--frames", type=int, default=120)
    options.add_argument("--threads", type=int, help="default: as uniultra track takes them")
    options.add_argument("--opencv-threads", type=int, default=1)
    options.add_argument("--seed", type=int, default=3)
    given = options.parse_args()
    cv2.setNumThreads(given.opencv_threads)
    for line in report(given.model, given.frames, given.threads, given.seed):
        print(line, flush=True)


if __name__ == "__main__":
    main()
