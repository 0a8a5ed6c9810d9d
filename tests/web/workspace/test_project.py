"""The project folder: names that a browser or an attacker gives, and several who save at once."""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scans import TRUE
from uniultra.io.coco import compressed, run_lengths
from uniultra.web.problems import Problem
from uniultra.web.workspace.items import Item
from uniultra.web.workspace.project import Project
from uniultra.web.workspace.schemas import Doc

MASK = {"object": 1, "counts": compressed(run_lengths(TRUE)), "quality": 0.9}
DOC = Doc.model_validate({"objects": [{"id": 1}], "frames": [{"number": 0, "masks": [MASK]}]})
HW = (120, 160)


def item_of(folder: Path, name: str = "a.png") -> Item:
    return Item("0" * 18, name, folder / name)


def test_of_many_who_save_at_once_one_wins_each_revision(tmp_path: Path) -> None:
    item = item_of(tmp_path)
    start = threading.Barrier(6)

    def save(project: Project) -> int | str:
        start.wait()
        try:
            return project.save(item, HW, 0, DOC)
        except Problem as problem:
            return problem.kind.name

    with ThreadPoolExecutor(6) as pool:  # three processes' worth of projects, each used twice
        projects = [Project(tmp_path / "project") for _ in range(3)] * 2
        answers = list(pool.map(save, projects))
    assert sorted(map(str, answers)) == ["1", *["conflict"] * 5]
    saved = Project(tmp_path / "project").load(item)
    assert saved is not None
    assert saved.revision == 1


def test_a_save_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, item = Project(tmp_path / "project"), item_of(tmp_path)
    assert project.save(item, HW, 0, DOC) == 1
    before = {path.name: path.read_bytes() for path in project.folder.iterdir() if path.is_file()}

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Problem, match="No space left on device"):
        project.save(item, HW, 1, Doc())
    assert {path.name: path.read_bytes() for path in project.folder.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../up.png", "up.png"),
        ("C:\\scans\\a.dcm", "a.dcm"),
        (".hidden", "hidden"),
        ("", "image"),
        ("..", "image"),
        ("a\0b\n<c>.png", "a_b__c_.png"),
        ("x" * 300 + ".png", "x" * 80 + ".png"),
    ],
)
def test_dropped_names_stay_in_the_folder(tmp_path: Path, given: str, kept: str) -> None:
    project = Project(tmp_path / "project")
    first, second = project.keep_dropped(given, b"one"), project.keep_dropped(given, b"two")
    assert first == project.dropped / kept
    assert second.parent == project.dropped
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")
    assert project.keep_dropped(given, b"one") == first


def test_a_dropped_file_never_shares_the_annotations_of_a_listed_one(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    dropped = Item("1" * 18, "a.png", project.dropped.absolute() / "a.png")
    assert project.stem(item_of(tmp_path)) != project.stem(dropped)


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "uniultra.worklist/1"}', "{" * 9999, '{"files": 3}'])
def test_a_damaged_work_list_costs_only_its_marks(tmp_path: Path, text: str) -> None:
    project, item = Project(tmp_path / "project"), item_of(tmp_path)
    project.folder.mkdir()
    (project.folder / "worklist.json").write_text(text)
    assert project.progress() == {}
    assert project.save(item, HW, 0, DOC) == 1
    assert project.progress() == {
        "a.png": {"done": False, "objects": 1, "frames": 1, "calipers": 0, "kinds": []}
    }
    assert json.loads((project.folder / "worklist.json").read_text())["schema"] == "uniultra.worklist/1"


def test_a_work_list_of_before_calipers_were_counted_is_read(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.folder.mkdir()
    one = {"done": True, "objects": 1, "frames": 1, "kinds": ["cyst"]}
    said = {"schema": "uniultra.worklist/1", "files": {"a.png": one}}
    (project.folder / "worklist.json").write_text(json.dumps(said))
    assert project.progress() == {"a.png": one | {"calipers": 0}}


def test_a_mask_that_does_not_fit_saves_nothing(tmp_path: Path) -> None:
    project, item = Project(tmp_path / "project"), item_of(tmp_path)
    with pytest.raises(Problem, match="frame 0: a run of the mask is 6055 pixels; legal are 0 to 2500"):
        project.save(item, (50, 50), 0, DOC)
    assert project.load(item) is None
