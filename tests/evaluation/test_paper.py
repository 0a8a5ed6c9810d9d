"""The paper's protocol: square, a box a component, united by the maximum, per image; distances equal to SciPy's and MONAI's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from phantom_manifest import FRAME_HW, Phantom, phantom_manifest
from phantoms import ellipse, speckled
from uniultra.data.splits import selection_split
from uniultra.errors import DataError, OutputError
from uniultra.evaluation.baselines import EllipseBaseline
from uniultra.evaluation.paper import PaperRecord, component_boxes, evaluate_paper, score_stretched, stretch, united
from uniultra.evaluation.paper_report import ALL_SETS, build_paper_report, open_paper, paper_markdown, write_paper
from uniultra.evaluation.report import Provenance
from uniultra.evaluation.surface import hausdorff
from uniultra.types import Frame, Mask, Prompt

PROVENANCE = Provenance("some model", "ab" * 32)


class Boxes:
    """The whole box, with logits of 8 inside and -12 outside; nothing where the box is wider than `most`; counts its calls."""

    name = "boxes"

    def __init__(self, most: float = math.inf) -> None:
        self.most, self.calls, self.sizes = most, 0, set[tuple[int, int]]()

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        self.calls += 1
        self.sizes.add((frame.height, frame.width))
        return [self._one(frame, prompt) for prompt in prompts]

    def _one(self, frame: Frame, prompt: Prompt) -> Mask:
        assert prompt.box_xyxy is not None
        x0, y0, x1, y1 = prompt.box_xyxy
        y, x = np.mgrid[: frame.height, : frame.width]
        found = (x > x0) & (x < x1) & (y > y0) & (y < y1) & (x1 - x0 <= self.most)
        return Mask(found, np.where(found, 8.0, -12.0).astype(np.float32), math.nan)


def test_hausdorff_equals_scipy_and_monai() -> None:
    distance = pytest.importorskip("scipy.spatial.distance")
    torch, metrics = pytest.importorskip("torch"), pytest.importorskip("monai.metrics")
    rng = np.random.default_rng(1)
    for _ in range(6):
        one, other = (ellipse((90, 120), tuple(rng.uniform(10, 80, 2)), tuple(rng.uniform(5, 40, 2))) for _ in range(2))
        first, second = (torch.from_numpy(hw)[None, None].float() for hw in (one, other))
        assert hausdorff(one, other) == pytest.approx(
            metrics.compute_hausdorff_distance(first, second, include_background=True).item(), rel=1e-6
        )
        outlines = [np.argwhere(hw & ~_inner(hw)) for hw in (one, other)]
        both = (distance.directed_hausdorff(*outlines)[0], distance.directed_hausdorff(*outlines[::-1])[0])
        assert hausdorff(one, other) == pytest.approx(max(both), rel=1e-9)


def _inner(mask_hw: np.ndarray) -> np.ndarray:
    padded = np.pad(mask_hw, 1)
    return padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]


def test_hausdorff_of_empty_masks() -> None:
    empty, full = np.zeros((30, 40), bool), np.ones((30, 40), bool)
    assert hausdorff(empty, empty) == 0
    assert hausdorff(empty, full) == hausdorff(full, empty) == math.inf


def test_the_square_is_stretched() -> None:
    true_hw = np.zeros((64, 256), bool)
    true_hw[16:32, 64:192] = True
    frame, stretched_hw = stretch(speckled(true_hw, spacing=0.1), true_hw)
    assert frame.pixels_hw.shape == stretched_hw.shape == (1024, 1024)
    assert frame.spacing_mm_yx is None
    assert component_boxes(stretched_hw) == [(255.5, 255.5, 767.5, 511.5)]
    assert float(frame.pixels_hw[stretched_hw].mean()) < 20 < 80 < float(frame.pixels_hw[~stretched_hw].mean())


def test_a_box_a_component_and_the_maximum_of_their_answers() -> None:
    mask_hw = np.zeros((40, 60), bool)
    mask_hw[5:15, 5:15] = mask_hw[20:30, 30:55] = True
    boxes = component_boxes(mask_hw)
    assert boxes == [(4.5, 4.5, 14.5, 14.5), (29.5, 19.5, 54.5, 29.5)]
    assert np.array_equal(united(Boxes(), Frame(np.zeros((40, 60), np.uint8)), boxes), mask_hw)  # a sum, 8 - 12, would be empty
    assert component_boxes(np.zeros((4, 4), bool)) == []


def test_a_known_answer(tmp_path: Path) -> None:
    (row,) = phantom_manifest(tmp_path, [Phantom("a")]).rows
    square = np.zeros(FRAME_HW, np.uint8)
    square[15:30, 20:40], square[45:50, 60:70] = 1, 2
    Image.fromarray(square).save(row.mask)
    segmenter = Boxes()
    record = score_stretched(segmenter, row).record
    assert record is not None
    assert segmenter.sizes == {(1024, 1024)}
    assert (record.boxes, record.model.dice, record.model.iou, record.model.hausdorff_px) == (2, 1.0, 1.0, 0.0)
    assert record.ellipse.dice == pytest.approx(2 * (math.pi / 4) / (1 + math.pi / 4), abs=0.01)
    # Farthest from the ellipse in a rectangle of half-axes a, b is its corner.
    angles = np.linspace(0, math.pi / 2, 2000)
    expected = np.hypot(128 - 128 * np.cos(angles), 128 - 128 * np.sin(angles)).min()
    assert record.ellipse.hausdorff_px == pytest.approx(expected, abs=2.0)


def test_infinite_distances_are_dropped_and_counted(tmp_path: Path) -> None:
    phantoms = [Phantom("a"), Phantom("b", group="1", objects=2), Phantom("n", group="2", objects=0), Phantom("o", dataset="z", group="3")]
    split = selection_split(phantom_manifest(tmp_path, phantoms))
    images = evaluate_paper(Boxes(most=0), split.rows)
    report = build_paper_report(images, PROVENANCE, "val")
    assert (report["protocol"], report["images"], report["images_without_mask"]) == ("paper", 3, 1)
    own = report["summary"]["phantoms"]
    assert (own["images"], own["infinite"], own["ellipse_infinite"]) == (2, 2, 0)
    assert own["hausdorff_px"] == {"mean": None, "interval": None, "images": 0}
    assert own["dice"]["mean"] == 0
    assert report["summary"][ALL_SETS]["infinite"] == 3
    text = paper_markdown(report)
    assert text.startswith("# some model on val, by the paper's protocol\n")
    assert "| phantoms | 2 | 2 | 0.000 [0.000, 0.000] | 0.000 [0.000, 0.000] | n/a | 2 |" in text


def test_data_sets_count_the_same(tmp_path: Path) -> None:
    phantoms = [*(Phantom(f"a{i}", group=str(i)) for i in range(3)), Phantom("o", dataset="z", group="9", objects=3)]
    report = build_paper_report(
        evaluate_paper(EllipseBaseline(), selection_split(phantom_manifest(tmp_path, phantoms)).rows), PROVENANCE, "val"
    )
    means = {name: cell["hausdorff_px"]["mean"] for name, cell in report["summary"].items()}
    assert means[ALL_SETS] == pytest.approx((means["phantoms"] + means["z"]) / 2, abs=1e-5)
    for cell in report["summary"].values():
        assert cell["dice"] == cell["ellipse_dice"]
    low, high = report["summary"][ALL_SETS]["dice"]["interval"]
    assert low <= report["summary"][ALL_SETS]["dice"]["mean"] <= high


def test_a_run_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    split = selection_split(phantom_manifest(tmp_path, [Phantom(f"p{i}", group=str(i), objects=i % 3) for i in range(5)]))
    evaluate_paper(Boxes(), split.rows[:3], journal=open_paper(tmp_path / "one", PROVENANCE, "val"))
    segmenter = Boxes()
    again = evaluate_paper(segmenter, split.rows, journal=open_paper(tmp_path / "one", PROVENANCE, "val"))
    assert segmenter.calls == 1  # of the last two, one shows nothing
    write_paper(tmp_path / "one", build_paper_report(again, PROVENANCE, "val"))
    write_paper(tmp_path / "two", build_paper_report(evaluate_paper(Boxes(), split.rows, workers=3), PROVENANCE, "val"))
    for name in ("report.json", "report.md"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    with pytest.raises(OutputError, match=r"report\.json' exists; pass --force"):
        open_paper(tmp_path / "one", PROVENANCE, "val")
    (tmp_path / "one" / "report.json").unlink()
    with pytest.raises(DataError, match="is of a run with another split"):
        open_paper(tmp_path / "one", PROVENANCE, "test")
    assert open_paper(tmp_path / "one", PROVENANCE, "val", force=True).known == {}


def test_nothing_to_score_is_told(tmp_path: Path) -> None:
    split = selection_split(phantom_manifest(tmp_path, [Phantom("n", objects=0)]))
    images = evaluate_paper(Boxes(), split.rows)
    assert not isinstance(images[0].record, PaperRecord)
    with pytest.raises(DataError, match="split 'val' has no mask with an object"):
        build_paper_report(images, PROVENANCE, "val")
