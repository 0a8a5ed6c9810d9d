"""Folders for files that pass through, and what killed processes leave."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from uniultra.io.scratch import scratch_folder
from uniultra.stages import clean

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
HOLD = """
import time
from uniultra.io.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "scan.dcm").write_bytes(b"of a patient")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def _holding() -> tuple[subprocess.Popen[str], Path]:
    running = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    return running, Path(running.stdout.readline().strip())


def test_it_is_ours_alone_and_gone_with_its_context(place: Path) -> None:
    with scratch_folder() as folder:
        (folder / "scan.dcm").touch()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert list(folder.iterdir()) == [folder / "scan.dcm"]
        clean(place)
        assert (folder / "scan.dcm").exists(), "what is in use stays"
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_process_left_is_removed_and_what_another_holds_stays(place: Path, how: int) -> None:
    killed, left = _holding()
    living, held = _holding()
    try:
        killed.send_signal(how)
        killed.communicate()
        assert (left / "scan.dcm").exists()
        clean(place)
        assert not left.parent.exists()
        assert (held / "scan.dcm").exists()
    finally:
        living.kill()
        living.communicate()
    clean(place)
    assert list(place.iterdir()) == []


def test_the_next_process_removes_it(place: Path) -> None:
    killed, left = _holding()
    killed.kill()
    killed.communicate()
    assert left.exists()
    subprocess.run([sys.executable, "-c", HOLD.replace("sleep(60)", "sleep(0)")], check=True)
    assert list(place.iterdir()) == []
