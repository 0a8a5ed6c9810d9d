"""What the server does apart from HTTP: its bounds on uploads, and how images are shared out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from thread_lane import ThreadLane
from uniultra.backends.protocol import Backend
from uniultra.web.messages import FileOptions
from uniultra.web.problems import Problem
from uniultra.web.service import Service
from uniultra.web.settings import ServeSettings


def service_of(backend: Backend, lanes: int, settings: ServeSettings) -> Service:
    return Service(settings, [ThreadLane(settings.queue, backend, 10**7) for _ in range(lanes)])


async def chunks(data: bytes, until: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    yield data[:100]
    if until is not None:
        await until.wait()
    yield data[100:]


def test_uploads_under_way_are_bounded(backend: Backend, picture: bytes) -> None:
    service = service_of(backend, 1, ServeSettings(uploads=2))

    async def ask() -> None:
        go = asyncio.Event()
        under_way = [
            asyncio.create_task(service.upload(chunks(picture, go), FileOptions())) for _ in range(2)
        ]
        await asyncio.sleep(0)
        with pytest.raises(Problem, match="429: 2 uploads are under way, which is the limit"):
            await service.upload(chunks(picture), FileOptions())
        go.set()
        await asyncio.gather(*under_way)
        await service.upload(chunks(picture), FileOptions())

    asyncio.run(ask())
    assert (len(service.store), service.uploads) == (3, 0)
    service.stop()


def test_a_refused_upload_leaves_its_place(backend: Backend) -> None:
    service = service_of(backend, 1, ServeSettings(uploads=1))
    for _ in range(3):
        with pytest.raises(Problem, match="415: the image: not a known kind"):
            asyncio.run(service.upload(chunks(b"x" * 300), FileOptions()))
    assert service.uploads == 0
    service.stop()


def test_images_are_shared_out_over_lanes(backend: Backend, picture: bytes) -> None:
    service = service_of(backend, 3, ServeSettings())
    images = [asyncio.run(service.upload(chunks(picture), FileOptions())) for _ in range(6)]
    assert [service.store.count(lane) for lane in range(3)] == [2, 2, 2]
    for image in images[:2]:
        service.store.delete(image.id)
    asyncio.run(service.upload(chunks(picture), FileOptions()))
    assert sum(service.store.count(lane) for lane in range(3)) == 5
    service.stop()


def test_unused_images_go_without_being_asked_for(backend: Backend, picture: bytes) -> None:
    service = service_of(backend, 1, ServeSettings(idle_s=1))

    async def wait() -> None:
        await service.upload(chunks(picture), FileOptions())
        sweeping = asyncio.create_task(service.sweep_forever())
        await asyncio.sleep(1.6)
        sweeping.cancel()

    asyncio.run(wait())
    assert len(service.store) == 0
    service.stop()
