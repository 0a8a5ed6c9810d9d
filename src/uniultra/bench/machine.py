"""What the times were taken on, and whether it was quiet enough for them to mean anything."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from uniultra.machine import usable_cores

BUSY_LOAD = 0.25
"""Load average a core, before the run, from which the machine counts as busy."""
UNSTEADY = 0.15
"""Jitter of the yardstick from which times mean little."""

LIBRARIES = ("numpy", "onnxruntime", "opencv-python-headless", "torch", "transformers")


def describe_machine() -> dict[str, str | int | None]:
    """Processor, cores, system, Python, and the versions of the libraries that do the work; None where one
    isn't installed.
    """
    facts: dict[str, str | int | None] = {
        "processor": _processor(),
        "cores": usable_cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    return facts | {library: _version(library) for library in LIBRARIES}


def load_average() -> float | None:
    """Processes that want a core, over the last minute; None on systems that don't say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def yardstick() -> int:
    """A fixed piece of work of about a millisecond that needs no library: its time should never change."""
    return sum(number * number for number in range(20_000))


def warnings_of(load: float | None, cores: int, jitter: Mapping[int, float]) -> list[str]:
    """Why the numbers may mean nothing; [] on a quiet machine.

    Args:
        load: average before the run.
        cores: of the machine.
        jitter: of the yardstick, by the number of threads that were timed beside it.
    """
    found = []
    if load is not None and load > BUSY_LOAD * cores:
        found.append(
            f"the machine was busy before the run (load average {load:.1f} on {cores} cores); "
            "the timings are unreliable"
        )
    for threads, share in jitter.items():
        if share > UNSTEADY:
            found.append(
                f"at {threads} thread{'s' if threads > 1 else ''} a fixed piece of work varied by "
                f"{share:.0%} (10th to 90th percentile; a quiet machine stays below {UNSTEADY:.0%}); "
                "the timings are unreliable"
            )
    return found


def peak_memory_mb() -> float | None:
    """The most memory that this process ever held, in MB (1e6 bytes); None on systems that don't say.

    On Linux from /proc: what `resource` tells there includes the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(
            line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines() if ":" in line
        )
        return int(lines["VmHWM"].split()[0]) * 1024 / 1e6 if "VmHWM" in lines else None
    if importlib.util.find_spec("resource") is None:
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None
