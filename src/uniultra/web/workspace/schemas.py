"""What a page sends, what it gets, and what a project folder holds: one description of each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from uniultra.errors import PromptError
from uniultra.prompts.objects import MOST_OBJECTS, MOST_POINTS
from uniultra.structures import legal_name
from uniultra.web.schemas import Box, BoxFit, Called, Point, SaidOut, Spacing, Strict
from uniultra.web.settings import MOST_FRAMES

MOST_CALIPERS = 1000


def _name(text: str) -> str:
    """A structure's name as the page sends it, "" for none."""
    try:
        if text:
            legal_name(text)
    except PromptError as error:
        raise ValueError(str(error)) from None
    return text


Label = Annotated[str, StringConstraints(strict=True, max_length=80), AfterValidator(_name)]
Colour = Annotated[str, StringConstraints(strict=True, pattern=r"^#[0-9a-f]{6}$")]
Counts = Annotated[str, StringConstraints(strict=True, max_length=4_000_000, pattern=r"^[0-o]*$")]
"""COCO's compressed run lengths."""
Number0 = Annotated[int, Field(strict=True, ge=0, le=MOST_FRAMES)]
ObjectId = Annotated[int, Field(strict=True, ge=1, le=MOST_OBJECTS)]
Points = Annotated[list[Point], Field(max_length=MOST_POINTS, fail_fast=True)]
Labels = Annotated[list[Literal[0, 1]], Field(max_length=MOST_POINTS, fail_fast=True)]
PixelSizes = Annotated[list[Spacing], Field(min_length=2, max_length=2, description="mm: down, right")]


class ObjectDoc(Strict):
    """A structure, over all frames. `lost` are those on which tracking lost it."""

    id: ObjectId
    name: Label = ""
    colour: Colour = "#4cc9f0"
    hidden: Annotated[bool, Field(strict=True)] = False
    lost: Annotated[list[Number0], Field(max_length=10_000, fail_fast=True)] = Field(default_factory=list)


class MaskDoc(Strict):
    """A structure on one frame: its mask and what pointed at it.

    `source` is what made the mask last; `sure` whether the tracker was; `checked` whether a person found it
    right as it is; `model` that which answered, its name and version, "" where an earlier version of the page
    didn't keep it.
    """

    object: ObjectId
    counts: Counts
    source: Literal["prompt", "brush", "track"] = "prompt"
    sure: Annotated[bool, Field(strict=True)] = True
    checked: Annotated[bool, Field(strict=True)] = False
    box: Box | None = None
    box_fit: BoxFit = None
    points: Points = Field(default_factory=list)
    labels: Labels = Field(default_factory=list)
    region: Box | None = None
    quality: Annotated[float, Field(ge=0, le=1)] | None = None
    model: Annotated[str, StringConstraints(strict=True, max_length=300)] = ""


class FrameDoc(Strict):
    """The masks of one frame."""

    number: Number0
    masks: Annotated[list[MaskDoc], Field(max_length=MOST_OBJECTS)]


class CaliperDoc(Strict):
    """A distance that a person measured, by its ends."""

    id: Annotated[int, Field(strict=True, ge=1, le=MOST_CALIPERS)]
    frame: Number0
    a: Point
    b: Point


class Doc(Strict):
    """All that a person made of one file."""

    objects: Annotated[list[ObjectDoc], Field(max_length=MOST_OBJECTS)] = Field(default_factory=list)
    frames: Annotated[list[FrameDoc], Field(max_length=10_000)] = Field(default_factory=list)
    calipers: Annotated[list[CaliperDoc], Field(max_length=MOST_CALIPERS)] = Field(default_factory=list)
    spacing_mm_yx: PixelSizes | None = None
    done: Annotated[bool, Field(strict=True)] = False


class Annotations(Strict):
    """The file of a project that holds a `Doc`. `revision` counts its changes, from 1."""

    schema_: Annotated[Literal["uniultra.annotations/1"], Field(alias="schema")]
    notice: str = ""
    uniultra: str = ""
    image: str
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    revision: Annotated[int, Field(strict=True, ge=1)]
    doc: Doc


class EnterIn(Strict):
    """The one-time code."""

    code: Annotated[str, StringConstraints(strict=True, max_length=200)]


class PointIn(Strict):
    """One prompt on one frame; `mask` is the last answer's run lengths, `region` the crop that it named."""

    box: Box | None = None
    box_fit: BoxFit = None
    points: Points = Field(default_factory=list)
    labels: Labels = Field(default_factory=list)
    label: Called = ""
    mask: Counts | None = None
    region: Box | None = None
    quick: Annotated[bool, Field(strict=True)] = False
    spacing_mm_yx: PixelSizes | None = None


class MeasureIn(Strict):
    """A mask to measure."""

    counts: Counts
    spacing_mm_yx: PixelSizes | None = None


class TrackIn(MeasureIn):
    """A structure's mask on one frame, to be followed over the next ones."""

    object: ObjectId
    backwards: Annotated[bool, Field(strict=True)] = False
    frames: Annotated[int, Field(strict=True, ge=1, le=64)] = 4


class EjectionIn(Strict):
    """One structure's masks on two frames of a cine: the heart at its fullest and at its emptiest."""

    diastole: Number0
    systole: Number0
    counts: Annotated[list[Counts], Field(min_length=2, max_length=2, description="of diastole, of systole")]
    spacing_mm_yx: PixelSizes | None = None


class PlaneIn(MeasureIn):
    """A mask on a frame of a file of the work list, which must have the stamp still."""

    item: Annotated[str, StringConstraints(strict=True, max_length=40)]
    frame: Number0
    stamp: Annotated[str, StringConstraints(strict=True, max_length=80)] | None = None


class VolumeIn(MeasureIn):
    """A structure's mask on one plane, and on another, its `first`."""

    first: PlaneIn


class SaveIn(Strict):
    """A changed document, made from revision `revision` (0: there was none)."""

    revision: Annotated[int, Field(strict=True, ge=0)]
    doc: Doc


class ReaderIn(Strict):
    """A second reader's name."""

    reader: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=40)]


class ReaderOut(BaseModel):
    """A second reader, and how many files they accepted."""

    name: str
    done: int


class ExportIn(Strict):
    """Kinds of results to write of what is saved."""

    kinds: Annotated[list[Annotated[str, StringConstraints(max_length=20)]], Field(max_length=20)] = Field(
        default_factory=list
    )


class MeasuresIn(Strict):
    """The files of the work list, by their ids, that a table of measures is of."""

    items: Annotated[
        list[Annotated[str, StringConstraints(strict=True, max_length=40)]],
        Field(min_length=1, max_length=20_000, fail_fast=True),
    ]


class ItemOut(BaseModel):
    """A file of the work list. `objects`, `frames` and `calipers` count what is saved of it; `kinds` are the
    names of its structures; `fault` is why it couldn't be opened, or empty.
    """

    id: str
    name: str
    done: bool = False
    objects: int = 0
    frames: int = 0
    calipers: int = 0
    kinds: list[str] = Field(default_factory=list)
    fault: str = ""


class WorkspaceOut(BaseModel):
    """What a page begins with. `unwritable` is why nothing can be saved, or empty; a second reader gets no
    `readers`.
    """

    items: list[ItemOut]
    project: str
    unwritable: str
    said: dict[str, SaidOut]
    examples: bool
    tracking: bool
    readers: list[ReaderOut]
    model: str
    version: str
    box_fits: bool
    structures: list[str]
    notice: str


class OpenedOut(BaseModel):
    """A file that was opened, and what is saved of it. `banners` are covered on all pictures of `scanner`;
    `stamp` is another one once the file was written anew.
    """

    id: str
    name: str
    kind: str
    width: int
    height: int
    count: int
    times_s: list[float] | None
    calibration: dict[str, Any]
    notes: list[str]
    exports: dict[str, str]
    said: dict[str, SaidOut]
    scanner: str
    stamp: str
    banners: list[list[float]]
    revision: int
    doc: Doc


class ExportedOut(BaseModel):
    """Names of files in `folder`, and what wasn't written, a sentence each."""

    folder: str
    files: list[str]
    notes: list[str]
    said: dict[str, SaidOut]


def edges(box: list[float]) -> tuple[float, float, float, float]:
    """A box of a request, x0,y0,x1,y1."""
    x0, y0, x1, y1 = box
    return x0, y0, x1, y1
