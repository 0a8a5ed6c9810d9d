"""Follows structures through a live stream and sends their masks back: PLUS in, 3D Slicer out.

    python follow.py --device Image_Image --still first.png
    uniultra show first.png
    python follow.py --device Image_Image --box 152,65,198,130

The stream is OpenIGTLink's, as PlusServer and most research interfaces of scanners speak it. The newest frame
is answered; those that came while another was worked on are left out. Masks go out as a label image, 1..N, on
the frame's own place in space and time, with a line of text: `UniUltra` and `UniUltra_Text`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pyigtl
from PIL import Image

from uniultra import Frame, Prompt, Segmenter, UniUltraError
from uniultra.results import ObjectResult
from uniultra.tracking import begin, step
from uniultra.tracking.beginning import TrackedMask

NAME = "UniUltra"


Stream = Generator[tuple[Frame, pyigtl.ImageMessage], None, None]


class RefusedError(Exception):
    """A line for the person who started this."""


def grey(image: np.ndarray) -> np.ndarray:
    """The pixels of one message, uint8 (height, width), of (1, height, width) or colours behind these."""
    if image.dtype != np.uint8 or image.ndim not in (3, 4) or image.shape[0] != 1:
        raise RefusedError(
            f"the stream has {image.dtype} {image.shape}; send frames of 8 bits, one slice each "
            "(slices, rows, columns)"
        )
    if image.ndim == 3:
        return image[0]
    if image.shape[3] == 1:
        return image[0, ..., 0]
    return np.asarray(Image.fromarray(image[0, ..., :3]).convert("L"))


def spacing_mm_yx(matrix: np.ndarray) -> tuple[float, float] | None:
    """Millimetres per pixel (down, right) of columns and rows; None for 1 x 1, where nobody said it."""
    right, down = (float(np.linalg.norm(matrix[:3, axis])) for axis in (0, 1))
    return None if not (right and down) or (right, down) == (1.0, 1.0) else (down, right)


def frames(host: str, port: int, device: str, patience_s: float) -> Stream:
    """Each frame that is the newest when the last one is done with. A connection that gives none is made
    anew: pyigtl doesn't notice that the other side has ended.
    """
    while True:
        client = pyigtl.OpenIGTLinkClient(host, port)
        try:
            while message := client.wait_for_message(device, timeout=patience_s):
                yield (
                    Frame.from_array(grey(message.image), spacing_mm_yx(message.ijk_to_world_matrix)),
                    message,
                )
            print(f"no frame of '{device}' from {host}:{port} for {patience_s:g} s", file=sys.stderr)
        finally:
            client.stop()


def said(found: list[TrackedMask]) -> str:
    """What is known of each structure: whether it is there, and its area."""
    areas = [(one, ObjectResult(one.number, one.mask)) for one in found]
    return "; ".join(
        f"{one.number} {one.status}, "
        + (f"{of.area_px} px" if of.area_mm2 is None else f"{of.area_mm2:.1f} mm2")
        for one, of in areas
    )


def answer(server: pyigtl.OpenIGTLinkServer, of: pyigtl.ImageMessage, found: list[TrackedMask]) -> None:
    """Sends labels where the frame lies. Without the axis of slices a viewer would take rows for slices."""
    if not server.is_connected():  # or it would be shown up to a hundred old masks once it is
        return
    labels = np.zeros(of.image.shape[1:3], np.uint8)
    for one in found:
        labels[one.mask.mask_hw] = one.number
    server.send_message(
        pyigtl.ImageMessage(
            labels[None],
            ijk_to_world_matrix=of.ijk_to_world_matrix,
            world_coordinate_system=of.world_coordinate_system,
            timestamp=of.timestamp,
            device_name=NAME,
        ),
        wait=False,
    )
    text = pyigtl.StringMessage(said(found), timestamp=of.timestamp, device_name=f"{NAME}_Text")
    server.send_message(text, wait=False)


def follow(arguments: argparse.Namespace, stream: Stream) -> None:
    segmenter = Segmenter.load(arguments.model)
    prompts = {number: Prompt(box_xyxy=box) for number, box in enumerate(arguments.box, start=1)}
    try:
        server = pyigtl.OpenIGTLinkServer(port=arguments.listen, local_server=True)
    except OSError:
        raise RefusedError(f"port {arguments.listen} is taken; give another with --listen") from None
    print(f"Masks go to 127.0.0.1:{arguments.listen}, as '{NAME}'", flush=True)
    state, done, told = None, 0, time.monotonic()
    try:
        for frame, message in stream:
            found, state = (
                begin(segmenter, frame, prompts) if state is None else step(segmenter, state, frame)
            )
            answer(server, message, found)
            done += 1
            if done == arguments.frames:
                return
            if time.monotonic() - told >= 1:
                print(f"frame {done}: {said(found)}", flush=True)
                told = time.monotonic()
    finally:
        server.stop()


def box(text: str) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = map(float, text.split(","))
    return x0, y0, x1, y1


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1", help="where PlusServer runs")
    parser.add_argument("--port", type=int, default=18944, help="its port")
    parser.add_argument("--device", required=True, help="the image's name in the stream")
    parser.add_argument("--box", type=box, action="append", default=[], help="x0,y0,x1,y1; repeatable")
    parser.add_argument("--still", type=Path, help="write the first frame here, and end")
    parser.add_argument("--model", default="uniultra-mini", help="a published model or a model folder")
    parser.add_argument("--listen", type=int, default=18945, help="where Slicer connects to, on this machine")
    parser.add_argument(
        "--patience", type=float, default=10.0, help="seconds without a frame, after which to connect anew"
    )
    parser.add_argument("--frames", type=int, default=0, help="end after so many; 0: never")
    arguments = parser.parse_args()
    if bool(arguments.box) == (arguments.still is not None):
        parser.error("give --box x0,y0,x1,y1 for each structure, or --still FILE to see coordinates first")
    return arguments


def main() -> int:
    arguments = parsed()
    stream = frames(arguments.host, arguments.port, arguments.device, arguments.patience)
    try:
        if arguments.still is None:
            follow(arguments, stream)
        else:
            frame, _ = next(stream)
            Image.fromarray(frame.pixels_hw).save(arguments.still)
    except (RefusedError, UniUltraError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        stream.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
