"""Each corruption: nothing at severity 0, more at each further one, the same every time, and truth and box
moved with the picture.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from phantoms import ellipse, speckled
from uniultra.data.prompt_simulation import exact_box
from uniultra.evaluation.robustness.corruptions import CORRUPTIONS, Corruption, Scene
from uniultra.types import Frame

HW = (120, 160)
PLACES = (((70, 50), (24, 15)), ((30, 80), (20, 25)), ((125, 90), (22, 20)), ((80, 24), (40, 18)))
"""Centre and half-axes of ellipses, nearest to different sides."""
STILL = ("gain down", "gain up", "gamma up", "gamma down", "speckle", "blur", "jpeg", "marks")


def scene_of(place: tuple[tuple[int, int], tuple[int, int]] = PLACES[0]) -> Scene:
    true_hw = ellipse(HW, *place)
    return Scene(speckled(true_hw, spacing=0.2), true_hw, exact_box(true_hw))


def severities(corruption: Corruption, scene: Scene, seed: int = 7) -> list[Scene]:
    return [corruption.apply(scene, severity, seed) for severity in range(len(corruption.levels) + 1)]


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_severity_0_changes_nothing_and_no_severity_changes_its_input(name: str) -> None:
    scene = scene_of()
    pixels, true = scene.frame.pixels_hw.copy(), scene.true_hw.copy()
    first, *others = severities(CORRUPTIONS[name], scene)
    assert first is scene
    assert np.array_equal(scene.frame.pixels_hw, pixels)
    assert np.array_equal(scene.true_hw, true)
    assert all(not np.array_equal(other.frame.pixels_hw, pixels) for other in others)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_same_seed_gives_the_same_picture(name: str) -> None:
    corruption = CORRUPTIONS[name]
    for one, two in zip(severities(corruption, scene_of()), severities(corruption, scene_of()), strict=True):
        assert np.array_equal(one.frame.pixels_hw, two.frame.pixels_hw)
        assert np.array_equal(one.true_hw, two.true_hw)
        assert one.box_xyxy == two.box_xyxy
    third = severities(corruption, scene_of(), seed=8)[-1]
    drawn = name in ("speckle", "marks")
    assert (
        np.array_equal(third.frame.pixels_hw, severities(corruption, scene_of())[-1].frame.pixels_hw)
        is not drawn
    )


@pytest.mark.parametrize("name", STILL)
def test_grey_values_go_further_away_at_each_severity_and_nothing_moves(name: str) -> None:
    scene = scene_of()
    damaged = severities(CORRUPTIONS[name], scene)
    away = [
        float(np.abs(each.frame.pixels_hw.astype(float) - scene.frame.pixels_hw).mean()) for each in damaged
    ]
    assert away[0] == 0
    assert all(low < high for low, high in pairwise(away)), away
    assert all(each.true_hw is scene.true_hw and each.box_xyxy == scene.box_xyxy for each in damaged)
    assert all(each.frame.spacing_mm_yx == (0.2, 0.2) for each in damaged)


def test_levels_are_in_the_units_that_they_state() -> None:
    flat = Scene(Frame(np.full(HW, 200, np.uint8)), ellipse(HW, *PLACES[0]), (0.0, 0.0, 9.0, 9.0))
    assert set(np.unique(CORRUPTIONS["gain down"].change(flat, -20.0, 0).frame.pixels_hw)) == {20}
    assert set(np.unique(CORRUPTIONS["gain up"].change(flat, 20.0, 0).frame.pixels_hw)) == {255}
    assert set(np.unique(CORRUPTIONS["gamma up"].change(flat, 2.0, 0).frame.pixels_hw)) == {
        round(255 * (200 / 255) ** 2)
    }
    grey = Scene(Frame(np.full(HW, 100, np.uint8)), flat.true_hw, flat.box_xyxy)
    noisy = CORRUPTIONS["speckle"].change(grey, 0.2, 3).frame.pixels_hw
    assert float(noisy.std()) == pytest.approx(20, rel=0.02)
    point = np.zeros(HW, np.uint8)
    point[60, 80] = 255
    spread = (
        CORRUPTIONS["blur"].change(Scene(Frame(point), flat.true_hw, flat.box_xyxy), 1.5, 0).frame.pixels_hw
    )
    assert int(spread[60, 80]) == pytest.approx(255 / (2 * np.pi * 1.5**2), rel=0.06)


@pytest.mark.parametrize("place", PLACES)
def test_a_deeper_setting_keeps_the_anatomy(place: tuple[tuple[int, int], tuple[int, int]]) -> None:
    scene = scene_of(place)
    area_mm2 = scene.true_hw.sum() * 0.2**2
    areas = []
    for level, damaged in zip(
        (1.0, *CORRUPTIONS["depth"].levels), severities(CORRUPTIONS["depth"], scene), strict=True
    ):
        assert damaged.true_hw.shape == HW
        assert np.allclose(
            exact_box(damaged.true_hw), damaged.box_xyxy, rtol=0, atol=1.0
        )  # a tip may lie between two samples
        spacing = damaged.frame.spacing_mm_yx
        assert spacing == pytest.approx((0.2 / float(level),) * 2)
        areas.append(int(damaged.true_hw.sum()))
        assert areas[-1] * spacing[0] * spacing[1] == pytest.approx(area_mm2, rel=0.12)
        assert not damaged.frame.pixels_hw[round(HW[0] * float(level)) :].any()
    assert areas == sorted(areas, reverse=True)
    assert len(set(areas)) == len(areas)


def test_a_deeper_setting_moves_a_rectangle_and_its_box_alike() -> None:
    true_hw = np.zeros(HW, bool)
    true_hw[37:81, 22:115] = True
    for damaged in severities(CORRUPTIONS["depth"], Scene(speckled(true_hw), true_hw, exact_box(true_hw))):
        assert np.allclose(exact_box(damaged.true_hw), damaged.box_xyxy, rtol=0, atol=0.5 + 1e-9)
        assert damaged.frame.pixels_hw[damaged.true_hw].mean() < 20


@pytest.mark.parametrize("place", PLACES)
def test_a_cut_object_ends_at_the_nearest_side(place: tuple[tuple[int, int], tuple[int, int]]) -> None:
    scene = scene_of(place)
    x0, y0, x1, y1 = exact_box(scene.true_hw)
    near = int(np.argmin([x0 + 0.5, y0 + 0.5, HW[1] - 0.5 - x1, HW[0] - 0.5 - y1]))
    extent = (x1 - x0, y1 - y0)[near % 2]
    for level, damaged in zip(
        CORRUPTIONS["crop"].levels, severities(CORRUPTIONS["crop"], scene)[1:], strict=True
    ):
        found, (height, width) = exact_box(damaged.true_hw), damaged.true_hw.shape
        assert damaged.frame.pixels_hw.shape == (height, width)
        assert found[near] == (-0.5, -0.5, width - 0.5, height - 0.5)[near]
        assert (found[2] - found[0], found[3] - found[1])[near % 2] == extent - round(float(level) * extent)
        assert damaged.box_xyxy[near] == found[near]
        # Along the other axis the box still is the whole object's, as a person drew it before the cut.
        other = (near + 1) % 2
        assert damaged.box_xyxy[other] <= found[other]
        assert damaged.box_xyxy[other + 2] >= found[other + 2]


def test_a_cut_keeps_the_pixels_that_stay() -> None:
    scene = scene_of(PLACES[1])  # nearest to the left
    damaged = CORRUPTIONS["crop"].change(scene, 0.5, 0)
    width = damaged.true_hw.shape[1]
    assert np.array_equal(damaged.frame.pixels_hw, scene.frame.pixels_hw[:, -width:])
    assert np.array_equal(damaged.true_hw, scene.true_hw[:, -width:])


def test_a_box_that_is_cut_away_becomes_the_exact_one() -> None:
    scene = scene_of(PLACES[1])
    thin = Scene(scene.frame, scene.true_hw, (8.0, 60.0, 20.0, 100.0))
    damaged = CORRUPTIONS["crop"].change(thin, 0.5, 0)
    assert damaged.box_xyxy == exact_box(damaged.true_hw)


@pytest.mark.parametrize("place", PLACES)
def test_flips_move_the_box_with_the_mask_and_undo_themselves(
    place: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    scene, flip = scene_of(place), CORRUPTIONS["flip"]
    assert not flip.ordered
    for severity in (1, 2):
        once = flip.apply(scene, severity, 0)
        assert exact_box(once.true_hw) == once.box_xyxy
        twice = flip.apply(once, severity, 0)
        assert np.array_equal(twice.frame.pixels_hw, scene.frame.pixels_hw)
        assert np.array_equal(twice.true_hw, scene.true_hw)
        assert twice.box_xyxy == scene.box_xyxy


def test_marks_add_up_and_lie_over_the_object() -> None:
    scene = scene_of()
    before = scene.frame
    for damaged in severities(CORRUPTIONS["marks"], scene)[1:]:
        now = damaged.frame
        assert (now.pixels_hw >= before.pixels_hw).all()
        assert now.pixels_hw[scene.true_hw].sum(dtype=int) > before.pixels_hw[scene.true_hw].sum(dtype=int)
        before = now
