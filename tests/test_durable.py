"""Results are on the disk before they take their names: the order, and a disk that fails."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from uniultra import durable
from uniultra.atomic import staged, staged_folder
from uniultra.batch.storage import Store
from uniultra.errors import OutputError

Synced = list[tuple[int, bool]]
"""Inode, and whether the target was there by then."""


def recorded(monkeypatch: pytest.MonkeyPatch, target: Path) -> Synced:
    found: Synced = []

    def fsync(opened: int) -> None:
        found.append((os.fstat(opened).st_ino, target.exists()))

    monkeypatch.setattr(durable.os, "fsync", fsync)
    return found


def failing(number: int) -> Callable[[int], None]:
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    return fsync


def test_files_are_synced_before_and_their_folder_after_they_take_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = recorded(monkeypatch, tmp_path / "b")
    with staged({"a": tmp_path / "a", "b": tmp_path / "b"}) as parts:
        for part in parts.values():
            part.write_text("whole")
    files = [((tmp_path / name).stat().st_ino, False) for name in "ab"]
    assert synced == [*files, (tmp_path.stat().st_ino, True)]


def test_a_folder_is_synced_with_all_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = recorded(monkeypatch, tmp_path / "out")
    with staged_folder(tmp_path / "out") as part:
        (part / "inner").mkdir()
        (part / "inner" / "a").write_text("a")
    inside = {path.stat().st_ino for path in (tmp_path / "out").rglob("*")}
    assert inside < {inode for inode, there in synced if not there}
    assert synced[-1] == (tmp_path.stat().st_ino, True)


def test_a_result_of_a_batch_is_synced_before_its_record_can_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "made").write_text("mask")
    synced = recorded(monkeypatch, tmp_path / "out" / "a.png")
    Store(str(tmp_path / "out"), "run").put("a.png", tmp_path / "made")
    assert synced == [((tmp_path / "out" / "a.png").stat().st_ino, False)]


def test_a_disk_that_fails_is_reported_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable.os, "fsync", failing(errno.EIO))
    with pytest.raises(OutputError, match="can't be written"), staged({"a": tmp_path / "a"}) as parts:
        parts["a"].write_text("whole")
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_cannot_sync_is_written_to_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable.os, "fsync", failing(errno.EINVAL))
    with staged({"a": tmp_path / "a"}) as parts:
        parts["a"].write_text("whole")
    assert (tmp_path / "a").read_text() == "whole"
