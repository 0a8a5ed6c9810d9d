"""Cines and tracks of `uniultra serve`, for programs: a mixin of `Client`.

cine = client.upload_cine("cine.dcm")
track = client.track(cine, {12: {1: Prompt(box_xyxy=(152, 65, 198, 130))}})
for found in client.follow(track):
    print(found.frame, found.objects[0].status)
track = client.correct(track, 20, 1, Prompt(box_xyxy=(150, 60, 199, 131)))
for found in client.follow(track):  # what the correction changes, and no more
    ...
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import numpy as np

from uniultra.errors import ServeError
from uniultra.io.paths import PathLike
from uniultra.pixel_scale import PixelSize
from uniultra.types import Prompt
from uniultra.web.client_calls import Calls, RefusedError, mask_and_box, parsed, prompt_json, size_numbers

_NO_LINE = "the stream is not from `uniultra serve`, or ended early; try again"


@dataclass(frozen=True)
class RemoteCine:
    """A cine that the server holds, until it was not used for `expires_in_s` seconds. `times_s` is one a
    frame, or None.
    """

    id: str
    width: int
    height: int
    frames: int
    times_s: tuple[float, ...] | None = field(repr=False)
    expires_in_s: float


@dataclass(frozen=True)
class RemoteTrack:
    """A track, and what its `revision` works out: frames `first` to `last`, all structures or `object`."""

    cine_id: str
    id: str
    revision: int
    first: int
    last: int
    object: int | None


@dataclass(frozen=True)
class RemoteObject:
    """One structure on one frame: its mask, bool (H, W), empty where `status` is lost or absent; the chance
    that Dice is at least 0.7; the predicted IoU; its box by outer edges; its area.
    """

    number: int
    mask_hw: np.ndarray = field(repr=False)
    status: str
    confidence: float
    quality: float
    box_xyxy: tuple[float, float, float, float] | None
    area_px: int
    area_mm2: float | None


@dataclass(frozen=True)
class RemoteFrame:
    """One result, the `seq`th of its revision from 0. `left_out` says why a frame can't be read, which then
    has no objects.
    """

    seq: int
    frame: int
    time_s: float | None
    objects: tuple[RemoteObject, ...]
    left_out: str = ""


class CineCalls(Calls):
    """What a client asks of cines."""

    def upload_cine(self, cine: PathLike | bytes, spacing_mm_yx: PixelSize | None = None) -> RemoteCine:
        """Sends a cine, by its path or as its bytes. Raises FileError, ServeError."""
        return _cine(self._upload("/v1/cines", cine, spacing_mm_yx))

    def reference_cine(self, path: str, spacing_mm_yx: PixelSize | None = None) -> RemoteCine:
        """Names a cine on the server's machine, below a folder that its operator allows. Raises
        ServeError.
        """
        content = {"path": path, "spacing_mm_yx": size_numbers(spacing_mm_yx)}
        return _cine(self._send_json("POST", "/v1/cine-files", content))

    def track(
        self,
        cine: RemoteCine,
        prompts: Mapping[int, Mapping[int, Prompt]],
        first: int | None = None,
        last: int | None = None,
        reverse: bool = False,
    ) -> RemoteTrack:
        """Begins a track: prompts by frame, from 0, and by the structures' numbers, from 1, as
        `uniultra.tracking.track` takes them. Nothing is computed before `follow`. Raises ServeError.
        """
        requested = [
            _frame_prompt(frame, number, prompt)
            for frame, own in sorted(prompts.items())
            for number, prompt in sorted(own.items())
        ]
        content = {"prompts": requested, "first": first, "last": last, "reverse": reverse}
        return _track(cine.id, self._send_json("POST", f"/v1/cines/{cine.id}/tracks", content))

    def correct(self, track: RemoteTrack, frame: int, number: int, prompt: Prompt) -> RemoteTrack:
        """Corrects a structure on a frame, or adds one: the track's next revision, of what this changes.
        Raises ServeError.
        """
        path = f"/v1/cines/{track.cine_id}/tracks/{track.id}/prompts"
        return _track(track.cine_id, self._send_json("POST", path, _frame_prompt(frame, number, prompt)))

    def follow(self, track: RemoteTrack, after: int = -1) -> Iterator[RemoteFrame]:
        """The results of a revision as they are found, forwards from the first prompted frame and then
        backwards.

        Closing the iterator, as by leaving its loop, cancels; `after`, the `seq` of the last result that is
        known, goes on from there. What a later revision answers is left out.

        Raises:
            ServeError: the server can't be reached, or the connection ends early; RefusedError, where it says
                why.
        """
        query = urlencode({"revision": track.revision, "after": after})
        path = f"/v1/cines/{track.cine_id}/tracks/{track.id}/frames?{query}"
        with closing(self._lines(path)) as lines:
            for line in lines:
                found = parsed(line, _NO_LINE)
                if found.get("problem"):
                    raise RefusedError(200, str(found["problem"]), str(found.get("detail", "")))
                if found.get("done"):
                    return
                yield _frame(found)
        raise ServeError("the stream of the track ended early; request it again, after the last result")

    def track_dicom(
        self, track: RemoteTrack, labels: Mapping[int, str], kind: str = "seg", keep_patient: bool = False
    ) -> bytes:
        """A DICOM file of a whole track, corrections included, of a cine that was uploaded as DICOM.

        Args:
            labels: what structures are called, by their numbers.
            kind, keep_patient: as of `Client.dicom`.

        Raises:
            ServeError: as `follow`.
        """
        named = [{"object": number, "label": label} for number, label in sorted(labels.items())]
        path = f"/v1/cines/{track.cine_id}/tracks/{track.id}/dicom"
        return self._dicom(path, kind=kind, labels=named, keep_patient=keep_patient)

    def delete_track(self, track: RemoteTrack) -> None:
        """Drops a track. Raises ServeError."""
        self._send("DELETE", f"/v1/cines/{track.cine_id}/tracks/{track.id}")

    def delete_cine(self, cine: RemoteCine) -> None:
        """Drops a cine and its tracks. Raises ServeError."""
        self._send("DELETE", f"/v1/cines/{cine.id}")


def _frame_prompt(frame: int, number: int, prompt: Prompt) -> dict[str, Any]:
    return {"frame": frame, "object": number, **prompt_json(prompt, None)}


def _cine(found: dict[str, Any]) -> RemoteCine:
    times = found["times_s"]
    return RemoteCine(
        found["id"],
        found["width"],
        found["height"],
        found["frames"],
        None if times is None else tuple(times),
        found["expires_in_s"],
    )


def _track(cine_id: str, found: dict[str, Any]) -> RemoteTrack:
    return RemoteTrack(
        cine_id, found["id"], found["revision"], found["first"], found["last"], found["object"]
    )


def _frame(found: dict[str, Any]) -> RemoteFrame:
    objects = tuple(_object(one) for one in found.get("objects", ()))
    return RemoteFrame(found["seq"], found["frame"], found.get("time_s"), objects, found.get("left_out", ""))


def _object(one: dict[str, Any]) -> RemoteObject:
    mask_hw, box = mask_and_box(one)
    return RemoteObject(
        one["object"],
        mask_hw,
        one["status"],
        one["confidence"],
        one["quality"],
        box,
        one["area_px"],
        one.get("area_mm2"),
    )
