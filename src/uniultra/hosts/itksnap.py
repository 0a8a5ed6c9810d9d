"""ITK-SNAP's deep-learning service: what its paintbrush and its polygon ask in AI mode.

Read from pyushkevich/itksnap at b107ab0 (the client) and itksnap-dls 0.1.5 (its server). ITK-SNAP up to 4.4
asks without "v2" and for whole volumes, later ones list the models first. They put no token into a request,
never end a session but to change the model, and take a mask of any length for one of the image: so an answer
that isn't a whole mask has a status of 400 or more.
"""

from __future__ import annotations

import base64
import gzip
import math
import secrets
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from uniultra.errors import PromptError
from uniultra.hosts.serving import Endpoint, HostGuard, RefusedError, in_turn, json_object, route
from uniultra.hosts.volume_prompts import MOST_VOXELS, VolumePrompts
from uniultra.segmenter import Segmenter
from uniultra.web.guard import Guard
from uniultra.web.metrics import Metrics
from uniultra.web.settings import ServeSettings

VERSION = "0.1.5"
"""Of the protocol, which ITK-SNAP compares with the least that it takes: the server that this was read
from.
"""
VOLUME, SLICE = "UniUltra", "UniUltra-slice"
"""The two ways in: a whole volume, of which each slice is on its own; and the slice in view alone."""
INTERACTIONS = {VOLUME: ("point", "scribble", "lasso"), SLICE: ("point",)}
MAX_OPEN, RESTING_S = 8, 600.0
"""How many images are held, and how long one has rested before it may give way to another."""


@dataclass
class Open:
    """One window's image and prompts."""

    state: VolumePrompts
    axes: int = 3
    used: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Windows:
    """The windows at work, by the names that they were given."""

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter
        self.held: dict[str, Open] = {}

    def start(self) -> str:
        """A new one, in the place of the one that has rested longest where there are many. Raises
        RefusedError.
        """
        if len(self.held) >= MAX_OPEN:
            oldest = min(self.held, key=lambda name: self.held[name].used)
            if time.monotonic() - self.held[oldest].used < RESTING_S:
                raise RefusedError(503, f"{MAX_OPEN} windows are in use; close one, or wait 10 minutes")
            del self.held[oldest]
        name = secrets.token_urlsafe(24)
        self.held[name] = Open(VolumePrompts(self.segmenter))
        return name

    def of(self, request: Request) -> Open:
        """Raises RefusedError for one that is not, or no longer, held."""
        found = self.held.get(request.path_params["window"])
        if found is None:
            raise RefusedError(410, "this window is unknown, or has been closed; select the server again")
        found.used = time.monotonic()
        return found


class _InMemory(MultiPartParser):
    """Of what is sent nothing goes to a temporary file."""

    spool_max_size = 2**62


def create_app(segmenter: Segmenter, settings: ServeSettings) -> Guard:
    """The application behind its guard: loopback names alone, and a token where one was set."""
    windows = Windows(segmenter)

    async def status(request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": VERSION})

    async def models(request: Request) -> Response:
        dimensions = {VOLUME: 3, SLICE: 2}
        listed = [
            {"id": name, "channels": [1], "dimensions": dimensions[name], "interactions": list(kinds)}
            for name, kinds in INTERACTIONS.items()
        ]
        return JSONResponse({"models": listed})

    async def start(request: Request) -> Response:
        model = request.path_params.get("model", VOLUME)
        if model not in INTERACTIONS:
            raise RefusedError(404, f"there is no model of that name; use {' or '.join(INTERACTIONS)}")
        return JSONResponse({"session_id": windows.start()})

    async def end(request: Request) -> Response:
        windows.held.pop(request.path_params["window"], None)
        return JSONResponse({"message": "Session ended"})

    def acting(act: Callable[[Open, Request, _Sent], Response]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            window = windows.of(request)
            sent = await _sent(request) if request.method == "POST" else ("", b"")
            return await in_turn(window.lock, partial(act, window, request, sent))

        return endpoint

    acts: list[tuple[str, str, Endpoint]] = [
        ("GET", "status", status),
        ("GET", "models", models),
        ("GET", "start_session", start),
        ("GET", "start_session/{model}", start),
        ("GET", "end_session/{window}", end),
        ("POST", "upload_raw/{window}", acting(_upload)),
        ("GET", "reset_interactions/{window}", acting(_reset)),
        ("GET", "process_point_interaction/{window}", acting(_point)),
        ("POST", "process_scribble_interaction/{window}", acting(partial(_drawing, is_lasso=False))),
        ("POST", "process_lasso_interaction/{window}", acting(partial(_drawing, is_lasso=True))),
    ]
    routes = [route(method, f"/{v}{path}", _unframed(act)) for method, path, act in acts for v in ("", "v2/")]
    return HostGuard(Starlette(routes=routes), settings, Metrics())


_Sent = tuple[str, bytes]
"""The metadata and the file of an upload."""


def _unframed(act: Endpoint) -> Endpoint:
    """Nothing for a page in a browser, which could have a GET sent from anywhere."""

    async def endpoint(request: Request) -> Response:
        if request.headers.get("sec-fetch-site", "none") != "none":
            raise RefusedError(403, "requests from web pages are refused; use ITK-SNAP")
        return await act(request)

    return endpoint


async def _sent(request: Request) -> _Sent:
    """Raises PromptError for a body that isn't a whole form with both parts."""
    try:
        form = await _InMemory(request.headers, request.stream(), max_files=1, max_fields=4).parse()
    except (MultiPartException, KeyError) as error:
        raise PromptError("the body is not a form with a file and its metadata; send it whole") from error
    try:
        metadata, file = form.get("metadata"), form.get("file")
        if not isinstance(metadata, str) or file is None or isinstance(file, str):
            raise PromptError("the form lacks 'file' or 'metadata'; send both")
        return metadata, await file.read()
    finally:
        await form.close()


def _array(sent: _Sent) -> np.ndarray:
    """An image (channels, Z, Y, X) or (channels, Y, X) of float32, as many bytes as its metadata says. Raises
    PromptError.
    """
    metadata, packed = sent
    said = json_object(metadata, "the metadata", "send that of ITK-SNAP")
    sides, channels = said.get("dimensions"), said.get("components_per_pixel", 1)
    if not isinstance(sides, list) or len(sides) not in (2, 3) or not all(map(_is_side, sides)):
        raise PromptError(f"dimensions {sides!s:.60}; legal are 2 or 3 whole numbers from 1")
    if channels not in (1, 3) or math.prod(sides) > MOST_VOXELS:
        raise PromptError(
            f"{channels!s:.20} channels of {math.prod(sides)} voxels; legal are 1 or 3, and up to "
            f"{MOST_VOXELS} voxels; crop the image"
        )
    length = 4 * channels * math.prod(sides)
    try:
        unpacker = zlib.decompressobj(wbits=31)
        plain = unpacker.decompress(packed, length + 1)
    except zlib.error as error:
        raise PromptError("the file is not gzip; send it whole") from error
    if len(plain) != length or not unpacker.eof or unpacker.unused_data:
        raise PromptError(
            f"the file doesn't unpack to the {length} bytes of float32 that its metadata says; send it whole"
        )
    return np.moveaxis(np.frombuffer(plain, "<f4").reshape(*sides[::-1], channels), -1, 0)


def _is_side(side: Any) -> bool:
    return isinstance(side, int) and not isinstance(side, bool) and 1 <= side <= MOST_VOXELS


def _upload(window: Open, request: Request, sent: _Sent) -> Response:
    image = _array(sent)
    window.axes = image.ndim - 1
    window.state.set_image(image if window.axes == 3 else image[:, None])
    return JSONResponse({"message": "the image is here"})


def _reset(window: Open, request: Request, sent: _Sent) -> Response:
    window.state.reset()
    return JSONResponse({"status": "success"})


def _point(window: Open, request: Request, sent: _Sent) -> Response:
    """A click at x, y and, in a volume, z: as `point` repeated, or, before version 2, as x, y and z."""
    query = request.query_params
    texts = query.getlist("point") or [query[name] for name in "xyz"]
    if len(texts) < window.axes:
        raise PromptError(f"a point of {len(texts)} numbers in an image of {window.axes} axes; send them all")
    index = [int(text) for text in texts[: window.axes]][::-1]
    window.state.add_point(index if window.axes == 3 else [0, *index], _is_inside(request))
    return _answer(window)


def _drawing(window: Open, request: Request, sent: _Sent, is_lasso: bool) -> Response:
    drawn = _array(sent)[0]
    if drawn.ndim != window.axes:
        raise PromptError("the drawing has another number of axes than the image; use a whole volume")
    drawn = drawn if drawn.ndim == 3 else drawn[None]
    if window.state.masks is not None and drawn.shape != window.state.masks.shape:
        raise PromptError(
            f"a drawing of {drawn.shape} on an image of {window.state.masks.shape}; send it whole"
        )
    window.state.add_drawing(drawn, _is_inside(request), is_lasso, (0, 0, 0))
    return _answer(window)


def _is_inside(request: Request) -> bool:
    return request.query_params.get("foreground", "false").lower() == "true"


def _answer(window: Open) -> Response:
    """All of the mask, 1 inside and 0 outside, as base64 of gzip of int8."""
    masks = window.state.masks
    assert masks is not None
    packed = gzip.compress(masks.tobytes(), compresslevel=1, mtime=0)
    return JSONResponse({"status": "success", "result": base64.b64encode(packed).decode("ascii")})
