from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from phantoms import ellipse
from uniultra.geometry import (
    OUTSIDE_LOGIT,
    ModelMap,
    blurred_to_shrink,
    clip_box,
    prompt_points,
    region_around,
    whole,
)
from uniultra.pixel_scale import Calibration, ScanRegion
from uniultra.types import Prompt, Region

regions = st.builds(
    lambda x, y, w, h: Region(x, y, x + w, y + h),
    st.floats(-200, 500),
    st.floats(-200, 500),
    st.floats(4, 900),
    st.floats(4, 900),
)


@given(regions, st.sampled_from([64, 256, 1024]), st.floats(-500, 1000), st.floats(-500, 1000))
def test_to_source_inverts_to_model(region: Region, size: int, x: float, y: float) -> None:
    mapping = ModelMap(region, size)
    np.testing.assert_allclose(mapping.to_source(mapping.to_model(np.array([x, y]))), [x, y], atol=1e-6)


@given(regions, st.sampled_from([64, 256]))
def test_edges_map_to_edges(region: Region, size: int) -> None:
    corners = ModelMap(region, size).to_model(np.array([[region.x0, region.y0], [region.x1, region.y1]]))
    np.testing.assert_allclose(corners, [[-0.5, -0.5], [size - 0.5, size - 0.5]], atol=1e-6)


def test_matrix_is_to_model() -> None:
    mapping = ModelMap(Region(3.0, -7.5, 120.0, 80.25), 256)
    points = np.array([[0.0, 0.0], [50.0, 12.5], [119.0, 79.0]])
    np.testing.assert_allclose(
        points @ mapping.matrix()[:, :2].T + mapping.matrix()[:, 2], mapping.to_model(points)
    )


def test_the_whole_frame_at_its_own_size_is_the_frame() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    np.testing.assert_array_equal(ModelMap(whole((64, 64)), 64).sample(pixels), pixels)


@pytest.mark.parametrize("size", [16, 64])
@pytest.mark.parametrize(
    "region",
    [
        Region(40.2, 30.7, 150.9, 99.1),
        Region(-20, -10, 90, 200),
        Region(150, 90, 260, 170),
        Region(-9, -9, 3, 3),
    ],
)
def test_a_crop_is_what_the_blurred_frame_shows_there(region: Region, size: int) -> None:
    frame_hw = np.random.default_rng(0).integers(0, 256, (120, 200)).astype(np.uint8)
    to_model = ModelMap(region, size)
    across, down = to_model.to_source(np.stack([np.arange(size)] * 2, axis=-1)).T
    blurred = blurred_to_shrink(frame_hw, *to_model.scale_xy)
    padded = np.pad(blurred.astype(np.float64), 1)
    expected = ndimage.map_coordinates(padded, np.meshgrid(down + 1, across + 1, indexing="ij"), order=1)
    assert np.abs(to_model.sample(frame_hw) - expected).max() <= 1


def test_outside_the_frame_is_black() -> None:
    view = ModelMap(Region(-64.5, -64.5, 63.5, 63.5), 128).sample(np.full((64, 64), 200, np.uint8))
    assert view[:63, :].max() == 0
    assert view[66:, 66:].min() == 200


@pytest.mark.parametrize("frame_hw", [(300, 500), (90, 70), (512, 512)])
@pytest.mark.parametrize("grid", [64, 128])
def test_a_mask_comes_back_where_it_was(frame_hw: tuple[int, int], grid: int) -> None:
    centre, half = (frame_hw[1] * 0.6, frame_hw[0] * 0.4), (frame_hw[1] * 0.2, frame_hw[0] * 0.25)
    true = ellipse(frame_hw, centre, half)
    region = region_around(
        (centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1]), 1.6
    )
    mapping = ModelMap(region, grid)
    back = mapping.paste_logits(mapping.sample(true.astype(np.float32)) - 0.5, frame_hw) > 0
    assert 2 * (back & true).sum() / (back.sum() + true.sum()) > 0.985


def test_pasted_logits_are_background_outside_the_region() -> None:
    full = ModelMap(Region(9.5, 19.5, 29.5, 39.5), 64).paste_logits(
        np.full((16, 16), 5.0, np.float32), (60, 50)
    )
    inside = np.zeros((60, 50), dtype=bool)
    inside[20:40, 10:30] = True
    np.testing.assert_allclose(full[inside], 5.0, atol=1e-5)
    assert (full[~inside] == OUTSIDE_LOGIT).all()


def test_a_region_beyond_the_frame_pastes_only_on_it() -> None:
    full = ModelMap(Region(-30.0, -30.0, 10.0, 10.0), 64).paste_logits(
        np.ones((16, 16), np.float32), (20, 20)
    )
    assert full.shape == (20, 20)
    assert (full[:10, :10] > 0).all()
    assert (full[11:, :] == OUTSIDE_LOGIT).all()


def test_prompt_points_label_box_corners() -> None:
    prompt = Prompt(box_xyxy=(10, 20, 30, 40), points_xy=((15.0, 25.0),), point_labels=(1,))
    points, labels = prompt_points(prompt, ModelMap(Region(-0.5, -0.5, 99.5, 99.5), 200))
    assert labels.tolist() == [1, 2, 3]
    np.testing.assert_allclose(points, [[30.5, 50.5], [20.5, 40.5], [60.5, 80.5]])


def test_region_around_has_the_scale_and_a_least_side() -> None:
    region = region_around((10, 10, 50, 30), 1.5)
    assert (region.width, region.height) == (60, 60)
    assert (region.x0 + region.x1) / 2 == 30
    assert region_around((10, 10, 11, 11), 1.5).width == 16


def test_a_stretched_region_is_at_most_that_much_longer_and_a_compact_box_gets_a_compact_one() -> None:
    band = region_around((10, 40, 110, 44), 1.5, stretch=2)
    assert (band.width, band.height) == (150, 75)
    upright = region_around((40, 10, 44, 110), 1.5, stretch=2)
    assert (upright.width, upright.height) == (75, 150)
    assert region_around((10, 10, 50, 40), 1.5, stretch=2).height == 45


def test_clip_box_keeps_to_the_outer_edges() -> None:
    assert clip_box((-5, 2, 100, 8), (6, 50)) == (-0.5, 2, 49.5, 5.5)


SCREEN = Calibration((ScanRegion((9.5, 4.5, 79.5, 54.5), "2D", "tissue", ("cm", "cm"), (0.02, 0.03)),))


@pytest.mark.parametrize("frame_hw", [(30, 50), (120, 200), (60, 50)])
def test_a_resized_frame_has_pixels_of_another_size(frame_hw: tuple[int, int]) -> None:
    scale_xy = frame_hw[1] / 100, frame_hw[0] / 60
    plain = Calibration.uniform((0.3, 0.2)).moved((-0.5, -0.5), scale_xy).whole_mm_yx
    assert plain is not None
    for axis, length in enumerate((60 * 0.3, 100 * 0.2)):
        assert plain[axis] * frame_hw[axis] == pytest.approx(length)
    [other] = SCREEN.moved((-0.5, -0.5), scale_xy).regions
    x0, _, x1, _ = other.box_xyxy
    assert 10 * other.delta_xy[0] * (x1 - x0) == pytest.approx(10 * 0.02 * 70)
