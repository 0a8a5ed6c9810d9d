"""Which results of an image are written, and under which names."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uniultra.errors import OutputError, PromptError
from uniultra.io.paths import shown

if TYPE_CHECKING:
    from uniultra.io.input_file import InputFile

KINDS = {
    "seg": "seg.dcm",
    "fractional": "seg.dcm",
    "sr": "sr.dcm",
    "sc": "sc.dcm",
    "csv": "csv",
    "nifti": "nii.gz",
    "nrrd": "seg.nrrd",
    "itksnap": "label",
    "coco": "coco.json",
    "yolo": "yolo.txt",
    "labelme": "labelme.json",
    "cvat": "cvat.xml",
    "movie": "overlay.mp4",
    "none": "",
}
"""What can be written beside the three files that always are, and how its name ends."""
KINDS_SHOWN = ", ".join(KINDS)
DICOM_KINDS = ("seg", "fractional", "sr", "sc")
OWN_STUDY = (
    "DICOM results carry no patient identity, so they form a study of their own; --keep-patient files "
    "them with "
    "their source"
)
CINE_KINDS = ("seg", "sr", "sc", "csv", "movie", "none")
"""What can be written of a cine; the rest is for one frame."""
PLAIN = {"overlay": "overlay.png", "json": "json"}
"""Written at once, and of a frame without objects too."""
ARCHIVE_ENDINGS = PLAIN | {kind: ending for kind, ending in KINDS.items() if kind not in ("movie", "none")}
"""What can be written of each frame of an archive beside its mask, and how its name ends."""


@dataclass(frozen=True)
class OutputPlan:
    """Where results go, and which.

    Attributes:
        folder: None writes nothing.
        frame: the number that was requested, which names then carry.
        kinds: beside the three files that are always written; None where none were named, so that DICOM gets
            a SEG.
        keep_patient: whether DICOM results carry the patient's identity.
        force: whether existing files are replaced.
        followed: whether the table of a cine's frames has the status of each structure, as a track's has:
            some of them were followed from others.
        name: what names begin with, where that isn't the source's `stem`.
    """

    folder: Path | None
    frame: int | None
    kinds: tuple[str, ...] | None
    keep_patient: bool
    force: bool
    followed: bool = False
    name: str = ""

    def stem(self, source: InputFile) -> str:
        """What every result's name begins with."""
        return self.name or source.stem

    def kinds_for(self, source: InputFile) -> tuple[str, ...]:
        if self.kinds is not None:
            return tuple(kind for kind in self.kinds if kind != "none")
        return ("seg",) * source.is_dicom

    def frame_paths(self, source: InputFile) -> dict[str, Path]:
        """Each result's path by its kind: NAME.mask.png, or NAME.frame7.mask.png where a frame was named."""
        frame = "" if self.frame is None else f".frame{self.frame}"
        endings = {"mask": "mask.png", "overlay": "overlay.png", "json": "json"}
        return self._paths(f"{self.stem(source)}{frame}", endings, self.kinds_for(source))

    def cine_paths(self, source: InputFile, name: str = "frames") -> dict[str, Path]:
        """Each result's path: NAME.frames.masks.tif and so on; a movie, and of DICOM a SEG, where no kinds
        were named.
        """
        kinds = self.kinds_for(source)
        if self.kinds is None:
            kinds = (*kinds, "movie")
        return self._paths(
            f"{self.stem(source)}.{name}", {"masks": "masks.tif", "csv": "csv", "json": "json"}, kinds
        )

    def track_paths(self, source: InputFile, ventricle: bool = False) -> dict[str, Path]:
        """The same of a track, NAME.track.masks.tif and so on, with its plot; with `ventricle` its ejection
        fraction too.
        """
        assert self.folder is not None
        more = {"plot": "plot.png", "chart": "plot.svg"} | ({"ef": "ef.json"} if ventricle else {})
        paths = {kind: self.folder / f"{self.stem(source)}.track.{ending}" for kind, ending in more.items()}
        return self.cine_paths(source, "track") | paths

    def _paths(self, name: str, endings: dict[str, str], kinds: Sequence[str]) -> dict[str, Path]:
        assert self.folder is not None
        endings = endings | {kind: KINDS[kind] for kind in kinds}
        return {kind: self.folder / f"{name}.{ending}" for kind, ending in endings.items()}


def dicom_paths(planned: Iterable[Mapping[str, Path]]) -> list[Path]:
    """Where DICOM results are written, of planned paths by their kinds."""
    return [path for paths in planned for kind, path in paths.items() if kind in DICOM_KINDS]


def chosen_kinds(requested: Sequence[str], legal: Collection[str] = tuple(KINDS)) -> tuple[str, ...] | None:
    """The kinds of `--write`, repeated or with commas; None for no such option. Raises PromptError for one
    that isn't `legal`.
    """
    kinds = [part.strip().lower() for text in requested for part in text.split(",")]
    for kind in kinds:
        if kind not in legal:
            raise PromptError(f"--write '{kind}' is unknown; give one or several of {', '.join(legal)}")
    if "seg" in kinds and "fractional" in kinds:
        raise PromptError("--write seg and fractional are one file; give one of them")
    return tuple(dict.fromkeys(kinds)) if kinds else None


def check_cine_kinds(kinds: Sequence[str] | None) -> None:
    """Raises PromptError for kinds that are for one frame."""
    for kind in kinds or ():
        if kind not in CINE_KINDS:
            raise PromptError(
                f"--write {kind} is for one frame, named with --frame; with --frames give "
                f"{', '.join(CINE_KINDS)}"
            )


def check_kinds(plan: OutputPlan, sources: Sequence[InputFile]) -> None:
    """Raises OutputError before anything is computed for what can't be written."""
    if plan.folder is None or plan.kinds is None:
        return
    if any(kind in DICOM_KINDS for kind in plan.kinds):
        for source in sources:
            if not source.is_dicom:
                raise OutputError(
                    f"{shown(source.path)}: DICOM results need a DICOM image to refer to; leave out --write "
                    "seg, fractional, sr and sc"
                )
    _check_libraries(plan.kinds)


def check_targets(targets: Iterable[Path], inputs: Iterable[Path], force: bool) -> None:
    """Raises OutputError, before anything is computed, where a result can't be written, or would be written
    over what it is made from, which --force doesn't mean.
    """
    from uniultra.io.output import check_free

    own, targets = {path.resolve() for path in inputs}, list(targets)
    for target in targets:
        if target.resolve() in own:
            raise OutputError(
                f"{target}: the result would replace an input of this call; give another folder with --out"
            )
    check_free(targets, force)


def own_study(plan: OutputPlan, sources: Sequence[InputFile]) -> tuple[str, ...]:
    """A note where DICOM results don't lie in the study of their sources."""
    own = not plan.keep_patient and any(kind in DICOM_KINDS for kind in written_kinds(plan, sources))
    return (OWN_STUDY,) * own


def written_kinds(plan: OutputPlan, sources: Sequence[InputFile]) -> set[str]:
    """The kinds that are written of any of the sources, beside the files that always are."""
    if plan.folder is None:
        return set()
    return {
        kind
        for source in sources
        for kind in plan.kinds_for(source)
        if kind not in DICOM_KINDS or source.is_dicom
    }


def chosen_extras(requested: Sequence[str]) -> tuple[str, ...]:
    """The same of an archive. Raises PromptError as `chosen_kinds` does, OutputError for one that needs an
    extra.
    """
    kinds = chosen_kinds(requested, tuple(ARCHIVE_ENDINGS)) or ()
    _check_libraries(kinds)
    return kinds


def lacking(kind: str) -> str:
    """What has to be installed before a kind can be written, and how; "" for nothing."""
    library, extra = _NEEDS.get(kind, ("", ""))
    if not library or importlib.util.find_spec(library):
        return ""
    return f"needs {library}; install with: pip install 'uniultra[{extra}]'"


def _check_libraries(kinds: Iterable[str]) -> None:
    for kind in kinds:
        if lacking(kind):
            raise OutputError(f"--write {kind} {lacking(kind)}")


_NEEDS = {"sr": ("highdicom", "dicom"), "nifti": ("nibabel", "nifti")}
"""The library that writes a kind, and the extra that brings it."""
