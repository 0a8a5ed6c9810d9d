"""What a set's own file calls the ids of its masks comes along: coco's categories, nnU-Net's labels; or what
is said at the import.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from miniatures import nnunet
from uniultra.cli.main import app
from uniultra.data.importers.registry import input_file
from uniultra.data.importers.sample import Sample
from uniultra.data.loading import read_row
from uniultra.data.manifest import Manifest, objects_in, read_manifest
from uniultra.data.set_import import ImportSettings, import_set
from uniultra.data.structure_names import FILE, parsed_names
from uniultra.errors import DataError

HW = (96, 128)
CHAMBERS = [{"id": 7, "name": "Left_Ventricle"}, {"id": 9, "name": "left atrium"}]


def square(left: int, top: int, side: int = 20) -> list[list[int]]:
    return [[left, top, left + side, top, left + side, top + side, left, top + side]]


def coco(folder: Path, categories: object, *images: list[tuple[Any, list[list[int]]]]) -> Path:
    """A set of noise pictures, each with (category id, polygons) of its objects."""
    folder.mkdir()
    entries, annotations = [], []
    for number, objects in enumerate(images):
        pixels = np.random.default_rng(number).integers(0, 255, HW).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"p{number}.png")
        entries.append({"id": number, "file_name": f"p{number}.png"})
        annotations += [
            {"image_id": number, "category_id": kind, "segmentation": shape} for kind, shape in objects
        ]
    path = folder / "coco.json"
    path.write_text(json.dumps({"images": entries, "annotations": annotations, "categories": categories}))
    return path


def imported(path: Path, **settings: Any) -> Manifest:
    out = path.parent.parent / "out"
    assert import_set(input_file("coco"), path, out, ImportSettings(**settings)).written
    return read_manifest(out / "manifest.csv")


def called(manifest: Manifest) -> dict[str, dict[str, int]]:
    """By image what each object is called, with the column where it begins."""
    found: dict[str, dict[str, int]] = {}
    for row in manifest:
        _, ids_hw = read_row(row)
        objects = objects_in(ids_hw, row.dataset)
        found[row.id] = {
            row.structure_of(int(ids_hw[one][0])): int(np.flatnonzero(one.any(axis=0))[0]) for one in objects
        }
    return found


def test_an_id_has_its_category_s_name_in_every_image(tmp_path: Path) -> None:
    path = coco(
        tmp_path / "raw",
        CHAMBERS,
        [(9, square(60, 10)), (7, square(10, 10))],  # the other way round than the categories
        [(7, square(20, 40))],
        [(9, square(70, 40))],
    )
    manifest = imported(path)
    assert called(manifest) == {
        "p0": {"left ventricle": 10, "left atrium": 60},
        "p1": {"left ventricle": 20},
        "p2": {"left atrium": 70},
    }
    text = (manifest.path.parent / FILE).read_text(encoding="utf-8")
    assert list(csv.reader(text.splitlines()))[1:] == [
        ["coco", "1", "left ventricle"],
        ["coco", "2", "left atrium"],
    ]


def test_several_of_a_category_are_objects_of_their_own(tmp_path: Path) -> None:
    objects = [(7, square(10, 10)), (7, square(40, 10)), (9, square(70, 10)), (7, square(10, 50))]
    manifest = imported(coco(tmp_path / "raw", CHAMBERS, objects, [(9, square(70, 40))]))
    _, ids_hw = read_row(manifest.rows[0])
    assert {int(value) for value in np.unique(ids_hw)} == {0, 1, 2, 3, 4}
    names = [manifest.rows[0].structure_of(value) for value in (1, 2, 3, 4)]
    assert names == ["left ventricle", "left atrium", "left ventricle", "left ventricle"]
    assert ids_hw[15, 15] == 1
    assert ids_hw[15, 75] == 2


def test_one_category_names_all_and_ids_stay_in_order(tmp_path: Path) -> None:
    shapes = [(3, square(10, 10)), (3, square(60, 10))]
    manifest = imported(coco(tmp_path / "raw", [{"id": 3, "name": "cyst"}], shapes))
    assert [manifest.rows[0].structure_of(value) for value in (1, 2, 9)] == ["cyst"] * 3
    _, ids_hw = read_row(manifest.rows[0])
    assert (ids_hw[15, 15], ids_hw[15, 65]) == (1, 2)


@pytest.mark.parametrize(
    "categories",
    [None, [{"id": 7, "name": "left ventricle"}], [{"id": 7, "name": ""}, {"id": 9, "name": "a\\b"}], [5]],
)
def test_without_names_ids_are_in_the_order_of_annotations(tmp_path: Path, categories: object) -> None:
    manifest = imported(coco(tmp_path / "raw", categories, [(9, square(60, 10)), (7, square(10, 10))]))
    _, ids_hw = read_row(manifest.rows[0])
    assert (ids_hw[15, 65], ids_hw[15, 15]) == (1, 2)
    assert not (manifest.path.parent / FILE).exists()


def test_a_crowd_is_numbered_without_gaps(tmp_path: Path) -> None:
    crowd = [(7, square(3 * n, 10, 2)) for n in range(40)]
    path = coco(tmp_path / "raw", CHAMBERS, crowd, [(9, square(60, 10)), (7, square(10, 40))])
    found = {s.id: s for s in input_file("coco").find(path) if isinstance(s, Sample)}
    assert not found["p0"].names
    assert np.unique(found["p0"].ids(HW)).tolist() == list(range(41))
    assert found["p1"].ids(HW)[15, 65] == 1


def test_nnunet_says_what_its_labels_are(tmp_path: Path) -> None:
    nnunet(tmp_path / "raw")
    facts = tmp_path / "raw/Dataset001_US/dataset.json"
    labels = {"background": 0, "renal_cyst": 1, "whole": [1, 2], "stone": 2}
    text = json.loads(facts.read_text(encoding="utf-8")) | {"labels": labels}
    facts.write_text(json.dumps(text), encoding="utf-8")
    import_set(input_file("nnunet"), tmp_path / "raw", tmp_path / "out", ImportSettings(name="kidneys"))
    manifest = read_manifest(tmp_path / "out" / "manifest.csv")
    assert {row.structure_of(1) for row in manifest} == {"renal cyst"}
    assert {row.structure_of(2) for row in manifest} == {"stone"}


def test_what_is_said_wins_over_the_set_s_own_names(tmp_path: Path) -> None:
    path = coco(tmp_path / "raw", CHAMBERS, [(9, square(60, 10)), (7, square(10, 10))])
    manifest = imported(path, structures="2=right atrium, 1=Right Ventricle", name="mine")
    assert called(manifest) == {"p0": {"right ventricle": 10, "right atrium": 60}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0=cyst", "id '0' is not a whole number from 1 to 255"),
        ("one=cyst", "id 'one' is not a whole number"),
        ("1=cyst, 1=wall", "names id 1 twice"),
        ("cyst, wall", "names every id twice"),
        ("1=", "can't name a structure"),
    ],
)
def test_names_that_can_t_be_are_refused_before_anything_is_written(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        parsed_names(text)
    path = coco(tmp_path / "raw", CHAMBERS, [(7, square(10, 10))])
    arguments = ["data", "import", "coco", str(path), "--out", str(tmp_path / "out"), "--structures", text]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, DataError)
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_named(tmp_path: Path) -> None:
    path = coco(tmp_path / "raw", CHAMBERS, [(9, square(60, 10)), (7, square(10, 10))])
    result = CliRunner().invoke(app, ["data", "import", "coco", str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "structures.csv: 1 left ventricle, 2 left atrium" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("1=wall, 2=cavity", ""),
        ("cyst", ""),
        ("1=wall", "uniultra: the masks' ids without a name: 2; --structures gives them one\n"),
        ("1=wall, 2=cavity, 22=apex", "uniultra: no mask has the id 22 (apex)\n"),
    ],
)
def test_names_without_ids_and_ids_without_names_are_noted(tmp_path: Path, text: str, notes: str) -> None:
    path = coco(tmp_path / "raw", CHAMBERS, [(9, square(60, 10)), (7, square(10, 10))])
    out = ("--out", str(tmp_path / "out"))
    result = CliRunner().invoke(app, ["data", "import", "coco", str(path), *out, "--structures", text])
    assert result.exit_code == 0, result.output
    assert "".join(line for line in result.stderr.splitlines(True) if " id" in line) == notes


def test_the_command_says_why_there_are_no_names(tmp_path: Path) -> None:
    path = coco(tmp_path / "raw", [{"id": 7, "name": 5}], [(9, square(60, 10)), (7, square(10, 10))])
    result = CliRunner().invoke(app, ["data", "import", "coco", str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "the masks' ids have no names, since not each annotation has a category whose name is text" in said
    nnunet(tmp_path / "other")
    facts = tmp_path / "other/Dataset001_US/dataset.json"
    text = json.loads(facts.read_text(encoding="utf-8")) | {"labels": {"background": 0, "whole": [1, 2]}}
    facts.write_text(json.dumps(text), encoding="utf-8")
    arguments = ["data", "import", "nnunet", str(tmp_path / "other"), "--out", str(tmp_path / "out2")]
    result = CliRunner().invoke(app, arguments)
    assert "dataset.json calls no id from 1 to 255 by a name; --structures gives them" in " ".join(
        result.output.split()
    )
