"""Threads change no result, order or error of a track, and none is left when it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest

from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.backends.onnx import OnnxBackend
from uniultra.results import FrameResult
from uniultra.segmenter import Segmenter
from uniultra.tracking import begin, crew, step, track
from uniultra.tracking.crew import Crew, crew_of, suited
from uniultra.types import Cine, Features, Prompt

HW = (160, 240)
BOXES = ((30.0, 50.0, 90.0, 110.0), (170.0, 20.0, 210.0, 60.0), (150.0, 90.0, 220.0, 140.0))
PROMPTS = {number: Prompt(box) for number, box in enumerate(BOXES, start=1)}
STRIPES = np.tile(np.arange(HW[1]) // 12 % 2, (HW[0], 1)).astype(np.bool_)


def shown(n: int) -> np.ndarray:
    """Three structures that move, and two frames of another view."""
    if n in (4, 5):
        return STRIPES
    one, two = ellipse(HW, (60 + n, 80), (26, 20)), ellipse(HW, (190, 40 + n), (16, 16))
    return one | two | ellipse(HW, (185 - n, 115), (30, 20))


FRAMES = [speckled(shown(n), n) for n in range(10)]


def cine_of() -> Cine:
    return Cine("cine", HW, len(FRAMES), FRAMES.__getitem__, lambda: iter(FRAMES))


def helpers() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("uniultra-track")]


def written(results: Iterator[FrameResult]) -> list[tuple[object, ...]]:
    """Number, status, confidence and logits of each structure on each frame."""
    found = [(result.number, one) for result in results for one in result.objects]
    return [(number, one.status, one.confidence, one.mask.logits_hw.tobytes()) for number, one in found]


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    yield
    assert helpers() == []


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_change_no_answer(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """Of what is registered, lost and found again."""
    monkeypatch.setattr(crew, "THREADS", threads)
    alone = written(track(Segmenter(DarkIsInside(), threads=1), cine_of(), {0: PROMPTS}))
    assert {"sure", "lost"} <= {status for _, status, *_ in alone}
    assert written(track(Segmenter(DarkIsInside(), threads=threads), cine_of(), {0: PROMPTS})) == alone


def test_steps_by_themselves_answer_as_a_track() -> None:
    segmenter = Segmenter(DarkIsInside(), threads=2)
    answers, state = begin(segmenter, FRAMES[0], PROMPTS)
    found = [[one.mask.logits_hw.tobytes() for one in answers]]
    for frame in FRAMES[1:]:
        answers, state = step(segmenter, state, frame)
        assert helpers() == []
        found.append([one.mask.logits_hw.tobytes() for one in answers])
    results = track(segmenter, cine_of(), {0: PROMPTS})
    assert [[one.mask.logits_hw.tobytes() for one in result.objects] for result in results] == found


def test_two_threads_work_where_two_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one where one is allowed, as in the processes of a server."""
    seen: dict[int, set[str]] = {1: set(), 2: set()}
    for threads, names in seen.items():

        class Named(DarkIsInside):
            def encode(self, images_bhw: np.ndarray, names: set[str] = names) -> Features:
                names.add(threading.current_thread().name)
                time.sleep(0.01)
                return super().encode(images_bhw)

        list(track(Segmenter(Named(), threads=threads), cine_of(), {0: PROMPTS}))
    here = threading.current_thread().name
    assert seen[1] == {here}
    assert seen[2] == {here, "uniultra-track_0"}
    monkeypatch.setattr(crew, "ThreadPoolExecutor", None)  # would be called
    list(track(Segmenter(DarkIsInside(), threads=1), cine_of(), {0: PROMPTS}))
    monkeypatch.setattr(crew, "usable_cores", lambda: 1)
    assert crew_of(Segmenter(DarkIsInside())).count == 1


def test_calls_give_their_answers_in_order() -> None:
    with Crew(2) as two:
        tasks = [lambda n=n: (time.sleep(0.002 * (5 - n)), n)[1] for n in range(5)]
        assert two.at_once(tasks) == [0, 1, 2, 3, 4]
        assert two.at_once([]) == []
        assert two.map(pow, [2, 3], [3, 2]) == [8, 9]


def test_calls_within_calls_end() -> None:
    with Crew(2) as two:
        inner = [lambda n=n: n for n in range(3)]
        assert two.at_once([lambda: two.at_once(inner)] * 4) == [[0, 1, 2]] * 4


def test_a_busy_helper_is_not_waited_for() -> None:
    free = threading.Event()
    with Crew(2) as two:
        busy = two.begun(free.wait)
        assert two.at_once([lambda: 1, lambda: 2]) == [1, 2]
        free.set()
        assert busy is not None
        assert busy.result()
    assert Crew(1).begun(free.wait) is None


def raising(n: int, after_s: float, begun: list[int]) -> Callable[[], int]:
    def call() -> int:
        begun.append(n)
        time.sleep(after_s)
        raise ValueError(f"call {n}")

    return call


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_first_fault_in_order_is_raised_and_no_further_call_begins(threads: int) -> None:
    begun: list[int] = []
    tasks = [lambda: 0, raising(1, 0.05, begun), raising(2, 0.0, begun)]
    with Crew(threads) as own, pytest.raises(ValueError, match="call 1"):
        own.at_once([*tasks, *(raising(n, 0.01, begun) for n in range(3, 40))])
    assert len(begun) < 10


class Failing(DarkIsInside):
    """Fails where there is nothing but stripes."""

    def encode(self, images_bhw: np.ndarray) -> Features:
        if (images_bhw < 40).mean() > 0.4:
            raise ValueError("the engine fails")
        return super().encode(images_bhw)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_fault_in_a_structure_reaches_the_caller_after_the_frames_before_it(threads: int) -> None:
    results = track(Segmenter(Failing(), threads=threads), cine_of(), {0: PROMPTS})
    assert [next(results).number for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="the engine fails"):
        next(results)
    assert helpers() == []


def test_an_interrupt_ends_at_once_and_leaves_no_thread() -> None:
    here = threading.current_thread()
    begun: list[int] = []

    def interrupted() -> int:
        if threading.current_thread() is here:
            raise KeyboardInterrupt("Ctrl-C")
        time.sleep(0.02)
        begun.append(1)
        return 0

    with Crew(2) as two, pytest.raises(KeyboardInterrupt, match="Ctrl-C"):
        two.at_once([interrupted] * 1000)
    assert len(begun) < 3
    assert helpers() == []


def test_a_track_that_is_dropped_leaves_no_thread() -> None:
    with closing(track(Segmenter(DarkIsInside(), threads=2), cine_of(), {0: PROMPTS})) as results:  # type: ignore[type-var]
        assert [next(results).number for _ in range(3)] == [0, 1, 2]
        assert helpers()
    assert helpers() == []


def test_many_calls_at_once_are_made_on_a_thread_each() -> None:
    """By the same model: what a segmenter of one thread answers, to the bit."""
    two, one = Segmenter.load(threads=2), Segmenter.load(threads=1)
    with Crew(2) as pair:
        assert suited(two, 2, pair) is two
        many = suited(two, 3, pair)
    assert suited(two, 3, Crew(1)) is two
    assert isinstance(many.backend, OnnxBackend)
    assert isinstance(two.backend, OnnxBackend)
    assert isinstance(one.backend, OnnxBackend)
    assert many.backend is two.backend.one_threaded
    assert (many.threads, many.backend.threads, many.facts) == (1, 1, two.facts)
    assert one.backend.one_threaded is one.backend
    prompts = list(PROMPTS.values())
    expected = [mask.logits_hw.tobytes() for mask in one.segment(FRAMES[0], prompts)]
    assert [mask.logits_hw.tobytes() for mask in many.segment(FRAMES[0], prompts)] == expected


def test_the_real_model_answers_the_same_in_any_run() -> None:
    segmenter = Segmenter.load(threads=2)
    runs = [written(track(segmenter, cine_of(), {0: PROMPTS})) for _ in range(2)]
    assert runs[0] == runs[1]
