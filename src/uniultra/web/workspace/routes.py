"""The page's addresses: its own files, the exchange of the code, and what it asks for."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response

from uniultra.pixel_scale import Calibration
from uniultra.web.messages import Ask
from uniultra.web.problems import Problem
from uniultra.web.service import Service
from uniultra.web.workspace.access import ENTER, cookie_header
from uniultra.web.workspace.export import offered
from uniultra.web.workspace.follow import CAN_TRACK
from uniultra.web.workspace.items import Item
from uniultra.web.workspace.jobs import (
    Alternatives,
    Ejection,
    MeasureMask,
    Picture,
    Point,
    Pointed,
    Track,
    Warm,
)
from uniultra.web.workspace.schemas import (
    Doc,
    EjectionIn,
    EnterIn,
    ExportedOut,
    ExportIn,
    ItemOut,
    MeasureIn,
    OpenedOut,
    PointIn,
    PointOut,
    SavedOut,
    SaveIn,
    TrackedOut,
    TrackIn,
    WorkspaceOut,
    edges,
)
from uniultra.web.workspace.static_files import INDEX, static_files
from uniultra.web.workspace.workspace import Workspace, rle_of, run

NOTICE = "not a medical device"
ONE = "/v1/workspace/items/{item_id}"
FRAME = ONE + "/frames/{number}"


def add_workspace(app: FastAPI, service: Service, workspace: Workspace) -> None:
    """Adds the page to a server."""
    _add_files(app)
    _add_state(app, service, workspace)
    _add_item(app, service, workspace)
    _add_frames(app, service, workspace)
    _add_measures(app, service, workspace)
    _add_tracking(app, service, workspace)


def _add_files(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return _static(INDEX)

    @app.get("/static/{path:path}", include_in_schema=False)
    async def static(path: str) -> Response:
        return _static(path)


def _static(path: str) -> Response:
    if path not in static_files():
        raise Problem("not-found", "the page has no such file")
    data, media_type = static_files()[path]
    return Response(data, media_type=media_type)


def _add_state(app: FastAPI, service: Service, workspace: Workspace) -> None:
    @app.post(ENTER, include_in_schema=False)
    async def enter(request: Request) -> Response:
        """The one-time code for a cookie and a key."""
        asked = await service.bodies.read(request, EnterIn)
        workspace.access.enter(asked.code)
        response = Response(f'{{"key": "{workspace.access.key}"}}', media_type="application/json")
        response.headers["set-cookie"] = cookie_header(request.scope, workspace.access.cookie)
        return response

    @app.get("/v1/workspace", response_model=WorkspaceOut, include_in_schema=False)
    async def state() -> WorkspaceOut:
        """The work list, and where it is saved."""
        progress = await asyncio.to_thread(workspace.project.progress)
        return WorkspaceOut(
            items=[_item_out(workspace, item, progress) for item in workspace.items],
            project=workspace.project.folder.name,
            unwritable=workspace.project.unwritable(),
            examples=workspace.examples,
            tracking=CAN_TRACK,
            model=service.model.name,
            version=service.model.version,
            notice=NOTICE,
        )

    @app.post("/v1/workspace/files", status_code=201, response_model=ItemOut, include_in_schema=False)
    async def drop(request: Request, name: Annotated[str, Query(max_length=500)] = "image") -> ItemOut:
        """A dropped file: the body is the file itself."""
        item = await workspace.drop(name, await request.body())
        return _item_out(workspace, item, {})


def _add_item(app: FastAPI, service: Service, workspace: Workspace) -> None:
    @app.get(ONE, response_model=OpenedOut, include_in_schema=False)
    async def opened(item_id: str) -> OpenedOut:
        """What a file is, and what is saved of it."""
        item = workspace.item(item_id)
        facts = await workspace.facts(service, item)
        saved = await asyncio.to_thread(workspace.project.load, item)
        if saved is not None and (saved.height, saved.width) != facts.frame_hw:
            was = (
                f"{saved.width} x {saved.height} pixels were annotated, the image has {facts.frame_hw[1]} x "
                f"{facts.frame_hw[0]}"
            )
            raise Problem("project", f"{was}: it is another image of the same name; give another --project")
        return OpenedOut(
            id=item.id,
            name=item.name,
            kind=facts.kind,
            width=facts.frame_hw[1],
            height=facts.frame_hw[0],
            count=facts.count,
            times_s=None if facts.times_s is None else list(facts.times_s),
            calibration=_calibration(facts.calibration),
            notes=list(facts.notes),
            exports=offered(facts.kind, facts.count),
            revision=0 if saved is None else saved.revision,
            doc=Doc() if saved is None else saved.doc,
        )

    @app.put(ONE, response_model=SavedOut, include_in_schema=False)
    async def save(item_id: str, request: Request) -> SavedOut:
        """Saves a document, where nobody else did meanwhile."""
        item = workspace.item(item_id)
        asked = await service.bodies.read(request, SaveIn, any_shape=True)
        return SavedOut(revision=await workspace.save(service, item, asked.revision, asked.doc))

    @app.post(ONE + "/export", response_model=ExportedOut, include_in_schema=False)
    async def export(item_id: str, request: Request) -> ExportedOut:
        """Writes results of what is saved."""
        item = workspace.item(item_id)
        asked = await service.bodies.read(request, ExportIn)
        done = await workspace.export(service, item, tuple(asked.kinds))
        folder = f"{workspace.project.folder.name}/{workspace.project.exports.name}"
        return ExportedOut(folder=folder, files=list(done.files), notes=list(done.notes))


def _add_frames(app: FastAPI, service: Service, workspace: Workspace) -> None:
    @app.get(FRAME, include_in_schema=False)
    async def frame(item_id: str, number: int, exact: bool = True) -> Response:
        """A frame as PNG, or as JPEG for playing."""
        item = workspace.item(item_id)
        found = await run(service, item, Picture(item.path, number=_number(number), exact=exact))
        return Response(found.data, media_type=found.media_type)

    @app.post(FRAME + "/warm", status_code=204, include_in_schema=False)
    async def warm(item_id: str, number: int) -> Response:
        """Encodes a frame ahead of the first click."""
        item = workspace.item(item_id)
        await run(service, item, Warm(item.path, number=_number(number)))
        return Response(status_code=204)

    @app.post(FRAME + "/alternatives", include_in_schema=False)
    async def alternatives(item_id: str, number: int, request: Request) -> list[PointOut]:
        """Other answers to a prompt, the usual one first."""
        began = time.perf_counter()
        item = workspace.item(item_id)
        asked = await service.bodies.read(request, PointIn)
        ask = _ask(asked, await _size(service, workspace, item))
        job = Alternatives(item.path, _pixel_size(asked.spacing_mm_yx), number=_number(number), ask=ask)
        return [_point_out(one, began) for one in await run(service, item, job)]

    @app.post(FRAME + "/segment", response_model=PointOut, include_in_schema=False)
    async def segment(item_id: str, number: int, request: Request) -> PointOut:
        """One prompt to one mask."""
        began = time.perf_counter()
        item = workspace.item(item_id)
        asked = await service.bodies.read(request, PointIn)
        ask = _ask(asked, await _size(service, workspace, item))
        job = Point(
            item.path,
            _pixel_size(asked.spacing_mm_yx),
            number=_number(number),
            ask=ask,
            region=None if asked.region is None else edges(asked.region),
            quick=asked.quick,
        )
        return _point_out(await run(service, item, job), began)


def _add_measures(app: FastAPI, service: Service, workspace: Workspace) -> None:
    @app.post(FRAME + "/measure", include_in_schema=False)
    async def measure(item_id: str, number: int, request: Request) -> dict[str, Any]:
        """All measures of a mask."""
        item = workspace.item(item_id)
        asked = await service.bodies.read(request, MeasureIn)
        mask = rle_of(asked.counts, await _size(service, workspace, item))
        job = MeasureMask(item.path, _pixel_size(asked.spacing_mm_yx), number=_number(number), mask=mask)
        measures: dict[str, Any] = await run(service, item, job)
        return measures

    @app.post(ONE + "/ejection", include_in_schema=False)
    async def ejection(item_id: str, request: Request) -> dict[str, Any]:
        """Volumes and ejection fraction, from one structure's masks on two frames."""
        item = workspace.item(item_id)
        asked = await service.bodies.read(request, EjectionIn)
        size_hw = await _size(service, workspace, item)
        masks = rle_of(asked.counts[0], size_hw), rle_of(asked.counts[1], size_hw)
        numbers = asked.diastole, asked.systole
        job = Ejection(item.path, _pixel_size(asked.spacing_mm_yx), numbers=numbers, masks=masks)
        found: dict[str, Any] = await run(service, item, job)
        return found


def _add_tracking(app: FastAPI, service: Service, workspace: Workspace) -> None:
    @app.post(FRAME + "/track", response_model=list[TrackedOut], include_in_schema=False)
    async def track(item_id: str, number: int, request: Request) -> list[TrackedOut]:
        """A structure on the frames after this one, or before it."""
        item = workspace.item(item_id)
        asked = await service.bodies.read(request, TrackIn)
        if not CAN_TRACK:
            raise Problem("not-found", "this build has no tracking; update UniUltra")
        size_hw = await _size(service, workspace, item)
        pointed = PointIn(box=asked.box, points=asked.points, labels=asked.labels)
        has_prompt = asked.box is not None or 1 in asked.labels
        job = Track(
            item.path,
            _pixel_size(asked.spacing_mm_yx),
            object=asked.object,
            start=_number(number),
            mask=rle_of(asked.counts, size_hw),
            ask=_ask(pointed, size_hw) if has_prompt else None,
            backwards=asked.backwards,
            frames=asked.frames,
        )
        return [TrackedOut(**asdict(one)) for one in await run(service, item, job)]


async def _size(service: Service, workspace: Workspace, item: Item) -> tuple[int, int]:
    return (workspace.known(item) or await workspace.facts(service, item)).frame_hw


def _ask(asked: PointIn, size_hw: tuple[int, int]) -> Ask:
    box = None if asked.box is None else tuple(asked.box)
    mask = None if asked.mask is None else rle_of(asked.mask, size_hw)
    return Ask(box, tuple(tuple(point) for point in asked.points), tuple(asked.labels), mask)


def _point_out(found: Pointed, began: float) -> PointOut:
    return PointOut(
        counts=found.counts,
        box_xyxy=None if found.box_xyxy is None else list(found.box_xyxy),
        area_px=found.area_px,
        area_mm2=found.area_mm2,
        quality=found.quality,
        reason=found.scale.reason,
        region=None if found.region is None else list(found.region),
        work_ms=round(1000 * (time.perf_counter() - began), 2),
    )


def _item_out(workspace: Workspace, item: Item, progress: dict[str, dict[str, Any]]) -> ItemOut:
    return ItemOut(id=item.id, name=item.name, **progress.get(workspace.project.stem(item), {}))


def _calibration(calibration: Calibration) -> dict[str, Any]:
    """The scale of an image as the page's `scale.mjs` reads it."""
    return {
        "regions": [
            asdict(region) | {"spacing_mm_yx": region.spacing_mm_yx, "fault": region.fault}
            for region in calibration.regions
        ],
        "fallbacks": [list(one) for one in calibration.fallbacks],
        "notes": list(calibration.notes),
        "pixel_aspect": calibration.pixel_aspect,
    }


def _pixel_size(size: list[float] | None) -> tuple[float, float] | None:
    return None if size is None else (size[0], size[1])


def _number(number: int) -> int:
    """Raises Problem for a frame that no file has; which one has, its process says."""
    if not 0 <= number <= 1_000_000:
        raise Problem("image", f"there is no frame {number}; count from 0")
    return number
