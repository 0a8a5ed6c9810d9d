"""What `uniultra segment --frames` writes of a cine: id masks as one TIFF, CSV and JSON always; DICOM SEG and a movie as asked.

Everything is written frame by frame into a folder beside the results, and takes its place when all of it is whole. What is kept in
memory are the masks that a SEG needs, at one bit a pixel.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uniultra.cli.results import KINDS, Answer, Plan, maker
from uniultra.cli.text import printable
from uniultra.errors import FileError, OutputError, PromptError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from uniultra.io.labels import PackedMasks
    from uniultra.types import Cine

FRAME_KINDS = ("seg", "csv", "movie", "none")
"""What `--write` may ask of a cine; the rest is for one frame."""
MOST_FRAMES = 10_000
"""Frames of one call: Pillow's time for a page of a TIFF grows with their number."""
MOST_SEG_BYTES = 2**32 - 2
"""The longest PixelData that DICOM has a number for (PS3.5 7.1.1)."""
Add = Callable[[Answer, dict[str, Any]], None]


def check_frame_kinds(kinds: tuple[str, ...] | None) -> None:
    """Raises PromptError for kinds that are for one frame."""
    for kind in kinds or ():
        if kind not in FRAME_KINDS:
            raise PromptError(f"--write {kind} is for one frame, named with --frame; with --frames give {', '.join(FRAME_KINDS)}")


def frame_paths(plan: Plan, file: Path) -> dict[str, Path]:
    """Each result's path: NAME.frames.masks.tif and so on; a movie, and of DICOM a SEG, where nothing was asked for."""
    endings = {"masks": "masks.tif", "csv": "csv", "json": "json"}
    endings |= {kind: KINDS[kind] for kind in (*plan.kinds_for(file), *(("movie",) if plan.kinds is None else ()))}
    assert plan.folder is not None
    return {kind: plan.folder / f"{plan.stem(file)}.frames.{ending}" for kind, ending in endings.items()}


def check_size(plan: Plan, file: Path, cine: Cine, masks: int) -> None:
    """Raises OutputError before anything is computed where a SEG of so many masks is too long for DICOM."""
    size = masks * cine.frame_hw[0] * cine.frame_hw[1] // 8
    if size > MOST_SEG_BYTES and plan.folder is not None and "seg" in plan.kinds_for(file):
        most = f"{masks} masks take {size / 1e9:.1f} GB; a DICOM SEG holds {MOST_SEG_BYTES / 1e9:.1f} GB"
        raise OutputError(f"{cine.source}: {most}; choose fewer frames, or leave it out with --write movie")


@contextmanager
def open_results(plan: Plan, file: Path, cine: Cine, numbers: Sequence[int], who: tuple[str, str]) -> Iterator[Add]:
    """Yields what takes each frame's answer and report, in order. At the end all results take their places; on an error none does.

    `who` is the model's name and version.

    Raises:
        OutputError: a result exists, or can't be written. FileError: the source can't be referred to, where a SEG was asked for.
    """
    from uniultra.io.labels import LabelFile
    from uniultra.io.masks import ids_of
    from uniultra.io.movie import DEFAULT_RATE, MovieFile
    from uniultra.io.output import ListedJson, staged
    from uniultra.io.overlay import draw_overlay
    from uniultra.io.tables import TableFile
    from uniultra.measure.report import FRAME_COLUMNS

    targets = frame_paths(plan, file)
    source = _source(plan, file) if "seg" in targets else None
    if source is None:
        targets.pop("seg", None)
    with staged(targets, plan.force) as parts:
        bits: list[PackedMasks] = []
        with ExitStack() as stack:
            labels = stack.enter_context(LabelFile(parts["masks"]))
            table = stack.enter_context(TableFile(parts["csv"], FRAME_COLUMNS))
            listed = stack.enter_context(ListedJson(parts["json"], _head(file, cine, numbers, who), "frames"))
            rate = cine.rate_of(numbers) or DEFAULT_RATE
            movie = stack.enter_context(MovieFile(parts["movie"], rate)) if "movie" in parts else None

            def add(answer: Answer, report: dict[str, Any]) -> None:
                labels.add(report["frame"], ids_of(answer.masks))
                for row in _rows(answer, report):
                    table.add(row)
                listed.add({key: report[key] for key in ("frame", "time_s", "spacing_mm_yx", "objects")})
                if movie is not None:
                    movie.add(draw_overlay(answer.frame, answer.masks))
                if source is not None:
                    _keep(bits, answer, report["frame"])

            yield add
        if source is not None:
            _write_seg(parts["seg"], source, bits, who)


def _source(plan: Plan, file: Path) -> Dataset | None:
    """What a SEG refers to. That nothing can is only said where no SEG was asked for."""
    from uniultra.io.dicom.source import read_source

    try:
        return read_source(file, plan.keep_patient)
    except FileError as error:
        if plan.kinds is not None:
            raise
        print(f"uniultra: no DICOM SEG is written: {printable(str(error))}", file=sys.stderr)
        return None


def _head(file: Path, cine: Cine, numbers: Sequence[int], who: tuple[str, str]) -> dict[str, Any]:
    from uniultra import __version__

    return {
        "schema": "uniultra.segment-frames/1",
        "image": file.name,
        "width": cine.frame_hw[1],
        "height": cine.frame_hw[0],
        "frames_in_file": cine.count,
        "frames_segmented": len(numbers),
        "tracked": False,
        "model": {"name": who[0], "version": who[1]},
        "uniultra": __version__,
        "notice": "not a medical device",
    }


def _rows(answer: Answer, report: dict[str, Any]) -> Iterator[list[Any]]:
    from uniultra.measure.report import frame_row, measure_object

    for item, prompt, mask in zip(report["objects"], answer.prompts, answer.masks, strict=True):
        about = [report["image"], report["frame"], "" if report["time_s"] is None else report["time_s"], item["id"], item["quality"]]
        yield frame_row(about, item["area_px"], measure_object(answer.frame, mask.mask_hw, prompt))


def _keep(bits: list[PackedMasks], answer: Answer, number: int) -> None:
    from uniultra.io.labels import PackedMasks

    if not bits:
        bits.extend(PackedMasks((answer.frame.height, answer.frame.width)) for _ in answer.masks)
    for packed, mask in zip(bits, answer.masks, strict=True):
        packed.add(number, mask.mask_hw)


def _write_seg(path: Path, source: Dataset, bits: Sequence[PackedMasks], who: tuple[str, str]) -> None:
    from uniultra.io.dicom.seg import Segment, write_seg

    write_seg(path, source, [Segment(f"structure {i}", packed) for i, packed in enumerate(bits, 1)], maker(*who))
