"""What a batch is: its inputs, what is asked of each, and where the results go. Plain values, which travel to
the workers.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from uniultra.automatic import GridSettings
from uniultra.io.input_file import InputFile
from uniultra.results import FrameResult
from uniultra.types import Prompt

FIRST, MIDDLE, EVERY = CHOICES = ("first", "middle", "all")
"""What may be chosen of files of several frames; a still is its own first, middle and all."""
SCHEMA = "uniultra.batch/1"


@dataclass(frozen=True)
class Item:
    """One input.

    Attributes:
        name: its path relative to the archive, with `/`: what tables call it and results are named by.
        path: a local path or an fsspec URL.
        frame: of a file of several frames, a number from 0 or one of CHOICES; None: such a file fails.
        prompts: a (box, points, labels) for each object, as `Prompt` takes them, with its name and its box's
            fit where it has one.
        prior: where its previous mask lies, or None.
        track: a (frame, structure, box, points, labels) for each prompt of what is to be followed through it.
    """

    name: str
    path: str
    frame: int | str | None = None
    prompts: tuple[tuple[Any, ...], ...] = ()
    prior: str | None = None
    track: tuple[tuple[Any, ...], ...] = ()

    @property
    def label(self) -> str:
        """Its name, with the frame where one was chosen; different for any two inputs of a batch."""
        return self.name if self.frame is None else f"{self.name}#{self.frame}"

    @property
    def digest(self) -> str:
        """What its record is named by: letters and digits alone, whatever the file is called."""
        return _sha256_of(self.label)[:32]

    def to_json(self) -> str:
        """ASCII, so that any file name travels."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Item:
        values = json.loads(text)
        prompts, track = (tuple(map(tuple, values[key])) for key in ("prompts", "track"))
        return cls(**values | {"prompts": prompts, "track": track})

    def requested(self) -> list[Prompt]:
        """Its prompts. Raises PromptError."""
        return [_prompt(*one) for one in self.prompts]

    def tracked(self) -> dict[int, dict[int, Prompt]]:
        """The prompts of its track, by frame and structure. Raises PromptError."""
        found: dict[int, dict[int, Prompt]] = {}
        for frame, number, *prompt in self.track:
            found.setdefault(frame, {})[number] = _prompt(*prompt)
        return found


def _prompt(box: Any, points: Any, labels: Any, name: str = "", box_fit: str = "") -> Prompt:
    taken = None if box is None else tuple(box), tuple(map(tuple, points)), tuple(labels)
    return Prompt(*taken, name=name, box_fit=box_fit)  # type: ignore[arg-type]


def plain(one: Prompt) -> tuple[Any, ...]:
    """A prompt without a previous mask, as an `Item` carries it."""
    named = [one.name] if one.name or one.box_fit else []
    fit = [one.box_fit] if one.box_fit else []
    return (one.box_xyxy, one.points_xy, one.point_labels, *named, *fit)


def plain_track(
    prompts: Mapping[int, Mapping[int, Prompt]],
) -> tuple[tuple[Any, ...], ...]:
    """Prompts on several frames, without previous masks, as an `Item` carries them."""
    return tuple(
        (frame, number, *plain(one))
        for frame, own in sorted(prompts.items())
        for number, one in sorted(own.items())
    )


class Extras(Protocol):
    """Writes what was requested beside the mask into a folder; their paths, by ending. Workers must be able
    to import it.
    """

    def __call__(self, folder: Path, source: InputFile, result: FrameResult) -> dict[str, Path]: ...


class GatheredExtras(Protocol):
    """What was requested of a cine as a whole, gathered frame by frame."""

    @property
    def of_frame(self) -> Extras:
        """What writes the rest, of each frame."""
        ...

    def add(self, result: FrameResult) -> None: ...

    def write(
        self, folder: Path, result: FrameResult, ejection: dict[str, Any] | None = None
    ) -> dict[str, Path]:
        """Writes it into a folder, after the last frame, whose result is given, with the ejection fraction
        of its ventricle; the paths, by ending.
        """
        ...


@dataclass(frozen=True)
class Job:
    """What is the same for every input.

    Attributes:
        out: the folder of results, a local path or an fsspec URL.
        model: a published model's name, or a model folder that every worker can read.
        model_sha256: `backends.open.model_sha256` of it, which every worker checks.
        run: names this call, so that a retry within it knows its own work.
        masks: whether previous masks are the prompts.
        grid: settings of the grid of clicks, where that is what is asked.
        kinds: what is written beside the mask.
        extras: what writes it.
        gather: what begins to gather what is written of a cine as a whole, and says None where nothing is.
        force: recompute existing results.
        keep_patient: whether DICOM results carry the patient's identity.
        labels: what structures are called, one for all or one each in their order; () for nothing.
        ventricle: the structure of each track that is a left ventricle; 0 for none.
    """

    out: str
    model: str
    model_sha256: str
    run: str
    masks: bool = False
    grid: GridSettings | None = None
    kinds: tuple[str, ...] = ()
    extras: Extras | None = field(default=None, compare=False)
    gather: Callable[[Path, InputFile], GatheredExtras | None] | None = field(default=None, compare=False)
    force: bool = False
    keep_patient: bool = False
    labels: tuple[str, ...] = ()
    ventricle: int = 0

    def again(self) -> Job:
        """The same for another call."""
        return replace(self, run=secrets.token_hex(8))

    def request_of(self, item: Item) -> str:
        """SHA-256 of all that the result of an item follows from, but for the contents of its files."""
        requested: dict[str, Any] = {
            "schema": SCHEMA,
            "model": self.model_sha256,
            "masks": self.masks,
            "grid": None if self.grid is None else asdict(self.grid),
            "kinds": sorted(self.kinds),
            "frame": item.frame,
            "prompts": item.prompts,
        }
        more = {"track": item.track, "keep_patient": self.keep_patient, "labels": self.labels}
        more["ventricle"] = self.ventricle
        requested |= {key: value for key, value in more.items() if value}  # earlier records have none of it
        return _sha256_of(json.dumps(requested, sort_keys=True))


def _sha256_of(text: str) -> str:
    return hashlib.sha256(json.dumps(text).encode("ascii")).hexdigest()
