"""Thousands of calls that follow the server's OpenAPI file or break it: none may end in a 500, or in what the
file doesn't say.

    python -m pip install schemathesis
    python benchmarks/fuzz_serve.py --calls 2000

Starts `uniultra serve` in a process of its own. Schemathesis makes the calls; of those to images two in three
get the id of an image that is there, and of the uploads every other one is a readable image, so that calls
get beyond the first check. Exit code 1 on any finding.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

IMAGE, EXAMPLES_AT_FIRST = "UNIULTRA_FUZZ_IMAGE", 100
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,"
    "unsupported_method,allow_header_conformance"
)
_TURN = itertools.count()


def picture() -> bytes:
    """A small PNG."""
    buffer = BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80)).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Schemathesis' hook: some calls get what random data would not find."""
    turn = next(_TURN)
    if turn % 3 and case.method != "DELETE" and "image_id" in (case.path_parameters or {}):
        case.path_parameters["image_id"] = os.environ[IMAGE]
    if turn % 2 and case.path == "/v1/images" and case.method == "POST":
        case.body = picture()


def main() -> int:
    """Runs, and prints the counts; 1 where something was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=2000, help="at least so many")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    command = [sys.executable, "-m", "uniultra.cli.main", "serve", "--port", "0", "--processes", "1"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        found = re.match(r"(http://\S+)/v1 ", server.stdout.readline())
        assert found, "the server did not start"
        failed, calls, seed = 0, 0.0, options.seed
        while calls < options.calls and not failed:
            failed = fuzz(found[1], EXAMPLES_AT_FIRST, seed)
            statuses = counts(found[1])
            calls, seed = sum(statuses.values()), seed + 1
    finally:
        server.terminate()
        server.wait(30)
    print(
        f"{calls:.0f} calls; "
        + ", ".join(f"{status}: {count:.0f}" for status, count in sorted(statuses.items()))
    )
    return int(failed or any(status >= 500 for status in statuses))


def fuzz(url: str, examples: int, seed: int) -> int:
    """One run of Schemathesis; its exit code."""
    request = urllib.request.Request(f"{url}/v1/images", picture(), {"Content-Type": "image/png"})
    with urllib.request.urlopen(request) as made:
        image = made.headers["Location"].rpartition("/")[2]
    environment = os.environ | {IMAGE: image, "SCHEMATHESIS_HOOKS": str(Path(__file__).resolve())}
    command = [
        sys.executable,
        "-c",
        "from schemathesis.cli import schemathesis; schemathesis()",
        "run",
        f"{url}/v1/openapi.json",
    ]
    command += [
        "--checks",
        CHECKS,
        "--max-examples",
        str(examples),
        "--seed",
        str(seed),
        "--no-shrink",
        "--continue-on-failure",
    ]
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command, env=environment, cwd=folder, check=False).returncode


def counts(url: str) -> dict[int, float]:
    """Answers by status, by the server's own count."""
    with urllib.request.urlopen(f"{url}/v1/metrics") as answer:
        lines = re.findall(r'uniultra_requests_total\{.*status="(\d+)"\} (\S+)', answer.read().decode())
    found: dict[int, float] = {}
    for status, count in lines:
        found[int(status)] = found.get(int(status), 0.0) + float(count)
    return found


if __name__ == "__main__":
    sys.exit(main())
else:  # Schemathesis loads this file for its hook
    import schemathesis

    schemathesis.hook(before_call)
