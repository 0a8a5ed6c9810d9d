"""Drives napari's real window with our plugin, tracks a structure, and saves a picture of it.

    python -m venv VENV; VENV/bin/pip install 'uniultra[napari]'
    xvfb-run -s '-screen 0 1400x900x24 +extension GLX' VENV/bin/python benchmarks/hosts/napari_picture.py \
        CLIP 40 415,300,495,345 napari.png "blood vessel"

Needs OpenGL, as of Mesa's llvmpipe, and the libraries of Qt's xcb plugin (libxcb-cursor0, libxcb-icccm4,
libxcb-keysyms1): `QT_QPA_PLATFORM=offscreen` has no OpenGL, and napari's window then opens no image.
"""

from __future__ import annotations

import sys
from pathlib import Path

import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from uniultra.hosts.napari.masks import tracked
from uniultra.hosts.napari.panel import BOXES, Panel
from uniultra.hosts.napari.reader import read


def main(clip: str, frame: int, box: str, out: Path, name: str) -> None:
    """The window at the prompted frame, its table of frames beside it."""
    viewer = napari.Viewer()
    for data, attributes, kind in read(clip):
        getattr(viewer, f"add_{kind}")(data, **attributes)
    panel = Panel(viewer)
    viewer.window.add_dock_widget(panel, name="Segment ultrasound")
    panel.add_layers()
    panel.of_structure.name.setCurrentText(name)
    x0, y0, x1, y1 = map(float, box.split(","))
    corners = [[frame, y0, x0], [frame, y0, x1], [frame, y1, x1], [frame, y1, x0]]
    viewer.layers[BOXES].add_rectangles(np.array(corners))
    shown()
    for result in panel.begin(tracked):
        panel.take(result)
        shown()
    viewer.dims.set_current_step(0, frame)
    viewer.layers.selection.active = viewer.layers[BOXES]
    viewer.layers[BOXES].mode, viewer.layers[BOXES].opacity = "select", 1.0
    panel.table.scrollToItem(panel.table.item(frame, 0))
    viewer.scale_bar.visible = True
    viewer.window.resize(1280, 800)
    shown()
    viewer.camera.zoom *= 1.25
    shown()
    viewer.screenshot(str(out), canvas_only=False, flash=False)


def shown() -> None:
    """Lets the window draw."""
    for _ in range(20):
        QApplication.instance().processEvents()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), sys.argv[5])
