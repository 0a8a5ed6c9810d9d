"""Folders of results: whole or not at all, here and behind a URL."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from uniultra.batch import storage
from uniultra.batch.storage import Store, local_file, sha256_of
from uniultra.errors import FileError, OutputError


@pytest.fixture(params=["", "file://", "memory://"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield f"{request.param}{tmp_path}/out"
    fsspec.filesystem("memory").store.clear()


def test_what_is_written_is_read_and_replaced(place: str, tmp_path: Path) -> None:
    store = Store(place, "run")
    assert store.read("a/b.txt") is None
    store.write("a/b.txt", b"one")
    store.write("a/b.txt", b"two")
    (tmp_path / "file").write_bytes(b"three")
    store.put("a/c.txt", tmp_path / "file")
    assert (store.read("a/b.txt"), store.read("a/c.txt")) == (b"two", b"three")
    assert (store.exists("a/b.txt"), store.exists("a/d.txt")) == (True, False)
    store.remove("a/b.txt")
    store.remove("a/b.txt")
    assert not store.exists("a/b.txt")
    with local_file(store.path("a/c.txt") if "://" not in place else f"{place}/a/c.txt") as file:
        assert file.name == "c.txt"
        assert file.read_bytes() == b"three"


def test_names_that_windows_forbids_are_encoded_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store, names = Store(str(tmp_path), "run"), ("9:30.png", "a/10:30%3A<b>.png", "50%.png")
    assert [store.written(name) for name in names] == list(names)
    monkeypatch.setattr(storage, "WINDOWS", True)
    legal = ["9%3A30.png", "a/10%3A30%253A%3Cb%3E.png", "50%.png"]
    assert [store.written(name) for name in names] == legal
    for name in names:
        store.write(name, name.encode())
    assert [(tmp_path / name).read_text() for name in legal] == list(names)
    assert [store.read(name) for name in names] == [name.encode() for name in names]
    remote = Store("memory://results", "run")
    assert remote.written("9:30.png") == "9:30.png"
    fsspec.filesystem("memory").pipe_file("/in/9:30.png", b"pixels")
    with local_file("memory://in/9:30.png") as copy:
        assert copy.name == "9%3A30.png"
    fsspec.filesystem("memory").store.clear()


def test_a_colon_in_a_name_is_no_drive(tmp_path: Path) -> None:
    Store(str(tmp_path), "run").write("9:30.png", b"pixels")
    assert (tmp_path / "9:30.png").read_bytes() == b"pixels"


def test_an_empty_place_is_not_the_current_folder() -> None:
    with pytest.raises(FileError, match="the place is empty; give a local path"):
        Store("", "run")


def test_tries_are_counted_up_to_the_most_and_apart_by_run(place: str) -> None:
    assert [Store(place, "one").try_once_more("x", 3) for _ in range(5)] == [True, True, True, False, False]
    assert Store(place, "one").try_once_more("y", 1)
    assert Store(place, "two").try_once_more("x", 1)
    Store(place, "two").clean()
    assert Store(place, "one").try_once_more("x", 1)
    Store(place, "two").clean()
    Store(place, "two").clean()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(str(tmp_path), "run")
    store.write("kept", b"old")

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(store._fs), "mv", broken)
    with pytest.raises(OutputError, match=r"kept: can't be written \(No space left on device\)"):
        store.write("kept", b"new")
    assert store.read("kept") == b"old"
    assert list(tmp_path.rglob("*.part")) == []


def test_a_place_that_takes_no_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="can't be written"):
        Store(str(tmp_path / "file"), "run").write("a", b"")


@pytest.mark.skipif(os.name != "posix", reason="names of such bytes are for POSIX alone")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"scan\xff.png")
    Store(str(tmp_path), "run").write(name, b"x")
    assert (tmp_path / name).read_bytes() == b"x"


def test_a_full_disk_is_not_the_sources_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scan.png").write_bytes(b"x")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(storage.LocalFileSystem, "get_file", full)
    with (
        pytest.raises(FileError, match=r"scan\.png: no room in .* for a copy; free some, or set TMPDIR"),
        local_file(f"file://{tmp_path}/scan.png"),
    ):
        raise AssertionError("it can't be copied")


def test_what_cant_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="none: can't be read"):
        sha256_of(tmp_path / "none")
    with pytest.raises(FileError, match="none: can't be read"), local_file(f"file://{tmp_path}/none"):
        raise AssertionError("there is no such file")


@pytest.mark.parametrize(
    "name", ["../a", "a/../../b", "/etc/a", "", "a//b", "a/./b", "a\\..\\b", "a\0b", ".."]
)
def test_names_that_could_lie_elsewhere_are_neither_read_nor_written_nor_removed(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "a").write_text("victim")
    (tmp_path / "b").write_text("victim")
    store = Store(str(tmp_path / "out"), "run")
    for act in (
        store.read,
        store.exists,
        store.remove,
        lambda name: store.write(name, b"x"),
        lambda name: store.put(name, tmp_path / "a"),
    ):
        with pytest.raises(
            OutputError, match=r"not a name within .*; legal are relative ones without '\.\.'"
        ):
            act(name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
