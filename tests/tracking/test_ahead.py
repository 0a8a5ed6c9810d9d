"""Motion is estimated a frame ahead, and nothing else changes by it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.errors import FileError
from uniultra.segmenter import Segmenter
from uniultra.tracking import begin, step, track
from uniultra.tracking.ahead import with_motion
from uniultra.tracking.crew import Crew
from uniultra.tracking.motion import flow_between, motion_to, view_of
from uniultra.types import Cine, Features, Frame, Prompt

HW = (160, 240)
FRAMES = [speckled(ellipse(HW, (60 + 3 * n, 80), (26, 20)), n) for n in range(6)]
PROMPTS = {0: {1: Prompt((30.0, 50.0, 90.0, 110.0))}}
DAMAGED = FileError("cine: frame 2 is damaged; export it again")


def test_motion_is_from_the_last_frame_that_could_be_read() -> None:
    read = [(n, DAMAGED if n == 2 else FRAMES[n]) for n in range(5)]
    with Crew(2) as crew:
        found = list(with_motion(read, {1}, crew))
        motions = [None if motion is None else motion.result() for _, _, motion in found]
    assert [(number, frame) for number, frame, _ in found] == read
    assert [one is None for one in motions] == [True, False, True, False, False]
    assert motions[1].flow is None  # type: ignore[union-attr]
    assert motions[1].before_hw is None  # type: ignore[union-attr]
    views = view_of(FRAMES[3]), view_of(FRAMES[1])
    assert np.array_equal(motions[3].flow, flow_between(*views))  # type: ignore[union-attr, arg-type]
    assert motions[3].before_hw is motions[1].view_hw  # type: ignore[union-attr]


def test_one_frame_is_read_ahead_and_faults_come_in_their_turn() -> None:
    reads: list[int] = []

    def reading() -> Iterator[tuple[int, Frame | FileError]]:
        for number, frame in enumerate(FRAMES):
            reads.append(number)
            yield number, frame

    with Crew(2) as crew:
        for number, _, _ in with_motion(reading(), {0}, crew):
            assert reads[-1] == min(number + 1, 5)

    told: list[str] = []

    def read(number: int) -> Frame:
        if number == 2:
            raise DAMAGED
        return FRAMES[number]

    cine = Cine("cine", HW, 6, read, lambda: map(read, range(6)))
    segmenter = Segmenter(DarkIsInside())
    for result in track(segmenter, cine, PROMPTS, on_fault=lambda n, e: told.append(f"bad {n}")):
        told.append(f"{result.number}")
    assert told == ["0", "1", "bad 2", "3", "4", "5"]


def test_what_a_step_is_given_is_what_it_would_work_out() -> None:
    cine = Cine("cine", HW, 6, FRAMES.__getitem__, lambda: iter(FRAMES))
    segmenter = Segmenter(DarkIsInside(), threads=2)
    ahead = [one.masks[0].logits_hw.tobytes() for one in track(segmenter, cine, PROMPTS)]
    assert all(motion is None for _, _, motion in with_motion(list(enumerate(FRAMES)), {0}, Crew(1)))
    alone = Segmenter(DarkIsInside(), threads=1)
    assert [one.masks[0].logits_hw.tobytes() for one in track(alone, cine, PROMPTS)] == ahead


def test_motion_of_another_pair_is_not_taken() -> None:
    segmenter = Segmenter(DarkIsInside())
    _, state = begin(segmenter, FRAMES[0], PROMPTS[0])
    other = motion_to(FRAMES[1], view_of(FRAMES[4]))
    answers, _ = step(segmenter, state, FRAMES[1], other)
    expected, _ = step(segmenter, state, FRAMES[1])
    assert np.array_equal(answers[0].mask.logits_hw, expected[0].mask.logits_hw)


def test_frames_of_two_sizes_have_no_motion() -> None:
    assert motion_to(FRAMES[0], np.zeros((9, 9), np.uint8)).flow is None


class Counting(DarkIsInside):
    """Counts what is encoded."""

    encoded = 0

    def encode(self, images_bhw: np.ndarray) -> Features:
        self.encoded += len(images_bhw)
        return super().encode(images_bhw)


def test_prompted_masks_are_handed_over_before_anything_else_is_encoded() -> None:
    cine = Cine("cine", HW, 6, FRAMES.__getitem__, lambda: iter(FRAMES))
    backend = Counting()
    results = track(Segmenter(backend), cine, PROMPTS)
    assert next(results).objects[0].status == "sure"
    assert backend.encoded == 1
    assert next(results).objects[0].status == "sure"
    assert backend.encoded >= 2


def test_prompted_structures_are_what_one_thread_makes_of_them() -> None:
    prompts = {1: PROMPTS[0][1], 2: Prompt(points_xy=((60.0, 80.0),)), 3: Prompt((20.0, 45.0, 95.0, 115.0))}
    segmenter = Segmenter(DarkIsInside())
    expected = segmenter.segment(FRAMES[0], list(prompts.values()))
    answers, state = begin(segmenter, FRAMES[0], prompts)
    assert [one.mask.logits_hw.tobytes() for one in answers] == [one.logits_hw.tobytes() for one in expected]
    assert state.numbers == (1, 2, 3)
