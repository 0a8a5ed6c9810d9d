"""What the server and its computing processes say to each other: plain values, made from requests that were
already checked for shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uniultra.pixel_scale import PixelSize
from uniultra.types import Frame

if TYPE_CHECKING:
    from uniultra.results import ByHand

NOT_DICOM = "the {} isn't DICOM, so no DICOM result can refer to it; upload the DICOM file itself"


@dataclass(frozen=True)
class Rle:
    """A previous mask as COCO run lengths; nothing of it is checked yet."""

    counts: str | tuple[int, ...]
    size_hw: tuple[int, int]


@dataclass(frozen=True)
class Png:
    """A previous mask as the bytes of an image file; hostile until read."""

    data: bytes = field(repr=False)


@dataclass(frozen=True)
class PromptRequest:
    """One prompt as a request gives it."""

    box_xyxy: tuple[float, ...] | None = None
    points_xy: tuple[tuple[float, ...], ...] = ()
    labels: tuple[int, ...] = ()
    mask: Rle | Png | None = None
    box_fit: str = ""
    name: str = ""


@dataclass(frozen=True)
class FileOptions:
    """What a request says of its file: the frame of a cine, from 0, and the size of a pixel where the file
    doesn't say.
    """

    frame: int | None = None
    size_mm: PixelSize | None = None


@dataclass(frozen=True)
class Read:
    """Make a frame of a file's bytes, of at most `max_pixels`; a deflated one may have `max_bytes`
    inflated.
    """

    data: bytes = field(repr=False)
    max_pixels: int
    max_bytes: int
    options: FileOptions = FileOptions()


@dataclass(frozen=True)
class Segment:
    """Segment prompts on one held frame, within `work_s` seconds; masks as `png` too, and all `measures`,
    where requested.
    """

    image_id: str
    frame: Frame = field(repr=False)
    prompts: tuple[PromptRequest, ...]
    work_s: float
    png: bool = False
    measures: bool = False
    alternatives: int = 1


@dataclass(frozen=True)
class Forget:
    """Drop what is kept of images and cines that are gone."""

    image_ids: tuple[str, ...]


@dataclass(frozen=True)
class Abandon:
    """The client of the job under way has gone: no more of its prompts need be computed. It has no answer
    of its own.
    """


@dataclass(frozen=True)
class FileJob:
    """A job on a file of this machine, named by its path, so that any process can do it; `web.workspace.jobs`
    has the kinds.

    `size_mm` is the size of a pixel that the user gave, for where the file says none.
    """

    path: Path
    size_mm: PixelSize | None = None


@dataclass(frozen=True)
class CineFile:
    """A held cine: its id, its bytes (None: those that the process has), the size of a pixel that the client
    gave, and the limits of its frames' pixels and of inflated bytes.
    """

    id: str
    data: bytes | None = field(repr=False)
    size_mm: PixelSize | None
    max_pixels: int
    max_bytes: int


@dataclass(frozen=True)
class CineJob:
    """A job on a held cine; `cine_messages` has the kinds."""

    cine: CineFile


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
class GivenStructure:
    """A structure of a request: its label and mask, nothing of which is checked yet, what a person did to the
    mask, and the quality that it was answered with, None where that isn't known.
    """

    label: str
    mask: Rle | Png = field(repr=False)
    by_hand: ByHand | None
    quality: float | None


@dataclass(frozen=True)
class Derive:
    """Make a DICOM object of given masks on a held frame: answered by `Derived`.

    Attributes:
        kind: of `outputs.plan.DICOM_KINDS`.
    """

    frame: Frame = field(repr=False)
    origin: Origin = field(repr=False)
    kind: str
    structures: tuple[GivenStructure, ...] = field(repr=False)
    keep_patient: bool = False


@dataclass(frozen=True)
class DeriveCine(CineJob):
    """Make a DICOM object of a track: answered by `Derived`, or `NeedsData`.

    Attributes:
        kind: of `outputs.plan.DICOM_KINDS`.
        labels: by structures' numbers; nothing of them is checked yet.
        found: by frame, by structure: status, COCO's text ("" where it is lost), and quality.
    """

    kind: str
    labels: dict[int, str] = field(repr=False)
    found: dict[int, dict[int, tuple[str, str, float]]] = field(repr=False)
    keep_patient: bool = False


@dataclass(frozen=True)
class Derived:
    """A DICOM file's bytes, its SOPInstanceUID, and notes on what isn't kept."""

    data: bytes = field(repr=False)
    uid: str
    notes: tuple[str, ...] = ()


Job = Read | Segment | Forget | FileJob | CineJob | Derive


@dataclass(frozen=True)
class Answer:
    """What a job gave (an Upload for Read, a tuple of MaskOut for Segment, ...), how long it took, and the
    state of the process's embedding cache.
    """

    value: Any
    work_ms: float
    cache: CacheState


@dataclass(frozen=True)
class CacheState:
    """Embeddings of one process: bytes held now, and how often one was there or had to be made since its
    start.
    """

    bytes: int = 0
    hits: int = 0
    misses: int = 0


@dataclass(frozen=True)
class Failure:
    """Why a job gave nothing: the name of a problem (`problems.KINDS`) and one line."""

    problem: str
    detail: str


@dataclass(frozen=True)
class Ready:
    """A process has its model, whose files and prompting hash to `sha256`, or couldn't load it (`error`)."""

    name: str = ""
    version: str = ""
    input_size: int = 0
    sha256: str = ""
    box_fits: bool = False
    structures: tuple[str, ...] = ()
    error: str = ""


class JobError(Exception):
    """A job that gives nothing: the name of the problem, and one line."""

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(detail)
        self.failure = Failure(problem, detail)
