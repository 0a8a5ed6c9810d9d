"""Ctrl-C as soon as a server says where it is, or while it still loads its model: it ends quietly and leaves
no process behind.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from uniultra.errors import ModelError
from uniultra.web.server import serve
from uniultra.web.settings import ServeSettings
from uniultra.web.worker_pool import ProcessLane

posix = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs POSIX: Windows has no such signals")
needs_itksnap = pytest.mark.skipif(
    importlib.util.find_spec("python_multipart") is None, reason="needs uniultra[itksnap]"
)
COMMANDS = (
    ("open", ".", "--no-browser"),
    ("serve", "--processes", "2"),
    pytest.param(("serve", "--itksnap"), marks=needs_itksnap),
)


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A server in a group of processes of its own, as a terminal starts one."""
    Image.new("L", (64, 64), 90).save(folder / "scan.png")
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "uniultra.cli.main", *words, "--port", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    """Exit code and stderr after a signal to the whole group; no process of it is left."""
    others = psutil.Process(process.pid).children(recursive=True)
    try:
        os.killpg(process.pid, number)
        _, said = process.communicate(timeout=100)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    _, left = psutil.wait_procs(others, timeout=20)
    assert not [one for one in left if one.status() != psutil.STATUS_ZOMBIE]  # which nobody takes note of
    return process.returncode, said


@posix
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("words", COMMANDS)
def test_as_soon_as_it_says_where_it_is(tmp_path: Path, words: tuple[str, ...], number: str) -> None:
    process = started(tmp_path, *words)
    assert process.stdout is not None
    assert any("http://" in line for line in process.stdout)
    assert ended(process, getattr(signal, number)) == (0, "")


@posix
@pytest.mark.parametrize("work_s", [0.0, 0.1, 0.3])
def test_while_a_process_loads_its_libraries_and_the_model(tmp_path: Path, work_s: float) -> None:
    process = started(tmp_path, "serve", "--processes", "1")
    server, loading = psutil.Process(process.pid), None
    deadline = time.monotonic() + 100
    while loading is None and time.monotonic() < deadline:
        loading = next((one for one in server.children() if "spawn_main" in " ".join(one.cmdline())), None)
        time.sleep(0.005)
    assert loading is not None
    while sum(loading.cpu_times()[:2]) < work_s and time.monotonic() < deadline:
        time.sleep(0.002)
    code, said = ended(process, signal.SIGINT)
    assert said == ""
    assert code in ((130,) if work_s < 0.3 else (130, 0))  # on a quick machine it is ready by then


def test_a_reader_that_went_away_leaves_no_process() -> None:
    """`uniultra serve | head -0`: the address can't be said."""

    def gone(*_: object) -> None:
        raise BrokenPipeError("gone")

    with pytest.raises(BrokenPipeError, match="gone"):
        serve(ServeSettings(port=0, processes=1), gone)
    for process in multiprocessing.active_children():
        process.join(60)
    assert not multiprocessing.active_children()


def test_a_process_that_ends_while_it_loads_is_told() -> None:
    lane = ProcessLane(4, "uniultra-mini", 0, 1.0)

    def kill() -> None:
        while lane._process is None:
            time.sleep(0.001)
        lane._process.kill()

    threading.Thread(target=kill).start()
    with pytest.raises(
        ModelError, match=r"ended while it loaded the model, .*; close other programs, or let `serve`"
    ):
        lane.start()
    lane.stop()
