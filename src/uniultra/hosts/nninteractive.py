"""The nnInteractive 2 protocol, which Slicer's extension, napari's plugin and MITK speak through
`nninteractive-client`.

Read from MIC-DKFZ/nnInteractive at 154d9c6. Unlike its server this one needs no GPU. It answers for one
slice at a time, or follows a structure through a cine: where the server was started for cines, or where
`image_properties` of `set_image`, which the protocol leaves free, name a `frames_axis`. They may also say a
`label` and a `box_fit` of all structures in the image; no window sends them.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from uniultra.errors import PromptError
from uniultra.hosts.description import Description
from uniultra.hosts.packed_arrays import pack, unpack
from uniultra.hosts.serving import Endpoint, HostGuard, RefusedError, in_turn, json_object, route
from uniultra.hosts.volume_planes import Span
from uniultra.hosts.volume_prompts import VolumePrompts
from uniultra.segmenter import Segmenter
from uniultra.web.guard import Guard
from uniultra.web.metrics import Metrics
from uniultra.web.settings import ServeSettings

META, LEASE = "X-Meta", "X-Lease-Token"
VERSION = "2.6.0"
"""Of the protocol: the client that this is tested with."""
IDLE_S, ALIVE_S = 600.0, 120.0
"""Seconds without a prompt, and without any sign of life, after which a lease ends."""
MAX_LEASES = 8
DRAWN = ("points", "bbox2d", "scribble", "lasso")


@dataclass
class Lease:
    state: VolumePrompts
    used: float = field(default_factory=time.monotonic)
    seen: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def left_s(self) -> float:
        now = time.monotonic()
        return min(self.used + IDLE_S, self.seen + ALIVE_S) - now


class Leases:
    """The users at work, by their tokens."""

    def __init__(self, segmenter: Segmenter, cines: bool = False) -> None:
        self.segmenter, self.cines = segmenter, cines
        self.held: dict[str, Lease] = {}

    def claim(self) -> str:
        """Raises RefusedError where all are taken."""
        self.held = {token: lease for token, lease in self.held.items() if lease.left_s > 0}
        if len(self.held) >= MAX_LEASES:
            raise RefusedError(
                503, f"all {MAX_LEASES} leases are taken; close another window, or wait for one to end"
            )
        token = secrets.token_urlsafe(32)
        self.held[token] = Lease(VolumePrompts(self.segmenter, self.cines))
        return token

    def of(self, request: Request, uses: bool = True) -> Lease:
        """Raises RefusedError for a lease that ended, or never was."""
        token = request.headers.get(LEASE, "")
        lease = self.held.get(token)
        if lease is None or lease.left_s <= 0:
            self.held.pop(token, None)
            raise RefusedError(410, "this lease has ended; connect again")
        lease.seen = time.monotonic()
        lease.used = lease.seen if uses else lease.used
        return lease


def create_app(segmenter: Segmenter, settings: ServeSettings, cines: bool = False) -> Guard:
    """The application behind its guard: loopback names alone, and a token where one was set. `cines` says
    that images of several frames are tracked.
    """
    leases = Leases(segmenter, cines)

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def capabilities(request: Request) -> Response:
        return JSONResponse(_capabilities())

    async def claim(request: Request) -> Response:
        said = {
            "idle_timeout_seconds": IDLE_S,
            "liveness_timeout_seconds": ALIVE_S,
            "max_sessions": MAX_LEASES,
        }
        return JSONResponse({"lease_token": leases.claim()} | said)

    async def release(request: Request) -> Response:
        leases.held.pop(request.headers.get(LEASE, ""), None)
        return JSONResponse({"released": True})

    async def left(request: Request) -> Response:
        lease = leases.of(request, uses=False)
        return JSONResponse({"remaining_seconds": lease.left_s, "idle_timeout_seconds": IDLE_S})

    def acting(act: Callable[[VolumePrompts, dict[str, Any], bytes], Response]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            lease = leases.of(request)
            body = await request.body()
            is_binary = request.headers.get("content-type", "") == "application/octet-stream"
            text = request.headers.get(META, "") if is_binary else body.decode("utf-8", "replace")
            said = json_object(text or "{}", "the request's metadata", "use nninteractive-client 2")
            return await in_turn(lease.lock, partial(act, lease.state, said, body if is_binary else b""))

        return endpoint

    routes = [
        *(route("GET", path, act) for path, act in (("/healthz", health), ("/capabilities", capabilities))),
        *(route("POST", path, act) for path, act in (("/claim", claim), ("/release", release))),
        *(route(method, path, left) for method, path in (("POST", "/heartbeat"), ("GET", "/lease_status"))),
        *(route("POST", f"/{name}", acting(act)) for name, act in ACTS.items()),
    ]
    return HostGuard(Starlette(routes=routes), settings, Metrics())


def _capabilities() -> dict[str, Any]:
    return {
        "supported_interactions": dict.fromkeys(DRAWN, True) | {"bbox3d": False},
        "channel_mapping": {name: [2 * i + 1, 2 * i + 2] for i, name in enumerate(DRAWN)},
        "num_interaction_channels": 2 * len(DRAWN) + 1,
        "supports_initial_label": True,
        "supports_zero_shot_label_refinement": True,
        "preferred_scribble_thickness": [2, 2, 2],
        "interaction_decay": None,
        "patch_size": None,
        "do_autozoom": False,
        "inference_session_version": VERSION,
        "license": "Apache-2.0",
        "supports_undo": True,
    }


def _answer(state: VolumePrompts, ran: bool, span: Span | None) -> Response:
    """What changed, and nothing else."""
    meta: dict[str, Any] = {"ran_prediction": ran, "bbox": span}
    body = b""
    if span is not None and state.masks is not None:
        part = state.masks[tuple(slice(*ends) for ends in span)]
        meta |= {"dtype": "uint8", "shape": list(part.shape)}
        body = pack(part)
    return Response(body, media_type="application/octet-stream", headers={META: json.dumps(meta)})


def _set_image(state: VolumePrompts, said: dict[str, Any], body: bytes) -> Response:
    given, image = said.get("image_properties"), unpack(body)
    properties = given if isinstance(given, dict) else {}
    state.set_image(image, properties.get("frames_axis"), Description.of(properties))
    return JSONResponse({"original_image_shape": list(image.shape)})


def _set_target(state: VolumePrompts, said: dict[str, Any], body: bytes) -> Response:
    if state.volume is not None and list(said["shape"]) != list(state.volume.shape):
        raise PromptError(
            f"a target of another shape than the image's, {state.volume.shape}; make it as large"
        )
    return JSONResponse({"ok": True})


def _reset(state: VolumePrompts, said: dict[str, Any], body: bytes) -> Response:
    state.reset()
    return JSONResponse({"ok": True})


def _autozoom(state: VolumePrompts, said: dict[str, Any], body: bytes) -> Response:
    return JSONResponse({"do_autozoom": False})


def _undo(state: VolumePrompts, said: dict[str, Any], body: bytes) -> Response:
    return _answer(state, *state.undo())


def _predict(state: VolumePrompts, said: dict[str, Any], body: bytes) -> Response:
    return _answer(state, *state.go_on())


def _point(state: VolumePrompts, said: dict[str, Any], body: bytes) -> Response:
    runs = _runs(said)
    return _answer(
        state, runs, state.add_point(said["coordinates"], said["include_interaction"] is True, runs)
    )


def _box(state: VolumePrompts, said: dict[str, Any], body: bytes) -> Response:
    runs = _runs(said)
    return _answer(state, runs, state.add_box(said["bbox_coords"], said["include_interaction"] is True, runs))


def _runs(said: dict[str, Any]) -> bool:
    """False where the client will ask for the answer with `predict`."""
    return said.get("run_prediction") is not False


def _drawing(state: VolumePrompts, said: dict[str, Any], body: bytes, is_lasso: bool) -> Response:
    spans = said.get("interaction_bbox") or [[0, 0]] * 3
    corner = [int(first) for first, _ in spans]
    runs, is_inside = _runs(said), said["include_interaction"] is True
    return _answer(state, runs, state.add_drawing(unpack(body), is_inside, is_lasso, corner, runs))


def _initial(state: VolumePrompts, said: dict[str, Any], body: bytes) -> Response:
    runs = said.get("run_prediction") is True
    return _answer(state, runs, state.add_masks(unpack(body), runs))


ACTS: dict[str, Callable[[VolumePrompts, dict[str, Any], bytes], Response]] = {
    "set_image": _set_image,
    "set_target_buffer": _set_target,
    "reset_interactions": _reset,
    "set_do_autozoom": _autozoom,
    "undo": _undo,
    "predict": _predict,
    "add_point_interaction": _point,
    "add_bbox_interaction": _box,
    "add_scribble_interaction": partial(_drawing, is_lasso=False),
    "add_lasso_interaction": partial(_drawing, is_lasso=True),
    "add_initial_seg_interaction": _initial,
}
