"""What a page asks of one frame: its picture, masks, measures, and a structure followed to other frames."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from uniultra.text import said_in
from uniultra.web.messages import PromptRequest, Rle
from uniultra.web.problems import Problem
from uniultra.web.prompt_requests import plain_request
from uniultra.web.service import Service
from uniultra.web.workspace.items import Item
from uniultra.web.workspace.jobs import (
    Alternatives,
    Ejection,
    MeasureMask,
    Picture,
    Planes,
    Point,
    Pointed,
    Track,
    Tracked,
    Warm,
)
from uniultra.web.workspace.makers import called
from uniultra.web.workspace.same_file import is_changed, same_file
from uniultra.web.workspace.schemas import (
    EjectionIn,
    MeasureIn,
    PointIn,
    TrackIn,
    VolumeIn,
    edges,
)
from uniultra.web.workspace.workspace import Workspace, run

ONE = "/v1/workspace/items/{item_id}"
FRAME = ONE + "/frames/{number}"


def add_frames(app: FastAPI, service: Service, workspace: Workspace) -> None:
    """Adds what a page asks of one frame."""
    router = APIRouter(dependencies=[same_file(workspace)])
    _add_pictures(router, service, workspace)
    _add_measures(router, service, workspace)
    _add_tracking(router, service, workspace)
    app.include_router(router)


def _add_pictures(router: APIRouter, service: Service, workspace: Workspace) -> None:
    @router.get(FRAME, include_in_schema=False)
    async def frame(item_id: str, number: int, exact: bool | None = None) -> Response:
        """A frame: of a still image as PNG, of a cine as JPEG, unless the request says which."""
        item = workspace.item(item_id)
        found = await run(service, item, Picture(item.path, number=_number(number), exact=exact))
        return Response(found.data, media_type=found.media_type)

    @router.post(FRAME + "/warm", status_code=204, include_in_schema=False)
    async def warm(item_id: str, number: int) -> Response:
        """Encodes a frame ahead of the first click."""
        item = workspace.item(item_id)
        await run(service, item, Warm(item.path, number=_number(number)))
        return Response(status_code=204)

    @router.post(FRAME + "/alternatives", include_in_schema=False)
    async def alternatives(item_id: str, number: int, request: Request) -> list[Pointed]:
        """Other answers to a prompt, the usual one first."""
        began = time.perf_counter()
        item = workspace.item(item_id)
        requested = await service.bodies.read(request, PointIn)
        prompt = _prompt_request(requested, await _size(service, workspace, item))
        job = Alternatives(
            item.path, _pixel_size(requested.spacing_mm_yx), number=_number(number), prompt=prompt
        )
        found = await run(service, item, job)
        return [_timed(one, began, service) for one in found]

    @router.post(FRAME + "/segment", response_model=Pointed, include_in_schema=False)
    async def segment(item_id: str, number: int, request: Request) -> Pointed:
        """One prompt to one mask."""
        began = time.perf_counter()
        item = workspace.item(item_id)
        requested = await service.bodies.read(request, PointIn)
        prompt = _prompt_request(requested, await _size(service, workspace, item))
        job = Point(
            item.path,
            _pixel_size(requested.spacing_mm_yx),
            number=_number(number),
            prompt=prompt,
            region=None if requested.region is None else edges(requested.region),
            quick=requested.quick,
        )
        return _timed(await run(service, item, job), began, service)


def _add_measures(router: APIRouter, service: Service, workspace: Workspace) -> None:
    @router.post(FRAME + "/measure", include_in_schema=False)
    async def measure(item_id: str, number: int, request: Request) -> dict[str, Any]:
        """All measures of a mask."""
        item = workspace.item(item_id)
        requested = await service.bodies.read(request, MeasureIn)
        mask = Rle(requested.counts, await _size(service, workspace, item))
        job = MeasureMask(item.path, _pixel_size(requested.spacing_mm_yx), number=_number(number), mask=mask)
        return with_codes(await run(service, item, job))

    @router.post(ONE + "/ejection", include_in_schema=False)
    async def ejection(item_id: str, request: Request) -> dict[str, Any]:
        """Volumes and ejection fraction, from one structure's masks on two frames."""
        item = workspace.item(item_id)
        requested = await service.bodies.read(request, EjectionIn)
        size_hw = await _size(service, workspace, item)
        masks = Rle(requested.counts[0], size_hw), Rle(requested.counts[1], size_hw)
        numbers = requested.diastole, requested.systole
        job = Ejection(item.path, _pixel_size(requested.spacing_mm_yx), numbers=numbers, masks=masks)
        return with_codes(await run(service, item, job))

    @router.post(FRAME + "/volume", include_in_schema=False)
    async def volume(item_id: str, number: int, request: Request) -> dict[str, Any]:
        """A structure's volume from two planes."""
        item = workspace.item(item_id)
        requested = await service.bodies.read(request, VolumeIn)
        first, stamp = workspace.item(requested.first.item), requested.first.stamp
        if stamp is not None and await is_changed(first, stamp):
            raise Problem(
                "image",
                f"'{first.name}' changed on the disk since its plane was kept; open it again, check its mask "
                "and keep the plane again",
            )
        job = Planes(
            item.path,
            _pixel_size(requested.spacing_mm_yx),
            number=_number(number),
            mask=Rle(requested.counts, await _size(service, workspace, item)),
            first_path=first.path,
            first_number=requested.first.frame,
            first_mask=Rle(requested.first.counts, await _size(service, workspace, first)),
            first_mm=_pixel_size(requested.first.spacing_mm_yx),
        )
        return with_codes(await run(service, item, job))


def _add_tracking(router: APIRouter, service: Service, workspace: Workspace) -> None:
    @router.post(FRAME + "/track", response_model=list[Tracked], include_in_schema=False)
    async def track(item_id: str, number: int, request: Request) -> list[Tracked]:
        """A structure on the frames after this one, or before it."""
        item = workspace.item(item_id)
        requested = await service.bodies.read(request, TrackIn)
        size_hw = await _size(service, workspace, item)
        job = Track(
            item.path,
            _pixel_size(requested.spacing_mm_yx),
            object=requested.object,
            start=_number(number),
            mask=Rle(requested.counts, size_hw),
            backwards=requested.backwards,
            frames=requested.frames,
        )
        return [replace(one, model=_called(service)) for one in await run(service, item, job)]


def with_codes(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer, and in `said` the codes and values of its sentences, for a page in another language."""
    return answer | {"said": said_in(answer)}


async def _size(service: Service, workspace: Workspace, item: Item) -> tuple[int, int]:
    return (workspace.known(item) or await workspace.facts(service, item)).frame_hw


def _prompt_request(requested: PointIn, size_hw: tuple[int, int]) -> PromptRequest:
    return plain_request(requested, None if requested.mask is None else Rle(requested.mask, size_hw))


def _timed(found: Pointed, began: float, service: Service) -> Pointed:
    work_ms = round(1000 * (time.perf_counter() - began), 2)
    return replace(found, work_ms=work_ms, model=_called(service))


def _called(service: Service) -> str:
    return called(service.model.name, service.model.version)


def _pixel_size(size: list[float] | None) -> tuple[float, float] | None:
    return None if size is None else (size[0], size[1])


def _number(number: int) -> int:
    """Raises Problem for a frame that no file has; which one has, its process says."""
    if not 0 <= number <= 1_000_000:
        raise Problem("image", f"there is no frame {number}; count from 0")
    return number
