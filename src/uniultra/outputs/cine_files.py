"""The files of a cine's results: id masks as one TIFF, CSV and JSON always; DICOM SEG and a movie as planned.

Everything is written frame by frame into a folder beside the results, and takes its place when all of it is
whole. What is kept in memory are the masks that a SEG needs, at one bit per pixel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from uniultra.errors import OutputError
from uniultra.io.input_file import InputFile
from uniultra.io.label_tiff import LabelFile
from uniultra.io.output import ListedJson, staged
from uniultra.io.tables import TableFile
from uniultra.io.video_writer import DEFAULT_RATE, MovieFile
from uniultra.measure.measured import FRAME_COLUMNS, frame_row
from uniultra.model_facts import ModelFacts
from uniultra.outputs.course import Course, ejection_json, write_course
from uniultra.outputs.faults import Faults
from uniultra.outputs.frame_files import id_mask
from uniultra.outputs.plan import DICOM_KINDS, OutputPlan
from uniultra.outputs.result_picture import draw_result
from uniultra.outputs.structured import cine_frame_json, cine_head_json, fault_json
from uniultra.results import FrameResult, ObjectResult
from uniultra.types import Cine

if TYPE_CHECKING:
    from uniultra.outputs.cine_dicom import CineDicom

TRACK_COLUMNS = (*FRAME_COLUMNS, "status", "confidence")
MOST_SEG_BYTES = 2**32 - 2
"""The longest PixelData that DICOM has a number for (PS3.5 7.1.1)."""


def check_size(plan: OutputPlan, source: InputFile, cine: Cine, masks: int) -> None:
    """Raises OutputError before anything is computed where a SEG of so many masks is too long for DICOM."""
    size = masks * cine.frame_hw[0] * cine.frame_hw[1] // 8
    if size > MOST_SEG_BYTES and plan.folder is not None and "seg" in plan.kinds_for(source):
        raise OutputError(
            f"{cine.source}: {masks} masks take {size / 1e9:.1f} GB; a DICOM SEG holds "
            f"{MOST_SEG_BYTES / 1e9:.1f} GB; choose fewer frames, or leave it out with --write movie"
        )


@dataclass(frozen=True)
class CineFiles:
    """The open files of one cine. `notes` say what isn't written, a sentence each; `lost` what failed on the
    way, once all is done; `course` is what the plot of a track shows; `followed` whether the table says the
    status of each structure; `pictures` are overlays of frames that are still to be added.
    """

    image: str
    faults: Faults
    labels: LabelFile
    table: TableFile
    listed: ListedJson
    movie: MovieFile | None = None
    dicom: CineDicom | None = None
    notes: tuple[str, ...] = field(default=())
    lost: list[str] = field(default_factory=list)
    course: Course | None = None
    followed: bool = False
    pictures: dict[int, np.ndarray] = field(default_factory=dict)
    listed_frames: list[int] = field(default_factory=list)
    listed_faults: list[int] = field(default_factory=list)

    def prepare(self, result: FrameResult) -> FrameResult:
        """The same result, once it is measured and its overlay drawn: the part of `add` that can be done
        ahead, on any thread.
        """
        for found in result.objects:
            _ = found.measured, found.area_px
        if self._captured or self.movie is not None:
            self.pictures[result.at] = draw_result(result)
        return result

    @property
    def _captured(self) -> bool:
        return self.dicom is not None and "sc" in self.dicom.kinds

    def add(self, result: FrameResult) -> None:
        """Adds one frame; frames come in ascending order. Raises OutputError."""
        if result.at not in self.pictures:
            self.prepare(result)
        picture = self.pictures.pop(result.at, None)
        self._list_faults(before=result.at)
        self.listed_frames.append(result.at)
        self.labels.add(result.at, id_mask(result))
        self._tabulate(result)
        self.listed.add(cine_frame_json(self.image, result))
        if self.movie is not None and picture is not None:
            self.movie.add(picture)
        if self.dicom is not None:
            self.dicom.add(result, picture if self._captured else None)
        if self.course is not None:
            self.course.add(result)

    def _tabulate(self, result: FrameResult) -> None:
        for found in result.objects:
            row = _row(self.image, result, found)
            if self.course is not None:
                row += [found.status, found.confidence]
            elif self.followed:
                row.append(found.status or "")
            self.table.add(row)

    def show(self, result: FrameResult) -> None:
        """Adds to the movie a frame of which there is only to say that its structures are lost; and to the
        Secondary Capture and the JSON, too, one on which a person measured. In ascending order with those of
        `add`. Raises OutputError.
        """
        captured = self.dicom if self._captured and result.calipers else None
        picture = draw_result(result) if captured or self.movie is not None else None
        if self.movie is not None and picture is not None:
            self.movie.add(picture)
        if captured is not None and picture is not None:
            captured.capture(result, picture)
        if result.calipers:
            self.listed.add(cine_frame_json(self.image, result))

    def finish(self) -> None:
        """Once after the last frame. Raises FileError where not a single one could be read."""
        self.faults.check_some_read(len(self.listed_frames))
        self._list_faults()
        self.listed.tail = {
            "frames_segmented": len(self.listed_frames),
            "frames_unreadable": self.listed_faults,
        }

    def _list_faults(self, before: float = math.inf) -> None:
        for number in sorted(self.faults.found.keys() - set(self.listed_faults)):
            if number < before:
                self.listed.add(fault_json(self.faults.cine, number, self.faults.found[number]))
                self.listed_faults.append(number)


@contextmanager
def cine_files(
    plan: OutputPlan,
    source: InputFile,
    cine: Cine,
    numbers: Sequence[int],
    model: ModelFacts,
    faults: Faults,
    course: Course | None = None,
) -> Iterator[CineFiles]:
    """Yields what takes each frame's result. At the end all files take their places; on an error none does.

    Args:
        faults: of what yields the results; listed in the JSON in the frames' order.
        course: of a track, to be filled and drawn; None for frames on their own.

    Raises:
        OutputError: a result exists, or can't be written. FileError: nothing can refer to the source, where a
            SEG was named; or not a single frame could be read.
    """
    tracked = course is not None
    columns = TRACK_COLUMNS if tracked else (*FRAME_COLUMNS, *["status"] * plan.followed)
    targets = plan.cine_paths(source) if course is None else plan.track_paths(source, bool(course.ventricle))
    dicom: CineDicom | None = None
    notes: tuple[str, ...] = ()
    kinds = tuple(kind for kind in targets if kind in DICOM_KINDS)
    if kinds:  # pydicom isn't imported for a picture
        from uniultra.outputs.cine_dicom import cine_dicom

        dicom, notes = cine_dicom(plan, source, kinds)
    if dicom is None:
        targets = {kind: path for kind, path in targets.items() if kind not in kinds}
    with staged(targets, plan.force) as parts:
        with ExitStack() as stack:
            head = cine_head_json(source.path.name, cine, model, tracked)
            rate = cine.rate_of(numbers) or DEFAULT_RATE
            files = CineFiles(
                source.path.name,
                faults,
                stack.enter_context(LabelFile(parts["masks"])),
                stack.enter_context(TableFile(parts["csv"], columns)),
                stack.enter_context(ListedJson(parts["json"], head, "frames")),
                stack.enter_context(MovieFile(parts["movie"], rate)) if "movie" in parts else None,
                dicom,
                notes,
                course=course,
                followed=plan.followed,
            )
            yield files
            files.finish()
        if files.movie is not None and files.movie.fault:  # a by-product fails alone
            files.lost.append(f"no movie is written: {files.movie.fault}")
            del targets["movie"]
        if not files.listed_frames:  # calipers alone, which have no mask and a table of their own
            del targets["masks"], targets["csv"]
        if course is not None:
            write_course(parts, source.path.name, course)
        if dicom is not None:
            report = None
            if course is not None and course.ventricle:
                report = ejection_json(source.path.name, course)
            dicom.write(parts, model, report)
            if "sr" in parts and not dicom.extremes:
                files.lost.append("no SR is written: no structure was surely found on any frame")
                del targets["sr"]


def measures_rows(image: str, result: FrameResult) -> list[list[Any]]:
    """The lines of `measured.MEASURES_COLUMNS` of a frame, a structure each but those that tracking lost."""
    return [
        [*_row(image, result, found), found.status or "", *_maker(result, found), found.by_hand or ""]
        for found in result.objects
        if found.status != "lost"
    ]


def _maker(result: FrameResult, found: ObjectResult) -> list[str]:
    """Names and versions of the models that made a mask; empty where a person drew it."""
    own = ((result.model.name, result.model.version),) if found.models is None else found.models
    return [", ".join(name for name, _ in own), ", ".join(version for _, version in own)]


def _row(image: str, result: FrameResult, found: ObjectResult) -> list[Any]:
    time_s = "" if result.time_s is None else result.time_s
    about = [
        image,
        result.number or 0,
        time_s,
        found.number,
        found.name,
        "" if found.by_hand else found.quality,
    ]
    return frame_row(about, found.area_px, found.measured, (*found.mask.notes, *found.notes))
