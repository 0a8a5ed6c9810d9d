"""What a track has found so far, in a file that a run which was ended goes on from: JSON, a line a frame, and
the state now and then.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from uniultra.errors import OutputError
from uniultra.model_facts import ModelFacts
from uniultra.pixel_scale import Scale
from uniultra.results import FrameResult, ObjectResult
from uniultra.text import printable
from uniultra.tracking.anchor import SIDE, Anchor, Registration
from uniultra.tracking.beginning import TrackedMask
from uniultra.tracking.kept import Kept, keep
from uniultra.tracking.spans import PromptedFrames
from uniultra.tracking.state import GRID, PATCH, MaskGrid
from uniultra.tracking.target_model import TargetModel
from uniultra.tracking.tissue import Tissue
from uniultra.tracking.track_state import ObjectTrack, TrackState
from uniultra.types import Cine, Frame, Region

SAVE_EVERY = 25
"""Frames between two states: so many at most are tracked again."""


def about_call(cine: Cine, prompts: PromptedFrames, frames: range, model: ModelFacts) -> dict[str, Any]:
    """What must be the same for a run to go on from a journal: all that its answers depend on."""
    listed = [
        [
            *(frame, number, prompt.box_xyxy, prompt.points_xy, prompt.point_labels, _digest(prompt.mask_hw)),
            *([prompt.box_fit] if prompt.box_fit else []),
        ]
        for frame, own in sorted(prompts.items())
        for number, prompt in sorted(own.items())
    ]
    return {
        "schema": "uniultra.track-journal/5",
        "frames": [frames.start, frames.stop, cine.count, *cine.frame_hw],
        "prompts": listed,
        "model": [model.name, model.version, model.prompting],
        "scale": repr(cine.calibration),
    }


def _digest(mask_hw: np.ndarray | None) -> str | None:
    return None if mask_hw is None else hashlib.sha256(np.packbits(mask_hw).tobytes()).hexdigest()


@dataclass
class TrackJournal:
    """An open journal.

    Attributes:
        known: the answers of an earlier run, by frame and structure, up to its last state.
        after: the frame of that state; -1 for none.
    """

    path: Path
    known: dict[int, dict[int, Kept]] = field(default_factory=dict)
    after: int = -1
    state: TrackState | None = None
    _file: IO[bytes] | None = None
    _since: int = 0

    @classmethod
    def open(cls, path: Path, about: dict[str, Any]) -> TrackJournal:
        """A new journal, or an earlier one of the same run, cut to its last state.

        Raises:
            OutputError: it is of another run, or can't be read or written.
        """
        journal, end = cls(path), 0
        try:
            if path.exists():
                end = journal._read(about)
            path.parent.mkdir(parents=True, exist_ok=True)
            journal._file = path.open("r+b" if end else "wb")
            journal._file.truncate(end)
            journal._file.seek(end)
            if not end:
                journal._write({"about": about})
        except OSError as error:
            raise journal._unwritable(error) from error
        return journal

    def results(self, frame: Frame, number: int) -> list[TrackedMask]:
        """The known answers on a frame, in the order of their numbers; [] for a frame that isn't known."""
        size = frame.height, frame.width
        return [kept.restored(one, size) for one, kept in sorted(self.known.get(number, {}).items())]

    def add(self, result: FrameResult) -> None:
        """Adds a frame's answers. Raises OutputError."""
        objects = [_object_line(found) for found in result.objects]
        self._write({"frame": result.number, "objects": objects})

    def save(self, number: int, state: TrackState | None) -> None:
        """Adds the state after a frame, every SAVE_EVERY of them. Raises OutputError."""
        self._since += 1
        if self._since >= SAVE_EVERY and state is not None:
            self._since = 0
            self._write({"state": number, "data": _packed(state)})

    def close(self) -> None:
        """Closes the file, which stays."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()

    def _read(self, about: dict[str, Any]) -> int:
        """Takes what an earlier run left; the bytes up to the end of its last state, 0 where there is nothing
        to keep.
        """
        end = kept_to = 0
        answers: dict[int, dict[int, Kept]] = {}
        for line in _lines(self.path):
            end += len(line)
            try:
                entry = json.loads(line)
                if "about" in entry:
                    self._check(entry["about"], about)
                    kept_to = end
                elif "frame" in entry:
                    answers[int(entry["frame"])] = dict(_kept(item) for item in entry["objects"])
                else:
                    self.state, self.after, kept_to = _unpacked(entry["data"]), int(entry["state"]), end
                    self.known = dict(answers)
            except (ValueError, KeyError, TypeError, EOFError, OSError):  # cut off in the middle of a line
                break
        return kept_to

    def _check(self, said: dict[str, Any], about: dict[str, Any]) -> None:
        if said != json.loads(json.dumps(about)):
            changed = ", ".join(
                sorted(key for key in {*said, *about} if said.get(key) != _plain(about.get(key)))
            )
            fix = "repeat that call, or remove the file to start again"
            raise OutputError(f"{printable(str(self.path))} belongs to a run with different {changed}; {fix}")

    def _write(self, entry: dict[str, Any]) -> None:
        assert self._file is not None, "open it first"
        try:
            self._file.write(json.dumps(entry).encode() + b"\n")
            self._file.flush()
            if "state" in entry:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        reason = error.strerror or "error"
        return OutputError(
            f"{printable(str(self.path))}: can't be written ({reason}); free some space, or leave out "
            "--resume"
        )


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _object_line(found: ObjectResult) -> dict[str, Any]:
    assert found.status is not None, "a tracked structure has a status"
    kept = keep(TrackedMask(found.number, found.mask, found.status, found.confidence or 0.0, found.mask))
    line = {
        "number": found.number,
        "status": kept.status,
        "confidence": kept.confidence,
        "quality": kept.quality,
    }
    return line | {"scale": asdict(kept.scale), "mask": base64.b64encode(kept.packed).decode()}


def _kept(item: dict[str, Any]) -> tuple[int, Kept]:
    said = item["scale"]
    spacing = None if said["spacing_mm_yx"] is None else tuple(said["spacing_mm_yx"])
    scale = replace(Scale(**{**said, "notes": tuple(said["notes"])}), spacing_mm_yx=spacing)
    packed = base64.b64decode(item["mask"])
    return int(item["number"]), Kept(item["status"], item["confidence"], item["quality"], scale, packed)


def _packed(state: TrackState) -> str:
    """A state as text: arrays without pickle, and the rest as JSON among them."""
    arrays: dict[str, np.ndarray] = {"view": state.view_hw}
    rest: dict[str, Any] = {"frame_hw": state.frame_hw, "objects": [], "registrations": []}
    registrations = {id(one.anchor.registration): one.anchor.registration for one in state.objects}
    views: dict[int, str] = {}
    for place, shared in enumerate(registrations.values()):
        view = views.setdefault(id(shared.view_hw), f"first_view{place}")
        arrays |= {f"patch{place}": shared.patch_hw, f"back{place}": shared.back, view: shared.view_hw}
        rest["registrations"].append([_edges(shared.region), _edges(shared.at), view])
    places = {identity: place for place, identity in enumerate(registrations)}
    for place, one in enumerate(state.objects):
        arrays |= {
            f"grid{place}": one.grid.logits_hw,
            f"sure_grid{place}": one.sure_grid.logits_hw,
            f"first{place}": one.first_hw,
            f"sure{place}": one.sure_hw,
            f"sure_view{place}": one.sure_view_hw,
            f"anchor{place}": one.anchor.grid.logits_hw,
        }
        if one.anchor.tissue is not None:
            arrays[f"tissue{place}"] = np.stack([one.anchor.tissue.inside, one.anchor.tissue.around])
        if one.target is not None:
            arrays |= {f"target{place}_{part}": array for part, array in enumerate(one.target.arrays)}
        anchor = one.anchor
        listed = [_edges(grid.region) for grid in (one.grid, one.sure_grid, anchor.grid)]
        said = [one.number, one.lost, one.steady, one.doubted, anchor.quality, anchor.likeness]
        rest["objects"].append([*said, places[id(anchor.registration)], listed])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, rest=np.frombuffer(json.dumps(rest).encode(), np.uint8), **arrays)  # type: ignore[arg-type]
    return base64.b64encode(buffer.getvalue()).decode()


def _edges(region: Region) -> list[float]:
    return [region.x0, region.y0, region.x1, region.y1]


def _unpacked(text: str) -> TrackState:
    """The state again. Raises ValueError or KeyError for what is no state."""
    with np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False) as arrays:
        rest = json.loads(arrays["rest"].tobytes())
        views = {view: arrays[view] for _, _, view in rest["registrations"]}
        registrations = [
            Registration(
                Region(*crop),
                _of_shape(arrays[f"patch{place}"], SIDE),
                Region(*at),
                _of_shape(arrays[f"back{place}"], SIDE),
                views[view],
            )
            for place, (crop, at, view) in enumerate(rest["registrations"])
        ]
        objects = tuple(
            _object(arrays, place, said, registrations) for place, said in enumerate(rest["objects"])
        )
        height, width = rest["frame_hw"]
        return TrackState((height, width), arrays["view"], objects)


def _object(
    arrays: Mapping[str, np.ndarray], place: int, said: list[Any], registrations: list[Registration]
) -> ObjectTrack:
    number, lost, steady, doubted, quality, alike, registration, listed = said
    grid, sure_grid, first_grid = (
        MaskGrid(Region(*edges), _of_shape(arrays[f"{name}{place}"], GRID))
        for name, edges in zip(("grid", "sure_grid", "anchor"), listed, strict=True)
    )
    seen = [_of_shape(arrays[f"{name}{place}"], PATCH) for name in ("first", "sure")]
    tissue = Tissue(*arrays[f"tissue{place}"]) if f"tissue{place}" in arrays else None
    anchor = Anchor(first_grid, quality, registrations[registration], alike, tissue)
    parts = [arrays[f"target{place}_{part}"] for part in range(5) if f"target{place}_{part}" in arrays]
    target = TargetModel(*parts) if parts else None
    counted = int(lost), float(steady), int(doubted)
    view = arrays[f"sure_view{place}"]
    return ObjectTrack(number, grid, sure_grid, seen[0], seen[1], anchor, *counted, target, view)


def _of_shape(array: np.ndarray, side: int) -> np.ndarray:
    if array.shape[:2] != (side, side):
        raise ValueError(f"an array of a state is {array.shape}, not {side} a side")
    return array
