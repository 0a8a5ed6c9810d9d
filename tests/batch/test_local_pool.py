"""The pool of this machine: a worker that dies loses and doubles nothing; a file that kills is given up;
nothing listens, and nothing stays.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from deadly import check_nothing_is_lost_or_doubled, environment, killed_in
from uniultra.batch import local_pool
from uniultra.batch.job import Item, Job
from uniultra.batch.local_pool import end, run_here
from uniultra.batch.workers import PoolSettings
from uniultra.errors import ClusterError, OutputError

posix = pytest.mark.skipif(
    not hasattr(os, "killpg"), reason="needs POSIX: Windows has no groups of processes"
)


def test_a_killed_worker_loses_nothing_and_a_file_that_kills_them_is_given_up(tmp_path: Path) -> None:
    killed = killed_in(tmp_path)
    check_nothing_is_lost_or_doubled(killed)
    assert killed["heard"] == [], "nothing listens"


class Dies:
    """In place of a worker: ends its process, at its beginning or at every input."""

    def __init__(self, job: Any) -> None:
        if job == "start":
            os._exit(7)

    def status_of(self, item: Item) -> str:
        os._exit(9)


class Stops:
    """Says why nothing can go on, or ends in a fault of ours."""

    def __init__(self, job: Any) -> None:
        self.job = job

    def status_of(self, item: Item) -> str:
        if self.job == "full":
            raise OutputError("out: can't be written (No space left on device)")
        if self.job == "gone":
            raise OSError(107, "Transport endpoint is not connected")
        raise ZeroDivisionError("by nothing")


class Refuses:
    """Can't begin, and says why."""

    def __init__(self, job: Any) -> None:
        raise OSError(5, "Input/output error", "model.json")


def work(worker: type, *given: Any) -> None:
    local_pool.Worker = worker  # type: ignore[misc,assignment]
    _WORK(*given)


_WORK = local_pool._work


def dies(*given: Any) -> None:
    work(Dies, *given)


def refuses(*given: Any) -> None:
    work(Refuses, *given)


def stops(*given: Any) -> None:
    work(Stops, *given)


@pytest.mark.parametrize(
    ("target", "job", "said"),
    [
        (
            dies,
            "start",
            r"worker processes end before they begin \(exit code 7\); free memory, or give fewer",
        ),
        (dies, "item", r"a\.png: worker processes end as they read it; take it out; completed work is kept"),
        (stops, "full", r"No space left on device\); completed work is kept: run the same command again"),
        (stops, "gone", r"the job was lost \(OSError: .*Transport endpoint is not connected\); what is done"),
        (
            refuses,
            "start",
            r"the job was lost \(OSError: .*Input/output error: 'model\.json'\); what is done",
        ),
        (stops, "fault", r"the job was lost \(ZeroDivisionError: by nothing\); what is done stays"),
    ],
)
def test_what_stops_a_job_is_one_line(
    target: Any, job: Any, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(local_pool, "_work", target)
    monkeypatch.setattr(local_pool.tempfile, "gettempdir", lambda: str(tmp_path))
    with pytest.raises(ClusterError, match=said):
        run_here([Item("a.png", "a.png")], job, PoolSettings(1), print)
    assert list(tmp_path.iterdir()) == []
    assert not multiprocessing.active_children()


@posix
def test_too_many_processes_are_refused_in_one_line_and_end(tmp_path: Path) -> None:
    """More than the system opens files for, as on many cores."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))\n"
        "from uniultra.batch.job import Item\n"
        "from uniultra.batch.local_pool import run_here\n"
        "from uniultra.batch.workers import PoolSettings\n"
        "run_here([Item(str(n), 'x') for n in range(40)], None, PoolSettings(40), print)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(TMPDIR=str(tmp_path)),
        check=False,
        timeout=200,
        capture_output=True,
        text=True,
    )
    *_, line = done.stderr.splitlines()
    assert re.search(r"worker \d+ can't be started \(.*open files\); give fewer --workers; completed", line)
    assert list(tmp_path.iterdir()) == []


def test_no_inputs_start_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(local_pool, "_Pool")
    run_here([], Job("out", "model", "", "run"), PoolSettings(1), print)


def stubborn(ready: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready.send(True)
    time.sleep(600)


def test_a_second_interrupt_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=stubborn, args=(sender,))
    process.start()
    receiver.recv()
    join, waits = process.join, list[float | None]()

    def interrupted(timeout: float | None = None) -> None:
        waits.append(timeout)
        if len(waits) == 1:
            raise KeyboardInterrupt
        join(timeout)

    monkeypatch.setattr(process, "join", interrupted)
    end([process])
    assert (process.exitcode, len(waits)) == (-signal.SIGKILL, 2)


HOLDS = """
import sys, time
from uniultra.batch import local_pool
from uniultra.batch.job import Item
from uniultra.batch.workers import PoolSettings
from uniultra.io.scratch import scratch_folder

class Holds:
    def __init__(self, job):
        pass

    def status_of(self, item):
        with scratch_folder() as own:
            (own / "patient.dcm").touch()
            time.sleep(600 if item.name == "holds" else 0)
        return "done"

local_pool.Worker = Holds
if __name__ == "__main__":
    local_pool.run_here([Item(sys.argv[1], "x")], None, PoolSettings(1), print)
"""


@posix
@pytest.mark.parametrize("alone", [False, True])
def test_images_that_a_killed_batch_fetched_go_with_the_next_one(tmp_path: Path, alone: bool) -> None:
    """Killed with its worker, and alone: that ends then, too, once it is done with its input."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    (tmp_path / "driver.py").write_text(HOLDS, encoding="utf-8")
    apart = environment(TMPDIR=str(temporary))
    command = [sys.executable, str(tmp_path / "driver.py")]
    process = subprocess.Popen([*command, "holds"], env=apart, start_new_session=True)
    while process.poll() is None and not list(temporary.rglob("patient.dcm")):
        time.sleep(0.02)
    if alone:
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    assert len(list(temporary.rglob("patient.dcm"))) == 1
    done = subprocess.run(
        [*command, "ends"], env=apart, check=True, timeout=200, capture_output=True, text=True
    )
    assert done.stdout == "done\n"
    assert not list(temporary.iterdir())
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("workers", [0, -2, 5000])
def test_workers_out_of_range_are_refused(workers: int) -> None:
    with pytest.raises(ClusterError, match=f"--workers {workers} is out of range; give 1 to 4096"):
        PoolSettings(workers)
