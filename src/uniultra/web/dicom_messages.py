"""What the server and its computing processes say to each other about DICOM results of held images and
tracks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from uniultra.types import Frame
from uniultra.web.messages import CineJob, ImageJob, Png, Rle


@dataclass(frozen=True)
class Origin:
    """What DICOM results of an upload refer to: an `io.dicom.source.SourceImage` without the patient, and one
    with.

    Attributes:
        number: the frame that was picked, from 0; None for the only one.
        refused: why nothing can refer to it; "" where something can.
    """

    anonymous: Any = field(default=None, repr=False)
    named: Any = field(default=None, repr=False)
    number: int | None = None
    refused: str = ""


@dataclass(frozen=True)
class Upload:
    """The frame of an upload, and what results can refer to; None where it isn't DICOM."""

    frame: Frame = field(repr=False)
    origin: Origin | None = None


@dataclass(frozen=True)
class Derive(ImageJob):
    """Make a DICOM object of given masks on a held frame: answered by `Derived`.

    Attributes:
        kind: of `outputs.plan.DICOM_KINDS`.
        structures: of each its label, and its mask; nothing of either is checked yet.
    """

    frame: Frame = field(repr=False)
    origin: Origin = field(repr=False)
    kind: str
    structures: tuple[tuple[str, Rle | Png], ...] = field(repr=False)
    keep_patient: bool = False


@dataclass(frozen=True)
class DeriveCine(CineJob):
    """Make a DICOM object of a track: answered by `Derived`, or `NeedsData`.

    Attributes:
        kind: of `outputs.plan.DICOM_KINDS`.
        labels: by structures' numbers; nothing of them is checked yet.
        found: by frame, by structure: status, and COCO's text ("" where it is lost).
    """

    kind: str
    labels: dict[int, str] = field(repr=False)
    found: dict[int, dict[int, tuple[str, str]]] = field(repr=False)
    keep_patient: bool = False


@dataclass(frozen=True)
class Derived:
    """A DICOM file's bytes, its SOPInstanceUID, and notes on what isn't kept."""

    data: bytes = field(repr=False)
    uid: str
    notes: tuple[str, ...] = ()
