"""What requests for DICOM results look like, as the OpenAPI file states it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from uniultra.structures import MOST_CHARACTERS
from uniultra.web.schemas import MaskIn, Strict
from uniultra.web.settings import MOST_PROMPTS

Label = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=MOST_CHARACTERS),
    Field(description="what the structure is called, such as thyroid; listed names are coded"),
]
Kind = Annotated[
    Literal["seg", "sr", "sc"],
    Field(description="Segmentation, Comprehensive SR with measurements, or Secondary Capture"),
]
Keep = Annotated[
    bool,
    Field(strict=True, description="copy the patient's identity, and lie in the study of the source"),
]


class StructureIn(Strict):
    """One structure: its mask, and its name."""

    mask: MaskIn
    label: Label


class DicomIn(Strict):
    """One DICOM object of masks on an uploaded DICOM image."""

    kind: Kind = "seg"
    structures: Annotated[list[StructureIn], Field(min_length=1, max_length=MOST_PROMPTS, fail_fast=True)]
    keep_patient: Keep = False


class NamedIn(Strict):
    """What a structure of a track is called."""

    object: Annotated[int, Field(strict=True, ge=1, le=MOST_PROMPTS)]
    label: Label


class TrackDicomIn(Strict):
    """One DICOM object of a track; structures that aren't named are called by their number."""

    kind: Kind = "seg"
    labels: Annotated[list[NamedIn], Field(max_length=MOST_PROMPTS, fail_fast=True, default_factory=list)]
    keep_patient: Keep = False
