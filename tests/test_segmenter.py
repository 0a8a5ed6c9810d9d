"""The segmenter's own work, with an engine that answers in a known way: what is inside the box, or near the
first click, is dark.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from phantoms import ellipse, speckled
from uniultra.errors import FileError, PromptError, UniUltraError
from uniultra.model_facts import ModelFacts, Passes
from uniultra.pixel_scale import Calibration, ScanRegion
from uniultra.postprocess import overlap
from uniultra.segmenter import Segmenter, quality_of_passes, trust
from uniultra.types import Features, Frame, Mask, Prompt, Region, mask_box

SIZE = 128
FACTS = ModelFacts("dark", "test", SIZE)


@dataclass(frozen=True)
class DarkIsInside:
    """An engine for tests: features carry the image; a mask is what is darker than mid-grey, blurred, within
    the prompt's box.
    """

    facts: ModelFacts = FACTS

    def encode(self, images_bhw: np.ndarray) -> Features:
        assert images_bhw.dtype == np.uint8
        assert images_bhw.shape[1:] == (SIZE, SIZE)
        coarse = images_bhw.reshape(len(images_bhw), 1, SIZE // 4, 4, SIZE // 4, 4).mean(axis=(3, 5))
        return Features(coarse.astype(np.float32), coarse, coarse)

    def decode(
        self,
        features: Features,
        points: np.ndarray,
        labels: np.ndarray,
        masks: np.ndarray,
        has_mask: np.ndarray,
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
        self,
        features: Features,
        points: np.ndarray,
        labels: np.ndarray,
        masks: np.ndarray,
        has_mask: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        logits, quality = super().decode(features, points, labels, masks, has_mask)
        return logits, np.full_like(
            quality, 0.9 if int(features.high_res_feats_0[0, 0]) in self.believed else 0.2
        )


BAR = np.zeros((200, 300), dtype=bool)
BAR[88:109, 60:240] = True
"""Of its 180 px the closer of the first looks sees 120, and the engine finds little beyond a box."""


ONE_SURE_LOOK = (0.2 * 0.2 * 0.9) ** (1 / 3)


@pytest.mark.parametrize(
    ("believed", "width", "quality"),
    [({2}, 180, ONE_SURE_LOOK), ({0, 1, 2}, 180, 0.9), ({5}, 140, ONE_SURE_LOOK)],
)
def test_a_click_is_followed_from_two_first_looks_and_the_surer_counts(
    believed: set[int], width: int, quality: float
) -> None:
    """Views 0 to 2 follow the whole frame, 3 to 5 the closer look; the quality is the mean of a follow-up's
    three looks.
    """
    engine = Believing(believed=frozenset(believed))
    [mask] = Segmenter(engine).segment(speckled(BAR), [Prompt(points_xy=((150.0, 98.0),), point_labels=(1,))])
    assert len(engine.views) == 6
    assert mask.quality == pytest.approx(quality, abs=1e-3)
    assert mask.box_xyxy is not None
    assert mask.box_xyxy[2] - mask.box_xyxy[0] == pytest.approx(width, abs=12)


CLICK = Prompt(points_xy=((150.0, 98.0),), point_labels=(1,))


def _believing(passes: Passes, *views: int) -> tuple[Segmenter, list[np.ndarray]]:
    engine = Believing(replace(FACTS, passes=passes), frozenset(views))
    return Segmenter(engine), engine.views


def test_the_closer_look_is_left_out_where_the_first_one_is_trusted() -> None:
    segmenter, views = _believing(Passes(sure=0.7), 0, 1, 2)
    [mask] = segmenter.segment(speckled(BAR), [CLICK])
    assert len(views) == 3
    assert mask.quality == pytest.approx(0.9, abs=1e-3)
    segmenter, views = _believing(Passes(sure=0.95), 0, 1, 2)
    segmenter.segment(speckled(BAR), [CLICK])
    assert len(views) == 6


@pytest.mark.parametrize(("closer_by", "width"), [(0.0, 140), (0.3, 140), (0.9, 180)])
def test_the_closer_look_must_be_trusted_by_so_much_more(closer_by: float, width: int) -> None:
    segmenter, _ = _believing(Passes(closer_by=closer_by), 3, 4, 5)
    [mask] = segmenter.segment(speckled(BAR), [CLICK])
    assert mask.box_xyxy is not None
    assert mask.box_xyxy[2] - mask.box_xyxy[0] == pytest.approx(width, abs=12)


def test_in_a_panorama_the_closer_look_is_always_taken_and_the_surer_counts() -> None:
    wide = np.zeros((200, 900), dtype=bool)
    wide[:, :300] = BAR
    segmenter, views = _believing(Passes(sure=0.1, closer_by=0.9), 3, 4, 5)
    [mask] = segmenter.segment(speckled(wide), [CLICK])
    assert len(views) == 6
    assert mask.quality == pytest.approx(0.9, abs=1e-3)


def test_no_further_crop_is_looked_at_where_two_passes_agree() -> None:
    segmenter, views = _believing(Passes(agreed=0.8, sure=0.7), 0, 1)
    [mask] = segmenter.segment(speckled(BAR), [CLICK])
    assert len(views) == 2
    assert mask.quality == pytest.approx(0.9, abs=1e-3)


def test_alternatives_begin_with_the_answer_and_differ() -> None:
    frame = speckled(BAR)
    for believed in ((0, 1, 2), (3, 4, 5), (6, 7, 8)):
        [answer] = _believing(Passes(), *believed)[0].segment(frame, [CLICK])
        first, *others = _believing(Passes(), *believed)[0].alternatives(frame, CLICK)
        np.testing.assert_array_equal(first.mask_hw, answer.mask_hw)
        assert (first.quality, first.scale) == (answer.quality, answer.scale)
        assert others, "the closer looks see less of the bar"
        for other in others:
            assert overlap(first.mask_hw, other.mask_hw) < 0.8
            assert other.spacing_mm_yx == first.spacing_mm_yx
        assert len(_believing(Passes(), *believed)[0].alternatives(frame, CLICK, most=1)) == 1


def test_a_box_has_no_alternatives_and_no_more_than_three_are_given() -> None:
    assert len(SEGMENTER.alternatives(FRAME, Prompt(box_xyxy=(145, 60, 235, 120)))) == 1
    assert len(SEGMENTER.alternatives(FRAME, Prompt(mask_hw=TRUE))) == 1
    for most in (0, 4):
        with pytest.raises(PromptError, match=f"{most} alternatives were requested; give 1 to 3"):
            SEGMENTER.alternatives(FRAME, CLICK, most)
    with pytest.raises(PromptError, match="is outside the image"):
        SEGMENTER.alternatives(FRAME, Prompt(points_xy=((500.0, 5.0),), point_labels=(1,)))


def test_of_two_sure_answers_the_one_that_the_looks_agree_on_is_trusted() -> None:
    long, short, other = (
        Mask(mask, np.where(mask, 1.0, -1.0), 0.9) for mask in (BAR, BAR & (np.arange(300) < 150), TRUE)
    )
    assert trust([long, long, long]) == pytest.approx(0.9)
    assert trust([long, short, short]) == pytest.approx(0.9 * (0.5 + 1.0) / 2)
    assert trust([long, short, other]) < 0.9 * 0.3


def test_a_click_of_which_a_look_is_quite_unsure_has_a_quality_near_zero() -> None:
    nothing = Mask(np.zeros_like(BAR), np.full(BAR.shape, -1.0), 0.0)
    assert quality_of_passes([nothing] * 3) == pytest.approx(0.0, abs=1e-5)
    assert trust([nothing] * 3) == 0.0


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
    together = SEGMENTER.decode(
        embedding, [Prompt(points_xy=((5.0, 5.0), (9.0, 9.0)), point_labels=(1, 0)), box]
    )
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
        (
            Prompt(box_xyxy=(400, 10, 500, 60)),
            "box 400,10,500,60 has less than a pixel on the image; .* 0,0 to 299,199",
        ),
        (
            Prompt(points_xy=((301.0, 5.0),), point_labels=(1,)),
            "point 301,5 is outside the image; .* 299,199",
        ),
        (
            Prompt(mask_hw=np.ones((10, 10), dtype=bool)),
            "mask is 10x10 pixels; it must have the image's size, 300x200",
        ),
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
    Segmenter(engine).segment(
        FRAME, [Prompt(mask_hw=TRUE), Prompt(points_xy=click, point_labels=(0,), mask_hw=TRUE)]
    )
    Segmenter(engine).segment(FRAME, [Prompt(box_xyxy=(145, 60, 235, 120), mask_hw=TRUE)])
    Segmenter(engine).segment(FRAME, [Prompt(points_xy=click, point_labels=(1,), mask_hw=TRUE)])
    assert engine.heard == [[1, 1], [0, 1, 1], [2, 3, 1], [1, 1]]


def test_a_mask_carries_the_spacing_of_the_region_it_lies_in() -> None:
    frame = speckled(TRUE)
    height, width = TRUE.shape
    region = ScanRegion((-0.5, -0.5, width - 0.5, height - 0.5), "2D", "tissue", ("cm", "cm"), (0.03, 0.02))
    calibrated = replace(frame, calibration=Calibration((region,)))
    narrow = replace(
        frame, calibration=Calibration((replace(region, box_xyxy=(-0.5, -0.5, width / 2, height - 0.5)),))
    )
    box = mask_box(TRUE)
    assert box is not None
    for given, spacing in ((calibrated, (0.2, 0.3)), (narrow, None), (frame, None)):
        [mask] = Segmenter(DarkIsInside()).segment(given, [Prompt(box_xyxy=box)])
        assert mask.spacing_mm_yx == (None if spacing is None else pytest.approx(spacing))


def test_a_crop_is_kept_while_the_structure_stays_within_it() -> None:
    box = Prompt(box_xyxy=(145, 60, 235, 120))
    region = SEGMENTER.region_for(box, (FRAME.height, FRAME.width))
    assert region is not None
    first = SEGMENTER.refine(SEGMENTER.encode(FRAME, region), box)
    assert first.region == region
    assert dice(first.mask.mask_hw, TRUE) > 0.93
    clicked = replace(box, points_xy=((190.0, 90.0),), point_labels=(1,))
    again = SEGMENTER.refine(SEGMENTER.encode(FRAME, first.region), clicked, first.mask)
    assert again.region == region


def test_the_next_crop_follows_what_leaves_the_last_one_or_is_small_in_it() -> None:
    click = Prompt(points_xy=((190.0, 90.0),), point_labels=(1,))
    at_its_edge = Region(150, 40, 250, 140)  # the structure reaches from 150 to 230
    moved = SEGMENTER.refine(SEGMENTER.encode(FRAME, at_its_edge), click).region
    assert moved != at_its_edge
    assert moved.x0 < 145
    zoomed = SEGMENTER.refine(SEGMENTER.encode(FRAME), click).region
    assert zoomed.width < 160
    once_more = SEGMENTER.refine(SEGMENTER.encode(FRAME, zoomed), click)
    assert once_more.region == zoomed
    assert dice(once_more.mask.mask_hw, TRUE) > 0.9


def test_refining_a_box_is_what_segment_does() -> None:
    box = Prompt(box_xyxy=(145, 60, 235, 120))
    region = SEGMENTER.region_for(box, (FRAME.height, FRAME.width))
    [mask] = SEGMENTER.segment(FRAME, [box])
    np.testing.assert_array_equal(
        SEGMENTER.refine(SEGMENTER.encode(FRAME, region), box).mask.mask_hw, mask.mask_hw
    )
    assert SEGMENTER.region_for(Prompt(points_xy=((1.0, 1.0),), point_labels=(1,)), (200, 300)) is None


def test_a_structure_that_was_lost_is_looked_for_where_the_prompt_points() -> None:
    nothing = Frame(np.full((200, 300), 255, np.uint8))
    box = Prompt(box_xyxy=(145, 60, 235, 120))
    lost = SEGMENTER.refine(SEGMENTER.encode(nothing, Region(0, 0, 40, 40)), box)
    assert not lost.mask.mask_hw.any()
    assert lost.region.x0 < 145 < 235 < lost.region.x1


def test_python_and_command_line_agree_where_a_prompt_lies_across_regions() -> None:
    """A mask within one region, of a box that reaches into another: no millimetres, and the mask says why."""
    left = ScanRegion((-0.5, -0.5, 239.5, 199.5), "2D", "tissue", ("cm", "cm"), (0.02, 0.02))
    right = replace(left, box_xyxy=(239.5, -0.5, 299.5, 199.5), delta_xy=(0.05, 0.05))
    frame = replace(FRAME, calibration=Calibration((left, right)))
    [inside] = SEGMENTER.segment(frame, [Prompt(box_xyxy=(145, 60, 235, 120))])
    [across] = SEGMENTER.segment(frame, [Prompt(box_xyxy=(145, 60, 260, 120))])
    assert inside.spacing_mm_yx == pytest.approx((0.2, 0.2))
    assert (across.spacing_mm_yx, across.scale.reason) == (
        None,
        "its prompt lies across region 1 and region 2",
    )


@pytest.mark.parametrize(
    ("frame", "prompts", "error", "says"),
    [
        (FRAME.pixels_hw, [], FileError, "the frame is of type ndarray; give uniultra.read_frame"),
        (
            FRAME,
            Prompt(box_xyxy=(145, 60, 235, 120)),
            PromptError,
            "the prompts are of type Prompt; give a list",
        ),
        (FRAME, None, PromptError, "the prompts are of type NoneType"),
        (
            FRAME,
            [(145, 60, 235, 120)],
            PromptError,
            "the prompt is of type tuple; give a list of uniultra.Prompt",
        ),
    ],
)
def test_what_is_no_frame_or_prompt_is_refused_by_name(
    frame: Any, prompts: Any, error: type[UniUltraError], says: str
) -> None:
    with pytest.raises(error, match=says):
        SEGMENTER.segment(frame, prompts)
    if error is FileError:
        with pytest.raises(error, match=says):
            SEGMENTER.encode(frame)
    else:
        with pytest.raises(error, match=says):
            SEGMENTER.decode(SEGMENTER.encode(frame), prompts)
