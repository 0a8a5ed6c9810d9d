"""The routes of cines and their tracks. A track's frames are a stream, a line of JSON each; closing it
cancels the work, and asking again goes on after the last line.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse

from uniultra.web.cine_schemas import CineOut, FollowIn, FramePromptIn, TrackLine, TrackOut
from uniultra.web.cine_service import CineService
from uniultra.web.held_cines import HeldCine, HeldTrack
from uniultra.web.messages import FileOptions
from uniultra.web.problems import Problem
from uniultra.web.route_parts import (
    COMPUTES,
    FILE_BODY,
    READS,
    SpacingQuery,
    disconnected,
    json_body,
    no_form,
    pixel_size,
    problems,
)
from uniultra.web.schemas import FileIn
from uniultra.web.service import while_there

NDJSON = "application/x-ndjson"
TRACK = "/v1/cines/{cine_id}/tracks/{track_id}"


def add_cines(app: FastAPI, cines: CineService) -> None:
    """Adds what concerns cines."""
    _add_files(app, cines)
    _add_tracks(app, cines)
    _add_frames(app, cines)


def _add_files(app: FastAPI, cines: CineService) -> None:
    @app.post(
        "/v1/cines",
        status_code=201,
        response_model=CineOut,
        tags=["cines"],
        responses=problems(422, 429, 504),
        openapi_extra=FILE_BODY,
    )
    async def upload_cine(
        request: Request,
        response: Response,
        spacing_mm_yx: SpacingQuery = None,
    ) -> CineOut:
        """Upload a cine: the body is the file itself."""
        no_form(request)
        requested = FileOptions(None, pixel_size(spacing_mm_yx))
        held = cines.upload(request.stream(), requested, partial(disconnected, request))
        return _created(cines, await held, response)

    @app.post(
        "/v1/cine-files",
        status_code=201,
        response_model=CineOut,
        tags=["cines"],
        responses=COMPUTES,
        openapi_extra=json_body(FileIn),
    )
    async def reference_cine(request: Request, response: Response) -> CineOut:
        """Name a cine of this machine instead of uploading it: only below the folders that the operator
        named.
        """
        named = await cines.service.bodies.read(request, FileIn)
        if named.frame is not None:
            raise Problem("invalid", "a cine is followed through all of its frames; leave `frame` out")
        work = cines.reference(named.path, FileOptions(None, pixel_size(named.spacing_mm_yx)))
        return _created(cines, await while_there(work, partial(disconnected, request)), response)

    @app.get("/v1/cines/{cine_id}", response_model=CineOut, tags=["cines"], responses=READS)
    async def cine(cine_id: str) -> CineOut:
        """What is known of a held cine. Asking keeps it."""
        return _cine_out(cines, cines.store.get(cine_id))

    @app.delete("/v1/cines/{cine_id}", status_code=204, tags=["cines"], responses=READS)
    async def delete_cine(cine_id: str) -> Response:
        """Drop a cine and its tracks."""
        cines.store.delete(cine_id)
        return Response(status_code=204)


def _add_tracks(app: FastAPI, cines: CineService) -> None:
    @app.post(
        "/v1/cines/{cine_id}/tracks",
        status_code=201,
        response_model=TrackOut,
        tags=["cines"],
        responses=COMPUTES,
        openapi_extra=json_body(FollowIn),
    )
    async def begin_track(cine_id: str, request: Request, response: Response) -> TrackOut:
        """Begin a track. Nothing is computed before its frames are requested."""
        held = cines.store.get(cine_id)
        requested = await cines.service.bodies.read(request, FollowIn)
        track = await while_there(cines.begin(held, requested), partial(disconnected, request))
        response.headers["location"] = f"/v1/cines/{held.id}/tracks/{track.id}"
        return _track_out(track)

    @app.get(TRACK, response_model=TrackOut, tags=["cines"], responses=READS)
    async def track(cine_id: str, track_id: str) -> TrackOut:
        """A track's last revision."""
        return _track_out(cines.store.get(cine_id).track(track_id))

    @app.post(
        TRACK + "/prompts",
        response_model=TrackOut,
        tags=["cines"],
        responses=COMPUTES,
        openapi_extra=json_body(FramePromptIn),
    )
    async def correct_track(cine_id: str, track_id: str, request: Request) -> TrackOut:
        """Correct a structure on a frame, or add one: a new revision, of the frames that this changes."""
        held = cines.store.get(cine_id)
        found = held.track(track_id)
        requested = await cines.service.bodies.read(request, FramePromptIn)
        await while_there(cines.correct(held, found, requested), partial(disconnected, request))
        return _track_out(found)

    @app.delete(TRACK, status_code=204, tags=["cines"], responses=READS)
    async def delete_track(cine_id: str, track_id: str) -> Response:
        """Drop a track."""
        held = cines.store.get(cine_id)
        del held.tracks[held.track(track_id).id]
        return Response(status_code=204)


def _add_frames(app: FastAPI, cines: CineService) -> None:
    schema = {"schema": {"$ref": "#/components/schemas/TrackLine"}}

    @app.get(
        TRACK + "/frames",
        tags=["cines"],
        response_class=StreamingResponse,
        responses={200: {"content": {NDJSON: schema}}, **COMPUTES},
    )
    async def frames(
        cine_id: str,
        track_id: str,
        request: Request,
        revision: Annotated[int | None, Query(ge=0, le=1000, description="the last one if left out")] = None,
        after: Annotated[
            int, Query(ge=-1, le=10**9, description="`seq` of the last line that is known")
        ] = -1,
    ) -> StreamingResponse:
        """The frames of a track as they are found, a line of JSON each. Closing the connection cancels."""
        held = cines.store.get(cine_id)
        track = held.track(track_id)
        number = len(track.revisions) - 1 if revision is None else revision
        if number >= len(track.revisions):
            raise Problem("no-track", f"the track has revisions 0 to {len(track.revisions) - 1}")
        found = cines.follow(held, track, number, after)
        # What is refused is refused before anything is sent; up to a far `after` that takes a while.
        first = await while_there(_first(found), partial(disconnected, request))
        return StreamingResponse(_lines(first, found), media_type=NDJSON)


async def _first(found: AsyncIterator[TrackLine]) -> TrackLine | None:
    return await anext(found, None)


async def _lines(first: TrackLine | None, rest: AsyncIterator[TrackLine]) -> AsyncIterator[str]:
    try:
        if first is not None:
            yield _line(first)
        async for found in rest:
            yield _line(found)
        yield _line(TrackLine(done=True))
    except Problem as problem:
        yield _line(TrackLine(problem=problem.kind.name, detail=str(problem.detail)))


def _line(line: TrackLine) -> str:
    return line.model_dump_json(exclude_none=True) + "\n"


def _created(cines: CineService, held: HeldCine, response: Response) -> CineOut:
    response.headers["location"] = f"/v1/cines/{held.id}"
    return _cine_out(cines, held)


def _cine_out(cines: CineService, held: HeldCine) -> CineOut:
    height, width = held.facts.frame_hw
    times = held.facts.times_s
    return CineOut(
        id=held.id,
        width=width,
        height=height,
        frames=held.facts.count,
        times_s=None if times is None else list(times),
        expires_in_s=cines.settings.idle_s,
    )


def _track_out(track: HeldTrack) -> TrackOut:
    last = track.revisions[-1]
    first_frame, last_frame = last.frames
    return TrackOut(
        id=track.id,
        revision=len(track.revisions) - 1,
        first=first_frame,
        last=last_frame,
        object=last.object,
    )
