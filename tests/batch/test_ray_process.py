"""What comes from the process of Ray, what is said where it ends without a word, and what it leaves."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from uniultra.batch.ray_process import END, _listen
from uniultra.errors import ClusterError


def heard(*messages: str | ClusterError | None) -> list[str]:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    for message in messages:
        sender.send(message)
    sender.close()
    statuses: list[str] = []
    _listen(receiver, statuses.append)
    return statuses


def test_statuses_are_handed_on_up_to_the_end() -> None:
    assert heard("done", "failed", END) == ["done", "failed"]


def test_what_stopped_a_job_is_said() -> None:
    with pytest.raises(ClusterError, match="no such model there"):
        heard("done", ClusterError("no such model there"))


def test_an_end_without_a_word_is_an_error() -> None:
    with pytest.raises(
        ClusterError, match=r"Ray stopped before the end .* run the same command again to resume"
    ):
        heard("done")


DRIVER = """
import os, sys, tempfile, time
from uniultra.batch import ray_process
from uniultra.io.scratch import scratch_folder

def holds(sender, items, job, settings, folder):
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    with scratch_folder() as own:
        (own / "patient.dcm").touch()
        time.sleep(600)

def ends(sender, items, job, settings, folder):
    sender.send(ray_process.END)

if __name__ == "__main__":
    ray_process._work = {"holds": holds, "ends": ends}[sys.argv[1]]
    ray_process.run_apart([], None, None, print)
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs POSIX: Windows has no groups of processes")
def test_images_that_a_killed_batch_fetched_go_with_the_next_one(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    (tmp_path / "driver.py").write_text(DRIVER, encoding="utf-8")
    environment = os.environ | {"TMPDIR": str(temporary)}
    command = [sys.executable, str(tmp_path / "driver.py")]
    process = subprocess.Popen([*command, "holds"], env=environment, start_new_session=True)
    while process.poll() is None and not list(temporary.rglob("patient.dcm")):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    assert len(list(temporary.rglob("patient.dcm"))) == 1
    subprocess.run([*command, "ends"], env=environment, check=True, timeout=200)
    assert not list(temporary.iterdir())
