"""Tracking with an engine that answers in a known way, on ellipses that move, leave, and are cut away
from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.errors import FileError, ModelError, PromptError
from uniultra.results import FrameResult
from uniultra.segmenter import Segmenter
from uniultra.tracking import affected, begin, retrack, step, track, track_as_found
from uniultra.tracking.confidence import SURE, Evidence
from uniultra.types import Cine, Frame, Prompt

SEGMENTER = Segmenter(DarkIsInside())
FRAME_HW = (160, 240)
BOX = (30.0, 50.0, 90.0, 110.0)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float((a & b).sum()) / max(int(a.sum() + b.sum()), 1)


def moved(number: int) -> np.ndarray:
    """An ellipse that goes 3 pixels to the right a frame."""
    return ellipse(FRAME_HW, (60 + 3 * number, 80), (26, 20))


TRUTHS = [moved(number) for number in range(30)]
FRAMES = [speckled(truth, seed) for seed, truth in enumerate(TRUTHS)]


def cine_of(
    frames: Sequence[Frame],
    in_order: bool = False,
    broken: tuple[int, ...] = (),
    wrap: Callable[[int], None] = lambda n: None,
) -> Cine:
    def read(number: int) -> Frame:
        wrap(number)
        if number in broken:
            raise FileError(f"cine: frame {number} is damaged; export it again")
        return frames[number]

    def stream() -> object:
        return map(read, range(len(frames)))

    return Cine("cine", FRAME_HW, len(frames), read, stream, in_order=in_order)  # type: ignore[arg-type]


def followed(cine: Cine, prompts: dict[int, dict[int, Prompt]], **options: object) -> list[FrameResult]:
    return list(track(SEGMENTER, cine, prompts, **options))  # type: ignore[arg-type]


def box_at(number: int) -> Prompt:
    return Prompt((30 + 3.0 * number, 50.0, 90 + 3.0 * number, 110.0))


def same(a: Sequence[FrameResult], b: Sequence[FrameResult]) -> bool:
    return [(r.number, [m.mask_hw.tobytes() for m in r.masks]) for r in a] == [
        (r.number, [m.mask_hw.tobytes() for m in r.masks]) for r in b
    ]


@pytest.mark.parametrize("at", [0, 14, 29])
def test_a_moving_structure_is_followed_both_ways_from_any_frame(at: int) -> None:
    results = followed(cine_of(FRAMES), {at: {1: box_at(at)}})
    assert [result.number for result in results] == list(range(30))
    assert all(result.tracked for result in results)
    scores = [dice(result.masks[0].mask_hw, truth) for result, truth in zip(results, TRUTHS, strict=True)]
    assert min(scores) > 0.85
    assert {result.objects[0].status for result in results} == {"sure"}
    assert [result.objects[0].prompt is not None for result in results] == [n == at for n in range(30)]


def test_a_still_box_would_lose_it() -> None:
    """The test above can fail: without motion the first box holds nothing of the last frames."""
    assert dice(SEGMENTER.segment(FRAMES[-1], [box_at(0)])[0].mask_hw, TRUTHS[-1]) < 0.2


def test_a_video_is_tracked_as_frames_that_can_be_read_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uniultra.tracking.reading.HELD_BYTES", 8 * FRAME_HW[0] * FRAME_HW[1])
    prompts = {21: {1: box_at(21)}}
    assert same(followed(cine_of(FRAMES, in_order=True), prompts), followed(cine_of(FRAMES), prompts))


def test_a_late_object_changes_nothing_of_the_first() -> None:
    other = [truth | ellipse(FRAME_HW, (200, 30), (18, 14)) for truth in TRUTHS[:12]]
    frames = [speckled(both, seed) for seed, both in enumerate(other)]
    late = Prompt((180.0, 14.0, 220.0, 46.0))
    alone = followed(cine_of(frames), {0: {1: box_at(0)}})
    both = followed(cine_of(frames), {0: {1: box_at(0)}, 6: {2: late}})
    assert [len(result.objects) for result in both] == [2] * 12
    for one, two in zip(alone, both, strict=True):
        assert np.array_equal(one.masks[0].mask_hw, two.masks[0].mask_hw)
        assert dice(two.masks[1].mask_hw, ellipse(FRAME_HW, (200, 30), (18, 14))) > 0.8


@pytest.mark.parametrize("reverse", [False, True])
def test_a_correction_changes_what_it_affects_and_nothing_else(reverse: bool) -> None:
    cine = cine_of(FRAMES)
    prompts = {3: {1: box_at(3)}, 12: {1: box_at(12)}, 22: {1: box_at(22)}}
    smaller = Prompt((30 + 36.0, 50.0, 60 + 36.0, 110.0))
    before = followed(cine, prompts, reverse=reverse)
    after = followed(cine, prompts | {12: {1: smaller}}, reverse=reverse)
    changed = [
        a.number
        for a, b in zip(before, after, strict=True)
        if not np.array_equal(a.masks[0].mask_hw, b.masks[0].mask_hw)
    ]
    within = affected(prompts, 1, 12, 30, reverse)
    assert within == (range(4, 13) if reverse else range(12, 22))
    assert 12 in changed
    assert set(changed) <= set(within)
    again = followed(cine, {12: {1: smaller}}, frames=within, reverse=reverse)
    assert same(again, [result for result in after if result.number in within])


def test_the_span_of_the_first_prompt_reaches_to_the_start() -> None:
    prompts = {3: {1: box_at(3)}, 12: {1: box_at(12)}}
    assert affected(prompts, 1, 3, 30) == range(12)
    assert affected(prompts, 1, 12, 30) == range(12, 30)
    assert affected(prompts, 1, 12, 30, reverse=True) == range(4, 30)
    assert affected(prompts, 1, 3, 30, reverse=True) == range(4)


def scene(number: int) -> Frame:
    """A still ellipse; from frame 8 to 17 another scene, without it."""
    inside = ellipse(FRAME_HW, (60, 80), (26, 20))
    if 8 <= number < 18:
        stripes = np.tile(np.arange(FRAME_HW[1]) // 12 % 2, (FRAME_HW[0], 1)).astype(np.bool_)
        return speckled(stripes, number)
    return speckled(inside, number)


def test_after_a_cut_it_is_lost_then_absent_and_found_again() -> None:
    results = followed(cine_of([scene(number) for number in range(26)]), {0: {1: Prompt(BOX)}})
    said = [result.objects[0].status for result in results]
    assert said[:8] == ["sure"] * 8
    assert said[8:18] == ["lost"] * 4 + ["absent"] * 6
    assert not any(result.masks[0].mask_hw.any() for result in results[8:18])
    assert said[18:] == ["sure"] * 8


def test_what_is_not_sure_is_not_remembered() -> None:
    _, state = begin(SEGMENTER, scene(0), {1: Prompt(BOX)})
    for number in range(1, 14):
        before = state.objects[0]
        answers, state = step(SEGMENTER, state, scene(number))
        if answers[0].status != "sure":
            assert state.objects[0].sure_hw is before.sure_hw
            assert state.objects[0].sure_grid is before.sure_grid
        assert state.objects[0].first_hw is before.first_hw
    assert state.objects[0].lost == 6


def test_a_mask_that_is_not_plain_is_unsure_and_followed_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = {}
    for plain in (True, False):
        monkeypatch.setattr(Evidence, "plain", plain)
        answers, state = begin(SEGMENTER, FRAMES[0], {1: box_at(0)})
        found = [answers[0]]
        for frame in FRAMES[1:12]:
            [answer], state = step(SEGMENTER, state, frame)
            found.append(answer)
        runs[plain] = found, state.objects[0].sure_grid.logits_hw
    (well, kept), (little, alike) = runs.values()
    assert {one.status for one in well} == {"sure"}
    assert [one.status for one in little] == ["sure"] + ["unsure"] * 11
    assert max(one.confidence for one in little[1:]) < SURE
    assert all(np.array_equal(a.mask.mask_hw, b.mask.mask_hw) for a, b in zip(well, little, strict=True))
    assert np.array_equal(kept, alike)


def test_a_frozen_picture_does_not_creep() -> None:
    _, state = begin(SEGMENTER, FRAMES[0], {1: box_at(0)})
    masks = []
    for _ in range(6):
        answers, state = step(SEGMENTER, state, FRAMES[0])
        masks.append(answers[0].mask.mask_hw)
    assert all(np.array_equal(a, b) for a, b in pairwise(masks))


def test_the_state_keeps_its_size() -> None:
    _, state = begin(SEGMENTER, FRAMES[0], {1: box_at(0)})
    sizes = set()
    for frame in FRAMES[1:]:
        _, state = step(SEGMENTER, state, frame)
        sizes.add(state.nbytes)
    assert len(sizes) == 1


def test_a_broken_frame_is_left_out_and_told_once() -> None:
    reported: list[tuple[int, str]] = []
    prompts = {20: {1: box_at(20)}}
    results = followed(
        cine_of(FRAMES, broken=(7, 25)), prompts, on_fault=lambda n, e: reported.append((n, str(e)))
    )
    assert [result.number for result in results] == [n for n in range(30) if n not in (7, 25)]
    assert [number for number, _ in reported] == [7, 25]
    scores = [dice(result.masks[0].mask_hw, TRUTHS[result.number or 0]) for result in results]
    assert min(scores) > 0.85


def test_a_video_that_breaks_keeps_what_is_before() -> None:
    reported: list[int] = []
    cine = cine_of(FRAMES, in_order=True, broken=(9,))
    results = followed(cine, {0: {1: box_at(0)}}, on_fault=lambda n, e: reported.append(n))
    assert [result.number for result in results] == list(range(9))
    assert reported == [9]


def test_a_broken_frame_without_a_listener_or_with_a_prompt_is_an_error() -> None:
    with pytest.raises(FileError, match="frame 7 is damaged"):
        followed(cine_of(FRAMES, broken=(7,)), {0: {1: box_at(0)}})
    with pytest.raises(FileError, match="frame 7 is damaged"):
        followed(cine_of(FRAMES, broken=(7,)), {7: {1: box_at(7)}}, on_fault=lambda n, e: None)


def test_one_frame_is_a_cine() -> None:
    [result] = followed(cine_of(FRAMES[:1]), {0: {1: box_at(0)}})
    assert result.objects[0].status == "sure"


def test_frames_of_another_size_are_refused() -> None:
    _, state = begin(SEGMENTER, FRAMES[0], {1: box_at(0)})
    with pytest.raises(PromptError, match=r"240x160.*begin again"):
        step(SEGMENTER, state, speckled(np.zeros((100, 100), np.bool_)))


@pytest.mark.parametrize(
    ("prompts", "said"),
    [
        ({}, "no prompt"),
        ({5: {}}, "no prompt"),
        ({40: {1: box_at(0)}}, "frame 40.*legal are 0 to 29"),
        ({0: {2: box_at(0)}}, "numbered 2; number them 1 to 1"),
        ({0: box_at(0)}, r"prompts of frame 0 are of type Prompt; give them by structure, \{0: \{1: Prompt"),
        ([box_at(0)], r"the prompts are of type list; give them by frame and structure, \{0: \{1: Prompt"),
        (
            {4: {1: BOX}},
            r"prompts of frame 4: structure 1 has something of type tuple; give \{4: \{1: P",
        ),
        ({0: {1: box_at(0)}, 20: {1: Prompt(points_xy=((500, 9),))}}, "point 500,9 is outside the image"),
    ],
)
def test_prompts_that_can_not_be_followed(prompts: Any, said: str) -> None:
    begun = [track(SEGMENTER, cine_of(FRAMES), prompts)]
    begun += [] if "numbered" in said else [track_as_found(SEGMENTER, cine_of(FRAMES), prompts)]
    for one in begun:
        with pytest.raises(PromptError, match=said):
            next(one)


@pytest.mark.parametrize(
    "frames", [range(0, 10, 2), range(10, 0, -1), range(5, 5), range(31), range(-1, 9), (0, 10)]
)
def test_frames_that_can_not_be_followed(frames: Any) -> None:
    fix = r"give a range of consecutive frames within range\(0, 30\)"
    with pytest.raises(PromptError, match=rf"the frames are .*; {fix}"):
        followed(cine_of(FRAMES), {5: {1: box_at(5)}}, frames=frames)


def test_what_is_no_cine_no_segmenter_no_state_or_no_prompt_is_named() -> None:
    wrong: Any = "cine.dcm"
    prompts, cine = {0: {1: box_at(0)}}, cine_of(FRAMES)
    for call in (track, track_as_found, partial(retrack, number=1, frame=0)):
        with pytest.raises(FileError, match=r"the cine is of type str; give uniultra\.open_cine"):
            next(call(SEGMENTER, wrong, prompts))
    with pytest.raises(ModelError, match=r"the segmenter is of type Cine; give uniultra\.Segmenter\.load"):
        next(track(cine, cine, prompts))  # type: ignore[arg-type]
    wrong = {0: box_at(0)}
    for call in (lambda: affected(wrong, 1, 0, 30), lambda: next(retrack(SEGMENTER, cine, wrong, 1, 0))):
        with pytest.raises(PromptError, match=r"prompts of frame 0 are of type Prompt; give them"):
            call()
    wrong = box_at(0)
    with pytest.raises(PromptError, match=r"the prompts are of type Prompt; give them by structure, \{1: P"):
        begin(SEGMENTER, FRAMES[0], wrong)
    wrong = None
    with pytest.raises(PromptError, match=r"the state is of type NoneType; give the TrackState"):
        step(SEGMENTER, wrong, FRAMES[0])
    with pytest.raises(FileError, match=r"the frame is of type NoneType"):
        begin(SEGMENTER, wrong, {1: box_at(0)})
    with pytest.raises(PromptError, match="the prompt is of type NoneType"):
        SEGMENTER.alternatives(FRAMES[0], wrong)


def test_close_structures_share_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    encode = Segmenter.encode

    def counted(self: Segmenter, frame: Frame, region: object = None) -> object:
        seen.append(region)
        return encode(self, frame, region)  # type: ignore[arg-type]

    inside = ellipse(FRAME_HW, (60, 80), (26, 20)) | ellipse(FRAME_HW, (72, 80), (26, 20))
    near = {1: Prompt(BOX), 2: Prompt((42.0, 50.0, 102.0, 110.0))}
    _, state = begin(SEGMENTER, speckled(inside), near)
    monkeypatch.setattr(Segmenter, "encode", counted)
    step(SEGMENTER, state, speckled(inside, 1))
    assert len(seen) == 1


def test_what_returns_elsewhere_is_found_by_its_looks() -> None:
    empty = [speckled(np.zeros(FRAME_HW, np.bool_), 90 + number) for number in range(4)]
    elsewhere = ellipse(FRAME_HW, (170, 60), (26, 20))
    frames = [FRAMES[0], *empty, *(speckled(elsewhere, 70 + number) for number in range(4))]
    results = followed(cine_of(frames), {0: {1: box_at(0)}})
    assert [result.objects[0].status for result in results[1:5]] == ["lost"] * 4
    assert dice(results[-1].masks[0].mask_hw, elsewhere) > 0.8


def test_a_colour_box_that_comes_and_goes_costs_no_structure() -> None:
    """Doppler's box over the structure: brighter in it, with a bright frame, on frames 4 to 7."""
    frames = []
    for number, frame in enumerate(FRAMES[:12]):
        pixels_hw = frame.pixels_hw.copy()
        if 4 <= number <= 7:
            pixels_hw[40:120, 30:130] = np.minimum(pixels_hw[40:120, 30:130].astype(int) + 25, 255)
            pixels_hw[40:42, 30:130] = pixels_hw[118:120, 30:130] = 255
        frames.append(Frame(pixels_hw))
    results = followed(cine_of(frames), {0: {1: Prompt(BOX)}})
    assert len(results) == 12
    for result, truth in list(zip(results, TRUTHS, strict=False))[8:]:
        assert result.objects[0].status == "sure"
        assert dice(result.objects[0].mask.mask_hw, truth) > 0.85


def test_uneven_frame_times_are_those_of_the_results() -> None:
    times = (0.0, 0.02, 0.13, 0.14, 0.9)
    cine = replace(cine_of(FRAMES[:5]), times_s=times)
    assert [result.time_s for result in followed(cine, {2: {1: Prompt(BOX)}})] == list(times)


def test_as_found_is_the_same_in_another_order_and_a_correction_a_part_of_it() -> None:
    cine = cine_of(FRAMES[:10])
    prompts = {4: {1: Prompt((40.0, 50.0, 104.0, 110.0))}, 7: {1: Prompt((50.0, 50.0, 112.0, 110.0))}}
    found = list(track_as_found(SEGMENTER, cine, prompts))
    assert [result.number for result in found] == [4, 5, 6, 7, 8, 9, 3, 2, 1, 0]
    masks = {result.number: result.objects[0].mask.mask_hw for result in found}
    for result in followed(cine, prompts):
        assert np.array_equal(result.objects[0].mask.mask_hw, masks[result.number])
    again = list(retrack(SEGMENTER, cine, prompts, 1, 7))
    assert [result.number for result in again] == list(affected(prompts, 1, 7, 10)) == [7, 8, 9]
    assert all(np.array_equal(one.objects[0].mask.mask_hw, masks[one.number]) for one in again)
    with pytest.raises(PromptError, match="structure 2 has no prompt on frame 7"):
        next(retrack(SEGMENTER, cine, prompts, 2, 7))
