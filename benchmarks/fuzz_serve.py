"""Thousands of calls that follow the server's OpenAPI file or break it: none may end in a 500, or in what the
file doesn't say.

    python -m pip install schemathesis
    python benchmarks/fuzz_serve.py --calls 2000

Starts `uniultra serve` in a process of its own. Schemathesis makes the calls; of those to images, cines and
tracks two in three get the id of one that is there, and of the uploads and of the requests for DICOM results
every other one can be done, so that calls get beyond the first check. Exit code 1 on any finding.
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
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

IDS = {name: f"UNIULTRA_FUZZ_{name.upper()}" for name in ("image_id", "cine_id", "track_id")}
"""Parts of addresses, and the environment variables with what is there."""
EXAMPLES_AT_FIRST = 100
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,"
    "unsupported_method,allow_header_conformance"
)
_TURN = itertools.count()


def scan(frames: int) -> bytes:
    """A small DICOM image or cine."""
    meta = FileMetaDataset()
    kind = UltrasoundMultiFrameImageStorage if frames > 1 else UltrasoundImageStorage
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, kind
    meta.MediaStorageSOPInstanceUID = generate_uid()
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID, data.Modality = kind, meta.MediaStorageSOPInstanceUID, "US"
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    data.PatientName, data.PatientID = "Nobody^Here", "1"
    data.Rows, data.Columns, data.NumberOfFrames = 60, 80, frames
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = np.random.default_rng(0).integers(0, 255, (frames, 60, 80)).astype(np.uint8).tobytes()
    buffer = BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Schemathesis' hook: some calls get what random data would not find."""
    turn = next(_TURN)
    held = case.path_parameters or {}
    for name, variable in IDS.items():
        if turn % 3 and case.method != "DELETE" and name in held:
            held[name] = os.environ[variable]
    if turn % 2 and case.method == "POST":
        kind = ("seg", "sr", "sc")[turn % 3]
        mask = {"rle": {"size": [60, 80], "counts": [1000, 30, 3770]}}
        bodies: dict[str, Any] = {
            "/v1/images": scan(1),
            "/v1/cines": scan(3),
            "/v1/images/{image_id}/dicom": {"kind": kind, "structures": [{"label": "liver", "mask": mask}]},
            "/v1/cines/{cine_id}/tracks/{track_id}/dicom": {"kind": kind},
        }
        case.body = bodies.get(case.path, case.body)


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
    image = made(f"{url}/v1/images", scan(1))
    cine = made(f"{url}/v1/cines", scan(3))
    prompts = b'{"prompts": [{"frame": 0, "object": 1, "box": [20, 15, 60, 45]}]}'
    track = made(f"{url}/v1/cines/{cine}/tracks", prompts, "application/json")
    there = dict(zip(IDS.values(), (image, cine, track), strict=True))
    environment = os.environ | there | {"SCHEMATHESIS_HOOKS": str(Path(__file__).resolve())}
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


def made(url: str, body: bytes, kind: str = "application/octet-stream") -> str:
    """The id of what a POST makes."""
    with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": kind})) as answer:
        return str(answer.headers["Location"].rpartition("/")[2])


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
