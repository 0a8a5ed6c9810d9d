"""Drives X-AnyLabeling's real window with our graphs: draws a rectangle, and saves a picture of the answer.

    uniultra export --model uniultra-mini --for x-anylabeling --out FOLDER
    python -m venv VENV; VENV/bin/pip install x-anylabeling-cvhub==4.2.1 onnxruntime onnx
    HOME=$(mktemp -d) QT_QPA_PLATFORM=offscreen VENV/bin/python benchmarks/hosts/x_anylabeling_picture.py \
        FOLDER IMAGE OUT

The image is src/uniultra/examples/malignant_183.jpg; BOX is around its lesion. The model is opened by the
function behind Load Custom Model, without the file dialog.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from anylabeling import config
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

BOX = ((116, 40), (398, 318))
MOST_S = 60


def until(done: Callable[[], bool]) -> None:
    """Lets the window work until this is so."""
    for _ in range(10 * MOST_S):
        if done():
            return
        QTest.qWait(100)
    raise TimeoutError(f"not done after {MOST_S} s")


def main(folder: str, image: str, out: str) -> None:
    """The window with the rectangle and the polygon that the model gave for it."""
    app = QApplication([])
    from anylabeling.resources import resources  # noqa: F401  (its icons)
    from anylabeling.views.mainwindow import MainWindow

    window = MainWindow(app, config=config.get_config(), filename=os.path.abspath(image))
    window.resize(1280, 720)
    window.show()
    QTest.qWait(2000)
    view = window.labeling_widget.view
    view.toggle_auto_labeling_widget()
    QTest.qWait(1000)
    panel, canvas = view.auto_labeling_widget, view.canvas
    panel.model_manager.load_custom_model(str((Path(folder) / "uniultra.yaml").absolute()))
    until(lambda: panel.model_manager.loaded_model_config is not None)
    QTest.qWait(1000)
    panel.button_add_rect.click()
    for corner in BOX:
        at = ((QPointF(*corner) + canvas.offset_to_center()) * canvas.scale).toPoint()
        QTest.mouseMove(canvas, at)
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at)
    until(lambda: any(shape.shape_type == "polygon" for shape in canvas.shapes))
    QTest.qWait(500)
    window.grab().save(out)


if __name__ == "__main__":
    settings = Path.home() / ".xanylabelingrc"
    settings.write_text("{}", encoding="utf-8")
    config.current_config_file = str(settings)
    main(*sys.argv[1:4])
    os._exit(0)  # its threads don't end by themselves
