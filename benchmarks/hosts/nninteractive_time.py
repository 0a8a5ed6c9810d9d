"""How long a prompt takes through the nnInteractive protocol, from the official client's call to the changed
mask in its hands: a box, and a click after it, on an image of 800 x 600.

    uniultra serve --nninteractive --port 1527
    python benchmarks/hosts/nninteractive_time.py http://127.0.0.1:1527
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from nnInteractive.inference.remote.remote_session import nnInteractiveRemoteInferenceSession

ROUNDS = 30


def image(seed: int = 0) -> np.ndarray:
    """Speckle with a dark ellipse, (1, 1, 600, 800) float32."""
    rows, columns = np.mgrid[:600, :800]
    inside = ((columns - 400) / 150) ** 2 + ((rows - 300) / 90) ** 2 < 1
    speckle = np.random.default_rng(seed).rayleigh(size=(600, 800))
    return np.where(inside, 30 * speckle, 90 * speckle).clip(0, 255).astype(np.float32)[None, None]


def milliseconds(step: Callable[..., object], *arguments: object) -> float:
    begin = time.perf_counter()
    step(*arguments)
    return 1000 * (time.perf_counter() - begin)


def main(address: str) -> None:
    boxes, clicks = [], []
    with nnInteractiveRemoteInferenceSession(address) as client:
        client.set_image(image())
        buffer = np.zeros((1, 600, 800), np.uint8)
        client.set_target_buffer(buffer)
        for turn in range(ROUNDS + 1):
            client.reset_interactions()
            shift = turn % 10
            box = [[0, 1], [205 - shift, 395 + shift], [245 - shift, 555 + shift]]
            boxes.append(milliseconds(client.add_bbox_interaction, box, True))
            assert buffer.any()
            clicks.append(milliseconds(client.add_point_interaction, (0, 300, 400), True))
    for name, found in (("box", boxes[1:]), ("click after it", clicks[1:])):
        print(f"{name}: median {statistics.median(found):.0f} ms, slowest {max(found):.0f}, of {len(found)}")


if __name__ == "__main__":
    main(sys.argv[1])
