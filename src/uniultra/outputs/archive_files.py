"""The files of an archive's images that were chosen beside their masks: of each frame those of one frame's
result, under the same endings; of a cine whose frames have the same structures one SEG, one SR and one
Secondary Capture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uniultra.io.input_file import InputFile
from uniultra.outputs.frame_files import WRITERS, write_frame_files
from uniultra.outputs.plan import ARCHIVE_ENDINGS, CINE_KINDS, DICOM_KINDS, PLAIN, OutputPlan
from uniultra.outputs.result_picture import draw_result
from uniultra.results import FrameResult

if TYPE_CHECKING:
    from uniultra.outputs.cine_dicom import CineDicom


def write_extras(
    kinds: Sequence[str], keep_patient: bool, folder: Path, source: InputFile, result: FrameResult
) -> dict[str, Path]:
    """The chosen kinds of a frame of an archive, in a folder; those of DICOM are made of DICOM inputs alone,
    and an SR only where a mask isn't empty.

    Returns:
        The path of each file, by its ending.

    Raises:
        OutputError, FileError: as `write_frame_files`.
    """
    kinds = [kind for kind in kinds if kind not in DICOM_KINDS or source.is_dicom]
    kinds = [kind for kind in kinds if result.objects or kind in PLAIN]
    if "sr" in kinds and all(one.measured.shape is None for one in result.objects):
        kinds.remove("sr")
    more = tuple(kind for kind in kinds if kind not in PLAIN)
    if not more:
        for kind in kinds:
            WRITERS[kind](folder / PLAIN[kind], source, result)
        return {PLAIN[kind]: folder / PLAIN[kind] for kind in kinds}
    plan = OutputPlan(folder / "all", result.number, more, keep_patient=keep_patient, force=True)
    write_frame_files(plan, source, result)
    paths = plan.frame_paths(source)
    return {ARCHIVE_ENDINGS[kind]: paths[kind] for kind in kinds}


@dataclass(frozen=True)
class Gathered:
    """What is written of a cine as a whole, gathered frame by frame; `of_frame` writes the other kinds."""

    dicom: CineDicom
    of_frame: partial[dict[str, Path]]

    def add(self, result: FrameResult) -> None:
        """One frame; they come in ascending order, with the same structures on each."""
        self.dicom.add(result, draw_result(result) if "sc" in self.dicom.kinds else None)

    def write(
        self, folder: Path, result: FrameResult, ejection: dict[str, Any] | None = None
    ) -> dict[str, Path]:
        """Into a folder, once after the last frame, whose result is given; an SR only where a structure was
        surely found, with `ejection`, which is what `course.ejection_json` says. The path of each file, by
        its ending. Raises OutputError.
        """
        paths = {kind: folder / ARCHIVE_ENDINGS[kind] for kind in self.dicom.kinds}
        self.dicom.write(paths, result.model, ejection)
        return {ARCHIVE_ENDINGS[kind]: path for kind, path in paths.items() if path.exists()}


def gather_extras(
    kinds: Sequence[str], keep_patient: bool, folder: Path, source: InputFile
) -> Gathered | None:
    """For a cine of an archive, what gathers the chosen kinds that hold all of its frames; None where there
    are none: of pictures and videos, of a still, or where no such kind was chosen.

    Args:
        folder: a Secondary Capture's frames are kept there until it is written.

    Raises:
        FileError: nothing can refer to the source.
    """
    whole = tuple(kind for kind in kinds if kind in DICOM_KINDS and kind in CINE_KINDS)
    if not whole or not source.is_dicom or source.cine.count < 2:
        return None
    from uniultra.outputs.cine_dicom import cine_dicom  # pydicom isn't imported for a picture

    plan = OutputPlan(folder, None, whole, keep_patient=keep_patient, force=True)
    dicom, _ = cine_dicom(plan, source, whole)
    if dicom is None:
        return None
    rest = tuple(kind for kind in kinds if kind not in whole)
    return Gathered(dicom, partial(write_extras, rest, keep_patient))
