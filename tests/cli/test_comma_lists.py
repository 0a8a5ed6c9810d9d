"""Every option that takes a list by commas refuses an empty part in one line: a name may be missing there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import uniultra
from phantom_manifest import Phantom, write_manifest
from uniultra.errors import DataError, ModelError
from uniultra.training.supervised import chosen_sets, parse_favour, parse_structures

DATA = ("--data", "manifest.csv")
EVALUATE = ("evaluate", *DATA, "--model", "ellipse", "--draws", "1")
IMPORT = ("data", "import", "folder", ".", "--out", "out", "--organ", "breast")
LISTS = {
    "kinds": (*EVALUATE, "--kinds", "box", "box10"),
    "seeds": ("evaluate", *DATA, "--model", "ellipse", "--kinds", "box10", "--seeds", "42", "7"),
    "threads": ("bench", "--quick", "--peers", "none", "--out", "out", "--threads", "1", "2"),
    "peers": ("bench", "--quick", "--out", "out", "--peers", "sam2-tiny", "edgetam"),
    "datasets": ("calibrate", "report.json", "--out", "out", "--datasets", "d", "e"),
    "fractions": (*IMPORT, "--fractions", "train=0.5", "test=0.5"),
    "structures": (*IMPORT, "--structures", "1=cyst", "2=wall"),
    "events": ("data", "simulate-cine", "manifest.csv", "out", "--events", "none", "leaves"),
    "write": ("segment", "images/a.png", "--box", "1,1,20,20", "--out", "out", "--write", "csv", "coco"),
    "frames": ("segment", "images/a.png", "--box", "1,1,20,20", "--out", "out", "--frames", "0", "0"),
    "report-to": ("adapt", *DATA, "--minute", "--out", "out", "--report-to", "tensorboard", "tensorboard"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    write_manifest(folder, [Phantom("a"), Phantom("b", "train", group="1")])
    answers = [{"dataset": name, "kind": "box", "iou": 0.8, "quality": 0.7} for name in "de" * 15]
    report = {"split": "val", "records": answers, "model": {"name": "mine", "weights_sha256": "0" * 64}}
    (folder / "report.json").write_text(json.dumps(report))
    return folder


@pytest.mark.parametrize("text", ["{0},,{1}", "{0},", ",{0}", ", ,"])
@pytest.mark.parametrize("option", LISTS)
def test_an_empty_part_is_refused(option: str, text: str, place: Path) -> None:
    before = sorted(place.rglob("*"))
    *words, one, other = LISTS[option]
    found = uniultra(*words, text.format(one, other), cwd=place)
    assert found.returncode == 2, found.stdout
    [line] = found.stderr.splitlines()
    assert "''" in line or text.format(one, other) in line
    assert sorted(place.rglob("*")) == before


def test_a_split_of_two_fractions_is_called_that(place: Path) -> None:
    found = uniultra(*IMPORT, "--fractions", "train=0.5,train=0.5", cwd=place)
    assert "fractions 'train=0.5,train=0.5' name train twice; give each split once" in found.stderr


def test_settings_that_are_lists(place: Path) -> None:
    from uniultra.data.manifest import read_manifest
    from uniultra.data.splits import train_split

    with pytest.raises(ModelError, match=r"data\.favour 'busi:1.5,' is not name:factor"):
        parse_favour("busi:1.5,")
    with pytest.raises(DataError, match=r"data\.datasets names ''; the manifest's train split has phantoms"):
        chosen_sets(train_split(read_manifest(place / "manifest.csv")), "phantoms,")
    with pytest.raises(ModelError, match=r"model\.structures = 'cyst,,wall'"):
        parse_structures("cyst,,wall")
    assert parse_structures("") == ()
