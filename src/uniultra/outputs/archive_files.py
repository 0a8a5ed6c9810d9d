"""The files of one frame of an archive, beside its mask: those of `uniultra segment`, under the same
endings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from uniultra.io.input_file import InputFile
from uniultra.io.output import write_json, write_png
from uniultra.outputs.frame_files import write_frame_files
from uniultra.outputs.plan import ARCHIVE_ENDINGS, DICOM_KINDS, PLAIN, OutputPlan
from uniultra.outputs.result_picture import draw_result
from uniultra.outputs.structured import frame_json
from uniultra.results import FrameResult


@dataclass(frozen=True)
class WriteExtras:
    """An `Extras` of the chosen kinds; those of DICOM are made of DICOM inputs alone."""

    kinds: tuple[str, ...]
    keep_patient: bool = False

    def __call__(self, folder: Path, source: InputFile, result: FrameResult) -> dict[str, Path]:
        """The path of each file, by its ending. Raises OutputError and FileError."""
        kinds = [kind for kind in self.kinds if kind not in DICOM_KINDS or source.is_dicom]
        kinds = [kind for kind in kinds if result.objects or kind in PLAIN]
        more = tuple(kind for kind in kinds if kind not in PLAIN)
        if not more:
            return {PLAIN[kind]: _plain(kind, folder, source.path, result) for kind in kinds}
        plan = OutputPlan(folder / "all", result.number, more, keep_patient=self.keep_patient, force=True)
        write_frame_files(plan, source, result)
        paths = plan.frame_paths(source)
        return {ARCHIVE_ENDINGS[kind]: paths[kind] for kind in kinds}


def _plain(kind: str, folder: Path, file: Path, result: FrameResult) -> Path:
    path = folder / PLAIN[kind]
    if kind == "json":
        write_json(path, frame_json(file.name, result))
    else:
        write_png(path, draw_result(result))
    return path
