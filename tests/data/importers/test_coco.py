"""COCO annotations that a mask can't hold, or that aren't of the images beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from uniultra.data.importers.images import layered
from uniultra.data.importers.registry import SETS
from uniultra.data.importers.sample import Problem, Sample
from uniultra.errors import FileError

HW = (60, 80)
OUTER, INNER = [[10, 10, 60, 10, 60, 50, 10, 50]], [[20, 20, 40, 20, 40, 30, 20, 30]]


def found(folder: Path, *annotations: dict[str, Any], **size: Any) -> list[Sample | Problem]:
    Image.fromarray(np.zeros(HW, np.uint8)).save(folder / "a.png")
    image = {"id": 1, "file_name": "a.png"} | size
    text = json.dumps({"images": [image], "annotations": list(annotations)})
    (folder / "coco.json").write_text(text, encoding="utf-8")
    return list(SETS["coco"].find(folder))


def ids_of(folder: Path, *annotations: dict[str, Any], **size: Any) -> np.ndarray:
    [sample] = found(folder, *annotations, **size)
    assert isinstance(sample, Sample)
    return sample.ids(HW)


@pytest.mark.parametrize("order", [(OUTER, INNER), (INNER, OUTER)])
def test_a_structure_within_another_is_kept(tmp_path: Path, order: tuple[Any, Any]) -> None:
    ids = ids_of(tmp_path, *({"image_id": 1, "segmentation": one} for one in order))
    inner = order.index(INNER) + 1
    assert np.bincount(ids.ravel()).tolist()[1:] == [200 if one == inner else 1800 for one in (1, 2)]
    assert (ids[20:30, 20:40] == inner).all()


def test_of_equal_objects_the_first_is_on_top_as_in_every_importer() -> None:
    one, two = np.zeros((2, 4, 6), np.bool_)
    one[:, :4], two[:, 2:] = True, True
    assert layered((4, 6), [one, two])[0].tolist() == [1, 1, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ({"image_id": 1, "segmentation": []}, "annotation 2 of it has no segmentation; a box alone"),
        ({"image_id": 1, "bbox": [1, 2, 3, 4]}, "annotation 2 of it has no segmentation"),
        ({"image_id": 1, "segmentation": OUTER}, "segmentation 2 is hidden by others; remove one"),
    ],
)
def test_an_object_that_would_be_lost_is_a_problem(
    tmp_path: Path, annotation: dict[str, Any], message: str
) -> None:
    with pytest.raises(FileError, match=message):
        ids_of(tmp_path, {"image_id": 1, "segmentation": OUTER}, annotation)


def test_outlines_of_another_size_are_a_problem(tmp_path: Path) -> None:
    one = {"image_id": 1, "segmentation": OUTER}
    assert np.count_nonzero(ids_of(tmp_path, one, width=80, height=60)) == 2000
    with pytest.raises(FileError, match="width and height are 160 x 120, the image has 80 x 60 pixels, so"):
        ids_of(tmp_path, one, width=160, height=120)


def test_an_annotation_of_no_image_is_a_problem(tmp_path: Path) -> None:
    problem, sample = found(tmp_path, {"image_id": 9, "segmentation": OUTER})
    assert isinstance(sample, Sample)
    assert "annotation 1: its image_id 9 is of no entry of images" in str(problem)


def _written(folder: Path, **data: Any) -> list[Sample | Problem]:
    for name in ("a.png", "b.png"):
        Image.fromarray(np.zeros(HW, np.uint8)).save(folder / name)
    (folder / "coco.json").write_text(json.dumps(data), encoding="utf-8")
    return list(SETS["coco"].find(folder))


def test_annotations_numbered_anew_in_each_image_are_told_apart(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}]
    annotations = [
        {"id": 1, "image_id": 1, "category_id": 0, "segmentation": OUTER},
        {"id": 1, "image_id": 2, "category_id": 0, "segmentation": INNER},
    ]
    areas = []
    for sample in _written(tmp_path, images=images, annotations=annotations):
        assert isinstance(sample, Sample)
        areas.append(np.count_nonzero(sample.ids(HW)))
    assert areas == [2000, 200]


def test_images_of_one_id_are_problems(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.png"}, {"id": 1, "file_name": "b.png"}]
    annotations = [{"image_id": 1, "segmentation": OUTER}, {"image_id": 1, "segmentation": INNER}]
    problems = _written(tmp_path, images=images, annotations=annotations)
    assert ["its id 1 is of 2 entries of images" in str(one) for one in problems] == [True, True]
    assert all(isinstance(one, Problem) for one in problems)


@pytest.mark.parametrize(("second", "names"), [("nodule", {}), ("cyst", {None: "cyst"})])
def test_a_category_of_two_names_has_none(tmp_path: Path, second: str, names: dict[int | None, str]) -> None:
    [sample, _] = _written(
        tmp_path,
        images=[{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
        annotations=[{"image_id": 1, "category_id": 3, "segmentation": OUTER}],
        categories=[{"id": 3, "name": "cyst"}, {"id": 3, "name": second}],
    )
    assert isinstance(sample, Sample)
    assert sample.names == names
