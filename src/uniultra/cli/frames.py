"""`uniultra segment --frames`: the same prompts on several frames of a cine, each frame on its own, one at a
time.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from uniultra.cli.terminal.progress import new_bar
from uniultra.cli.terminal.text import label, printable
from uniultra.io.paths import shown

if TYPE_CHECKING:
    from uniultra.cli.terminal.options import Rescale
    from uniultra.errors import FileError
    from uniultra.io.input_file import InputFile
    from uniultra.outputs.plan import OutputPlan
    from uniultra.prompts.grouping import PromptSource
    from uniultra.results import FrameResult
    from uniultra.segmenter import Segmenter
    from uniultra.types import Cine


@dataclass(frozen=True)
class SegmentJob:
    """What is the same for every file of a call.

    Attributes:
        plan: which results are written.
        requested: the frames of a cine that were named; None for all.
        scale: what the call says of the size of a pixel; None for nothing.
        prompts: those of each file.
        as_json: whether a line of JSON is printed for each image or frame.
        alternatives: how many masks a prompt may have, its answer included.
    """

    plan: OutputPlan
    segmenter: Segmenter
    requested: tuple[range, ...] | None
    scale: Rescale | None
    prompts: PromptSource
    as_json: bool
    alternatives: int = 1


def segment_frames(job: SegmentJob, source: InputFile) -> Printed:
    """Segments the chosen frames of a file and writes the results, all or none. A frame that can't be read is
    listed in the JSON, and the others are written.

    Raises:
        UniUltraError: as for a single frame; no frame can be read.
    """
    from uniultra.io.cines import recalibrated
    from uniultra.outputs.cine_files import check_size, cine_files
    from uniultra.outputs.faults import Faults
    from uniultra.outputs.frame_choice import numbers_of
    from uniultra.outputs.structured import fault_json, frame_json
    from uniultra.results import segment_cine

    source = replace(source)  # what it opens lives no longer than this call
    cine = source.cine
    if job.scale is not None:
        cine = recalibrated(cine, job.scale)
    numbers = numbers_of(job.requested, cine)
    prompts = job.prompts.for_file(source.path, cine.frame_hw)
    check_size(job.plan, source, cine, len(numbers) * len(prompts))
    summary, faults = Summary(source.path, cine, job.segmenter), Faults(cine)

    def on_fault(number: int, error: FileError) -> None:
        faults(number, error)
        if job.as_json:
            print(json.dumps({"image": source.path.name} | fault_json(cine, number, error)))

    with ExitStack() as stack:
        bar = stack.enter_context(new_bar())
        task = bar.add_task(label(source.path.name), total=len(numbers))
        files = None
        if job.plan.folder is not None:
            facts = job.segmenter.facts
            files = stack.enter_context(cine_files(job.plan, source, cine, numbers, facts, faults))
        workers, prepare = _workers(job.segmenter), None if files is None else files.prepare
        results = segment_cine(job.segmenter, cine, numbers, prompts, workers, on_fault, prepare)
        for result in stack.enter_context(closing(results)):
            if files is not None:
                files.add(result)
            summary.add(result)
            if job.as_json:
                print(json.dumps(frame_json(source.path.name, result) | {"time_s": result.time_s}))
            bar.advance(task)
        faults.check_some_read(len(summary.numbers))
    notes = (*files.notes, *files.lost) if files is not None else ()
    return Printed("" if job.as_json else summary.text(), (*notes, *faults.lines()), not faults.found)


def _workers(segmenter: Segmenter) -> int:
    """Frames segmented at a time. torch, which heeds no `threads`, takes all cores for one frame."""
    from uniultra.backends.onnx import OnnxBackend
    from uniultra.machine import usable_cores
    from uniultra.results import MOST_WORKERS

    return min(usable_cores(), MOST_WORKERS) if isinstance(segmenter.backend, OnnxBackend) else 1


@dataclass(frozen=True)
class Printed:
    """What a file's results are to a person.

    Attributes:
        text: for stdout; "" for nothing.
        notes: for stderr, a sentence each.
        complete: whether there is a result for all that was requested.
    """

    text: str
    notes: tuple[str, ...] = ()
    complete: bool = True


@dataclass
class Summary:
    """What a person is told: for each structure the smallest and largest area with their frames, and the
    range of quality.
    """

    file: Path
    cine: Cine
    segmenter: Segmenter
    numbers: list[int] = field(default_factory=list)
    areas: dict[int, list[tuple[float, str, int]]] = field(default_factory=dict)
    qualities: dict[int, list[float]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, result: FrameResult) -> None:
        self.numbers.append(result.at)
        self.notes |= dict.fromkeys(result.notes)
        for found in result.objects:
            area = (float(found.area_px), "px2") if found.area_mm2 is None else (found.area_mm2, "mm2")
            self.areas.setdefault(found.number, []).append((*area, result.at))
            self.qualities.setdefault(found.number, []).append(round(found.mask.quality, 4))
            self.notes |= dict.fromkeys(found.scale.notes)

    def text(self) -> str:
        height, width = self.cine.frame_hw
        frames = f"frames {self.numbers[0]} to {self.numbers[-1]} of 0 to {self.cine.count - 1}"
        lines = [
            f"{shown(self.file)}  {frames}  {width}x{height}  {self.segmenter.name} {self.segmenter.version}"
        ]
        for identity, areas in self.areas.items():
            units = dict.fromkeys(unit for _, unit, _ in areas)  # they differ where a mask leaves its region
            spans = [_span([area for area in areas if area[1] == unit]) for unit in units]
            qualities = self.qualities[identity]
            quality = f"quality {min(qualities):.2f} to {max(qualities):.2f}"
            lines.append(f"  {identity}: area {', and '.join(spans)}; {quality}")
        lines += [f"  note: {note}" for note in (*self.cine.notes, *self.notes)]
        return "\n".join(map(printable, lines))


def _span(areas: list[tuple[float, str, int]]) -> str:
    """From the smallest to the largest, of one unit."""
    (least, unit, at), (most, _, other) = min(areas), max(areas)
    digits = 1 if unit == "mm2" else 0
    return f"{least:.{digits}f} {unit} (frame {at}) to {most:.{digits}f} {unit} (frame {other})"
