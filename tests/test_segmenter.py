"""The segmenter's own work, with an engine that answers in a known way: what is inside the box, or near the first click, is dark."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from phantoms import ellipse, speckled
from uniultra.calibration import Calibration, ScanRegion
from uniultra.errors import PromptError
from uniultra.segmenter import Segmenter, _quality_of_looks, _trust, under_clicks, without_specks
from uniultra.types import Features, Frame, Mask, Prompt, Region, mask_box

SIZE = 128


@dataclass(frozen=True)
class DarkIsInside:
    """An engine for tests: features carry the image; a mask is what is darker than mid-grey, blurred, within the prompt's box."""

    name: str = "dark"
    version: str = "test"
    input_size: int = SIZE
    focus_stretch: float = 1.0

    def encode(self, images_bhw: np.ndarray) -> Features:
        assert images_bhw.dtype == np.uint8
        assert images_bhw.shape[1:] == (SIZE, SIZE)
        coarse = images_bhw.reshape(len(images_bhw), 1, SIZE // 4, 4, SIZE // 4, 4).mean(axis=(3, 5))
        return Features(coarse.astype(np.float32), coarse, coarse)

    def decode(
        self, features: Features, points: np.ndarray, labels: np.ndarray, masks: np.ndarray, has_mask: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        assert len(features.image_embed) == 1
        logits = np.repeat((40.0 - features.image_embed[0]) / 10.0, len(points), axis=0)
        centres = np.arange(SIZE // 4) * 4 + 1.5
        for index in range(len(points)):
            for corner, side in ((2, -1), (3, 1)):
                for x, y in points[index][labels[index] == corner]:
                    logits[index][:, side * (centres - x) > 2] = -9.0
                    logits[index][side * (centres - y) > 2, :] = -9.0
        return logits.astype(np.float32), np.full(len(points), 0.9, np.float32)


TRUE = ellipse((200, 300), (190, 90), (40, 25))
FRAME = speckled(TRUE, spacing=0.2)
SEGMENTER = Segmenter(DarkIsInside())


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_a_box_gives_the_structure_in_it() -> None:
    [mask] = SEGMENTER.segment(FRAME, [Prompt(box_xyxy=(145, 60, 235, 120))])
    assert dice(mask.mask_hw, TRUE) > 0.93
    assert mask.quality == pytest.approx(0.9)
    assert mask.spacing_mm_yx == (0.2, 0.2)


def test_a_click_finds_the_structure_in_the_whole_frame_first() -> None:
    [mask] = SEGMENTER.segment(FRAME, [Prompt(points_xy=((190.0, 90.0),), point_labels=(1,))])
    assert dice(mask.mask_hw, TRUE) > 0.9


@dataclass(frozen=True)
class Believing(DarkIsInside):
    """Believes the views with these numbers, counted from 0, and hardly any other."""

    believed: frozenset[int] = frozenset()
    views: list[np.ndarray] = field(default_factory=list)

    def encode(self, images_bhw: np.ndarray) -> Features:
        self.views.append(images_bhw[0])
        features = super().encode(images_bhw)
        return Features(features.image_embed, np.full((1, 1), len(self.views) - 1), features.image_embed)

    def decode(
        self, features: Features, points: np.ndarray, labels: np.ndarray, masks: np.ndarray, has_mask: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        logits, quality = super().decode(features, points, labels, masks, has_mask)
        return logits, np.full_like(quality, 0.9 if int(features.high_res_feats_0[0, 0]) in self.believed else 0.2)


BAR = np.zeros((200, 300), dtype=bool)
BAR[88:109, 60:240] = True
"""Of its 180 px the closer of the first looks sees 120, and the engine finds little beyond a box."""


ONE_SURE_LOOK = (0.2 * 0.2 * 0.9) ** (1 / 3)


@pytest.mark.parametrize(("believed", "width", "quality"), [({3}, 180, ONE_SURE_LOOK), ({0, 2, 3}, 180, 0.9), ({5}, 140, ONE_SURE_LOOK)])
def test_a_click_is_followed_from_two_first_looks_and_the_surer_counts(believed: set[int], width: int, quality: float) -> None:
    """Views 0, 2 and 3 follow the whole frame, 1, 4 and 5 the closer look; the quality is the mean of a follow-up's three looks."""
    engine = Believing(believed=frozenset(believed))
    [mask] = Segmenter(engine).segment(speckled(BAR), [Prompt(points_xy=((150.0, 98.0),), point_labels=(1,))])
    assert len(engine.views) == 6
    assert mask.quality == pytest.approx(quality, abs=1e-3)
    assert mask.box_xyxy is not None
    assert mask.box_xyxy[2] - mask.box_xyxy[0] == pytest.approx(width, abs=12)


def test_of_two_sure_answers_the_one_that_the_looks_agree_on_is_trusted() -> None:
    long, short, other = (Mask(mask, np.where(mask, 1.0, -1.0), 0.9) for mask in (BAR, BAR & (np.arange(300) < 150), TRUE))
    assert _trust([long, long, long]) == pytest.approx(0.9)
    assert _trust([long, short, short]) == pytest.approx(0.9 * (0.5 + 1.0) / 2)
    assert _trust([long, short, other]) < 0.9 * 0.3


def test_a_click_of_which_a_look_is_quite_unsure_has_a_quality_near_zero() -> None:
    nothing = Mask(np.zeros_like(BAR), np.full(BAR.shape, -1.0), 0.0)
    assert _quality_of_looks([nothing] * 3) == pytest.approx(0.0, abs=1e-5)
    assert _trust([nothing] * 3) == 0.0


def test_clicks_far_apart_are_looked_at_in_the_whole_frame_alone() -> None:
    engine = Believing()
    Segmenter(engine).segment(FRAME, [Prompt(points_xy=((20.0, 90.0), (280.0, 90.0)), point_labels=(1, 1))])
    assert len(engine.views) == 3


def test_answers_come_in_the_order_of_the_prompts() -> None:
    prompts = [
        Prompt(box_xyxy=(145, 60, 235, 120)),
        Prompt(points_xy=((190.0, 90.0),), point_labels=(1,)),
        Prompt(mask_hw=TRUE),
        Prompt(box_xyxy=(0, 0, 40, 40)),
    ]
    forward, backward = SEGMENTER.segment(FRAME, prompts), SEGMENTER.segment(FRAME, prompts[::-1])
    for one, other in zip(forward, backward[::-1], strict=True):
        np.testing.assert_array_equal(one.mask_hw, other.mask_hw)


def test_one_embedding_serves_many_prompts_and_stays_as_it_was() -> None:
    embedding = SEGMENTER.encode(FRAME)
    before = embedding.features.image_embed.copy()
    box = Prompt(box_xyxy=(145, 60, 235, 120))
    [alone] = SEGMENTER.decode(embedding, [box])
    together = SEGMENTER.decode(embedding, [Prompt(points_xy=((5.0, 5.0), (9.0, 9.0)), point_labels=(1, 0)), box])
    np.testing.assert_array_equal(alone.mask_hw, together[1].mask_hw)
    np.testing.assert_array_equal(embedding.features.image_embed, before)
    assert SEGMENTER.decode(embedding, []) == []


def test_a_region_maps_prompts_and_answers() -> None:
    embedding = SEGMENTER.encode(FRAME, Region(140, 50, 240, 130))
    [mask] = SEGMENTER.decode(embedding, [Prompt(box_xyxy=(145, 60, 235, 120))])
    assert dice(mask.mask_hw, TRUE) > 0.93


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        (Prompt(box_xyxy=(400, 10, 500, 60)), "box 400,10,500,60 has less than a pixel on the image; .* 0,0 to 299,199"),
        (Prompt(points_xy=((301.0, 5.0),), point_labels=(1,)), "point 301,5 is outside the image; .* 299,199"),
        (Prompt(mask_hw=np.ones((10, 10), dtype=bool)), "mask is 10x10 pixels; it must have the image's size, 300x200"),
    ],
)
def test_prompts_off_the_frame_are_refused(prompt: Prompt, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        SEGMENTER.segment(FRAME, [prompt])


def test_a_click_on_nothing_still_answers() -> None:
    bright = Frame(np.full((100, 100), 200, np.uint8))
    [mask] = SEGMENTER.segment(bright, [Prompt(points_xy=((50.0, 50.0),), point_labels=(1,))])
    assert mask.mask_hw.shape == (100, 100)
    assert mask.box_xyxy is None


def test_a_click_keeps_the_part_under_it() -> None:
    parts = np.zeros((40, 60), dtype=bool)
    parts[5:15, 5:15], parts[20:35, 30:50] = True, True
    logits = np.where(parts, 3.0, -3.0).astype(np.float32)
    found = Mask(parts, logits, 0.8)
    small = under_clicks(found, Prompt(points_xy=((8.0, 9.0), (40.0, 25.0)), point_labels=(1, 0)))
    assert small.mask_hw.sum() == 100
    np.testing.assert_array_equal(small.mask_hw, small.logits_hw > 0)
    nowhere = under_clicks(found, Prompt(points_xy=((58.0, 1.0),), point_labels=(1,)))
    assert nowhere.mask_hw.sum() == 300
    at_the_edge = under_clicks(found, Prompt(points_xy=((59.5, 39.5),), point_labels=(1,)))
    assert at_the_edge.mask_hw.sum() == 300
    both = under_clicks(found, Prompt(points_xy=((8.0, 9.0), (40.0, 25.0)), point_labels=(1, 1)))
    np.testing.assert_array_equal(both.mask_hw, parts)
    np.testing.assert_array_equal(found.mask_hw, parts)


def test_specks_are_dropped_and_real_parts_kept() -> None:
    parts = np.zeros((40, 60), dtype=bool)
    parts[5:15, 5:15], parts[20:35, 30:50], parts[2, 50] = True, True, True
    box = Prompt(box_xyxy=(0, 0, 59, 39))
    found = Mask(parts, np.where(parts, 3.0, -3.0).astype(np.float32), 0.8)
    clicked = without_specks(found, Prompt(box_xyxy=(0, 0, 59, 39), points_xy=((50.0, 2.0),), point_labels=(1,)))
    assert clicked.mask_hw.sum() == 401
    clean = without_specks(found, box)
    assert clean.mask_hw.sum() == 400
    np.testing.assert_array_equal(clean.mask_hw, clean.logits_hw > 0)
    empty = Mask(np.zeros((4, 4), bool), np.full((4, 4), -1.0, np.float32), 0.1)
    assert not without_specks(empty, box).mask_hw.any()
    assert not under_clicks(empty, Prompt(points_xy=((1.0, 1.0),), point_labels=(1,))).mask_hw.any()


def test_a_mask_alone_goes_with_a_click_in_its_depth() -> None:
    """The model has never seen a mask without a box or a positive click, and answers it with noise."""

    @dataclass(frozen=True)
    class Listening(DarkIsInside):
        heard: list[list[int]] = field(default_factory=list)

        def decode(self, features, points, labels, masks, has_mask):  # type: ignore[no-untyped-def]
            self.heard.append([int(label) for label in labels[0]] + [int(has_mask[0])])
            assert (masks[0, 0] > 0).any()
            return super().decode(features, points, labels, masks, has_mask)

    engine = Listening()
    click = ((190.0, 90.0),)
    Segmenter(engine).segment(FRAME, [Prompt(mask_hw=TRUE), Prompt(points_xy=click, point_labels=(0,), mask_hw=TRUE)])
    Segmenter(engine).segment(FRAME, [Prompt(box_xyxy=(145, 60, 235, 120), mask_hw=TRUE)])
    Segmenter(engine).segment(FRAME, [Prompt(points_xy=click, point_labels=(1,), mask_hw=TRUE)])
    assert engine.heard == [[1, 1], [0, 1, 1], [2, 3, 1], [1, 1]]


def test_a_mask_carries_the_spacing_of_the_region_it_lies_in() -> None:
    frame = speckled(TRUE)
    height, width = TRUE.shape
    region = ScanRegion((-0.5, -0.5, width - 0.5, height - 0.5), "2D", "tissue", ("cm", "cm"), (0.03, 0.02))
    calibrated = replace(frame, calibration=Calibration((region,)))
    narrow = replace(frame, calibration=Calibration((replace(region, box_xyxy=(-0.5, -0.5, width / 2, height - 0.5)),)))
    box = mask_box(TRUE)
    assert box is not None
    for given, spacing in ((calibrated, (0.2, 0.3)), (narrow, None), (frame, None)):
        [mask] = Segmenter(DarkIsInside()).segment(given, [Prompt(box_xyxy=box)])
        assert mask.spacing_mm_yx == (None if spacing is None else pytest.approx(spacing))
