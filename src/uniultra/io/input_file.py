"""An input file, whose kind is found out once, and which is opened once for its pixels and for what refers to
them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from uniultra.errors import FileError
from uniultra.io.cines import open_as
from uniultra.io.images import IMAGE_SUFFIXES, VIDEO_SUFFIXES, Kind, chosen_frame, kind_of, read_as
from uniultra.parallel import cached_property
from uniultra.types import Cine, Frame

if TYPE_CHECKING:
    from uniultra.io.dicom.header import Header


@dataclass(frozen=True)
class InputFile:
    """A path, and what its contents are: None where they can't be read, which reading says.

    Attributes:
        called: how COCO and LabelMe files beside its results name it, where that isn't its file's name.
    """

    path: Path
    known: Kind | None = field(default=None, repr=False)
    called: str = ""

    @property
    def kind(self) -> str:
        """'DICOM', 'PNG', ...; empty where it is unknown."""
        return "" if self.known is None else self.known.name

    @property
    def is_dicom(self) -> bool:
        return self.kind == "DICOM"

    @property
    def stem(self) -> str:
        """What every result's name begins with."""
        name = self.path.name[:-3] if self.path.suffix.lower() == ".gz" else self.path.name
        is_known = Path(name).suffix.lower() in (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)
        return Path(name).stem if is_known else name

    @cached_property
    def header(self) -> Header:
        """Of DICOM; the file stays open as long as this object. Raises FileError."""
        from uniultra.io.dicom.header import read_header

        return read_header(self.path)

    @cached_property
    def cine(self) -> Cine:
        """What it holds. Raises FileError."""
        if self.is_dicom:
            from uniultra.io.dicom.cine import cine_of

            return cine_of(self.header)
        return open_as(self.known or kind_of(self.path), self.path)

    def frame(self, number: int | None = None) -> Frame:
        """Frame `number`; None for its only one. Raises FileError."""
        if self.is_dicom:
            return chosen_frame(self.cine, number)
        return read_as(self.known or kind_of(self.path), self.path, number)


def input_file(path: Path) -> InputFile:
    """Opens a file to see what it is; what can't be read counts as no DICOM, which reading it will say."""
    try:
        return InputFile(path, kind_of(path))
    except FileError:
        return InputFile(path)
