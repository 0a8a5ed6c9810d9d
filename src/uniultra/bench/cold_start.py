"""What only a fresh process can tell: the time from nothing to the first mask, and the most memory held on
the way.

    python -m uniultra.bench.cold_start module MODULE ARGUMENT...        runs a module as `python -m` does
    python -m uniultra.bench.cold_start NAME IMAGE X0,Y0,X1,Y1           a peer: built, one box answered

The last line on stdout is the peak memory in MB, or `none`. Nothing heavy is imported at the top: it would be
counted.
"""

from __future__ import annotations

import runpy
import subprocess
import sys
import time
from dataclasses import dataclass

from uniultra.errors import ModelError

TIMEOUT_S = 600.0
MODULE = "module"


@dataclass(frozen=True)
class Fresh:
    """Wall seconds of a whole process, the start of Python included, and its peak memory in MB, None where
    the system doesn't say.
    """

    seconds: float
    peak_mb: float | None


def run_fresh(arguments: list[str]) -> Fresh:
    """One fresh process, with as many threads as it takes by itself. Raises ModelError with the last line
    that it said where it fails.
    """
    shown = arguments[1] if arguments[0] == MODULE else arguments[0]
    began = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "uniultra.bench.cold_start", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"a fresh process for '{shown}' took over {TIMEOUT_S:g} s; leave it out, or use a faster machine"
        ) from None
    seconds = time.perf_counter() - began
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ModelError(f"a fresh process for '{shown}' failed: {said[:200]}")
    last = done.stdout.strip().splitlines()[-1]
    return Fresh(seconds, None if last == "none" else float(last))


def main(arguments: list[str]) -> None:
    """What the child does."""
    if arguments[0] == MODULE:
        _run_module(arguments[1], arguments[2:])
    else:
        from pathlib import Path

        from uniultra.bench.candidates import FIRST, Task
        from uniultra.bench.peers import PEERS

        name, image, box = arguments
        x0, y0, x1, y1 = (float(number) for number in box.split(","))
        PEERS[name](Task(Path(image), (x0, y0, x1, y1))).steps[FIRST]()
    from uniultra.bench.machine import peak_memory_mb

    peak = peak_memory_mb()
    sys.stdout.write("none\n" if peak is None else f"{peak:.1f}\n")


def _run_module(name: str, arguments: list[str]) -> None:
    sys.argv = [name, *arguments]
    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if ended.code:
            raise


if __name__ == "__main__":
    main(sys.argv[1:])
