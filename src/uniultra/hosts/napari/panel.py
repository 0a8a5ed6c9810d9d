"""napari's panel: points and rectangles prompt several structures, which are segmented on their frames or
tracked through the cine, with the quality of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from uniultra.errors import PromptError, UniUltraError
from uniultra.hosts.napari.layers import OURS, cine_of
from uniultra.hosts.napari.masks import Answers, empty_labels, gone_on, mask_at, painted, segmented, tracked
from uniultra.hosts.napari.model_field import ModelField
from uniultra.hosts.napari.prompts import IN, OUT, Prompts, prompts_of
from uniultra.hosts.napari.said_fields import SaidFields
from uniultra.measure import area_px
from uniultra.results import FrameResult
from uniultra.segmenter import Segmenter
from uniultra.types import Cine

POINTS, BOXES, MASKS = "UniUltra points", "UniUltra boxes", "UniUltra masks"
"""Names of the panel's layers."""
WORKING, DONE = "segmenting", "done; File > Save selected layers saves UniUltra masks"
COLUMNS = ("frame", "structure", "quality", "area")
_COLOURS = {IN: "lime", OUT: "red"}
Work = Callable[[Segmenter, Cine, Prompts], Iterator[FrameResult]]


class Panel(QWidget):
    """The widget; `napari_viewer` is what napari passes."""

    def __init__(self, napari_viewer: Any, segmenter: Segmenter | None = None) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.worker: Any = None
        self.model = ModelField(segmenter)
        self.image = QComboBox()
        self.structure = QSpinBox(minimum=1, maximum=255)
        self.of_structure = SaidFields(self.model.structures)
        self.says = QComboBox()
        self.says.addItems([IN, OUT])
        self.prepare = QPushButton("Prompt layers")
        self.here = QPushButton("Segment prompted frames")
        self.through = QPushButton("Track through the cine")
        self.stop = QPushButton("Stop")
        self.clear = QPushButton("Remove prompts and masks")
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setHorizontalHeaderLabels(COLUMNS)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.status = QLabel("Add the prompt layers, then draw a rectangle or click. Not a medical device.")
        self.status.setWordWrap(True)
        self._lay_out()
        self._connect()
        self.images_changed()

    def _lay_out(self) -> None:
        form = QFormLayout()
        self.model.add_to(form)
        form.addRow("image", self.image)
        form.addRow("structure", self.structure)
        self.of_structure.add_to(form)
        form.addRow("points lie", self.says)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        for one in (self.prepare, self.here, self.through, self.stop, self.clear, self.table, self.status):
            layout.addWidget(one)
        self.stop.setEnabled(False)

    def _connect(self) -> None:
        self.model.changed.connect(self.model_changed)
        self.model.refused.connect(self._say)
        self.prepare.clicked.connect(self.add_layers)
        self.here.clicked.connect(lambda: self.start(segmented))
        self.through.clicked.connect(lambda: self.start(tracked))
        self.stop.clicked.connect(self.halt)
        self.clear.clicked.connect(self.remove)
        self.structure.valueChanged.connect(self.defaults_changed)
        self.structure.valueChanged.connect(self.of_structure.show)
        self.of_structure.changed.connect(self.names_changed)
        self.of_structure.noted.connect(self._say)
        self.says.currentTextChanged.connect(self.defaults_changed)
        self.viewer.layers.events.inserted.connect(self.images_changed)
        self.viewer.layers.events.removed.connect(self.images_changed)

    def model_changed(self) -> None:
        """Offers the names that the model knows. Masks of another one stay, under its name."""
        self.of_structure.offer(self.model.structures)
        facts = self.model.segmenter.facts
        if MASKS in self.viewer.layers:
            layer = self.viewer.layers[MASKS]
            layer.name = f"{MASKS} ({layer.metadata[OURS]['answers'].model.name})"
        self._say(f"{facts.name} {facts.version} answers from now on")

    def images_changed(self, event: Any = None) -> None:
        """Lists the image layers anew, keeping the choice."""
        chosen = self.image.currentText()
        names = [layer.name for layer in self.viewer.layers if type(layer).__name__ == "Image"]
        self.image.clear()
        self.image.addItems(names)
        if chosen in names:
            self.image.setCurrentText(chosen)

    def add_layers(self) -> None:
        """The layers that take points and rectangles, on the grid of the image."""
        layer = self._image_layer()
        if layer is None:
            self._say("open an image first")
            return
        place = {"scale": layer.scale, "translate": layer.translate, "units": layer.units, "ndim": layer.ndim}
        if BOXES not in self.viewer.layers:
            self.viewer.add_shapes(
                name=BOXES,
                features={"structure": np.zeros(0, int)},
                edge_color="yellow",
                edge_width=2,
                face_color="transparent",
                **place,
            )
        if POINTS not in self.viewer.layers:
            features = {"structure": np.zeros(0, int), "says": np.zeros(0, object)}
            self.viewer.add_points(name=POINTS, features=features, size=8, face_color=_COLOURS[IN], **place)
        self.defaults_changed()
        self.viewer.layers[BOXES].mode = "add_rectangle"
        self.viewer.layers.selection.active = self.viewer.layers[BOXES]
        self._say("draw a rectangle around the structure, or add points in the layer of points")

    def defaults_changed(self, changed: Any = None) -> None:
        """What the next point and rectangle are of. napari keeps the last one selected, and would colour it
        as the next: it is let go of.
        """
        number, said = self.structure.value(), self.says.currentText()
        if BOXES in self.viewer.layers:
            self.viewer.layers[BOXES].feature_defaults = {"structure": number}
        if POINTS in self.viewer.layers:
            layer = self.viewer.layers[POINTS]
            layer.selected_data = set()
            layer.feature_defaults = {"structure": number, "says": said}
            layer.current_face_color = _COLOURS[said]

    def prompts(self) -> Prompts:
        """What the layers hold. Raises PromptError."""
        points, of_points, boxes, of_boxes = np.zeros((0, 3)), [], [], []
        if POINTS in self.viewer.layers:
            layer = self.viewer.layers[POINTS]
            points = np.asarray(layer.data)
            of_points = list(zip(layer.features["structure"], layer.features["says"], strict=True))
        if BOXES in self.viewer.layers:
            layer = self.viewer.layers[BOXES]
            boxes, of_boxes = [np.asarray(one) for one in layer.data], list(layer.features["structure"])
        return prompts_of(points, of_points, boxes, of_boxes, self.of_structure.said(), self._shown)

    def names_changed(self) -> None:
        """Calls the masks that are there what their structures are called now, where all names are legal."""
        if MASKS not in self.viewer.layers:
            return
        answers = self.viewer.layers[MASKS].metadata.get(OURS, {}).get("answers")
        if answers is not None:
            with suppress(PromptError):
                answers.names = self.of_structure.names()

    def begin(self, work: Work) -> Iterator[FrameResult]:
        """The results that work yields, and the layer of masks made ready for them. Raises PromptError."""
        layer, prompts = self._image_layer(), self.prompts()
        if layer is None or not prompts:
            raise PromptError("open an image first" if layer is None else "draw a rectangle or click first")
        cine = cine_of(layer.data, _attributes(layer))
        segmenter = self.model.segmenter
        path = layer.metadata.get(OURS, {}).get("path")
        if self._answers(cine) is None:
            self._remove(MASKS)
            answers = Answers(path, cine, segmenter.facts)
            self.viewer.add_labels(
                empty_labels(cine),
                name=MASKS,
                scale=layer.scale,
                translate=layer.translate,
                units=layer.units,
                metadata={OURS: {"path": path, "answers": answers}},
            )
            self.names_changed()
        masks = self.viewer.layers[MASKS]
        return work(segmenter, cine, gone_on(prompts, masks.data, masks.metadata[OURS]["answers"]))

    def take(self, result: FrameResult) -> None:
        """Shows one result."""
        layer = self.viewer.layers[MASKS]
        answers = layer.metadata[OURS]["answers"]
        painted(layer.data, answers, result)
        layer.refresh()
        for found in result.objects:
            mm2 = found.area_mm2
            area = f"{area_px(found.mask)} px" if mm2 is None else f"{mm2:.0f} mm²"
            said = f" {found.status}" if found.status else ""
            called = f"{found.number} {found.name}".rstrip()
            self._row((str(result.number or 0), called, f"{found.mask.quality:.2f}{said}", area))
        if result.notes:
            self._say("; ".join(result.notes))

    def start(self, work: Work) -> None:
        """Works in the background, and shows each result as it comes."""
        from napari.qt.threading import create_worker

        try:
            results = self.begin(work)
        except UniUltraError as error:
            self._say(str(error))
            return
        self.table.setRowCount(0)
        self.worker = create_worker(lambda: (yield from results))
        self.worker.yielded.connect(self.take)
        self.worker.errored.connect(lambda error: self._say(str(error)))
        self.worker.finished.connect(self.finished)
        self._busy(True)
        self._say(WORKING)
        self.worker.start()

    def finished(self) -> None:
        """Lets the next work begin; what was said of this one stays."""
        self._busy(False)
        if self.status.text() == WORKING:
            self._say(DONE)

    def halt(self) -> None:
        """Ends work after the frame in hand."""
        if self.worker is not None:
            self.worker.quit()

    def remove(self) -> None:
        """Removes the panel's layers, and what was said of structures."""
        for name in (POINTS, BOXES, MASKS):
            self._remove(name)
        self.of_structure.forget()
        self.table.setRowCount(0)

    def _answers(self, cine: Cine) -> Answers | None:
        """What the layer of masks was made of, where that is of this cine."""
        if MASKS not in self.viewer.layers:
            return None
        known = self.viewer.layers[MASKS].metadata.get(OURS, {}).get("answers")
        is_same = known is not None and known.cine.source == cine.source and known.cine.count == cine.count
        return known if is_same and known.cine.frame_hw == cine.frame_hw else None

    def _shown(self, frame: int, number: int) -> np.ndarray | None:
        """A structure's mask on a frame of the image that is chosen."""
        layer = self._image_layer()
        if layer is None or self._answers(cine_of(layer.data, _attributes(layer))) is None:
            return None
        return mask_at(self.viewer.layers[MASKS].data, frame, number)

    def _image_layer(self) -> Any:
        name = self.image.currentText()
        if name not in self.viewer.layers:  # a list by name, without `get`
            return None
        return self.viewer.layers[name]

    def _remove(self, name: str) -> None:
        if name in self.viewer.layers:
            self.viewer.layers.remove(name)

    def _row(self, cells: tuple[str, ...]) -> None:
        at = self.table.rowCount()
        self.table.insertRow(at)
        for column, cell in enumerate(cells):
            self.table.setItem(at, column, QTableWidgetItem(cell))

    def _busy(self, is_busy: bool) -> None:
        for button in (self.here, self.through, self.clear):
            button.setEnabled(not is_busy)
        self.stop.setEnabled(is_busy)
        self.model.enable(not is_busy)

    def _say(self, text: str) -> None:
        self.status.setText(text)


def _attributes(layer: Any) -> dict[str, Any]:
    return {
        "name": layer.name,
        "rgb": layer.rgb,
        "contrast_limits": layer.contrast_limits,
        "scale": layer.scale,
        "units": [str(unit) for unit in layer.units],
    }
