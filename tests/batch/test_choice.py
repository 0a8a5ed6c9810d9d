"""What a batch asks of each input: one thing, of files that are there, and a word on those left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from uniultra.batch.choice import Choice, grid_of
from uniultra.batch.job import Item
from uniultra.errors import FileError, PromptError

FILES = {"a.png": "/in/a.png", "b.png": "/in/b.png"}


def test_exactly_one_thing_is_asked() -> None:
    with pytest.raises(PromptError, match="nothing points at the structures; give one of --prompts"):
        Choice(None, None, None, None)
    with pytest.raises(PromptError, match="--prompts and --grid are given; give one of"):
        Choice(Path("p.csv"), None, grid_of(8, None), None)
    with pytest.raises(PromptError, match="--track follows what --prompts points at"):
        Choice(None, "masks", None, None, track=True)


def test_files_without_a_row_are_left_out_and_named(tmp_path: Path) -> None:
    table, said = tmp_path / "p.csv", list[str]()
    table.write_text("file,x0,y0,x1,y1,frame\na.png,1,2,30,40,3\n")
    items = Choice(table, None, None, "first").items(FILES, "in", said.append)
    assert items == [Item("a.png", "/in/a.png", 3, (((1.0, 2.0, 30.0, 40.0), (), ()),))]
    assert said == [f"1 of 2 images have no row in {table}: left out"]


def test_a_grid_is_asked_of_every_file() -> None:
    said = list[str]()
    items = Choice(None, None, grid_of(8, 0.7), "middle").items(FILES, "in", said.append)
    assert [(item.name, item.frame, item.prompts) for item in items] == [
        ("a.png", "middle", ()),
        ("b.png", "middle", ()),
    ]
    assert not said
    with pytest.raises(FileError, match="in: nothing to do, it holds no images but results"):
        Choice(None, None, grid_of(8, None), None).items({}, "in", said.append)


def test_options_out_of_place_are_refused() -> None:
    assert grid_of(None, None) is None
    with pytest.raises(PromptError, match=r"--quality 0\.5 is for --grid alone"):
        grid_of(None, 0.5)
    with pytest.raises(PromptError, match="--frame 'last' is unknown; give first, middle, all"):
        Choice(None, "masks", None, "last")
