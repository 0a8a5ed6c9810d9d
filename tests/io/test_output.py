"""Writing: whole or not at all, and never over an existing file unasked."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from uniultra.errors import OutputError
from uniultra.io.images import read_frame
from uniultra.io.output import ListedJson, check_free, staged, write_json, write_png, write_text

GREY = np.arange(120, dtype=np.uint8).reshape(10, 12)
WRITERS = [
    pytest.param(lambda path, force=False: write_png(path, GREY, force), id="png"),
    pytest.param(lambda path, force=False: write_json(path, {"dice": 0.9}, force), id="json"),
    pytest.param(lambda path, force=False: write_text(path, "text", force), id="text"),
]
is_root = not hasattr(os, "geteuid") or os.geteuid() == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for property tests, whose examples overwrite the same file."""
    return tmp_path_factory.mktemp("output")


@given(pixels=arrays(np.uint8, st.tuples(st.integers(8, 16), st.integers(8, 16))))
@settings(max_examples=20, deadline=None)
def test_grey_round_trips(folder: Path, pixels: np.ndarray) -> None:
    write_png(folder / "a.png", pixels, force=True)
    np.testing.assert_array_equal(read_frame(folder / "a.png").pixels_hw, pixels)


def test_a_mask_is_black_and_white(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", GREY > 60)
    np.testing.assert_array_equal(read_frame(tmp_path / "a.png").pixels_hw, np.where(GREY > 60, 255, 0))


def test_colour_and_views_are_written(tmp_path: Path) -> None:
    colour = np.stack([GREY, GREY[::-1], GREY], axis=2)[:, ::-1]
    write_png(tmp_path / "a.PNG", colour)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.PNG")), colour)


def test_png_must_be_called_png(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"a.jpg: the picture is written as PNG; end its name with .png"):
        write_png(tmp_path / "a.jpg", GREY)


@dataclass
class Row:
    name: str
    values: np.ndarray


def test_json_knows_the_values_of_the_field(tmp_path: Path) -> None:
    write_json(
        tmp_path / "a.json",
        {"row": Row("é", np.arange(2)), "n": np.float32(0.5), "ok": np.bool_(True), "at": Path("x")},
    )
    text = (tmp_path / "a.json").read_text("utf-8")
    assert json.loads(text) == {"row": {"name": "é", "values": [0, 1]}, "n": 0.5, "ok": True, "at": "x"}
    assert text.endswith("}\n")


@given(
    obj=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        st.lists,
    )
)
@settings(max_examples=40, deadline=None)
def test_json_round_trips(folder: Path, obj: Any) -> None:
    write_json(folder / "a.json", obj, force=True)
    assert json.loads((folder / "a.json").read_text("utf-8")) == obj


def test_a_file_name_that_is_not_text_is_still_valid_json(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", ["\udcff.png"])
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == ["\udcff.png"]


@pytest.mark.parametrize(("value", "error"), [(float("nan"), ValueError), ({1, 2}, TypeError)])
def test_what_is_not_json_leaves_nothing_behind(
    tmp_path: Path, value: object, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"JSON"):
        write_json(tmp_path / "a.json", value)
    assert not list(tmp_path.iterdir())


def test_line_ends_are_kept(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "a\nb\r\n")
    assert (tmp_path / "a.txt").read_bytes() == b"a\nb\r\n"


@pytest.mark.parametrize("write", WRITERS)
def test_folders_are_made_and_nothing_else_is_left(tmp_path: Path, write: Callable[..., None]) -> None:
    write(tmp_path / "new" / "deep" / "a.png")
    assert [path.name for path in (tmp_path / "new" / "deep").iterdir()] == ["a.png"]


@pytest.mark.parametrize("write", WRITERS)
def test_an_existing_file_stays_without_force(tmp_path: Path, write: Callable[..., None]) -> None:
    target = tmp_path / "a.png"
    target.write_text("mine")
    with pytest.raises(OutputError, match=r"a.png exists; pass --force to overwrite"):
        write(target)
    assert target.read_text() == "mine"
    write(target, force=True)
    assert target.read_bytes() != b"mine"


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    ("number", "fix"), [(errno.ENOSPC, "free some space"), (errno.EFBIG, "choose a disk that takes larger")]
)
def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, write: Callable[..., None], number: int, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.png"
    target.write_text("mine")

    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match=rf"a.png: can't be written \({os.strerror(number)}\); {fix}"):
        write(target, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert target.read_text() == "mine"


def test_an_interrupt_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt("stopped")

    monkeypatch.setattr(os, "link", interrupt)
    with pytest.raises(KeyboardInterrupt, match="stopped"):
        write_text(tmp_path / "a.txt", "text")
    assert not list(tmp_path.iterdir())


def test_new_files_follow_the_umask(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_text(tmp_path / "a.txt", "text")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("name", ["file/a.png", "file/deep/a.png"])
def test_a_file_is_no_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        OutputError,
        match=r"a.png: can't be written \(file is not a folder\); choose a folder that you may write to",
    ):
        write_png(tmp_path / name, GREY)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r": a folder, not a file; give the name of a file in it"):
        write_text(tmp_path, "text", force=True)


def test_a_name_too_long_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"can't be written \(File name too long\); give it a shorter name"):
        write_text(tmp_path / ("x" * 300), "text")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(is_root, reason="root may write everywhere")
def test_an_unwritable_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(
        OutputError,
        match=r"a.png: can't be written \(permission denied\); choose a folder that you may write to",
    ):
        check_free([tmp_path / "deep" / "a.png"])


def test_all_outputs_are_checked_before_any(tmp_path: Path) -> None:
    (tmp_path / "b.png").touch()
    with pytest.raises(OutputError, match=r"b.png exists; pass --force"):
        check_free([tmp_path / "new" / "a.png", tmp_path / "b.png"])
    check_free([tmp_path / "new" / "a.png", tmp_path / "b.png"], force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]


def test_a_broken_link_counts_as_existing(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "none")
    with pytest.raises(OutputError, match=r"a.png exists; pass --force"):
        check_free([tmp_path / "a.png"])


def test_two_results_may_not_share_a_file(tmp_path: Path) -> None:
    with pytest.raises(
        OutputError, match=r"a.png: two results would be written to this file; give each its own name"
    ):
        check_free([tmp_path / "a.png", tmp_path / "sub" / ".." / "a.png"], force=True)


def test_staged_results_appear_together_or_not_at_all(tmp_path: Path) -> None:
    targets = {kind: tmp_path / "out" / f"a.{kind}" for kind in ("csv", "json")}

    def write(stop: type[BaseException] | None = None) -> None:
        with staged(targets, force=True) as parts:
            parts["csv"].write_text("1")
            assert not list(parts["json"].parent.glob("*.json"))
            if stop is not None:
                raise stop
            parts["json"].write_text("2")

    for error, raised in ((KeyboardInterrupt, KeyboardInterrupt), (OSError, OutputError)):
        with pytest.raises(raised, match=r"^$|out: can't be written \(error\)"):
            write(error)
        assert not list(tmp_path.iterdir())
    write()
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == {
        "a.csv": "1",
        "a.json": "2",
    }
    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        write(KeyboardInterrupt)
    assert len(list((tmp_path / "out").iterdir())) == 2  # what was there stays
    with pytest.raises(OutputError, match=r"a.csv exists; pass --force"), staged(targets):
        pass


@pytest.mark.parametrize("items", [[], [{"a": np.float32(0.5)}, {"b": "ü"}]])
def test_a_list_is_written_item_by_item(tmp_path: Path, items: list[dict[str, object]]) -> None:
    with ListedJson(tmp_path / "a.json", {"schema": "s", "n": 1}, "items") as file:
        for item in items:
            file.add(item)
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {
        "schema": "s",
        "n": 1,
        "items": items,
    }


def test_what_is_known_at_the_end_follows_a_list(tmp_path: Path) -> None:
    with ListedJson(tmp_path / "a.json", {"n": 1}, "items") as file:
        file.add({"a": 1})
        file.tail = {"count": 1, "left": []}
    assert json.loads((tmp_path / "a.json").read_text()) == {
        "n": 1,
        "items": [{"a": 1}],
        "count": 1,
        "left": [],
    }
