"""What evidence is worth, and the status that follows from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phantoms import ellipse, speckled
from uniultra.tracking.anchor import EXPLAINED, Anchor, followed, mask_at, moved_along, registered
from uniultra.tracking.confidence import (
    LOST,
    NO_HOLD,
    SURE,
    UNSURE,
    Evidence,
    holds_on,
    likeness,
    said_of,
    stability,
    status_of,
)
from uniultra.tracking.motion import flow_between, view_of
from uniultra.tracking.state import grid_of
from uniultra.types import Frame, Region

GOOD = Evidence(0.95, 0.95, 0.98, 0.95)
HW = (160, 240)


def test_good_evidence_is_sure_and_bad_is_lost() -> None:
    assert GOOD.confidence >= SURE
    assert Evidence(0.7, 0.9, 0.4, 0.6).confidence < LOST


def test_each_piece_of_evidence_counts() -> None:
    doubtful = Evidence(0.8, 0.9, 0.75, 0.7)
    assert LOST / 10 < doubtful.confidence < 1 - LOST / 10
    for better in ("quality", "first_quality", "like_first", "stable"):
        assert replace(doubtful, **{better: 1.0}).confidence > doubtful.confidence
    assert replace(doubtful, explained=0.95).confidence >= SURE
    assert replace(doubtful, explained=0.7).confidence == doubtful.confidence


def test_what_grew_since_it_was_sure_is_lost_and_since_it_was_prompted_is_unsure() -> None:
    assert replace(GOOD, growth=2.6).confidence == 0
    assert LOST <= replace(GOOD, changed=3.1, explained=1.0).confidence < SURE


def test_a_mask_of_low_quality_or_another_size_is_plain_only_where_the_prompted_frame_explains_it() -> None:
    low, other = replace(GOOD, quality=0.74), replace(GOOD, changed=1.7, explained=0.86)
    assert replace(GOOD, quality=0.75, changed=1.7, explained=0.84).plain
    assert replace(GOOD, changed=1.55, explained=0.94).plain
    assert not low.plain
    assert not other.plain
    assert not replace(low, explained=EXPLAINED - 0.01).plain
    assert replace(low, explained=EXPLAINED).plain
    assert replace(other, explained=EXPLAINED).plain


def test_of_a_sure_frame_that_is_not_plain_is_said_that_it_is_unsure() -> None:
    low = replace(GOOD, quality=0.7)
    assert said_of("sure", low, 1.0) == ("unsure", UNSURE)
    assert said_of("sure", GOOD, 0.0) == ("sure", GOOD.confidence)
    assert said_of("lost", low, 1.0) == ("lost", low.confidence)


def test_of_an_unsure_frame_where_all_is_as_it_was_is_said_that_it_is_sure() -> None:
    held = Evidence(0.85, 0.88, 0.5, 0.8, 0.4, resembles=0.92, growth=1.4)
    assert held.confidence < LOST
    assert said_of("unsure", held, 0.96) == ("sure", SURE)
    assert said_of("unsure", held, 0.94) == ("unsure", held.confidence)
    assert said_of("lost", held, 0.96) == ("lost", held.confidence)
    for worse in ({"resembles": 0.88}, {"growth": 1.55}, {"quality": 0.82}):
        assert said_of("unsure", replace(held, **worse), 0.96)[0] == "unsure"
    assert said_of("unsure", replace(held, quality=0.74, first_quality=0.7), 0.96)[0] == "unsure"


def test_what_grew_within_a_frame_or_two_is_not_sure_yet() -> None:
    assert replace(GOOD, growth=1.45).confidence >= SURE
    assert LOST <= replace(GOOD, growth=1.55, explained=1.0).confidence < SURE


def test_stability_of_a_sharp_mask_a_soft_one_and_none() -> None:
    ramp = np.broadcast_to(np.linspace(-4, 4, 81), (10, 81))
    assert stability(np.sign(ramp) * 8) == pytest.approx(40 / 40, abs=0.03)
    assert stability(ramp) == pytest.approx(30 / 50, abs=0.03)
    assert stability(np.full((4, 4), -8.0)) == 0


def test_a_changed_picture_holds_on_while_the_shape_is_unbroken_and_the_model_content() -> None:
    changed = Evidence(0.9, 0.9, 0.5, 0.85)
    assert NO_HOLD < changed.confidence < LOST
    assert holds_on(changed, 0.95, 0.95)
    assert not holds_on(changed, 0.85, 0.95)
    assert not holds_on(replace(changed, quality=0.8), 0.95, 0.95)
    assert not holds_on(replace(changed, like_first=0.0), 0.95, 0.95)
    assert not holds_on(replace(changed, growth=1.4), 0.95, 0.95)
    assert status_of(changed.confidence, 2, holds=True) == "unsure"
    assert status_of(changed.confidence, 2) == "lost"


def test_a_changed_picture_holds_on_while_its_tissue_is_known_again() -> None:
    changed = Evidence(0.8, 0.8, 0.45, 0.75, growth=1.6, resembles=0.65)
    assert changed.confidence < NO_HOLD
    assert holds_on(changed, 0.1, 0.1)
    for worse in ({"resembles": 0.55}, {"like_first": 0.35}, {"growth": 1.75}, {"quality": 0.7}):
        assert not holds_on(replace(changed, **worse), 0.1, 0.1)


def test_known_tissue_that_moved_along_holds_on_however_little_it_looks_as_it_did() -> None:
    changed = Evidence(0.8, 0.8, 0.1, 0.75, growth=1.45, resembles=0.65)
    assert holds_on(changed, 0.1, 0.85)
    assert not holds_on(changed, 0.1, 0.75)
    for worse in ({"resembles": 0.55}, {"growth": 1.55}, {"quality": 0.7}):
        assert not holds_on(replace(changed, **worse), 0.1, 0.85)


def test_other_tissue_is_lost_unless_all_else_is_as_it_was() -> None:
    good = Evidence(0.9, 0.9, 0.95, 0.9, 0.9, growth=1.1, resembles=0.55)
    other = replace(good, resembles=0.45)
    assert good.confidence > SURE
    assert other.confidence < LOST
    assert holds_on(other, 0.96, 0.98)
    assert not holds_on(other, 0.94, 0.98)
    assert not holds_on(other, 0.96, 0.0)
    for worse in ({"quality": 0.86}, {"like_first": 0.25}, {"growth": 1.25}):
        assert not holds_on(replace(other, **worse), 1.0, 1.0)


@pytest.mark.parametrize(
    ("confidence", "lost", "status"),
    [(SURE, 0, "sure"), (0.5, 3, "unsure"), (0.01, 0, "lost"), (0.01, 3, "lost"), (0.01, 4, "absent")],
)
def test_statuses(confidence: float, lost: int, status: str) -> None:
    assert status_of(confidence, lost) == status


def test_likeness_of_itself_its_negative_and_nothing() -> None:
    patch = np.random.default_rng(0).integers(0, 255, (32, 32)).astype(np.uint8)
    assert likeness(patch, patch) == pytest.approx(1)
    assert likeness(patch, 255 - patch) == pytest.approx(-1)
    assert likeness(patch, np.zeros_like(patch)) == 0


def test_an_anchor_explains_its_own_frame_shifted_and_no_other() -> None:
    inside = ellipse(HW, (100, 80), (30, 22))
    first = speckled(inside, 1)
    grid = grid_of(np.where(inside, 8.0, -8.0).astype(np.float32), Region(52, 32, 148, 128))
    shifted = Frame(np.roll(first.pixels_hw, (2, 5), axis=(0, 1)))
    flow = flow_between(view_of(shifted), view_of(first))
    at = Region(57, 34, 153, 130)
    begun = Anchor(grid, 0.9, registered(first, grid.region, view_of(first)))
    [anchor] = followed([begun], shifted, flow, at)
    assert anchor.likeness >= EXPLAINED
    x0, y0, x1, y1 = mask_at(anchor, at).box_xyxy or (0, 0, 0, 0)
    assert (x0, y0, x1, y1) == pytest.approx((74.5, 59.5, 135.5, 104.5), abs=1.5)
    [other] = followed([begun], speckled(np.zeros(HW, np.bool_), 9), None, grid.region)
    assert other.likeness < 0.7


def test_anchors_that_share_a_registration_are_told_apart_by_what_is_near_each() -> None:
    """One of two cysts is painted over: the other is still explained, and the crop is registered once."""
    insides = [ellipse(HW, (70, 80), (16, 14)), ellipse(HW, (120, 80), (16, 14))]
    first = speckled(insides[0] | insides[1], 1)
    region = Region(40, 40, 150, 120)
    grids = [grid_of(np.where(each, 8.0, -8.0).astype(np.float32), region) for each in insides]
    shared = registered(first, region, view_of(first))
    pixels_hw = first.pixels_hw.copy()
    pixels_hw[60:100, 100:140] = speckled(np.zeros(HW, np.bool_), 9).pixels_hw[60:100, 100:140]
    one, two = followed([Anchor(grid, 0.9, shared) for grid in grids], Frame(pixels_hw), None, region)
    assert one.registration is two.registration
    assert one.likeness >= EXPLAINED
    assert two.likeness < 0.7
    alone = followed([Anchor(grids[0], 0.9, shared)], Frame(pixels_hw), None, region)[0]
    assert mask_at(alone, region).box_xyxy == pytest.approx(mask_at(one, region).box_xyxy, abs=1.0)


def test_a_shared_crop_moves_with_the_one_in_the_middle() -> None:
    before = [Region(0, 0, 10, 10), Region(20, 0, 30, 10), Region(40, 0, 50, 10)]
    now = [Region(2, 1, 12, 11), Region(23, 2, 33, 12), Region(140, 90, 150, 100)]
    assert moved_along(Region(-5, -5, 55, 15), before, now) == Region(-2, -3, 58, 17)
