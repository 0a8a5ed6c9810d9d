"""The command line, run within this process: a second of imports is saved each time.

What a process alone can show (signals, a cold start, a pseudo-terminal, an inherited environment) needs one;
`tests/cli/test_processes.py` has both do the same, command by command.
"""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO
from unittest import mock

from uniultra.cli.main import run
from uniultra.cli.terminal.ending import SIGNALS

PLAIN = {"COLUMNS": "200", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
"""What makes a terminal's text the same everywhere."""


def process(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=300,
        env={**os.environ, **PLAIN, **environment},
    )


def command(*arguments: object) -> list[str]:
    """What starts it."""
    return [sys.executable, "-m", "uniultra.cli.main", *map(str, arguments)]


def uniultra(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command here: working folder, arguments, environment and both streams are its own while it runs.

    The streams are caught where libraries in C write to them as well.
    """
    return _called(run, ["uniultra", *map(str, arguments)], cwd, {**PLAIN, **environment})


def script(path: Path, *arguments: object, cwd: Path = Path()) -> subprocess.CompletedProcess[str]:
    """A script of the checkout, likewise; modules beside it are found as they are by Python's own call."""
    with mock.patch.object(sys, "path", [str(path.parent), *sys.path]):
        main = partial(runpy.run_path, str(path), run_name="__main__")
        return _called(main, [str(path), *map(str, arguments)], cwd, PLAIN)


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file grows beyond `size` bytes: a full disk, as the kernel refuses the write in the same place."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _called(
    main: Callable[[], object], words: list[str], cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as reported,
        contextlib.chdir(cwd),
        mock.patch.object(sys, "argv", words),
        _surroundings(environment),
    ):
        with _stream("stdout", 1, out), _stream("stderr", 2, reported):
            code = _exit_code(main)
        texts = [_text(file) for file in (out, reported)]
    return subprocess.CompletedProcess(words, code, *texts)


def _exit_code(main: Callable[[], object]) -> int:
    """What the process would leave with; an error that nobody caught is the test's."""
    try:
        main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


@contextlib.contextmanager
def _surroundings(environment: Mapping[str, str]) -> Iterator[None]:
    """Variables and signal handlers as they were, afterwards."""
    handlers = {each: signal.getsignal(each) for each in SIGNALS}
    try:
        with mock.patch.dict(os.environ, environment):
            yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _stream(name: str, number: int, file: IO[bytes]) -> Iterator[None]:
    """A stream of Python's and the descriptor beneath it go to a file."""
    before = os.dup(number)
    getattr(sys, name).flush()
    os.dup2(file.fileno(), number)
    text = io.TextIOWrapper(open(number, "wb", closefd=False), encoding="utf-8", write_through=True)  # noqa: SIM115
    try:
        with mock.patch.object(sys, name, text):
            yield
    finally:
        text.flush()
        text.detach()
        os.dup2(before, number)
        os.close(before)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8").replace("\r\n", "\n")
