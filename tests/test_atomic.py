"""Files that take their places whole, all or none, and never over one that is there unasked."""

from __future__ import annotations

import errno
import itertools
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from uniultra.atomic import staged, staged_files, staged_folder, whole
from uniultra.errors import OutputError

NAMES = ("a.csv", "b.json", "c.png")


def write_all(folder: Path, force: bool = False, meanwhile: Callable[[], None] = lambda: None) -> None:
    with staged({name: folder / name for name in NAMES}, force) as parts:
        for name, part in parts.items():
            part.write_text(f"new {name}")
        meanwhile()


def content(folder: Path) -> dict[str, str]:
    """Every file below a folder, hidden ones included."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if not path.is_dir()
    }


NEW = {name: f"new {name}" for name in NAMES}


@pytest.mark.parametrize("late", NAMES)
def test_a_file_that_appears_in_the_meantime_stays_and_nothing_else_is_written(
    tmp_path: Path, late: str
) -> None:
    with pytest.raises(
        OutputError, match=rf"{late} has appeared in the meantime; nothing was written; pass --force"
    ):
        write_all(tmp_path, meanwhile=lambda: (tmp_path / late).write_text("theirs") and None)
    assert content(tmp_path) == {late: "theirs"}


def test_a_link_to_nowhere_that_appears_is_a_file_too(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"b.json has appeared in the meantime"):
        write_all(tmp_path, meanwhile=lambda: (tmp_path / "b.json").symlink_to(tmp_path / "victim"))
    assert os.listdir(tmp_path) == ["b.json"]


def test_with_force_it_is_replaced(tmp_path: Path) -> None:
    write_all(tmp_path, force=True, meanwhile=lambda: (tmp_path / "b.json").write_text("theirs") and None)
    assert content(tmp_path) == NEW


@contextmanager
def without_links(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on FAT, exFAT and some shares."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", refused)
        yield


@pytest.mark.parametrize("force", [False, True])
def test_without_hard_links_it_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    with without_links(monkeypatch):
        write_all(tmp_path / "free", force)
        assert content(tmp_path / "free") == NEW
        (tmp_path / "taken").mkdir()
        (tmp_path / "taken" / "c.png").write_text("mine")
        if not force:
            (tmp_path / "taken" / "c.png").unlink()
            with pytest.raises(OutputError, match=r"c.png has appeared in the meantime"):
                write_all(
                    tmp_path / "taken",
                    meanwhile=lambda: (tmp_path / "taken" / "c.png").write_text("mine") and None,
                )
            assert content(tmp_path / "taken") == {"c.png": "mine"}


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize(
    "stop", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt("stopped"), SystemExit(143)]
)
@pytest.mark.parametrize("at", range(1, 4))
def test_what_force_replaced_is_back_where_a_later_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, stop: BaseException, links: bool
) -> None:
    """Stopped before and after each of the three takes its place."""
    old = {"a.csv": "old a", "c.png": "old c"}
    for name, text in old.items():
        (tmp_path / name).write_text(text)
    calls = itertools.count(1)
    replace = os.replace

    def failing(source: Path, target: Path) -> None:
        number = next(calls)
        if number == at and isinstance(stop, OSError):
            raise stop
        replace(source, target)
        if number == at:
            raise stop

    monkeypatch.setattr(os, "replace", failing)
    raised = OutputError if isinstance(stop, OSError) else type(stop)
    with (
        nullcontext() if links else without_links(monkeypatch),
        pytest.raises(raised, match=r"No space left|stopped|143"),
    ):
        write_all(tmp_path, force=True)
    assert content(tmp_path) == old


@pytest.mark.parametrize("at", range(1, 4))
def test_what_was_put_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    calls = itertools.count(1)
    link = os.link

    def interrupted(source: Path, target: Path) -> None:
        link(source, target)
        if next(calls) == at:
            raise KeyboardInterrupt("stopped")

    monkeypatch.setattr(os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt, match="stopped"):
        write_all(tmp_path / "deep" / "er")
    assert not list(tmp_path.iterdir()), "folders that were made go as well"


def test_of_two_writers_at_once_one_wins_whole(tmp_path: Path) -> None:
    """Both have found the names free before either writes."""
    both = threading.Barrier(2)
    lost = []

    def write(mark: str) -> None:
        try:
            with staged({name: tmp_path / name for name in NAMES}) as parts:
                for part in parts.values():
                    part.write_text(mark)
                both.wait(10)
        except OutputError:
            lost.append(mark)

    for _ in range(30):
        threads = [threading.Thread(target=write, args=(mark,)) for mark in "xy"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = content(tmp_path)
        assert set(found.values()) in ({"x"}, {"y"}, set()), found
        assert set(found.values()).isdisjoint(lost)
        for name in found:
            (tmp_path / name).unlink()
        lost.clear()


def test_one_file_within_several_waits_for_them(tmp_path: Path) -> None:
    with staged({"a": tmp_path / "a.txt"}) as parts:
        with whole(parts["a"]) as part:
            part.write_text("1")
        assert not (tmp_path / "a.txt").exists()
    assert content(tmp_path) == {"a.txt": "1"}


def fill(folder: Path) -> None:
    with staged({name: folder / name for name in NAMES}, force=True) as parts:
        parts["a.csv"].write_bytes(b"x" * 4000)
        parts["b.json"].write_bytes(b"x" * 6000)


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"can't be written \(File too large\); choose a disk"):
            fill(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert content(tmp_path) == {"a.csv": "old"}


def fill_folder(out: Path, meanwhile: Callable[[], None]) -> None:
    with staged_folder(out) as part:
        (part / "x").write_text("1")
        meanwhile()


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "new" / "set"

    def stop() -> None:
        raise KeyboardInterrupt("stopped")

    with pytest.raises(KeyboardInterrupt, match="stopped"):
        fill_folder(out, stop)
    assert not list(tmp_path.iterdir())
    with staged_folder(out) as part:
        part.rmdir()
    assert not list(tmp_path.iterdir()), "removed by its maker: not wanted"
    with staged_folder(out) as part:
        (part / "x").write_text("1")
    assert content(tmp_path) == {"new/set/x": "1"}
    with pytest.raises(OutputError, match=r"set exists; give the name of a new folder"), staged_folder(out):
        pass


@pytest.mark.parametrize("as_file", [True, False])
def test_a_folder_that_appears_in_the_meantime_stays(tmp_path: Path, as_file: bool) -> None:
    out = tmp_path / "set"

    def appear() -> None:
        theirs = out if as_file else out / "theirs"
        theirs.parent.mkdir(exist_ok=True)
        theirs.write_text("theirs")

    with pytest.raises(OutputError, match=r"set has appeared in the meantime"):
        fill_folder(out, appear)
    assert list(content(tmp_path).values()) == ["theirs"]


def test_names_of_two_folders_are_a_fault_of_the_caller(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="results of one folder"),
        staged({"a": tmp_path / "x" / "a", "b": tmp_path / "y" / "b"}),
    ):
        pass


def test_it_needs_nothing_heavy() -> None:
    code = "import sys, uniultra.atomic; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def put(folder: Path, texts: dict[str, str], error: Exception | None = None) -> None:
    with staged_files(folder) as stage:
        for name, text in texts.items():
            (stage / name).write_text(text)
        if error is not None:
            raise error


def test_files_of_unknown_names_come_all_or_none(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with pytest.raises(ValueError, match="on the way"):
        put(folder, {"a.txt": "1"}, ValueError("on the way"))
    assert not folder.exists()
    put(folder, {"a.txt": "1"})
    (folder / "b.txt").mkdir()
    with pytest.raises(OutputError, match=r"out/b\.txt: a folder"):
        put(folder, {"a.txt": "2", "b.txt": "2"})
    assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "b.txt"]
    assert (folder / "a.txt").read_text() == "1"
