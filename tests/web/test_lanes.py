"""Lanes: order, bounds, and processes that are lost and replaced."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from scans import BOX
from uniultra.backends.protocol import Backend
from uniultra.errors import ModelError
from uniultra.model_facts import ModelFacts
from uniultra.segmenter import Segmenter
from uniultra.types import Frame, Prompt
from uniultra.web import lanes
from uniultra.web.jobs import Ask, Read, Segment
from uniultra.web.lanes import Lane, ProcessLane, ThreadLane
from uniultra.web.problems import Problem


class Held:
    """An engine that answers when it is told to."""

    facts = ModelFacts("held", "0", 256)

    def __init__(self, inner: Backend) -> None:
        self.inner, self.go = inner, threading.Event()

    def encode(self, images_bhw: np.ndarray) -> Any:
        assert self.go.wait(20)
        return self.inner.encode(images_bhw)

    def decode(self, *arguments: Any) -> Any:
        return self.inner.decode(*arguments)


def job(frame: Frame, count: int = 1, work_s: float = 30.0) -> Segment:
    return Segment("a", frame, (Ask(tuple(map(float, BOX))),) * count, work_s)


def test_the_queue_is_bounded_and_says_when_to_come_back(backend: Backend, frame: Frame) -> None:
    engine = Held(backend)
    lane = ThreadLane(3, engine, 0)

    async def ask() -> list[Any]:
        waiting = [asyncio.create_task(lane.run(job(frame))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Problem, match="429: 3 requests wait already, which is the limit") as caught:
            await lane.run(job(frame))
        assert int(caught.value.headers["retry-after"]) >= 1
        engine.go.set()
        return await asyncio.gather(*waiting)

    answers = asyncio.run(ask())
    assert len({answer.value[0].counts for answer in answers}) == 1
    assert lane.held == 0
    lane.stop()


@pytest.fixture(scope="module")
def process_lane() -> Iterator[Lane]:
    lane = ProcessLane(4, "uniultra-mini", 10**8, work_s=20.0)
    assert lane.start().name == "uniultra-mini"
    yield lane
    lane.stop()


def test_a_process_answers_as_the_segmenter_does(process_lane: Lane, backend: Backend, frame: Frame) -> None:
    answer = asyncio.run(process_lane.run(job(frame)))
    [mask] = Segmenter(backend).segment(frame, [Prompt(box_xyxy=tuple(BOX))])  # type: ignore[arg-type]
    assert isinstance(answer.value, tuple)
    assert (answer.value[0].area_px, answer.value[0].box_xyxy) == (mask.mask_hw.sum(), mask.box_xyxy)


def test_a_lost_process_is_replaced(process_lane: ProcessLane, frame: Frame) -> None:
    assert process_lane._process is not None
    os.kill(process_lane._process.pid or 0, signal.SIGKILL)
    with pytest.raises(Problem, match="503: the process that computed this was lost"):
        asyncio.run(process_lane.run(job(frame)))
    assert asyncio.run(process_lane.run(job(frame))).value


def test_a_process_that_reading_killed_blames_the_image(process_lane: ProcessLane) -> None:
    assert process_lane._process is not None
    os.kill(process_lane._process.pid or 0, signal.SIGKILL)
    with pytest.raises(Problem, match="422: the image: reading it ended the process"):
        asyncio.run(process_lane.run(Read(b"x", 1)))


def test_a_process_that_hangs_is_killed(process_lane: ProcessLane, frame: Frame, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(process_lane.run(job(frame)))
    process = process_lane._process
    assert process is not None
    os.kill(process.pid or 0, signal.SIGSTOP)
    monkeypatch.setattr(process_lane, "_work_s", 0.2)
    with pytest.raises(Problem, match=r"504: this took over 0.2 s, which is the limit"):
        asyncio.run(process_lane.run(job(frame)))
    assert not process.is_alive()
    monkeypatch.undo()
    assert asyncio.run(process_lane.run(job(frame))).value


def test_a_process_ignores_what_stops_the_server(process_lane: ProcessLane, frame: Frame) -> None:
    asyncio.run(process_lane.run(job(frame)))
    assert process_lane._process is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(process_lane._process.pid or 0, number)
    assert asyncio.run(process_lane.run(job(frame))).value


def test_a_model_that_is_not_there_is_told_at_the_start() -> None:
    lane = ProcessLane(4, "no-such-model", 0, 1.0)
    with pytest.raises(ModelError, match="model 'no-such-model' is unknown"):
        lane.start()
    lane.stop()


def test_the_processes_share_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "ProcessLane", lambda most, model, share, work_s: (most, model, share, work_s))
    made = lanes.lanes_of(lanes.ServeSettings(processes=4, cache_mb=100, queue=7, work_s=9))
    assert made == [(7, "uniultra-mini", 25_000_000, 9)] * 4
