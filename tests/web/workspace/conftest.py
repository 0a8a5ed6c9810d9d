"""A workspace on a folder of its own, with the real model in one thread, and a client that is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from phantoms import speckled
from scans import TRUE
from thread_lane import ThreadLane
from uniultra.backends.open import open_backend
from uniultra.web.app import create_app
from uniultra.web.service import Service
from uniultra.web.settings import ServeSettings
from uniultra.web.workspace.workspace import Workspace

ORIGIN = "http://127.0.0.1:8018"


@pytest.fixture(scope="module")
def service() -> Service:
    settings = ServeSettings(body_mb=64.0)
    return Service(settings, [ThreadLane(8, open_backend("uniultra-mini", threads=1), 10**8)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two stills and a cine of four frames, a hostile name among them."""
    images = tmp_path / "scans"
    images.mkdir()
    pixels = speckled(TRUE).pixels_hw
    Image.fromarray(pixels).save(images / "a.png")
    Image.fromarray(np.flipud(pixels)).save(images / "<img src=x onerror=alert(1)>.png")
    frames = [Image.fromarray(np.roll(pixels, 4 * step, axis=1)) for step in range(4)]
    frames[0].save(images / "cine.gif", "GIF", save_all=True, append_images=frames[1:], duration=40)
    return images


@pytest.fixture
def workspace(folder: Path) -> Workspace:
    return Workspace.of(folder)


@pytest.fixture
def visitor(service: Service, workspace: Workspace) -> Iterator[TestClient]:
    """A browser that isn't signed in yet."""
    with ExitStack() as stack:
        service.stop = lambda: None  # type: ignore[method-assign]  # it serves several tests
        yield stack.enter_context(TestClient(create_app(service, workspace), base_url=ORIGIN))


@pytest.fixture
def page(visitor: TestClient, workspace: Workspace) -> TestClient:
    """A page that is signed in."""
    visitor.headers.update({"origin": ORIGIN, "sec-fetch-site": "same-origin"})
    entered = visitor.post("/v1/workspace/enter", json={"code": workspace.access.code})
    visitor.headers["x-uniultra-key"] = entered.json()["key"]
    visitor.headers["cookie"] = entered.headers["set-cookie"].split(";")[0]
    return visitor


def item_id(page: TestClient, name: str) -> str:
    """The id of a file of the work list."""
    return next(item["id"] for item in page.get("/v1/workspace").json()["items"] if item["name"] == name)


def one_mask(counts: str, **more: Any) -> dict[str, Any]:
    """A document with one structure on frame 0."""
    mask = {"object": 1, "counts": counts, "quality": 0.9, **more}
    return {"objects": [{"id": 1, "name": "cyst"}], "frames": [{"number": 0, "masks": [mask]}]}
