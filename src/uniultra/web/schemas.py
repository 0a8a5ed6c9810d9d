"""What requests and answers look like, as the OpenAPI file states it. Text isn't a number; unknown keys are
refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from uniultra.prompts.objects import MOST_POINTS
from uniultra.structures import MOST_CHARACTERS
from uniultra.text import said_in
from uniultra.web.settings import MOST_FRAMES, MOST_PROMPTS

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Box = Annotated[
    list[Number], Field(min_length=4, max_length=4, description="x0, y0, x1, y1 in pixels of the image")
]
Point = Annotated[
    list[Number],
    Field(
        min_length=2, max_length=2, description="x, y in pixels of the image, 0 at the first pixel's centre"
    ),
]
Side = Annotated[int, Field(strict=True, ge=1, le=16384)]
Run = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
Text = Annotated[str, StringConstraints(strict=True, min_length=1)]
SIZE_HELP = "millimetres per pixel: down, right; or down alone, and right by the file's pixel aspect"
Spacing = Annotated[float, Field(ge=0.001, le=10.0, allow_inf_nan=False)]


class Strict(BaseModel):
    """A part of a request."""

    model_config = ConfigDict(extra="forbid")


class RleIn(Strict):
    """COCO run lengths: compressed text, or plain numbers in column order, background first."""

    size: Annotated[list[Side], Field(min_length=2, max_length=2, description="height, width")]
    counts: Text | Annotated[list[Run], Field(max_length=1_000_000, fail_fast=True)]


class MaskById(Strict):
    """A previous mask that the server gave for this image, by its `mask_id`."""

    id: Text


class MaskByRle(Strict):
    """A previous mask as run lengths."""

    rle: RleIn


class MaskByPng(Strict):
    """A previous mask as an image file in base64, inside where it isn't black."""

    png: Annotated[str, StringConstraints(strict=True, min_length=1, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]


MaskIn = MaskById | MaskByRle | MaskByPng


BoxFit = Annotated[
    Literal["tight", "loose"] | None,
    Field(
        description="what is known of the box: tight, it touches the structure on all sides; loose, it "
        "leaves room"
    ),
]


Called = Annotated[
    str,
    Field(
        max_length=MOST_CHARACTERS,
        description="what the structure is called, without a backslash and control characters; a model that "
        "has learned the name (`structures`) is told",
    ),
]


class PromptIn(Strict):
    """What points at one structure, with the keys of a prompts file. Labels are 1 (inside) or 0 (outside);
    without any all are 1.
    """

    box: Box | None = None
    box_fit: BoxFit = None
    points: Annotated[list[Point], Field(max_length=MOST_POINTS, fail_fast=True)] = []
    labels: Annotated[list[Literal[0, 1]], Field(max_length=MOST_POINTS, fail_fast=True)] = []
    label: Called = ""
    mask: MaskIn | None = None


class SegmentIn(Strict):
    """One request to segment."""

    prompts: Annotated[list[PromptIn], Field(min_length=1, max_length=MOST_PROMPTS, fail_fast=True)]
    format: Literal["rle", "png"] = "rle"
    measures: Annotated[
        bool, Field(strict=True, description="also perimeter, diameters, ellipse and their uncertainty")
    ] = False
    alternatives: Annotated[
        int, Field(strict=True, ge=1, le=3, description="masks that clicks may mean, the answer included")
    ] = 1


class FileIn(Strict):
    """A file below a folder that the operator named: its whole path, or its path from such a folder on."""

    path: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=4096)]
    spacing_mm_yx: (
        Annotated[list[Spacing], Field(min_length=1, max_length=2, description=SIZE_HELP)] | None
    ) = None
    frame: (
        Annotated[int, Field(strict=True, ge=0, le=MOST_FRAMES, description="of a cine or video, from 0")]
        | None
    ) = None


class ImageOut(BaseModel):
    """A held image. It is dropped `expires_in_s` seconds after it was last used."""

    id: str
    width: int
    height: int
    spacing_mm_yx: list[float] | None
    expires_in_s: float


class ModelOut(BaseModel):
    """A model that this server answers with."""

    name: str
    version: str
    input_size: int
    box_fits: Annotated[bool, Field(description="whether it can be told that a box is tight or loose")]
    structures: Annotated[list[str], Field(description="names of structures that it can be told by a label")]
    default: bool


class ModelsOut(BaseModel):
    models: list[ModelOut]


class RleOut(BaseModel):
    """COCO run lengths, compressed."""

    size: list[int]
    counts: str


class SaidOut(BaseModel):
    """What an English sentence says, for other languages: a code that stays, and what it is filled with."""

    code: str
    values: dict[str, Any]


def said_of(*values: Any) -> dict[str, SaidOut]:
    """The codes of all sentences in an answer."""
    return {sentence: SaidOut(**said) for sentence, said in said_in(values).items()}


class ScaleOut(BaseModel):
    """The size of a pixel where the mask lies, and what says so; or the reason why it isn't known. Regions of
    one image may differ. `said` has the codes of the reason and of notes.
    """

    spacing_mm_yx: list[float] | None
    source: str
    reason: str
    notes: list[str]
    said: dict[str, SaidOut]


class MaskOut(BaseModel):
    """The answer to one prompt. `mask_id` names it as a previous mask; `rle` or `png` (base64) as asked;
    areas; the predicted IoU.

    `alternatives` are what clicks may mean instead, where requested, the most trusted first; they have none
    of their own.
    """

    mask_id: str | None
    rle: RleOut | None
    png: str | None
    box_xyxy: list[float] | None
    area_px: int
    area_mm2: float | None
    scale: ScaleOut
    quality: float
    measures: dict[str, Any] | None
    notes: list[str]
    alternatives: list[MaskOut] = []


class TimingOut(BaseModel):
    """Milliseconds of computing, and of all from the request's body on."""

    work_ms: float
    total_ms: float


class SegmentOut(BaseModel):
    """Masks in the order of the prompts."""

    image_id: str
    width: int
    height: int
    spacing_mm_yx: list[float] | None
    model: ModelOut
    masks: list[MaskOut]
    timing: TimingOut
    notice: str


class HealthOut(BaseModel):
    status: Literal["ok"]
    uniultra: str
    images: int
    waiting: int
    processes: int


class ErrorOut(BaseModel):
    """One thing that is wrong, and where."""

    at: str
    problem: str


class ProblemOut(BaseModel):
    """Every refusal, as application/problem+json (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ErrorOut] = []


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
    """One structure: its mask, its name, and what a person did to the mask."""

    mask: MaskIn
    label: Label
    by_hand: Annotated[
        Literal["drawn", "corrected"] | None,
        Field(
            description="'drawn' without a model, or a model's mask 'corrected' with a brush; null: neither"
        ),
    ] = None


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
