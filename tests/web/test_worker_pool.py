"""Lanes: order, bounds, and processes that are lost and replaced."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scans import BOX
from thread_lane import ThreadLane
from uniultra.backends.protocol import Backend
from uniultra.errors import ModelError
from uniultra.model_facts import ModelFacts
from uniultra.registry import find
from uniultra.segmenter import Segmenter
from uniultra.types import Frame, Prompt
from uniultra.web import worker_pool as lanes
from uniultra.web.messages import PromptRequest, Read, Ready, Segment, Upload
from uniultra.web.problems import Problem
from uniultra.web.worker_pool import Lane, ProcessLane


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
    return Segment("a", frame, (PromptRequest(tuple(map(float, BOX))),) * count, work_s)


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
    assert len({answer.value[0].rle.counts for answer in answers}) == 1
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
    assert (answer.value[0].area_px, tuple(answer.value[0].box_xyxy)) == (mask.mask_hw.sum(), mask.box_xyxy)


def killed(lane: ProcessLane) -> None:
    assert lane._process is not None
    os.kill(lane._process.pid or 0, signal.SIGKILL)
    lane._process.join()


def test_a_process_that_was_killed_while_it_was_idle_costs_no_request(
    process_lane: ProcessLane, frame: Frame
) -> None:
    asyncio.run(process_lane.run(job(frame)))
    killed(process_lane)
    assert asyncio.run(process_lane.run(job(frame))).value


def test_a_good_image_is_not_blamed_for_an_idle_process_that_was_killed(
    process_lane: ProcessLane, picture: bytes, frame: Frame
) -> None:
    killed(process_lane)
    answer = asyncio.run(process_lane.run(Read(picture, 10**6, 10**6)))
    assert isinstance(answer.value, Upload)
    np.testing.assert_array_equal(answer.value.frame.pixels_hw, frame.pixels_hw)


@pytest.mark.parametrize(
    ("requested", "says"),
    [
        (Read(b"x", 1, 1), "422: the image: reading it crashed the process"),
        (None, "503: the process that computed this was lost"),
    ],
)
def test_what_ends_a_process_twice_is_told(frame: Frame, requested: Read | None, says: str) -> None:
    class Dying(ProcessLane):
        """Its process is killed by whatever it is sent."""

        tries = 0

        def start(self) -> Ready:
            self.tries += 1
            ready = super().start()
            assert self._process is not None
            os.kill(self._process.pid or 0, signal.SIGSTOP)
            threading.Timer(0.3, self._process.kill).start()
            return ready

    lane = Dying(4, "uniultra-mini", 10**8, work_s=20.0)
    with pytest.raises(Problem, match=says):
        asyncio.run(lane.run(requested or job(frame)))
    assert lane.tries == 2
    lane.stop()


def test_sending_to_a_process_that_was_stopped_counts_towards_its_time(
    process_lane: ProcessLane, frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe holds 64 kB: more is not sent until somebody reads."""
    asyncio.run(process_lane.run(job(frame)))
    assert process_lane._process is not None
    os.kill(process_lane._process.pid or 0, signal.SIGSTOP)
    monkeypatch.setattr(process_lane, "_work_s", 0.2)
    began = time.monotonic()
    with pytest.raises(Problem, match=r"504: this took over 0.2 s, which is the limit"):
        asyncio.run(process_lane.run(Read(bytes(10**7), 1, 1)))
    assert time.monotonic() - began < 10
    monkeypatch.undo()
    assert asyncio.run(process_lane.run(job(frame))).value


def test_jobs_of_gone_clients_are_dropped_while_they_wait_and_stop_between_prompts(
    process_lane: ProcessLane, frame: Frame
) -> None:
    asyncio.run(process_lane.run(job(frame)))
    began = time.monotonic()
    alone = asyncio.run(process_lane.run(job(frame)))
    once = time.monotonic() - began

    async def ask() -> float:
        long = asyncio.create_task(process_lane.run(job(frame, count=2000)))
        waiting = [asyncio.create_task(process_lane.run(job(frame, count=2000))) for _ in range(2)]
        await asyncio.sleep(0.3)
        for task in (*waiting, long):
            task.cancel()
        await asyncio.gather(long, *waiting, return_exceptions=True)
        began = time.monotonic()
        answer = await process_lane.run(job(frame))
        assert answer.value[0].rle.counts == alone.value[0].rle.counts  # type: ignore[index]
        return time.monotonic() - began

    assert asyncio.run(ask()) < 3.0 + 100 * once  # 6,000 prompts take half a minute on an idle machine
    assert process_lane.held == 0


def test_a_process_that_hangs_is_killed(
    process_lane: ProcessLane, frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
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


@pytest.mark.parametrize("other", ["broken", "uniultra-mini-permissive"])
def test_a_folder_that_was_changed_is_not_the_images_fault(
    picture: bytes, frame: Frame, tmp_path: Path, other: str
) -> None:
    """Nor does another model answer in the place of the one that the server was started with."""
    folder, kept = tmp_path / "model", tmp_path / "kept"
    for place in (folder, kept):
        shutil.copytree(find("uniultra-mini").folder, place)
    lane = ProcessLane(4, str(folder), 10**8, work_s=60.0)
    try:
        assert len(lane.start().sha256) == 64
        first = asyncio.run(lane.run(job(frame))).value
        if other == "broken":
            (folder / "encoder.onnx").write_bytes(b"no model")
        else:
            shutil.copytree(find(other).folder, folder, dirs_exist_ok=True)
        assert asyncio.run(lane.run(job(frame))).value[0].rle == first[0].rle  # type: ignore[index]
        killed(lane)
        for requested in (Read(picture, 10**6, 10**6), job(frame)):
            with pytest.raises(
                Problem, match=r"503: the model's files have changed or are gone since"
            ) as said:
                asyncio.run(lane.run(requested))
            assert said.value.kind.name == "no-model"
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        assert asyncio.run(lane.run(job(frame))).value[0].rle == first[0].rle  # type: ignore[index]
    finally:
        lane.stop()


def test_a_good_image_is_not_blamed_for_a_process_that_never_starts(
    picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(self: ProcessLane) -> Ready:
        raise ModelError("the computing process did not start in time")

    monkeypatch.setattr(ProcessLane, "start", late)
    lane = ProcessLane(4, "uniultra-mini", 10**8, work_s=20.0)
    with pytest.raises(Problem, match="503: the process that computed this was lost"):
        asyncio.run(lane.run(Read(picture, 10**6, 10**6)))
