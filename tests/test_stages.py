"""What killed processes left is removed by the next one; what others are writing stays."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from uniultra.atomic import staged
from uniultra.stages import clean, stage_in

WRITER = """
import sys, time
from pathlib import Path
from uniultra.atomic import staged

folder = Path(sys.argv[1])
with staged({"a": folder / "a.txt", "b": folder / "b.txt"}) as parts:
    parts["a"].write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of its results in tmp_path / 'out'."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(".uniultra-"))


def test_what_a_killed_process_left_goes_with_the_next_write(
    tmp_path: Path, writer: subprocess.Popen[str]
) -> None:
    out = tmp_path / "out"
    assert len(hidden(out)) == 1
    clean(out)
    assert len(hidden(out)) == 1, "its process lives"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert len(hidden(out)) == 1
    code = f"from uniultra.io.output import write_text; write_text({str(out / 'c.txt')!r}, 'c')"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert os.listdir(out) == ["c.txt"]


def test_a_living_neighbour_finishes(tmp_path: Path, writer: subprocess.Popen[str]) -> None:
    out = tmp_path / "out"
    with staged({"c": out / "c.txt"}) as parts:
        clean(out)
        parts["c"].write_text("c")
    assert (out / "c.txt").read_text() == "c"
    assert len(hidden(out)) == 1
    assert writer.poll() is None


def test_only_our_own_kind_of_folder_is_ever_removed(tmp_path: Path) -> None:
    with stage_in(tmp_path) as own:
        ours = own.name[:18]
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / ".uniultra.lock").touch()
    (tmp_path / "victim" / "important.txt").touch()
    (tmp_path / f"{ours}11111111").symlink_to(tmp_path / "victim")
    (tmp_path / f"{ours}22222222").touch()
    (tmp_path / f"{ours}33333333").mkdir()
    (tmp_path / f"{ours}33333333" / "of an older version").touch()
    (tmp_path / ".uniultra").mkdir()
    (tmp_path / ".uniultra-notes").mkdir()
    before = sorted(tmp_path.rglob("*"))
    clean(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_one_that_was_killed_before_its_lock_is_empty_and_goes(tmp_path: Path) -> None:
    (tmp_path / f".uniultra-{'4' * 16}").mkdir()
    clean(tmp_path)
    assert not list(tmp_path.iterdir())


def test_links_in_an_abandoned_one_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "important.txt").touch()
    out = tmp_path / "out"
    with stage_in(out) as stage:
        copy = out / f"{stage.name[:18]}55555555"
        copy.mkdir()
        (copy / ".uniultra.lock").touch()
        (copy / "folder").symlink_to(tmp_path / "victim")
        clean(out)
        assert hidden(out) == [stage.name]
    assert (tmp_path / "victim" / "important.txt").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no owners of this kind")
def test_another_users_stays_even_where_we_could_lock_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder for everybody, such as /tmp, its owner could replace it by a link to ours at any moment."""
    with stage_in(tmp_path) as own:
        copy = tmp_path / f"{own.name[:18]}55555555"
    copy.mkdir()
    (copy / ".uniultra.lock").touch()
    monkeypatch.setattr(os, "getuid", lambda: copy.stat().st_uid + 1)
    clean(tmp_path)
    assert copy.exists()
    monkeypatch.undo()
    clean(tmp_path)
    assert not copy.exists()


def test_what_cannot_be_removed_yet_goes_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where a reader still has a file of the folder open."""
    with monkeypatch.context() as patched, stage_in(tmp_path) as stage:
        (stage / "folder").mkdir()
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
    assert [path.name for path in stage.iterdir()].count("folder") == 1
    clean(tmp_path)
    assert not list(tmp_path.iterdir())


def test_another_machines_goes_after_a_day(tmp_path: Path) -> None:
    stage = tmp_path / f".uniultra-{'6' * 16}"
    stage.mkdir()
    (stage / ".uniultra.lock").touch()
    (stage / "a.txt").touch()
    clean(tmp_path)
    assert stage.exists()
    long_ago = time.time() - 25 * 3600
    os.utime(stage / ".uniultra.lock", (long_ago, long_ago))
    os.utime(stage, (long_ago, long_ago))
    clean(tmp_path)
    assert stage.exists(), "one of its files was written to today"
    os.utime(stage / "a.txt", (long_ago, long_ago))
    clean(tmp_path)
    assert not stage.exists()


def test_a_stage_that_is_taken_away_before_its_lock_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one moment in which a new stage looks like an abandoned one."""
    mkdir = Path.mkdir
    taken = []

    def mkdir_and_lose(self: Path, *args: object, **kwargs: object) -> None:
        mkdir(self, *args, **kwargs)  # type: ignore[arg-type]
        if not taken and self.name.startswith(".uniultra-"):
            taken.append(self)
            clean(self.parent)
            assert not self.exists()

    monkeypatch.setattr(Path, "mkdir", mkdir_and_lose)
    with stage_in(tmp_path) as stage:
        assert stage.is_dir()
        assert [stage] != taken
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("cut", range(1, 6))
def test_one_whose_removal_was_cut_off_goes_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    """As by SIGKILL: nothing runs after it, at whatever step of the removal."""
    with stage_in(tmp_path) as own:
        stage = tmp_path / f"{own.name[:18]}77777777"
    (stage / "folder").mkdir(parents=True)
    for name in (".uniultra.lock", "a.txt", "b.txt", "c.txt"):
        (stage / name).touch()
    steps = itertools.count(1)
    unlink, rmdir = Path.unlink, Path.rmdir

    def killed(self: Path, *args: object, **kwargs: object) -> None:
        if next(steps) >= cut:
            raise OSError("killed")
        (rmdir if self.is_dir() else unlink)(self, *args, **kwargs)  # type: ignore[operator]

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", killed)
        patched.setattr(Path, "rmdir", killed)
        clean(tmp_path)
    assert stage.exists()
    clean(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_signal_in_the_middle_of_tidying_up_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink
    calls = itertools.count(1)

    def interrupted(self: Path, missing_ok: bool = False) -> None:
        if next(calls) == 2:
            raise SystemExit(143)
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", interrupted)
    with pytest.raises(SystemExit, match="143"), stage_in(tmp_path / "out") as stage:
        [(stage / name).touch() for name in "abc"]
    assert not list(tmp_path.iterdir())
