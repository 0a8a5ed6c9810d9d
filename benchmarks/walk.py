"""What one call crosses: modules and functions of ours, calls, openings of the input, and measurements.

    python benchmarks/walk.py segment FILE --box X0,Y0,X1,Y1 [option...]

Runs `uniultra` with these arguments in this process, its results in a temporary folder, and prints one line
of JSON. With PYTHONPATH set to another checkout's `src`, the same is counted there.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path
from types import FrameType
from typing import Any

MEASURES = "measure_shape"
"""The function that measures one mask, in every version."""


class Walk:
    """Counts while it is installed as profiler and audit hook."""

    def __init__(self, package: Path, path: str) -> None:
        self.package, self.path = str(package) + os.sep, os.path.abspath(path)
        self.calls: Counter[tuple[str, str]] = Counter()
        self.opens = 0

    def on_call(self, frame: FrameType, event: str, _: Any) -> None:
        if (
            event == "call"
            and frame.f_code.co_filename.startswith(self.package)
            and not frame.f_code.co_name.startswith("<")
        ):
            self.calls[frame.f_code.co_filename, frame.f_code.co_qualname] += 1

    def on_audit(self, event: str, values: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(values[0], str | bytes | os.PathLike):
            self.opens += os.path.abspath(os.fsdecode(values[0])) == self.path

    def counts(self) -> dict[str, int]:
        return {
            "modules": len({file for file, _ in self.calls}),
            "functions": len(self.calls),
            "calls": self.calls.total(),
            "opens": self.opens,
            "measured": sum(count for (_, name), count in self.calls.items() if name == MEASURES),
        }


def main() -> None:
    import uniultra
    from uniultra.cli.main import app

    arguments = sys.argv[1:]
    walk = Walk(Path(uniultra.__file__).parent, arguments[1])
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        sys.addaudithook(walk.on_audit)
        sys.setprofile(walk.on_call)
        try:
            app([*arguments, "--out", folder], standalone_mode=False)
        finally:
            sys.setprofile(None)
    print(json.dumps({"arguments": arguments} | walk.counts()))


if __name__ == "__main__":
    main()
