"""What `uniultra batch --write` writes beside the mask of one frame: the files of `uniultra segment`, under the same endings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uniultra.cli.results import DICOM_KINDS, KINDS, Answer, Plan, describe, is_dicom, write_results
from uniultra.errors import OutputError, PromptError

if TYPE_CHECKING:
    from uniultra.cluster.job import Found

PLAIN = {"overlay": "overlay.png", "json": "json"}
"""Written at once, and of a frame without objects too."""
ENDINGS = PLAIN | {kind: ending for kind, ending in KINDS.items() if kind not in ("movie", "none")}
SHOWN = ", ".join(ENDINGS)


def chosen_extras(asked: Sequence[str]) -> tuple[str, ...]:
    """The kinds of `--write`, repeated or with commas. Raises PromptError for an unknown one, OutputError for one that needs an extra."""
    import importlib.util

    kinds = dict.fromkeys(part.strip().lower() for text in asked for part in text.split(","))
    for kind in kinds:
        if kind not in ENDINGS:
            raise PromptError(f"--write '{kind}' is unknown; give one or several of {SHOWN}")
        library, extra = ("highdicom", "dicom") if kind in DICOM_KINDS else ("nibabel", "nifti") if kind == "nifti" else ("", "")
        if library and importlib.util.find_spec(library) is None:
            raise OutputError(f"--write {kind} needs {library}; install with: pip install 'uniultra[{extra}]'")
    if "seg" in kinds and "fractional" in kinds:
        raise PromptError("--write seg and fractional are one file; give one of them")
    return tuple(kinds)


@dataclass(frozen=True)
class WriteExtras:
    """An `Extras` of the chosen kinds; those of DICOM are made of DICOM inputs alone."""

    kinds: tuple[str, ...]

    def __call__(self, folder: Path, found: Found) -> dict[str, Path]:
        """The path of each file, by its ending. Raises OutputError and FileError."""
        answer = Answer(found.file, found.frame, found.prompts, found.masks, found.model, found.version)
        kinds = [kind for kind in self.kinds if kind not in DICOM_KINDS or is_dicom(found.file)]
        kinds = [kind for kind in kinds if found.masks or kind in PLAIN]
        more = tuple(kind for kind in kinds if kind not in PLAIN)
        if not more:
            return {PLAIN[kind]: _plain(kind, folder, answer, found.number) for kind in kinds}
        plan = Plan(folder / "all", found.number, more, keep_patient=False, force=True)
        write_results(plan, answer, describe(answer, found.number))
        paths = plan.paths(found.file)
        return {ENDINGS[kind]: paths[kind] for kind in kinds}


def _plain(kind: str, folder: Path, answer: Answer, number: int | None) -> Path:
    from uniultra.io.output import write_json, write_png
    from uniultra.io.overlay import draw_overlay

    path = folder / PLAIN[kind]
    if kind == "json":
        write_json(path, describe(answer, number))
    else:
        write_png(path, draw_overlay(answer.frame, answer.masks))
    return path
