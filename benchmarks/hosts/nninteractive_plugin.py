"""Drives napari's own nnInteractive plugin, in its real window, against
`uniultra serve --nninteractive --track`: connects, sends a clip, draws a box on one frame, compares with the
masks of `uniultra track`, saves a picture, undoes.

    uniultra serve --nninteractive --track --port 1527 &
    uniultra track CLIP --frame 40 --box 414.5,299.5,494.5,344.5 --out FOLDER
    python benchmarks/hosts/nninteractive_plugin.py --frames CLIP FRAMES.npy
    python -m venv VENV; VENV/bin/pip install 'napari[pyqt6]' napari-nninteractive
    xvfb-run -s '-screen 0 1400x900x24 +extension GLX' VENV/bin/python \
        benchmarks/hosts/nninteractive_plugin.py FRAMES.npy FOLDER/CLIP.track.masks.tif 40 \
        415,300,495,345 picture.png

The plugin's environment has no uniultra and no torch; FRAMES.npy holds the clip, uint8 (frames, H, W). The
plugin sends pixels 415 to 494 of a box drawn from 415 to 495, whose outer edges `track` is given.
`napari_picture.py` says what a window needs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

WAIT_S = 120.0


def save_frames(clip: str, out: str) -> None:
    """The clip's grey frames as one array."""
    from uniultra.io.cines import open_cine

    np.save(out, np.stack([frame.pixels_hw for frame in open_cine(clip)]))


def main(frames: str, masks: str, frame: int, box: str, out: Path) -> int:
    """0 where the plugin's label layer has the tracker's masks, before and after undo."""
    import napari
    from napari_nninteractive import nnInteractiveWidget

    volume = np.load(frames)
    viewer = napari.Viewer()
    viewer.add_image(volume, name="clip")
    widget = nnInteractiveWidget(viewer)
    viewer.window.add_dock_widget(widget, name="nnInteractive")
    widget.server_url_edit.setText("http://127.0.0.1:1527")
    widget.on_connect_toggle()
    until(lambda: widget._remote_connected)
    widget.image_selection.setCurrentText("clip")
    widget.on_init()
    until(lambda: widget.interaction_button.isEnabled() and widget.label_layer_name in viewer.layers)
    time.sleep(1)
    until(lambda: True)
    viewer.dims.set_current_step(0, frame)
    widget.interaction_button._check(1)
    widget.on_interaction_selected()
    x0, y0, x1, y1 = map(float, box.split(","))
    corners = [[frame, y0, x0], [frame, y0, x1], [frame, y1, x1], [frame, y1, x0]]
    began = time.monotonic()
    viewer.layers[widget.bbox_layer_name].add(np.array(corners), shape_type="rectangle")
    until(lambda: bool(widget._data_result.any()))
    presses, before = 0, -1
    while before != widget._data_result.sum():  # Run goes on with a long clip, until nothing more comes
        before, presses = widget._data_result.sum(), presses + 1
        widget.on_run()
        until(lambda: True)
    print(f"Run was pressed {presses} times")
    print(
        f"{time.monotonic() - began:.1f} s for {len(volume)} frames of {volume.shape[2]} x {volume.shape[1]}"
    )
    found = widget._data_result > 0
    right = pages(masks, volume.shape)
    print(f"Dice with uniultra track: {dice(found, right):.5f}; equal: {np.array_equal(found, right)}")
    viewer.window.resize(1280, 800)
    until(lambda: True)
    viewer.screenshot(str(out), canvas_only=False, flash=False)
    widget.on_undo()
    until(lambda: True)
    print("after undo:", int(widget._data_result.sum()), "pixels")
    widget._release_session()
    return int(dice(found, right) < 0.999 or bool(widget._data_result.any()))


def until(done: Callable[[], bool]) -> None:
    """Lets the window work until something is so."""
    from qtpy.QtWidgets import QApplication

    ends = time.monotonic() + WAIT_S
    while True:
        for _ in range(20):
            QApplication.instance().processEvents()
        if done():
            return
        if time.monotonic() > ends:
            raise TimeoutError("the plugin didn't come to it")
        time.sleep(0.02)


def pages(path: str, shape: tuple[int, ...]) -> np.ndarray:
    """The masks of a track, bool (frames, H, W)."""
    image: Any = Image.open(path)
    found = np.zeros(shape, bool)
    for page in range(image.n_frames):
        image.seek(page)
        found[page] = np.asarray(image) > 0
    return found


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


if __name__ == "__main__":
    if sys.argv[1] == "--frames":
        save_frames(sys.argv[2], sys.argv[3])
        sys.exit()
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], Path(sys.argv[5])))
