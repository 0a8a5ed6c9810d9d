"""What the server does with cines, apart from HTTP: held ones in, tracks a slice at a time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from uniultra.web.cine_messages import (
    CheckPrompts,
    CineFacts,
    FollowCine,
    FramePromptRequest,
    NeedsData,
    OpenCineFile,
    Part,
)
from uniultra.web.cine_schemas import FollowIn, FramePromptIn, TrackLine
from uniultra.web.held_cines import CineStore, HeldCine, HeldTrack
from uniultra.web.messages import CineFile, CineJob, DeriveCine, Derived, FileOptions
from uniultra.web.problems import Problem
from uniultra.web.prompt_requests import plain_request, sent_mask
from uniultra.web.server_paths import read_reference
from uniultra.web.service import Disconnected, Service, while_there
from uniultra.web.settings import MOST_PROMPTS

SLICE_S = 0.25
"""A lane works on a track for so long before it takes what else waits."""


class CineService:
    """The cines of one server, on the lanes of its `Service`. Belongs to the event loop."""

    def __init__(self, service: Service) -> None:
        self.service, self.settings = service, service.settings
        self.store = CineStore(self.settings.cines, int(self.settings.cines_mb * 1e6), self.settings.idle_s)
        self.store.on_drop = self._forget
        service.other_stores.append(self.store)

    async def upload(
        self, chunks: AsyncIterator[bytes], requested: FileOptions, disconnected: Disconnected
    ) -> HeldCine:
        """Holds the cine that these bytes are. Raises Problem, and ClientDisconnected as `Service.upload`
        does.
        """
        self.store.check_room()
        with self.service.uploading():
            held = self._hold(b"".join([chunk async for chunk in chunks]), requested)
            return await while_there(held, disconnected)

    async def reference(self, path: str, requested: FileOptions) -> HeldCine:
        """Holds the cine in a file of this machine. Raises Problem."""
        self.store.check_room()
        with self.service.uploading():
            settings = self.settings
            data = await asyncio.to_thread(read_reference, settings.root, path, settings.upload_bytes)
            return await self._hold(data, requested)

    async def begin(self, cine: HeldCine, requested: FollowIn) -> HeldTrack:
        """A track of checked prompts; nothing is computed yet. Raises Problem."""
        prompts = tuple(_frame_prompt(place, one) for place, one in enumerate(requested.prompts, start=1))
        last = cine.facts.count - 1
        frames = requested.first or 0, last if requested.last is None else requested.last
        if not frames[0] <= frames[1] <= last:
            raise Problem(
                "prompt", f"frames {frames[0]} to {frames[1]} are not in the cine; legal are 0 to {last}"
            )
        known: set[tuple[int, int]] = set()
        for one in prompts:
            where = f"prompt {one.place}: structure {one.object} on frame {one.frame}"
            if not frames[0] <= one.frame <= frames[1]:
                raise Problem("prompt", f"{where} isn't tracked; legal are {frames[0]} to {frames[1]}")
            if (one.frame, one.object) in known:
                raise Problem("prompt", f"{where} has two prompts; put them into one")
            known.add((one.frame, one.object))
        await self._run(cine, CheckPrompts(self.file_of(cine), prompts))
        return cine.add(prompts, frames, requested.reverse)

    async def correct(self, cine: HeldCine, track: HeldTrack, requested: FramePromptIn) -> None:
        """Adds a revision of what a prompt changes. Raises Problem."""
        prompt = _frame_prompt(1, requested)
        await self._run(cine, CheckPrompts(self.file_of(cine), (prompt,)))
        track.correct(prompt, MOST_PROMPTS)

    async def follow(
        self, cine: HeldCine, track: HeldTrack, revision: int, after: int
    ) -> AsyncIterator[TrackLine]:
        """The results of a revision with a higher `seq` than `after`, as they are found, but for what a later
        revision answers. Raises Problem.
        """
        one, at, ended = track.revisions[revision], after + 1, False
        while not ended:
            job = FollowCine(
                self.file_of(cine),
                f"{cine.id}/{track.id}/{revision}",
                one.prompts,
                one.frames,
                track.reverse,
                at,
                min(SLICE_S, self.settings.work_s),
            )
            part = await self._run(cine, job)
            assert isinstance(part, Part)
            for found in part.found:
                assert found.seq is not None and found.frame is not None, "of a frame"
                at = found.seq + 1
                kept = [
                    each
                    for each in found.objects or ()
                    if not track.replaced_later(revision, found.frame, each.object)
                ]
                if kept or found.left_out:
                    yield found.model_copy(update={"objects": kept or None})
            ended = part.ended
            cine.used = self.store.clock()

    async def derive(self, cine: HeldCine, job: DeriveCine) -> Derived:
        """A DICOM object of what a track has found. Raises Problem."""
        answer = await self._run(cine, job)
        assert isinstance(answer, Derived)
        return answer

    async def _hold(self, data: bytes, requested: FileOptions) -> HeldCine:
        if not data:
            raise Problem("image", "the cine: the body is empty (0 bytes); send the bytes of a file")
        self.store.check_room(len(data))
        lane = self.service.next_lane()
        cine_id = secrets.token_urlsafe(18)
        limits = int(self.settings.megapixels * 1e6), self.settings.upload_bytes
        answer = await self.service.lanes[lane].run(
            OpenCineFile(CineFile(cine_id, data, requested.size_mm, *limits))
        )
        assert isinstance(answer.value, CineFacts)
        self.service.metrics.work.labels("read").observe(answer.work_ms / 1000)
        return self.store.add(data, answer.value, requested.size_mm, (cine_id, lane))

    def file_of(self, cine: HeldCine) -> CineFile:
        """A cine as jobs name it."""
        limits = int(self.settings.megapixels * 1e6), self.settings.upload_bytes
        return CineFile(cine.id, None, cine.size_mm, *limits)

    async def _run(self, cine: HeldCine, job: CineJob) -> Any:
        """The answer of the cine's lane, which is sent the bytes where it hasn't them. Raises Problem."""
        lane = self.service.lanes[cine.lane]
        answer = await lane.run(job)
        if isinstance(answer.value, NeedsData):
            answer = await lane.run(replace(job, cine=replace(job.cine, data=cine.data)))
        self.service.metrics.work.labels("track").observe(answer.work_ms / 1000)
        return answer.value

    def _forget(self, dropped: list[HeldCine]) -> None:
        for cine in dropped:
            self.service.lanes[cine.lane].forget((cine.id,))


def _frame_prompt(place: int, requested: FramePromptIn) -> FramePromptRequest:
    """Raises Problem."""
    mask = None if requested.mask is None else sent_mask(f"prompt {place}", requested.mask)
    return FramePromptRequest(place, requested.frame, requested.object, plain_request(requested, mask))
