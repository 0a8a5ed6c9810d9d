"""What the protocols share: the guard in front, refusals with a status, one shape of error, and how each is
served.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from uniultra.errors import PromptError, UniUltraError
from uniultra.segmenter import Segmenter
from uniultra.web.guard import Guard, Scope
from uniultra.web.server import Server, address_of, listening_socket, quieten, uvicorn_config
from uniultra.web.settings import ServeSettings

Endpoint = Callable[[Request], Awaitable[Response]]


def json_object(text: str, what: str, fix: str) -> dict[str, Any]:
    """What a client says of its request. Raises PromptError where it is no JSON object."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PromptError(f"{what} is not JSON; {fix}") from error
    if not isinstance(said, dict):
        raise PromptError(f"{what} is not a JSON object; {fix}")
    return said


async def in_turn(lock: threading.Lock, act: Callable[[], Response]) -> Response:
    """What `act` answers, on a thread, while nobody else has the lock."""

    def run() -> Response:
        with lock:
            return act()

    return await asyncio.to_thread(run)


class RefusedError(Exception):
    """An answer with a status and a reason, as the client expects it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class HostGuard(Guard):
    """The guard of `serve`, which here lets arrays be as large as an upload."""

    def _limit(self, scope: Scope) -> int:
        return self.settings.upload_bytes if scope["method"] == "POST" else self.settings.body_bytes


def route(method: str, path: str, act: Endpoint) -> Route:
    """A route whose errors are JSON with a `detail`."""

    async def endpoint(request: Request) -> Response:
        try:
            return await act(request)
        except RefusedError as refused:
            return JSONResponse({"detail": str(refused)}, refused.status)
        except UniUltraError as error:
            return JSONResponse({"detail": str(error)}, 400)
        except (KeyError, TypeError, ValueError, IndexError):
            return JSONResponse({"detail": "the request lacks a field, or one is of another kind"}, 400)

    return Route(path, endpoint, methods=[method])


App = Callable[[Segmenter, ServeSettings], Guard]


def serve_host(create_app: App, settings: ServeSettings, on_ready: Callable[[str, Segmenter], None]) -> None:
    """Serves a protocol's application until SIGINT or SIGTERM, in this one process. `on_ready` hears the
    address, once the model is loaded.

    Raises:
        ServeError: the address can't be listened on. ModelError: the model can't be loaded.
    """
    with listening_socket(settings) as listening:
        segmenter = Segmenter.load(settings.model)
        quieten()
        config = uvicorn_config(create_app(segmenter, settings), settings, lifespan="off")
        Server(config).run_on(listening, lambda: on_ready(address_of(listening), segmenter))
