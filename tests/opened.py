"""`uniultra open` as a person starts it, on a calibrated cine and two pictures, for tests of the page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dicoms import dataset, region, save
from phantoms import ellipse, speckled

HW = (240, 320)
TRUE = ellipse(HW, (170, 110), (70, 50))
HOSTILE = "<img src=x onerror=window.hacked=1>.png"


def frames() -> np.ndarray:
    """A dark ellipse that beats: uint8 (6, H, W)."""
    radii = [(70 - 6 * step, 50 - 5 * step) for step in range(6)]
    return np.stack([speckled(ellipse(HW, (170, 110), radius), seed=7).pixels_hw for radius in radii])


def fill_folder(scans: Path) -> None:
    """A calibrated cine in DICOM, and two pictures."""
    cine = dataset(frames(), FrameTime=40.0)
    cine.SequenceOfUltrasoundRegions = [region((0, 0, HW[1] - 1, HW[0] - 1), delta=0.05)]
    save(cine, scans / "cine.dcm")
    Image.fromarray(frames()[0]).save(scans / "picture.png")
    Image.fromarray(frames()[1]).save(scans / HOSTILE)


@dataclass
class Server:
    """`uniultra open`, as a person starts it."""

    process: subprocess.Popen[str]
    link: str

    @property
    def origin(self) -> str:
        return self.link.partition("/#")[0]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(30) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


STARTED: list[Server] = []


def started(folder: Path, port: int = 0) -> Server:
    command = [
        sys.executable,
        "-m",
        "uniultra.cli.main",
        "open",
        str(folder),
        "--no-browser",
        "--port",
        str(port),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "http://" in line:
            STARTED.append(Server(process, line.split()[-1]))
            return STARTED[-1]
    raise AssertionError("the server didn't say where it is")


def annotations(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / "uniultra-project" / f"{name}.annotations.json").read_text())
