"""What the routes share: how their bodies and refusals are described, what requests say, and what the server
answers with, from what it holds and found.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel

from uniultra.pixel_scale import PixelSize
from uniultra.text import printable
from uniultra.web.held_images import HeldImage
from uniultra.web.problems import MEDIA_TYPE, Problem
from uniultra.web.schemas import SIZE_HELP, ImageOut, MaskOut, ModelOut, Spacing
from uniultra.web.service import Service

BYTES = {"type": "string", "format": "binary"}
_NOT_BYTES = ("multipart/", "application/json")
_MEANINGS = {
    400: "The request can't be read.",
    401: "A token is needed.",
    403: "The Host, the Origin or the reference is not allowed.",
    404: "Nothing is there.",
    408: "The client was too slow.",
    413: "The body is too large.",
    415: "The body is of an unsupported media type.",
    422: "The image, the prompt or the request can't be used.",
    429: "The server is busy or full; Retry-After says when to try again.",
    500: "The server failed.",
    503: "The computing process was lost, or there are too many connections.",
    504: "Computing took too long.",
}
ALWAYS = (400, 401, 403, 408, 413, 415, 500, 503)


def no_form(request: Request) -> None:
    """Passes where a body can be a file itself. Raises Problem: media-type."""
    kind = request.headers.get("content-type", "").strip().lower()
    if kind.startswith(_NOT_BYTES):
        raise Problem(
            "media-type",
            "send the bytes of the image file itself as the body, as application/octet-stream",
            close=True,
        )


async def known_query(request: Request) -> None:
    """Passes where the route has every name of the query: one that is misspelt would be ignored. Raises
    Problem: invalid.
    """
    if not request.url.path.startswith("/v1/"):
        return
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        legal = ", ".join(known) or "none"
        where, what = f"query.{printable(unknown[0])[:40]}", f"it is not of this address; legal are {legal}"
        raise Problem("invalid", f"{where}: {what}", errors=[{"at": where, "problem": what}], close=True)


async def disconnected(request: Request) -> None:
    """Returns when the client has disconnected; its body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """The request body of a route, for OpenAPI."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def pixel_size(numbers: list[float] | None) -> PixelSize | None:
    """What a client says: nothing, once, or down and right."""
    if numbers is None:
        return None
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for OpenAPI."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
    return {status: {"description": _MEANINGS[status], "content": content} for status in statuses}


READS = problems(404, 422)
"""The refusals of a route that only looks something up."""
COMPUTES = problems(404, 422, 429, 504)
"""Those of one that has something computed."""
FILE_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": BYTES}}}}
"""A body that is the file itself, for OpenAPI."""
SpacingQuery = Annotated[list[Spacing] | None, Query(min_length=1, max_length=2, description=SIZE_HELP)]


def created_image(service: Service, held: HeldImage, response: Response) -> ImageOut:
    response.headers["location"] = f"/v1/images/{held.id}"
    return image_out(service, held)


def image_out(service: Service, held: HeldImage) -> ImageOut:
    height, width = held.size_hw
    return ImageOut(
        id=held.id,
        width=width,
        height=height,
        spacing_mm_yx=spacing_of(held),
        expires_in_s=service.settings.idle_s,
    )


def spacing_of(held: HeldImage) -> list[float] | None:
    return None if held.frame.spacing_mm_yx is None else list(held.frame.spacing_mm_yx)


def model_out(service: Service) -> ModelOut:
    ready = service.model
    return ModelOut(
        name=ready.name,
        version=ready.version,
        input_size=ready.input_size,
        box_fits=ready.box_fits,
        structures=list(ready.structures),
        default=True,
    )


def mask_out(held: HeldImage, found: MaskOut) -> MaskOut:
    """An answer with the id under which the image keeps it; beside a PNG without its run lengths."""
    assert found.rle is not None, "which every answer has"
    about = {
        "mask_id": held.keep(found.rle.counts, found.quality),
        "rle": found.rle if found.png is None else None,
        "alternatives": [mask_out(held, other) for other in found.alternatives],
    }
    return found.model_copy(update=about)
