"""A server in this process: the real model in one thread, and the test client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.testclient import TestClient

from phantoms import speckled
from scans import TRUE, Start, png_of
from thread_lane import ThreadLane
from uniultra.backends.open import open_backend
from uniultra.backends.protocol import Backend
from uniultra.types import Frame
from uniultra.web.app import create_app
from uniultra.web.service import Service
from uniultra.web.settings import ServeSettings


@pytest.fixture(scope="session")
def frame() -> Frame:
    return speckled(TRUE)


@pytest.fixture(scope="session")
def picture(frame: Frame) -> bytes:
    """A PNG file with a dark ellipse, TRUE; BOX is around it."""
    return png_of(frame.pixels_hw)


@pytest.fixture(scope="session")
def backend() -> Backend:
    return open_backend("uniultra-mini", threads=1)


@pytest.fixture
def start(backend: Backend) -> Iterator[Start]:
    """Starts a server with settings of its own; any `backend` in place of the model; `lanes` threads."""
    with ExitStack() as stack:

        def started(lanes: int = 1, engine: Backend = backend, **settings: Any) -> TestClient:
            chosen = ServeSettings(**settings)
            service = Service(
                chosen,
                [ThreadLane(chosen.queue, engine, int(chosen.cache_mb * 1e6) // lanes) for _ in range(lanes)],
            )
            client = TestClient(
                create_app(service), base_url="http://127.0.0.1:8008", raise_server_exceptions=True
            )
            client.app_state["service"] = service
            return stack.enter_context(client)

        yield started


@pytest.fixture
def client(start: Start) -> TestClient:
    return start()
