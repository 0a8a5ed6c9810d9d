"""A command that is told to end, killed, or out of disk leaves nothing half-written; what is killed at
once is cleared up next time."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import command, largest_file, uniultra
from dicoms import dataset, picture, save
from phantom_manifest import Phantom, write_manifest
from phantoms import ellipse, speckled
from uniultra.cli.terminal.ending import resumable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

Start = Callable[..., "subprocess.Popen[str]"]
CINE = (
    "segment",
    "cine.dcm",
    "--frames",
    "all",
    "--box",
    "2,2,20,15",
    "--out",
    "out",
    "--write",
    "csv,movie",
)
IMPORT = ("data", "import", "folder", "lab", "--out", "set", "--fractions", "train=0.5,test=0.5")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running = []

    def begin(*arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        call = [*before, *command(*arguments)]
        running.append(
            subprocess.Popen(call, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cine that takes some seconds, and a set of images to import that does."""
    save(dataset(np.repeat(picture(), 400, axis=0), FrameTime="40"), tmp_path / "cine.dcm")
    return tmp_path


def hidden(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".uniultra-*") if path.is_dir()]


def is_writing(process: subprocess.Popen[str], folder: Path) -> None:
    """Waits until something lies there that isn't whole yet."""
    for _ in range(600):
        if any(file.stat().st_size for stage in hidden(folder) for file in stage.rglob("*.json")):
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    pytest.fail("it didn't begin to write")


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name
)
def test_what_it_was_writing_goes_at_once(folder: Path, start: Start, number: signal.Signals) -> None:
    before = sorted(folder.rglob("*"))
    process = start(*CINE)
    is_writing(process, folder)
    process.send_signal(number)
    _, reported = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "Traceback" not in reported
    if number == signal.SIGINT:
        assert reported.strip() == "uniultra: cine.dcm: interrupted; nothing of it was written"
    assert sorted(folder.rglob("*")) == before


def test_what_a_kill_leaves_goes_with_the_next_call(folder: Path, start: Start) -> None:
    process = start(*CINE)
    is_writing(process, folder)
    process.kill()
    process.wait()
    assert len(hidden(folder)) == 1
    Image.fromarray(speckled(ellipse((240, 320), (170, 110), (60, 40))).pixels_hw).save(folder / "scan.png")
    again = start("segment", "scan.png", "--box", "105,65,235,155", "--out", "out")
    again.communicate(timeout=60)
    assert again.returncode == 0
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "scan.json",
        "scan.mask.png",
        "scan.overlay.png",
    ]


def test_under_nohup_a_closed_terminal_ends_nothing(folder: Path, start: Start) -> None:
    process = start(*CINE, before=("nohup",))
    is_writing(process, folder)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert process.poll() is None
    process.terminate()
    _, reported = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM, reported
    assert not hidden(folder)


def test_an_import_is_the_same(tmp_path: Path, start: Start) -> None:
    """A sibling with a folder of its own way: it becomes the set as a whole."""
    write_manifest(tmp_path / "lab", [Phantom(f"p{i}", group=str(i)) for i in range(400)])
    process = start(*IMPORT)
    for _ in range(600):
        if any(stage.rglob("*.png") for stage in hidden(tmp_path)) and list(
            tmp_path.glob(".uniultra-*/set/images/*")
        ):
            break
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert [path.name for path in tmp_path.iterdir()] == ["lab"]


@pytest.mark.parametrize(
    ("limit", "arguments"),
    [
        (3000, ("segment", "scan.png", "--box", "105,65,235,155", "--out", "new/out", "--write", "csv,coco")),
        (6000, CINE),
        (20_000, ("segment", "scan.png", "--box", "105,65,235,155", "--out", "new/out")),
        (
            2000,
            (
                "evaluate",
                "--data",
                "lab/manifest.csv",
                "--model",
                "ellipse",
                "--kinds",
                "box",
                "--out",
                "run.json",
            ),
        ),
        (2000, ("data", "simulate", "sims", "--images", "2")),
    ],
    ids=["overlay", "cine", "last file", "report", "set"],
)
def test_a_full_disk_leaves_nothing(folder: Path, limit: int, arguments: tuple[str, ...]) -> None:
    Image.fromarray(speckled(ellipse((240, 320), (170, 110), (60, 40))).pixels_hw).save(folder / "scan.png")
    write_manifest(folder / "lab", [Phantom("a", objects=2), Phantom("b", objects=3, group="1")])
    before = sorted(folder.rglob("*"))
    with largest_file(limit):
        done = uniultra(*arguments, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert "can't be written (File too large)" in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("stopped", "kept", "told"),
    [
        (KeyboardInterrupt("Ctrl-C"), True, True),
        (SystemExit(128 + signal.SIGTERM), True, True),
        (SystemExit(2), True, False),
        (KeyboardInterrupt("Ctrl-C"), False, False),
    ],
)
def test_work_that_is_kept_says_how_to_resume_it(
    stopped: BaseException, kept: bool, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(type(stopped), match=str(stopped)), resumable(kept):
        raise stopped
    assert ("interrupted; run the same command again to resume" in capsys.readouterr().err) == told
