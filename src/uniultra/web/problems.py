"""The one shape of every refusal: RFC 9457 problem details. Never a trace, never a path of this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from uniultra.text import Said, said_in

MEDIA_TYPE = "application/problem+json"
TYPES = "urn:uniultra:problem:"


@dataclass(frozen=True)
class Kind:
    """One kind of problem: the end of its `type`, its status, and its title."""

    name: str
    status: int
    title: str


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("bad-request", 400, "The request can't be read"),
        Kind("token", 401, "A token is needed"),
        Kind("host", 403, "This Host name is not allowed"),
        Kind("origin", 403, "Pages of this origin are refused"),
        Kind("file-reference", 403, "Files can't be named on this server"),
        Kind("not-found", 404, "No such resource"),
        Kind("no-image", 404, "No such image"),
        Kind("no-cine", 404, "No such cine"),
        Kind("no-track", 404, "No such track"),
        Kind("no-file", 404, "No such file"),
        Kind("method", 405, "This method is not allowed"),
        Kind("conflict", 409, "It was changed elsewhere"),
        Kind("changed", 409, "The file changed on the disk"),
        Kind("slow-client", 408, "The client was too slow"),
        Kind("too-large", 413, "The body is too large"),
        Kind("media-type", 415, "The body is of an unsupported media type"),
        Kind("image", 422, "The image can't be used"),
        Kind("prompt", 422, "The prompt can't be used"),
        Kind("invalid", 422, "The request doesn't fit its description"),
        Kind("output", 422, "It can't be written"),
        Kind("project", 422, "The project file can't be used"),
        Kind("model", 422, "The model can't do this"),
        Kind("busy", 429, "The server is busy"),
        Kind("full", 429, "The server holds as many images as it can"),
        Kind("bug", 500, "The server failed"),
        Kind("worker-lost", 503, "The process that computed this was lost"),
        Kind("no-model", 503, "The model can't be loaded"),
        Kind("stopping", 503, "The server can't take this connection"),
        Kind("time-limit", 504, "Computing took too long"),
    )
}
"""What can go wrong: docs/serve.md has a row for each."""


class Problem(HTTPException):
    """A refusal. `retry_s` becomes Retry-After; `close` ends the connection; `errors` lists what is wrong
    where.
    """

    def __init__(
        self,
        name: str,
        detail: str,
        retry_s: int | None = None,
        close: bool = False,
        errors: list[dict[str, str]] | None = None,
    ):
        self.kind = KINDS[name]
        self.errors = errors
        headers = {"retry-after": str(retry_s)} if retry_s is not None else {}
        if close:
            headers["connection"] = "close"
        if name == "token":
            headers["www-authenticate"] = "Bearer"
        super().__init__(self.kind.status, detail, headers)


def body_of(problem: Problem) -> bytes:
    """The JSON of a problem. A detail that has a code has that beside it, for who says it in another
    language.
    """
    content: dict[str, Any] = {
        "type": TYPES + problem.kind.name,
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
    }
    if isinstance(problem.detail, Said):
        content |= {"code": problem.detail.code, "values": problem.detail.values}
        content["said"] = said_in(problem.detail)
    if problem.errors:
        content["errors"] = problem.errors
    return json.dumps(content).encode("ascii")


def response_of(problem: Problem) -> Response:
    return Response(body_of(problem), problem.kind.status, problem.headers, media_type=MEDIA_TYPE)


def of_status(status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """The problem for a bare status, as the framework raises it."""
    if status == 404:
        return Problem("not-found", "there is nothing at this address; /v1/openapi.json lists what there is")
    if status == 405:
        problem = Problem(
            "method",
            f"this method is not allowed; allowed: {(headers or {}).get('Allow', 'see /v1/openapi.json')}",
        )
        problem.headers = {**(problem.headers or {}), **(headers or {})}
        return problem
    if 400 <= status < 500:
        return Problem("bad-request", "the request can't be read; send JSON as /v1/openapi.json describes it")
    return Problem("bug", "the server failed on this request; nothing was changed")
