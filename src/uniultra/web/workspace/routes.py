"""The page's addresses: its own files, the exchange of the code, and what it asks for."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response

from uniultra.pixel_scale import Calibration
from uniultra.text import Said
from uniultra.web.problems import Problem
from uniultra.web.route_parts import disconnected
from uniultra.web.schemas import said_of
from uniultra.web.service import Service, while_there
from uniultra.web.workspace.access import ENTER, cookie_header
from uniultra.web.workspace.banners import BannersIn
from uniultra.web.workspace.frame_routes import ONE, add_frames
from uniultra.web.workspace.items import Item
from uniultra.web.workspace.jobs import Exported
from uniultra.web.workspace.learn_routes import add_learning
from uniultra.web.workspace.measures import write_measures
from uniultra.web.workspace.offers import offered
from uniultra.web.workspace.project import Project
from uniultra.web.workspace.readers import AgreementOut, agreement, checked, reader_of, readers_of
from uniultra.web.workspace.same_file import same_file
from uniultra.web.workspace.schemas import (
    Doc,
    EnterIn,
    ExportedOut,
    ExportIn,
    ItemOut,
    MeasuresIn,
    OpenedOut,
    ReaderIn,
    SaveIn,
    WorkspaceOut,
)
from uniultra.web.workspace.static_files import INDEX, static_files
from uniultra.web.workspace.teach import export_dataset
from uniultra.web.workspace.workspace import Workspace

NOTICE = "not a medical device"


def add_workspace(app: FastAPI, service: Service, workspace: Workspace) -> None:
    """Adds the page to a server."""
    _add_files(app)
    _add_state(app, service, workspace)
    _add_item(app, service, workspace)
    _add_results(app, service, workspace)
    add_frames(app, service, workspace)
    add_learning(app, service, workspace)


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
        requested = await service.bodies.read(request, EnterIn)
        workspace.access.enter(requested.code)
        response = Response(f'{{"key": "{workspace.access.key}"}}', media_type="application/json")
        response.headers["set-cookie"] = cookie_header(request.scope, workspace.access.cookie)
        return response

    @app.get("/v1/workspace", response_model=WorkspaceOut, include_in_schema=False)
    async def state(request: Request) -> WorkspaceOut:
        """The work list, and where it is saved."""
        reader = reader_of(request)
        project = workspace.project_of(reader)
        progress, unwritable = await asyncio.to_thread(project.progress), project.unwritable()
        readers = [] if reader else await asyncio.to_thread(readers_of, workspace)
        faults = [workspace.fault(item) for item in workspace.items]
        return WorkspaceOut(
            items=[_item_out(workspace, item, progress) for item in workspace.items],
            project=workspace.project.folder.name,
            unwritable=unwritable,
            said=said_of(unwritable, faults),
            readers=readers,
            examples=workspace.examples,
            tracking=True,
            model=service.model.name,
            version=service.model.version,
            box_fits=service.model.box_fits,
            structures=list(service.model.structures),
            notice=NOTICE,
        )

    @app.post("/v1/workspace/files", status_code=201, response_model=ItemOut, include_in_schema=False)
    async def drop(request: Request, name: Annotated[str, Query(max_length=500)] = "image") -> ItemOut:
        """A dropped file: the body is the file itself."""
        item = await workspace.drop(name, await request.body())
        return _item_out(workspace, item, {})


def _add_item(app: FastAPI, service: Service, workspace: Workspace) -> None:
    @app.get(ONE, response_model=OpenedOut, include_in_schema=False)
    async def opened(item_id: str, request: Request) -> OpenedOut:
        """What a file is, and what is saved of it."""
        item = workspace.item(item_id)
        facts = await workspace.facts(service, item)
        project = workspace.project_of(reader_of(request))
        saved = await asyncio.to_thread(project.load, item)
        if saved is not None and (saved.height, saved.width) != facts.frame_hw:
            was, now = f"{saved.width} x {saved.height}", f"{facts.frame_hw[1]} x {facts.frame_hw[0]}"
            text = (
                f"{was} pixels were annotated, the image has {now}: it is another image of the same name; "
                "give another --project"
            )
            raise Problem("project", Said("other-image", text, was=was, now=now))
        calibration, exports = _calibration(facts.calibration), offered(facts.kind, facts.count)
        return OpenedOut(
            id=item.id,
            name=item.name,
            kind=facts.kind,
            width=facts.frame_hw[1],
            height=facts.frame_hw[0],
            count=facts.count,
            times_s=None if facts.times_s is None else list(facts.times_s),
            calibration=calibration,
            notes=list(facts.notes),
            exports=exports,
            said=said_of(calibration, facts.notes, exports),
            scanner=facts.scanner,
            stamp=facts.stamp,
            banners=await workspace.banners(service, item),
            revision=0 if saved is None else saved.revision,
            doc=Doc() if saved is None else saved.doc,
        )

    @app.delete(ONE, status_code=204, include_in_schema=False)
    async def remove(item_id: str) -> Response:
        """Takes a file that can't be opened off the list."""
        await workspace.remove(service, workspace.item(item_id))
        return Response(status_code=204)

    @app.put(ONE, include_in_schema=False, dependencies=[same_file(workspace)])
    async def save(item_id: str, request: Request) -> dict[str, int]:
        """Saves a document, where nobody else did meanwhile."""
        item = workspace.item(item_id)
        requested = await service.bodies.read(request, SaveIn, any_shape=True)
        project = workspace.project_of(reader_of(request))
        return {"revision": await workspace.save(service, item, requested, project)}


def _add_results(app: FastAPI, service: Service, workspace: Workspace) -> None:
    same = [same_file(workspace)]

    @app.put(ONE + "/banners", status_code=204, include_in_schema=False, dependencies=same)
    async def banners(item_id: str, request: Request) -> Response:
        """Covers boxes on all pictures of a file's scanner."""
        item = workspace.item(item_id)
        requested = await service.bodies.read(request, BannersIn)
        await workspace.keep_banners(service, item, requested.boxes)
        return Response(status_code=204)

    @app.post(ONE + "/export", response_model=ExportedOut, include_in_schema=False, dependencies=same)
    async def export(item_id: str, request: Request) -> ExportedOut:
        """Writes results of what is saved."""
        item = workspace.item(item_id)
        requested = await service.bodies.read(request, ExportIn)
        project = workspace.project_of(reader_of(request))
        work = workspace.export(service, item, tuple(requested.kinds), project)
        done = await while_there(work, partial(disconnected, request))
        return _exported_out(workspace, project, done)

    @app.post("/v1/workspace/dataset", response_model=ExportedOut, include_in_schema=False)
    async def dataset(request: Request) -> ExportedOut:
        """Writes all accepted images as one data set."""
        done = await while_there(export_dataset(service, workspace), partial(disconnected, request))
        return _exported_out(workspace, workspace.project, done)

    @app.post("/v1/workspace/measures", response_model=ExportedOut, include_in_schema=False)
    async def measures(request: Request) -> ExportedOut:
        """Writes what is measured on several files as one table."""
        requested = await service.bodies.read(request, MeasuresIn)
        project = workspace.project_of(reader_of(request))
        work = write_measures(service, workspace, requested.items, project)
        done = await while_there(work, partial(disconnected, request))
        return _exported_out(workspace, project, done)

    @app.post("/v1/workspace/agreement", response_model=AgreementOut, include_in_schema=False)
    async def agree(request: Request) -> AgreementOut:
        """How far a second reader agrees with the first, whose tab alone may ask."""
        if reader_of(request):
            raise Problem("invalid", "a second reader is blind to the first; ask as the first reader")
        requested = await service.bodies.read(request, ReaderIn)
        return await agreement(service, workspace, checked(requested.reader))


def _exported_out(workspace: Workspace, project: Project, done: Exported) -> ExportedOut:
    folder = project.exports.relative_to(workspace.project.folder.parent).as_posix()
    return ExportedOut(
        folder=folder, files=list(done.files), notes=list(done.notes), said=said_of(done.notes)
    )


def _item_out(workspace: Workspace, item: Item, progress: dict[str, dict[str, Any]]) -> ItemOut:
    saved = progress.get(workspace.project.stem(item), {})
    return ItemOut(id=item.id, name=item.name, fault=workspace.fault(item), **saved)


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
