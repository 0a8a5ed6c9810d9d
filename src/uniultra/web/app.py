"""The HTTP interface: routes over `Service`, and the OpenAPI file that describes them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from uniultra import __version__
from uniultra.web import metrics
from uniultra.web.bodies import invalid
from uniultra.web.cine_routes import add_cines
from uniultra.web.cine_schemas import FollowIn, FramePromptIn, TrackLine
from uniultra.web.cine_service import CineService
from uniultra.web.dicom_routes import add_dicom
from uniultra.web.guard import Guard
from uniultra.web.messages import FileOptions
from uniultra.web.problems import Problem, of_status
from uniultra.web.route_parts import (
    ALWAYS,
    COMPUTES,
    FILE_BODY,
    READS,
    SpacingQuery,
    created_image,
    disconnected,
    image_out,
    json_body,
    known_query,
    mask_out,
    model_out,
    no_form,
    pixel_size,
    problems,
    spacing_of,
)
from uniultra.web.schemas import (
    DicomIn,
    FileIn,
    HealthOut,
    ImageOut,
    ModelsOut,
    ProblemOut,
    SegmentIn,
    SegmentOut,
    TimingOut,
    TrackDicomIn,
)
from uniultra.web.service import Service, while_there
from uniultra.web.settings import MOST_FRAMES
from uniultra.web.workspace.routes import add_workspace
from uniultra.web.workspace.workspace import Workspace

NOTICE = "not a medical device"
_NO_TELEMETRY = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""Newer versions of FastAPI can report to OpenTelemetry; older ones take and ignore the argument."""
_DESCRIBED = (ProblemOut, SegmentIn, FileIn, FollowIn, FramePromptIn, TrackLine, DicomIn, TrackDicomIn)
"""What the framework doesn't see, since bodies are read here."""
_TEXT = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


def create_app(service: Service, workspace: Workspace | None = None) -> FastAPI:
    """The application of a started service, guard included, and with the page where there is a workspace.

    It stops the service when it is shut down.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(service.sweep_forever())
        yield
        sweeping.cancel()
        if workspace is not None:
            await asyncio.to_thread(workspace.learner.cancel)
        service.stop()

    app = FastAPI(
        title="UniUltra",
        version=__version__,
        description="Promptable ultrasound segmentation on this machine. Not a medical device.",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(known_query)],
        lifespan=lifespan,
        responses=problems(*ALWAYS),
        exception_handlers={
            Problem: _as_it_is,
            HTTPException: _bare_status,
            RequestValidationError: _invalid,
        },
        telemetry=_NO_TELEMETRY,
    )
    _add_uploads(app, service)
    _add_images(app, service)
    cines = CineService(service)
    add_cines(app, cines)
    add_dicom(app, service, cines)
    _add_state(app, service)
    page = None
    if workspace is not None:
        add_workspace(app, service, workspace)
        page = workspace.access
    app.openapi = lambda: _openapi(app)
    app.add_middleware(Guard, settings=service.settings, metrics=service.metrics, page=page)
    return app


def _add_uploads(app: FastAPI, service: Service) -> None:
    @app.post(
        "/v1/images",
        status_code=201,
        response_model=ImageOut,
        tags=["images"],
        responses=problems(422, 429, 504),
        openapi_extra=FILE_BODY,
    )
    async def upload(
        request: Request,
        response: Response,
        spacing_mm_yx: SpacingQuery = None,
        frame: Annotated[
            int | None, Query(ge=0, le=MOST_FRAMES, description="of a cine or video, from 0")
        ] = None,
    ) -> ImageOut:
        """Upload an image: the body is the file itself."""
        no_form(request)
        spacing = pixel_size(spacing_mm_yx)
        held = await service.upload(
            request.stream(), FileOptions(frame, spacing), partial(disconnected, request)
        )
        return created_image(service, held, response)

    @app.post(
        "/v1/files",
        status_code=201,
        response_model=ImageOut,
        tags=["images"],
        responses=COMPUTES,
        openapi_extra=json_body(FileIn),
    )
    async def reference(request: Request, response: Response) -> ImageOut:
        """Name a file of this machine instead of uploading it: only below the folders that the operator
        named.
        """
        named = await service.bodies.read(request, FileIn)
        spacing = pixel_size(named.spacing_mm_yx)
        held = await while_there(
            service.reference(named.path, FileOptions(named.frame, spacing)), partial(disconnected, request)
        )
        return created_image(service, held, response)


def _add_images(app: FastAPI, service: Service) -> None:
    @app.get("/v1/images/{image_id}", response_model=ImageOut, tags=["images"], responses=READS)
    async def image(image_id: str) -> ImageOut:
        """What is known of a held image. Asking keeps it."""
        return image_out(service, service.store.get(image_id))

    @app.delete("/v1/images/{image_id}", status_code=204, tags=["images"], responses=READS)
    async def delete(image_id: str) -> Response:
        """Drop an image, its embeddings and its masks."""
        service.store.delete(image_id)
        return Response(status_code=204)

    @app.post(
        "/v1/images/{image_id}/segment",
        response_model=SegmentOut,
        tags=["images"],
        responses=COMPUTES,
        openapi_extra=json_body(SegmentIn),
    )
    async def segment(image_id: str, request: Request) -> SegmentOut:
        """Masks for prompts, in their order."""
        began = time.perf_counter()
        service.store.get(image_id)  # before the body is read
        query = await service.bodies.read(request, SegmentIn)
        held, found, work_ms = await while_there(
            service.segment(image_id, query), partial(disconnected, request)
        )
        height, width = held.size_hw
        return SegmentOut(
            image_id=held.id,
            width=width,
            height=height,
            spacing_mm_yx=spacing_of(held),
            model=model_out(service),
            masks=[mask_out(held, item) for item in found],
            timing=TimingOut(
                work_ms=round(work_ms, 2), total_ms=round(1000 * (time.perf_counter() - began), 2)
            ),
            notice=NOTICE,
        )


def _add_state(app: FastAPI, service: Service) -> None:
    @app.get("/v1/models", response_model=ModelsOut, tags=["server"])
    async def models() -> ModelsOut:
        """The models that this server answers with."""
        return ModelsOut(models=[model_out(service)])

    @app.get("/v1/health", response_model=HealthOut, tags=["server"])
    async def health() -> HealthOut:
        """Whether the server is there; needs no token."""
        return HealthOut(
            status="ok",
            uniultra=__version__,
            images=len(service.store),
            waiting=service.waiting,
            processes=len(service.lanes),
        )

    @app.get("/v1/metrics", tags=["server"], response_class=Response, responses=_TEXT)
    async def prometheus() -> Response:
        """Counts and times, in Prometheus' form."""
        return Response(service.metrics.text(), media_type=metrics.MEDIA_TYPE)


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        parts = schema.setdefault("components", {}).setdefault("schemas", {})
        for model in _DESCRIBED:
            described = model.model_json_schema(ref_template="#/components/schemas/{model}")
            parts.update(described.pop("$defs", {}), **{model.__name__: described})
        app.openapi_schema = schema
    return app.openapi_schema


async def _as_it_is(_: Request, problem: Problem) -> Response:
    raise problem  # on to the guard, which answers every refusal


async def _bare_status(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == 405:  # the framework names the methods of one route, but a path may have several
        routes = [route for route in request.app.routes if getattr(route, "path_regex", None)]
        known = {
            method
            for route in routes
            if route.path_regex.match(request.url.path)
            for method in route.methods or ()
        }
        headers["Allow"] = ", ".join(sorted(known))
    raise of_status(error.status_code, headers)


async def _invalid(_: Request, error: RequestValidationError) -> Response:
    """Where the request differs from its description; what was sent is not repeated."""
    raise invalid(list(error.errors()))
