"""The example that follows a live stream, between a scanner and a viewer that speak OpenIGTLink."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from phantoms import ellipse, speckled

pyigtl = pytest.importorskip("pyigtl", reason="needs pyigtl")
FOLLOW = Path(__file__).parents[2] / "examples" / "openigtlink" / "follow.py"
SHAPE, COUNT = (120, 160), 12
MATRIX = np.array([[0.2, 0, 0, 7], [0, 0.5, 0, 8], [0, 0, 1, 9], [0, 0, 0, 1]])
"""0.2 mm across, 0.5 mm down."""
TRUTH = [ellipse(SHAPE, (70 + number, 60), (32, 26)) for number in range(COUNT)]
BOX = "37.5,33.5,102.5,86.5"
SCANNER = """
import sys, time
import numpy as np, pyigtl
port, name, colour = int(sys.argv[1]), sys.argv[2], sys.argv[3]
frames = np.load(name)
if colour == "rgb":
    frames = np.repeat(frames[..., None], 3, axis=-1)
if colour == "uint16":
    frames = frames.astype(np.uint16)
server = pyigtl.OpenIGTLinkServer(port=port, local_server=True)
print("ready", flush=True)
matrix = np.array([[0.2, 0, 0, 7], [0, 0.5, 0, 8], [0, 0, 1, 9], [0, 0, 0, 1]])
while not server.is_connected():
    time.sleep(0.01)
while True:
    for number, frame in enumerate(frames):
        server.send_message(pyigtl.ImageMessage(frame[None], ijk_to_world_matrix=matrix,
            world_coordinate_system="ras", timestamp=1000.0 + number, device_name="Image_Image"))
        time.sleep(0.1)
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """Where a scanner streams a structure that moves, over and over."""
    frames = np.stack([speckled(mask, 3).pixels_hw for mask in TRUTH])
    np.save(tmp_path / "frames.npy", frames)
    at = free_port()
    colour = getattr(request, "param", "grey")
    command = [sys.executable, "-c", SCANNER, str(at), str(tmp_path / "frames.npy"), colour]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as scanner:
        assert scanner.stdout is not None
        assert scanner.stdout.readline() == "ready\n"
        yield at
        scanner.kill()


def follow(port: int, *arguments: str | Path) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        str(FOLLOW),
        "--port",
        str(port),
        "--device",
        "Image_Image",
        *map(str, arguments),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("port", ["grey", "rgb"], indirect=True)
def test_masks_come_back_on_the_place_and_time_of_their_frames(port: int) -> None:
    listen = free_port()
    with follow(port, "--box", BOX, "--listen", str(listen), "--frames", "15") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == f"Masks go to 127.0.0.1:{listen}, as 'UniUltra'\n"
        viewer = pyigtl.OpenIGTLinkClient("127.0.0.1", listen)
        masks: dict[int, Any] = {}
        texts: dict[int, str] = {}
        until = time.monotonic() + 60
        while running.poll() is None and time.monotonic() < until:
            for message in viewer.get_latest_messages():
                kept = masks if message.message_type == "IMAGE" else texts
                kept[round(message.timestamp - 1000)] = message
            time.sleep(0.005)
        viewer.stop()
        _, told = running.communicate(timeout=30)
        assert running.returncode == 0, told
    assert len(masks) >= 5
    for number, message in masks.items():
        assert message.device_name == "UniUltra"
        assert message.image.shape == (1, *SHAPE), "columns, rows, slices on the wire"
        assert np.allclose(message.ijk_to_world_matrix, MATRIX)
        assert message.world_coordinate_system == "ras"
        found = message.image[0] == 1
        assert 2 * np.sum(found & TRUTH[number]) / (np.sum(found) + np.sum(TRUTH[number])) > 0.9, number
        if number in texts:
            area = float(np.sum(found)) * 0.1
            assert texts[number].string == f"1 sure, {area:.1f} mm2"
    assert texts
    assert not told


def test_a_scanner_that_is_started_again_is_followed_on(tmp_path: Path) -> None:
    """pyigtl's client doesn't notice that the other side has ended."""
    at = free_port()
    np.save(tmp_path / "frames.npy", np.stack([speckled(mask, 3).pixels_hw for mask in TRUTH]))
    command = [sys.executable, "-c", SCANNER, str(at), str(tmp_path / "frames.npy"), "grey"]

    def scanner() -> subprocess.Popen[str]:
        one = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
        one.stdout.close()
        return one

    with scanner() as first:
        running = follow(
            at, "--box", BOX, "--listen", str(free_port()), "--frames", "2000", "--patience", "1"
        )
        assert running.stdout is not None
        assert any(line.startswith("frame ") for line in running.stdout)
        first.kill()
    assert running.stderr is not None
    assert running.stderr.readline() == f"no frame of 'Image_Image' from 127.0.0.1:{at} for 1 s\n"
    with scanner() as second:
        assert next(running.stdout).startswith("frame ")
        second.kill()
    running.kill()
    running.communicate()


def test_a_still_shows_coordinates_first(port: int, tmp_path: Path) -> None:
    with follow(port, "--still", tmp_path / "first.png") as running:
        _, told = running.communicate(timeout=60)
    assert (running.returncode, told) == (0, "")
    with Image.open(tmp_path / "first.png") as still:
        assert still.size == SHAPE[::-1]


@pytest.mark.parametrize("port", ["uint16"], indirect=True)
def test_a_stream_that_cannot_be_followed_is_one_line(port: int) -> None:
    with follow(port, "--box", BOX, "--listen", str(free_port())) as running:
        _, told = running.communicate(timeout=60)
    assert running.returncode == 2
    assert told == (
        "the stream has uint16 (1, 120, 160); send frames of 8 bits, one slice each (slices, rows, columns)\n"
    )


def test_a_port_that_is_taken_is_one_line(port: int) -> None:
    with follow(port, "--box", BOX, "--listen", str(port)) as running:
        _, told = running.communicate(timeout=60)
    assert running.returncode == 2
    assert told == f"port {port} is taken; give another with --listen\n"


def test_nothing_to_follow_is_refused() -> None:
    with follow(1) as running:
        _, told = running.communicate(timeout=60)
    assert running.returncode == 2
    assert "give --box x0,y0,x1,y1 for each structure, or --still FILE" in told
