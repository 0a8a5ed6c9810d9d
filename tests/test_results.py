"""Frames of a cine on threads: the same to the bit as one after the other, and errors in their turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from phantoms import ellipse, speckled
from uniultra import results
from uniultra.errors import FileError, PromptError
from uniultra.measure.measured import Measured
from uniultra.outputs.structured import cine_frame_json
from uniultra.parallel import map_ahead
from uniultra.results import FrameResult, ObjectResult, segment_cine
from uniultra.segmenter import Segmenter
from uniultra.types import Cine, Frame, Mask, Prompt

BOX = Prompt(box_xyxy=(105, 65, 235, 155))
CLICK = Prompt(points_xy=((170, 110),), point_labels=(1,))
FRAMES = [speckled(ellipse((240, 320), (170, 110), (40 + 4 * n, 40)), n) for n in range(5)]


def cine_of(broken: tuple[int, ...] = (), in_order: bool = False) -> Cine:
    def read(number: int) -> Frame:
        if number in broken:
            raise FileError(f"a.dcm: frame {number} is damaged; export it again")
        return FRAMES[number]

    def stream() -> Iterator[Frame]:
        return map(read, range(len(FRAMES)))

    times = tuple(0.04 * n for n in range(len(FRAMES)))
    return Cine("a.dcm", (240, 320), len(FRAMES), read, stream, times, in_order=in_order)


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


def facts_of(results: Iterator[FrameResult]) -> list[tuple[object, ...]]:
    return [
        (cine_frame_json("a", result), *(mask.logits_hw.tobytes() for mask in result.masks))
        for result in results
    ]


def test_threads_change_no_bit(segmenter: Segmenter) -> None:
    one_by_one = facts_of(segment_cine(segmenter, cine_of(), range(5), [BOX, CLICK]))
    for workers in (2, 3):
        assert facts_of(segment_cine(segmenter, cine_of(), range(5), [BOX, CLICK], workers)) == one_by_one
    assert [entry["time_s"] for entry, *_ in one_by_one] == [0.0, 0.04, 0.08, 0.12, 0.16]  # type: ignore[index]
    all_cores = Segmenter.load()
    assert facts_of(segment_cine(all_cores, cine_of(), range(5), [BOX, CLICK])) == one_by_one


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("in_order", [False, True])
def test_a_broken_frame_comes_in_its_turn(segmenter: Segmenter, workers: int, in_order: bool) -> None:
    seen: list[FrameResult] = []
    cine = cine_of((2,), in_order)
    with pytest.raises(FileError, match="frame 2 is damaged"):
        seen.extend(segment_cine(segmenter, cine, range(5), [BOX], workers))
    assert [result.number for result in seen] == [0, 1]

    order: list[tuple[str, int | None]] = []
    results = segment_cine(
        segmenter, cine, range(5), [BOX], workers, lambda number, _: order.append(("broken", number))
    )
    for result in results:
        order.append(("read", result.number))
    later = [] if in_order else [("read", 3), ("read", 4)]
    assert order == [("read", 0), ("read", 1), ("broken", 2), *later]


def test_a_wrong_prompt_is_an_error_on_threads_too(segmenter: Segmenter) -> None:
    outside = Prompt(points_xy=((1000.0, 5.0),), point_labels=(1,))
    with pytest.raises(PromptError, match="1000"):
        list(segment_cine(segmenter, cine_of(), range(5), [outside], 2))


@pytest.mark.parametrize("workers", [1, 3])
def test_what_is_done_beside_is_done_before_a_result_is_handed_out(
    segmenter: Segmenter, workers: int
) -> None:
    done: dict[int | None, int] = {}

    def beside(result: FrameResult) -> None:
        done[result.number] = threading.get_ident()

    for result in segment_cine(segmenter, cine_of((1,)), range(5), [BOX], workers, lambda *_: None, beside):
        assert result.number in done
    assert sorted(done) == [0, 2, 3, 4]
    assert (threading.get_ident() in done.values()) == (workers == 1)


def test_measures_are_kept_once_worked_out(segmenter: Segmenter) -> None:
    [result] = segment_cine(segmenter, cine_of(), [1], [BOX], 2)
    assert result.objects[0].measured is result.objects[0].measured
    assert np.count_nonzero(result.masks[0].mask_hw) == result.objects[0].area_px


def test_two_threads_measure_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    both, real = threading.Barrier(2), results.measure_mask

    def measured(*arguments: Any) -> Measured:
        both.wait(timeout=30)  # one alone would never pass
        return real(*arguments)

    monkeypatch.setattr(results, "measure_mask", measured)
    inside = np.zeros((40, 40), bool)
    inside[10:30, 10:25] = True
    objects = [ObjectResult(i, Mask(inside, inside.astype(np.float32), 0.9)) for i in (1, 2)]
    first, second = map_ahead(lambda one: one.measured, objects, 2)
    assert first == second
    assert objects[0].measured is first
