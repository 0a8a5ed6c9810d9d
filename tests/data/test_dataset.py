"""Training examples: what is no mask is refused when it is read, as everywhere."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter

from phantom_manifest import Phantom, phantom_manifest, true_ids
from uniultra.box_fit import CORNER_LABELS
from uniultra.data.dataset import POINTS, PromptDataset
from uniultra.data.draws import SampleSpec
from uniultra.data.manifest import read_manifest
from uniultra.data.problems import RowError
from uniultra.data.splits import train_split
from uniultra.named import NAME_POINTS, labels_of_name


def test_objects_are_those_of_the_masks_and_soft_edges_are_refused(tmp_path: Path) -> None:
    split = train_split(
        phantom_manifest(
            tmp_path, [Phantom("a", split="train", objects=2), Phantom("b", split="train", objects=0)]
        )
    )
    one = Image.fromarray(true_ids(1) * np.uint8(255))
    one.save(split.rows[1].mask)
    assert len(PromptDataset(split, SampleSpec(image_size=64))) == 3
    one.filter(ImageFilter.GaussianBlur(1)).save(split.rows[1].mask)
    with pytest.raises(
        RowError, match=r"^manifest row 3, mask: 'masks/b\.png': \d+ grey values up to 255 \(soft edges\?\)"
    ):
        PromptDataset(split, SampleSpec(image_size=64))


def test_a_stretched_view_shows_the_same_band_thicker(tmp_path: Path) -> None:
    manifest = phantom_manifest(tmp_path, [Phantom("a", split="train")])
    band = np.zeros(true_ids(1).shape, np.uint8)
    band[band.shape[0] // 2 : band.shape[0] // 2 + 3, 5:-5] = 255
    Image.fromarray(band).save(train_split(manifest).rows[0].mask)
    upright = {"image_size": 64, "whole_share": 0.0, "rotation": 0.0, "box_share": 1.0, "exact_share": 1.0}
    areas = [
        float(
            np.mean(
                [
                    PromptDataset(train_split(manifest), SampleSpec(focus_stretch=stretch, **upright))[key][
                        "target"
                    ].mean()
                    for key in range(8)
                ]
            )
        )
        for stretch in (1.0, 3.0)
    ]
    assert 2.5 < areas[1] / areas[0] < 3.5


def test_a_mask_may_come_alone(tmp_path: Path) -> None:
    split = train_split(phantom_manifest(tmp_path, [Phantom("a", split="train")]))
    alone = PromptDataset(split, SampleSpec(image_size=64, mask_share=1.0, alone_share=1.0))
    beside = PromptDataset(split, SampleSpec(image_size=64, mask_share=1.0, alone_share=0.0))
    assert all(alone[key]["has_mask"] == 1 and (alone[key]["labels"] == -1).all() for key in range(8))
    assert all((beside[key]["labels"] >= 0).any() for key in range(8))


CORNERS = {labels[0]: fit for fit, labels in CORNER_LABELS.items()}
FOCUSED = {"image_size": 64, "whole_share": 0.0, "rotation": 0.0, "mask_share": 0.0}


def _drawn(folder: Path, count: int, **settings: object) -> list[dict[str, np.ndarray]]:
    """Examples of one phantom, as arrays."""
    split = train_split(phantom_manifest(folder, [Phantom("a", split="train")]))
    data = PromptDataset(split, SampleSpec(**{**FOCUSED, **settings}))  # type: ignore[arg-type]
    return [{name: value.numpy() for name, value in data[key].items()} for key in range(count)]


def _margins(example: dict[str, np.ndarray]) -> np.ndarray:
    """How far a box's edges lie outwards of the target's, as shares of its sides: left, top, right,
    bottom.
    """
    ys, xs = np.nonzero(example["target"] > 0.5)
    low, high = np.array([xs.min(), ys.min()]) - 0.5, np.array([xs.max(), ys.max()]) + 0.5
    sides = high - low
    return np.concatenate([(low - example["points"][0]) / sides, (example["points"][1] - high) / sides])


def test_a_margin_is_the_same_on_all_sides(tmp_path: Path) -> None:
    settings = {"box_share": 1.0, "exact_share": 0.0, "margin_share": 1.0, "focus_scale": (1.6, 1.6)}
    margins = np.array(
        [_margins(example) for example in _drawn(tmp_path, 60, margin_low=-0.05, margin_high=0.3, **settings)]
    )
    assert (
        np.ptp(margins, axis=1).max() < 0.12
    )  # a pixel of 64 is 0.04 of the object here, and each edge is rounded
    assert margins.mean(axis=1).min() < 0.02
    assert 0.24 < margins.mean(axis=1).max() < 0.34


def test_box_kinds_come_in_their_shares(tmp_path: Path) -> None:
    settings = {
        "box_share": 1.0,
        "exact_share": 0.5,
        "margin_share": 0.5,
        "margin_low": 0.3,
        "margin_high": 0.3,
    }
    margins = np.array([_margins(example).mean() for example in _drawn(tmp_path, 80, **settings)])
    wide = np.count_nonzero(margins > 0.2)
    assert 25 < wide < 55
    assert np.count_nonzero(np.abs(margins) < 0.06) == 80 - wide


def _labelled(examples: list[dict[str, np.ndarray]]) -> list[str]:
    """What is said of each example's box."""
    return [CORNERS[int(example["labels"][0])] for example in examples]


def test_boxes_drawn_to_fit_leave_the_others_as_they_are(tmp_path: Path) -> None:
    boxes = {"box_share": 1.0, "exact_share": 0.0, "margin_share": 1.0, "margin_low": 0.2, "margin_high": 0.3}
    drawn = _drawn(tmp_path, 150, fit_share=0.5, **boxes)
    said = _labelled(drawn)
    assert 55 < sum(fit != "" for fit in said) < 95
    assert 25 < said.count("tight") < 55
    outwards = {
        fit: np.array([_margins(each) for each, one in zip(drawn, said, strict=True) if one == fit])
        for fit in ("", "tight", "loose")
    }
    assert outwards[""].mean(axis=1).min() > 0.12, (
        "each has a margin of 0.2 or more, as if nothing were ever said"
    )
    assert np.abs(outwards["tight"]).max() < 0.08
    assert outwards["loose"].min() > -0.01
    assert np.ptp(outwards["loose"], axis=1).max() > 0.1, "some have another margin on each side"


def test_what_a_coarse_answer_would_give_is_never_said_to_fit(tmp_path: Path) -> None:
    drawn = _drawn(tmp_path, 24, box_share=0.0, bare_share=0.0, rough_jitter=0.02, fit_share=1.0)
    assert set(_labelled(drawn)) == {""}


def test_clicks_anywhere_reach_the_rim_and_others_do_not(tmp_path: Path) -> None:
    depths = {}
    for share in (0.0, 1.0):
        found = []
        for example in _drawn(tmp_path / str(share), 60, box_share=0.0, bare_share=1.0, anywhere_share=share):
            inside = example["target"] > 0.5
            distance = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
            x, y = np.round(example["points"][2]).astype(int)
            assert inside[y, x]
            found.append(distance[y, x] / distance.max())
        depths[share] = min(found)
    assert depths[0.0] > 0.35
    assert depths[1.0] < 0.2


def test_a_near_view_is_a_square_around_the_click(tmp_path: Path) -> None:
    settings = {"box_share": 0.0, "near_share": 1.0, "anywhere_share": 1.0, "near_side": (0.5, 0.5)}
    for example in _drawn(tmp_path, 30, **settings):
        assert list(example["labels"]) == [-1, -1, 1]
        np.testing.assert_allclose(example["points"][2], 31.5, atol=1e-4)
        assert (
            example["target"][31, 31] > 0.2
        )  # the click is on the object, or on the border of its outermost pixel


def test_mirrored_and_changed_views_come_in_their_shares(tmp_path: Path) -> None:
    calm = {"whole_share": 1.0, "rotation": 0.0, "calm_share": 1.0}
    split = train_split(phantom_manifest(tmp_path, [Phantom("a", split="train")]))
    mask = np.asarray(Image.open(split.rows[0].mask))
    lopsided = np.where(np.arange(mask.shape[1]) < np.nonzero(mask)[1].mean(), mask, 0).astype(np.uint8)
    Image.fromarray(lopsided).save(split.rows[0].mask)

    def drawn(**settings: object) -> list[dict[str, np.ndarray]]:
        data = PromptDataset(split, SampleSpec(**{**FOCUSED, **calm, **settings}))  # type: ignore[arg-type]
        return [{name: value.numpy() for name, value in data[key].items()} for key in range(40)]

    def leaning(example: dict[str, np.ndarray]) -> bool:
        """Whether the flat side, where the half was cut, is on the right."""
        xs = np.nonzero(example["target"] > 0.5)[1]
        columns = np.bincount(xs)[xs.min() : xs.max() + 1]
        return bool(columns[-2] > columns[1])

    sides = {share: [leaning(example) for example in drawn(mirror_share=share)] for share in (0.0, 0.5, 1.0)}
    assert all(sides[0.0])
    assert not any(sides[1.0])
    assert 10 < sum(sides[0.5]) < 30
    looks = {share: {e["image"].max() for e in drawn(calm_share=share)} for share in (0.0, 1.0)}
    assert len(looks[1.0]) < len(looks[0.0])


def test_names_are_told_as_often_as_asked(tmp_path: Path) -> None:
    phantoms = [Phantom("a", split="train", objects=2), Phantom("b", split="train", dataset="others")]
    manifest = phantom_manifest(tmp_path, phantoms)
    (tmp_path / "structures.csv").write_text("dataset,id,structure\nphantoms,1,cyst\nphantoms,2,left ovary\n")
    split = train_split(read_manifest(manifest.path))
    for share in (0.0, 0.5, 1.0):
        spec = SampleSpec(image_size=64, structures=("ovary", "cyst"), named_share=share)
        data = PromptDataset(split, spec)
        told = [
            [tuple(data[draw * len(data) + index]["labels"][POINTS:].tolist()) for draw in range(40)]
            for index in range(3)
        ]
        for name, labels in zip(("cyst", "left ovary", ""), told, strict=True):
            named = [one != (-1,) * NAME_POINTS for one in labels]
            assert {one for one in labels if one[0] >= 0} <= {labels_of_name(name, spec.structures)}
            assert abs(sum(named) / 40 - (share if name else 0.0)) < 0.3
            assert name == "" or share == 0.5 or sum(named) == 40 * share
    plain = PromptDataset(split, SampleSpec(image_size=64))
    assert len(plain[0]["labels"]) == POINTS


def test_marks_cover_as_many_views_as_asked_and_change_no_target(tmp_path: Path) -> None:
    plain, some, all_marked = (
        _drawn(tmp_path / name, 24, calm_share=1.0, marks_share=share)
        for name, share in (("0", 0.0), ("half", 0.5), ("1", 1.0))
    )
    for share, drawn in ((0.5, some), (1.0, all_marked)):
        changed = [not np.array_equal(a["image"], b["image"]) for a, b in zip(plain, drawn, strict=True)]
        assert abs(np.mean(changed) - share) <= 0.3
    for a, b in zip(plain, all_marked, strict=True):
        assert np.array_equal(a["target"], b["target"])
        assert not np.array_equal(a["image"], b["image"])


def _longest_flat_side(example: dict[str, np.ndarray]) -> float:
    """The longest of a target's first and last rows and columns, as a share of its extent along them."""
    shown = example["target"] > 0.5
    box = shown[shown.any(1)][:, shown.any(0)]
    return max(box[0].mean(), box[-1].mean(), box[:, 0].mean(), box[:, -1].mean())


def test_an_edge_of_the_frame_cuts_as_many_objects_as_asked(tmp_path: Path) -> None:
    upright = {"rotation": 0.0, "calm_share": 1.0}
    flat = {
        share: np.array(
            [_longest_flat_side(e) for e in _drawn(tmp_path / str(share), 40, edge_share=share, **upright)]
        )
        for share in (0.0, 0.5, 1.0)
    }
    assert flat[0.0].max() < 0.5 < 0.6 < flat[1.0].mean()
    assert abs((flat[0.5] > 0.5).mean() - 0.5 * (flat[1.0] > 0.5).mean()) < 0.2
