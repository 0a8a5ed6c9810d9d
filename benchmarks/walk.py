"""What one call crosses: modules and functions of ours, calls, openings of the input, and measurements.

    python benchmarks/walk.py segment FILE --box X0,Y0,X1,Y1 [option...]
    python benchmarks/walk.py adapt MANIFEST [option...]
    python benchmarks/walk.py serve FILE X0,Y0,X1,Y1

Runs `uniultra` with these arguments in this process, its results in a temporary folder, and prints one line
of JSON; of `adapt` the openings are those of the manifest's first image, in threads and processes of its own
none. `serve` uploads FILE to the app, in this process and with its work in a thread, and segments it: a line
for each request. With PYTHONPATH set to another checkout's `src`, the same is counted there.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
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
        self.is_counting = False
        sys.addaudithook(self.on_audit)
        threading.setprofile(self.on_call)  # of threads that begin from now on
        sys.setprofile(self.on_call)

    def on_call(self, frame: FrameType, event: str, _: Any) -> None:
        if (
            self.is_counting
            and event == "call"
            and frame.f_code.co_filename.startswith(self.package)
            and not frame.f_code.co_name.startswith("<")
        ):
            self.calls[frame.f_code.co_filename, frame.f_code.co_qualname] += 1

    def on_audit(self, event: str, values: tuple[Any, ...]) -> None:
        if self.is_counting and event == "open" and isinstance(values[0], str | bytes | os.PathLike):
            self.opens += os.path.abspath(os.fsdecode(values[0])) == self.path

    def counts(self) -> dict[str, int]:
        return {
            "modules": len({file for file, _ in self.calls}),
            "functions": len(self.calls),
            "calls": self.calls.total(),
            "opens": self.opens,
            "measured": sum(count for (_, name), count in self.calls.items() if name == MEASURES),
        }

    @contextmanager
    def counting(self) -> Iterator[None]:
        """From zero, in all threads that began after this object was made."""
        self.calls.clear()
        self.opens, self.is_counting = 0, True
        try:
            yield
        finally:
            self.is_counting = False


def of_command(arguments: list[str]) -> None:
    import uniultra
    from uniultra.cli.main import app

    watched = arguments[1]
    if arguments[0] == "adapt":
        from uniultra.data.manifest import read_manifest

        watched = str(next(iter(read_manifest(watched))).image)
        arguments = ["adapt", "--data", *arguments[1:]]
    walk = Walk(Path(uniultra.__file__).parent, watched)
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr), walk.counting():
        app([*arguments, "--out", f"{folder}/out"], standalone_mode=False)
    print(json.dumps({"arguments": arguments} | walk.counts()))


def of_requests(file: str, box: str) -> None:
    import uniultra

    walk = Walk(Path(uniultra.__file__).parent, file)
    data = Path(file).read_bytes()
    prompts = [{"box": [float(side) for side in box.split(",")]}]
    with _client() as client:
        with walk.counting():
            done = client.post("/v1/images", content=data)
        print(json.dumps({"request": "upload"} | walk.counts()))
        with walk.counting():
            found = client.post(f"/v1/images/{done.json()['id']}/segment", json={"prompts": prompts})
        assert found.status_code == 200, found.text
        print(json.dumps({"request": "segment"} | walk.counts()))


def _client() -> Any:
    from starlette.testclient import TestClient

    from uniultra.backends.open import open_backend
    from uniultra.web.app import create_app
    from uniultra.web.service import Service
    from uniultra.web.settings import ServeSettings

    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    try:
        from thread_lane import ThreadLane
    except ImportError:  # where it was before
        from uniultra.web.lanes import ThreadLane
    settings = ServeSettings()
    lane = ThreadLane(settings.queue, open_backend("uniultra-mini", threads=1), int(settings.cache_mb * 1e6))
    return TestClient(create_app(Service(settings, [lane])), base_url="http://127.0.0.1:8008")


def main() -> None:
    if sys.argv[1] == "serve":
        of_requests(*sys.argv[2:])
    else:
        of_command(sys.argv[1:])


if __name__ == "__main__":
    main()
