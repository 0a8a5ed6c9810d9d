"""What a page's server and the computing processes say to each other, beside `web.messages`: plain values.

Each job names a file of the work list by its path, so that any process can do it, a replaced one included.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uniultra.pixel_scale import Calibration
from uniultra.web.messages import FileJob, PromptRequest, Rle

if TYPE_CHECKING:
    from uniultra.results import ByHand, TrackStatus

QUICK_SIDE = 512
"""Pixels of the longer side of a mask under the pointer."""


@dataclass(frozen=True)
class OpenFile(FileJob):
    """Say what the file is: answered by `FileFacts`."""


@dataclass(frozen=True, kw_only=True)
class FrameJob(FileJob):
    """A job on frame `number` of a file."""

    number: int


@dataclass(frozen=True, kw_only=True)
class Picture(FrameJob):
    """Frame `number` as an encoded picture: without loss where `exact`, or, where that isn't said, of a still
    image.
    """

    exact: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Warm(FrameJob):
    """Encode the whole of frame `number` ahead of the first click."""


@dataclass(frozen=True, kw_only=True)
class Point(FrameJob):
    """One prompt on frame `number`: answered by `Pointed`.

    Attributes:
        region: the crop that the last answer named, x0, y0, x1, y1 by edges; None for a first prompt.
        quick: one pass on the whole frame alone, for a mask under the pointer, in at most `QUICK_SIDE`
            pixels a side; box and area are then in these.
    """

    prompt: PromptRequest
    region: tuple[float, float, float, float] | None = None
    quick: bool = False


@dataclass(frozen=True, kw_only=True)
class Alternatives(FrameJob):
    """Other answers to a prompt on frame `number`: answered by a tuple of `Pointed`, the usual one first."""

    prompt: PromptRequest


@dataclass(frozen=True, kw_only=True)
class Track(FileJob):
    """Follow a structure from its mask on frame `start`, as it is, over the next `frames`; the answer is a
    tuple of `Tracked`.
    """

    object: int
    start: int
    mask: Rle
    backwards: bool
    frames: int


@dataclass(frozen=True)
class Tracked:
    """One frame of a track: run lengths, empty where the structure is lost; `status`: sure, unsure, lost,
    absent; `model` has answered.
    """

    number: int
    counts: str = field(repr=False)
    quality: float
    status: str
    model: str = ""


@dataclass(frozen=True, kw_only=True)
class MeasureMask(FrameJob):
    """All measures of a mask on frame `number`, as the JSON of results has them."""

    mask: Rle


@dataclass(frozen=True, kw_only=True)
class Ejection(FileJob):
    """Volumes and ejection fraction by Simpson's method from one structure's masks on two frames:
    diastole, systole.
    """

    numbers: tuple[int, int]
    masks: tuple[Rle, Rle]


@dataclass(frozen=True, kw_only=True)
class Planes(MeasureMask):
    """The volume of a structure from its mask on frame `number`, and from one on a frame of another (or the
    same) file: answered as `answers.two_planes` says.
    """

    first_path: Path
    first_number: int
    first_mask: Rle
    first_mm: tuple[float, float] | None


@dataclass(frozen=True)
class SavedObject:
    """One structure of a frame: its id in tables, mask, prompt (None for a mask drawn by hand), quality
    and name, of a tracked one its status, its colour on the page (RGB, 0 to 255), the model that made it, ""
    where nobody knows, and what a person's hand did to it.
    """

    number: int
    mask: Rle = field(repr=False)
    prompt: PromptRequest | None
    quality: float
    name: str = ""
    status: TrackStatus | None = None
    colour_rgb: tuple[int, int, int] | None = None
    made_by: str = ""
    by_hand: ByHand | None = None


@dataclass(frozen=True)
class SavedFrame:
    """The structures of one frame; `lost` are those, by number, name and colour, that tracking lost there."""

    number: int
    objects: tuple[SavedObject, ...]
    lost: tuple[tuple[int, str, tuple[int, int, int]], ...] = ()


@dataclass(frozen=True)
class SavedCaliper:
    """A distance that a person measured on a frame: its number, and its ends (x, y) in pixels."""

    number: int
    frame: int
    ends_xy: tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Tabulate(FileJob):
    """Measure all structures and calipers of a file: answered by the lines of both tables, `Tables`.
    `calipers` may lie on frames without structures.
    """

    frames: tuple[SavedFrame, ...]
    calipers: tuple[SavedCaliper, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Export(Tabulate):
    """Write results of some frames into `folder`: answered by the names of the files and notes, `Exported`.
    What lies under `banners` is black in every picture. Their names begin with `name`, or as the source's
    where it is empty.
    """

    folder: Path
    kinds: tuple[str, ...]
    name: str = ""
    banners: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Teach(FileJob):
    """Copy frames and masks, PNG, into `folder`/images and `folder`/masks: answered by the names of the
    pictures, `name`.frameN.png. Each frame has masks by kind of structure; those of one kind are ids 1..N of
    one file, `mask_name`.
    """

    folder: Path
    name: str
    frames: tuple[tuple[int, tuple[tuple[Rle, ...], ...]], ...]
    banners: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Compare(FileJob):
    """Two readers' masks on frames, (number, first, second): answered by a tuple of `Compared`."""

    masks: tuple[tuple[int, Rle, Rle], ...]


@dataclass(frozen=True)
class Compared:
    """Dice of two masks, and of first and second areas and long diameters, in `unit`: mm (mm2) or px."""

    dice: float
    areas: tuple[float, float]
    lengths: tuple[float, float]
    unit: str


def mask_name(picture: str, kind: int) -> str:
    """The name of a picture's mask of its `kind`th kind of structure, from 0."""
    return picture.removesuffix(".png") + f".mask{kind + 1}.png"


@dataclass(frozen=True)
class FileFacts:
    """What a page must know of a file before it shows it. `times_s` is one a frame, or None; `scanner` names
    what made it, for banners; `stamp` is another one once the file was written anew.
    """

    kind: str
    frame_hw: tuple[int, int]
    count: int
    times_s: tuple[float, ...] | None = field(repr=False)
    calibration: Calibration = field(repr=False)
    notes: tuple[str, ...]
    scanner: str
    stamp: str


@dataclass(frozen=True)
class Encoded:
    """A picture's bytes and its media type."""

    data: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True)
class Pointed:
    """The answer to a prompt: the mask in COCO's text, its box, area and quality, why its scale isn't
    known, and the crop for the next prompt. `size_hw` is the mask's, smaller than the frame's where the
    answer was to be `quick`; `notes` say what is odd about the prompt, or that there is nothing to see;
    `work_ms` is how long the page waited; `model` has answered.
    """

    counts: str = field(repr=False)
    box_xyxy: tuple[float, float, float, float] | None
    area_px: int
    area_mm2: float | None
    quality: float
    reason: str
    region: tuple[float, float, float, float] | None
    size_hw: tuple[int, int]
    notes: tuple[str, ...] = ()
    work_ms: float = 0.0
    model: str = ""


@dataclass(frozen=True)
class Exported:
    """What was written, names of files in `Export.folder`, and what wasn't, a sentence each."""

    files: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Tables:
    """Lines of `measured.MEASURES_COLUMNS`, a structure of a frame each, and of `measured.CSV_COLUMNS`, a
    caliper each.
    """

    structures: tuple[list[Any], ...] = field(repr=False)
    calipers: tuple[list[Any], ...] = field(repr=False)


WorkspaceValue = (
    FileFacts
    | Encoded
    | Pointed
    | tuple[Pointed, ...]
    | tuple[Tracked, ...]
    | tuple[Compared, ...]
    | tuple[str, ...]
    | Exported
    | Tables
    | dict[str, Any]
)
"""What the jobs of this module are answered by; None for `Warm`."""
