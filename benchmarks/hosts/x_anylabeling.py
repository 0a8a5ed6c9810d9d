"""Runs X-AnyLabeling's own class `SegmentAnything2`, without a window, on our graphs, and compares.

    uniultra export --model uniultra-mini --for x-anylabeling --out FOLDER
    python -m venv VENV; VENV/bin/pip install x-anylabeling-cvhub==4.2.1 onnxruntime onnx
    VENV/bin/python benchmarks/hosts/x_anylabeling.py FOLDER IMAGE > polygons.json
    python benchmarks/hosts/x_anylabeling.py --compare IMAGE polygons.json [NAME [FIT]]

The first runs in the program's environment, which has no uniultra; the second in ours, with the --label and
the --box-fit of the export where it had them. The image is src/uniultra/examples/malignant_183.jpg; BOX and
CLICK are on its lesion.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

BOX, CLICK, OUT = [116, 40, 398, 318], [257, 179], [130, 60]
RECTANGLE = {"type": "rectangle", "data": BOX, "label": 1}
ASKS: dict[str, tuple[bool, list[dict[str, Any]]]] = {
    "rectangle": (False, [RECTANGLE]),
    "rectangle, cropping": (True, [RECTANGLE]),
    "rectangle and a point, cropping": (True, [RECTANGLE, {"type": "point", "data": OUT, "label": 0}]),
    "point": (False, [{"type": "point", "data": CLICK, "label": 1}]),
    "everything": (False, [{"type": "auto_grid"}]),
}


def run(folder: Path, image: str) -> None:
    """In the program's environment."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    import yaml
    from anylabeling import config
    from PyQt6.QtGui import QImage
    from PyQt6.QtWidgets import QApplication

    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as settings:
        settings.write("{}")
        settings.flush()
        config.current_config_file = settings.name
        app = QApplication([])
        from anylabeling.services.auto_labeling.segment_anything_2 import SegmentAnything2

        said = yaml.safe_load((folder / "uniultra.yaml").read_text(encoding="utf-8"))
        model = SegmentAnything2(
            said | {"config_file": str((folder / "uniultra.yaml").absolute())}, sys.stderr.write
        )
        found = {}
        for name, (cropping, marks) in ASKS.items():
            model.set_cropping_mode(cropping)
            model.set_auto_labeling_marks(marks)
            shapes = model.predict_shapes(QImage(image), image).shapes
            found[name] = [[[point.x(), point.y()] for point in shape.points] for shape in shapes]
        print(json.dumps(found))
        app.quit()


def compare(image: str, polygons: Path, name: str = "", fit: str = "") -> None:
    """In ours: Dice with one pass on the whole image, and with `segment`."""
    import cv2
    import numpy as np

    from uniultra import Prompt, Segmenter, read_frame
    from uniultra.evaluation.metrics import dice

    frame, segmenter = read_frame(Path(image)), Segmenter.load()
    x0, y0, x1, y1 = (edge - 0.5 for edge in BOX)  # there 0 is the edge of the first pixel
    click, out = ((x - 0.5, y - 0.5) for x, y in (CLICK, OUT))
    prompts = {
        "rectangle": Prompt((x0, y0, x1, y1), name=name, box_fit=fit),
        "rectangle, cropping": Prompt((x0, y0, x1, y1), name=name, box_fit=fit),
        "rectangle and a point, cropping": Prompt((x0, y0, x1, y1), (out,), (0,), name=name, box_fit=fit),
        "point": Prompt(points_xy=(click,), point_labels=(1,), name=name),
    }
    found = json.loads(polygons.read_text(encoding="utf-8"))
    for kind, prompt in prompts.items():
        mask_hw = np.zeros(frame.pixels_hw.shape, np.uint8)
        cv2.fillPoly(mask_hw, [np.array(polygon, np.int32) for polygon in found[kind]], 1)
        [followed] = segmenter.segment(frame, [prompt])
        [once] = segmenter.decode(segmenter.encode(frame), [prompt])
        dices = [dice(mask_hw > 0, other.mask_hw) for other in (once, followed)]
        print(f"{kind}: Dice {dices[0]:.3f} with one pass, {dices[1]:.3f} with segment")
    print(f"everything: {len(found['everything'])} polygons")


if __name__ == "__main__":
    if sys.argv[1] == "--compare":
        compare(sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
    else:
        run(Path(sys.argv[1]), sys.argv[2])
