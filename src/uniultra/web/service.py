"""What the server does, apart from HTTP: images in, prompts to masks, and the bounds of both. Cines are in
`cine_service`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from uniultra.errors import ModelError
from uniultra.web.bodies import Bodies
from uniultra.web.held import Store
from uniultra.web.held_images import HeldImage, ImageStore
from uniultra.web.messages import FileOptions, Read, Ready, Segment, Upload
from uniultra.web.metrics import Metrics
from uniultra.web.problems import Problem
from uniultra.web.prompt_requests import request_of
from uniultra.web.schemas import MaskOut, SegmentIn
from uniultra.web.server_paths import read_reference
from uniultra.web.settings import ServeSettings
from uniultra.web.worker_pool import Lane, lanes_of

_SWEEP_S = 15.0
_BODIES = 4
"""So many JSON bodies of the largest size are held at a time."""
T = TypeVar("T")
Disconnected = Callable[[], Awaitable[None]]
"""Returns when the client has disconnected."""


class ClientDisconnected(Exception):  # noqa: N818
    """The client disconnected before its answer was ready."""


class Service:
    """One server's images and lanes. Its methods run in the event loop; computing is the lanes'."""

    def __init__(self, settings: ServeSettings, lanes: Sequence[Lane] | None = None) -> None:
        """Starts the lanes, which loads the model. Raises ModelError."""
        self.settings = settings
        self.lanes = list(lanes) if lanes is not None else lanes_of(settings)
        self.store = ImageStore(settings.images, int(settings.images_mb * 1e6), settings.idle_s)
        self.store.on_drop = self._forget
        self.other_stores: list[Store[Any]] = []
        self.metrics = Metrics()
        self.metrics.watch(self.state)
        self.uploads = 0
        self.bodies = Bodies(_BODIES * settings.body_bytes)
        self.model_name = settings.model
        self.model = self._start()

    def _start(self) -> Ready:
        with ThreadPoolExecutor(len(self.lanes)) as pool:
            try:
                return list(pool.map(lambda lane: lane.start(), self.lanes)).pop()
            except BaseException:
                self.stop()  # before the threads are waited for: they wait for the processes
                raise

    def stop(self) -> None:
        for lane in self.lanes:
            lane.stop()

    async def switch(self, model: str) -> None:
        """Answers with another model from now on, or, where it can't be opened, still with the one before.

        Raises Problem: model.
        """
        try:
            for lane in self.lanes:
                self.model = await lane.switch(model)
        except ModelError as error:
            for lane in self.lanes:
                self.model = await lane.switch(self.model_name)
            raise Problem("model", str(error)) from None
        self.model_name = model

    async def sweep_forever(self) -> None:
        """Drops unused images when their time is up, and not only when somebody asks."""
        while True:
            await asyncio.sleep(min(_SWEEP_S, self.settings.idle_s / 4))
            for store in (self.store, *self.other_stores):
                store.sweep()

    async def upload(
        self, chunks: AsyncIterator[bytes], options: FileOptions, disconnected: Disconnected | None = None
    ) -> HeldImage:
        """Holds the image that these bytes are. Everything that can be refused is refused before the first
        byte is read.

        Raises:
            Problem: why it can't be held. ClientDisconnected: `disconnected`, which is awaited once all bytes
                are here, returned first.
        """
        self.store.check_room()
        with self.uploading():
            held = self._hold(b"".join([chunk async for chunk in chunks]), options)
            return await (held if disconnected is None else while_there(held, disconnected))

    async def reference(self, path: str, options: FileOptions) -> HeldImage:
        """Holds the image in a file of this machine. Raises Problem."""
        self.store.check_room()
        with self.uploading():
            data = await asyncio.to_thread(
                read_reference, self.settings.root, path, self.settings.upload_bytes
            )
            return await self._hold(data, options)

    async def segment(self, image_id: str, query: SegmentIn) -> tuple[HeldImage, tuple[MaskOut, ...], float]:
        """The image, an answer to each prompt, and milliseconds of computing. Raises Problem."""
        image = self.store.get(image_id)
        lane = self.lanes[image.lane]
        lane.check_room()
        prompts = tuple(
            request_of(number, prompt, image) for number, prompt in enumerate(query.prompts, start=1)
        )
        answer = await lane.run(
            Segment(
                image.id,
                image.frame,
                prompts,
                self.settings.work_s,
                query.format == "png",
                query.measures,
                query.alternatives,
            )
        )
        assert isinstance(answer.value, tuple)
        self.metrics.work.labels("segment").observe(answer.work_ms / 1000)
        self.metrics.prompts.inc(len(prompts))
        return image, answer.value, answer.work_ms

    def state(self) -> Iterable[tuple[str, str, str, float]]:
        """What metrics shows of the moment."""
        caches = [lane.cache for lane in self.lanes]
        return (
            ("gauge", "images", "Images held.", len(self.store)),
            ("gauge", "images_bytes", "Memory set aside for them.", self.store.bytes),
            ("gauge", "uploads", "Uploads under way.", self.uploads),
            ("gauge", "waiting", "Jobs held by all processes, the running ones included.", self.waiting),
            ("gauge", "embeddings_bytes", "Memory of embeddings.", sum(one.bytes for one in caches)),
            (
                "counter",
                "embeddings_found",
                "Views that were encoded already.",
                sum(one.hits for one in caches),
            ),
            (
                "counter",
                "embeddings_made",
                "Views that had to be encoded.",
                sum(one.misses for one in caches),
            ),
        )

    @property
    def waiting(self) -> int:
        return sum(lane.held for lane in self.lanes)

    @contextmanager
    def uploading(self) -> Iterator[None]:
        """Counts an upload while it lasts. Raises Problem: too many of them, or every lane is full."""
        if self.uploads >= self.settings.uploads:
            raise Problem(
                "busy",
                f"{self.uploads} uploads are under way, which is the limit; try again in 1 s",
                retry_s=1,
            )
        self.lanes[self.next_lane()].check_room()
        self.uploads += 1
        try:
            yield
        finally:
            self.uploads -= 1

    def next_lane(self) -> int:
        """The lane for another image: the one with the least to do, and then with the fewest images."""
        return min(range(len(self.lanes)), key=lambda at: (self.lanes[at].held, self.store.count(at)))

    async def _hold(self, data: bytes, options: FileOptions) -> HeldImage:
        if not data:
            raise Problem("image", "the image: the body is empty (0 bytes); send the bytes of an image file")
        index = self.next_lane()
        answer = await self.lanes[index].run(
            Read(data, int(self.settings.megapixels * 1e6), self.settings.upload_bytes, options)
        )
        assert isinstance(answer.value, Upload)
        self.metrics.work.labels("read").observe(answer.work_ms / 1000)
        return self.store.add(answer.value.frame, index, answer.value.origin)

    def _forget(self, dropped: list[HeldImage]) -> None:
        for index, lane in enumerate(self.lanes):
            ids = tuple(image.id for image in dropped if image.lane == index)
            if ids:
                lane.forget(ids)


async def while_there(work: Coroutine[Any, Any, T], disconnected: Disconnected) -> T:
    """What `work` gives; it is cancelled where `disconnected` returns before it.

    Raises:
        ClientDisconnected: that happened.
    """
    working, listening = asyncio.ensure_future(work), asyncio.ensure_future(disconnected())
    try:
        await asyncio.wait((working, listening), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnected
    finally:
        for task in (working, listening):
            task.cancel()
        await asyncio.gather(working, listening, return_exceptions=True)
