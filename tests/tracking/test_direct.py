"""A track that has drifted comes back by motion from the prompted frame straight to the present one."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from drifting import drifted, prompts, scene, truth
from test_segmenter import DarkIsInside
from uniultra.segmenter import Segmenter
from uniultra.tracking import begin, step
from uniultra.tracking.anchor import DIRECT, at_once
from uniultra.tracking.motion import flow_between, view_of
from uniultra.tracking.track_state import TrackState


def begun() -> tuple[Segmenter, TrackState]:
    segmenter = Segmenter(DarkIsInside(), 1)
    _, state = begin(segmenter, scene(1), prompts())
    return segmenter, replace(state, objects=tuple(drifted(one) for one in state.objects))


def test_a_drifted_track_comes_back_where_the_prompted_frame_explains_the_picture() -> None:
    segmenter, state = begun()
    for number in range(1, 4):  # the model has other answers there, and registration is beside them
        answers, state = step(segmenter, state, scene(1, 2 * number, number))
        for answer in answers:
            inside, found = truth(answer.number, 2 * number, number), answer.mask.mask_hw
            assert 2 * (found & inside).sum() > 0.9 * (found.sum() + inside.sum())
            assert answer.status in ("sure", "unsure")


def test_in_another_picture_it_stays_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    segmenter, state = begun()
    other = scene(2, 4, 2, size=6)
    after, _ = step(segmenter, state, other)
    monkeypatch.setattr(sys.modules["uniultra.tracking.step"], "directly", lambda *given: given[2])
    without, _ = step(segmenter, state, other)
    assert [one.guess.mask_hw.tobytes() for one in after] == [one.guess.mask_hw.tobytes() for one in without]
    flow = flow_between(view_of(other), view_of(scene(1)))
    assert all(at_once(one.anchor, other, flow).likeness < DIRECT for one in state.objects)


def test_structures_prompted_together_take_the_motion_from_there_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    segmenter, state = begun()
    module, calls = sys.modules["uniultra.tracking.step"], []

    def counted(now: np.ndarray, before: np.ndarray) -> np.ndarray:
        calls.append(before)
        return flow_between(now, before)

    monkeypatch.setattr(module, "flow_between", counted)
    step(segmenter, state, scene(1, 2, 1))
    assert len(calls) == 1
    assert calls[0] is state.objects[0].anchor.registration.view_hw
