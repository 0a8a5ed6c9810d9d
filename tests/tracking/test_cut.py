"""Where the picture is cut, a lost structure is searched for where it lies if the picture is what it was."""

from __future__ import annotations

import cv2
import numpy as np

from phantoms import ellipse
from test_segmenter import DarkIsInside
from uniultra.segmenter import Segmenter
from uniultra.tracking import begin, step
from uniultra.tracking.confidence import ABSENT_AFTER
from uniultra.tracking.motion import Motion, motion_to, view_of, was_cut
from uniultra.types import Frame, Prompt

HW = (160, 240)


def scene(seed: int, x: float = 0, y: float = 0, inside: bool = True) -> Frame:
    """A field of patches, moved; with a dark cyst in it, or without."""
    patches = cv2.GaussianBlur(np.random.default_rng(seed).random(HW).astype(np.float32), (0, 0), 7)
    patches = 70 + 150 * (patches - patches.min()) / np.ptp(patches)
    drawn = np.where(ellipse(HW, (110, 80), (26, 18)), 12, patches) if inside else patches
    move = np.array([[1, 0, x], [0, 1, y]], np.float32)
    return Frame(cv2.warpAffine(drawn.astype(np.uint8), move, HW[::-1], borderMode=cv2.BORDER_REFLECT))


def cut(now: Frame, before: Frame) -> bool:
    return was_cut(motion_to(now, view_of(before)))


def test_another_picture_is_a_cut_and_motion_or_a_knob_is_none() -> None:
    first = scene(1)
    black = Frame(np.zeros(HW, np.uint8))
    assert cut(scene(2), first)
    assert cut(black, first)
    assert cut(first, black)
    assert not cut(first, first)
    assert not cut(scene(1, 1.5, -1), first)
    assert not cut(Frame((first.pixels_hw * 0.4 + 30).astype(np.uint8)), first)
    assert not was_cut(Motion(view_of(first)))


def test_a_structure_is_found_on_the_frame_on_which_the_picture_is_back() -> None:
    """Elsewhere than it was, after so long that it would be searched for in turns."""
    segmenter, prompt = Segmenter(DarkIsInside()), Prompt((84.0, 62.0, 136.0, 98.0))
    for away in (ABSENT_AFTER + 2, ABSENT_AFTER + 3):
        _, state = begin(segmenter, scene(1), {1: prompt})
        for _ in range(away):
            [answer], state = step(segmenter, state, scene(2, inside=False))
            assert answer.status in ("lost", "absent")
        [answer], _ = step(segmenter, state, scene(1, 24, 14))
        truth = ellipse(HW, (134, 94), (26, 18))
        found = answer.guess.mask_hw
        assert 2 * (found & truth).sum() > 0.9 * (found.sum() + truth.sum())
        assert answer.status in ("sure", "unsure")
