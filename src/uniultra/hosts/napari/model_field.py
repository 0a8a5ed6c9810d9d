"""The panel's field of the model: a published one, or a folder of one's own, as a run of `adapt`."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QFormLayout, QHBoxLayout, QPushButton, QWidget

from uniultra.errors import UniUltraError
from uniultra.model_facts import read_structures
from uniultra.registry import DEFAULT, MODELS, find
from uniultra.segmenter import Segmenter


class ModelField(QObject):
    """Which model answers. One that is chosen is opened at once, so that it is known whether it can be; the
    first one when it is needed.

    Signals: `changed`, once another model answers; `refused` with why one doesn't.
    """

    changed = Signal()
    refused = Signal(str)

    def __init__(self, segmenter: Segmenter | None) -> None:
        super().__init__()
        self._segmenter = segmenter
        self._chosen = segmenter.name if segmenter else DEFAULT
        self.choice = QComboBox(editable=True, insertPolicy=QComboBox.InsertPolicy.NoInsert)
        self.choice.addItems([entry.name for entry in MODELS])
        self.choice.setCurrentText(self._chosen)
        self.folder = QPushButton("folder")
        self.choice.activated.connect(self._take)
        self.choice.lineEdit().editingFinished.connect(self._take)
        self.folder.clicked.connect(self._browse)

    def add_to(self, form: QFormLayout) -> None:
        """Puts it below what is there."""
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.choice, 1)
        line.addWidget(self.folder)
        form.addRow("model", row)

    @property
    def segmenter(self) -> Segmenter:
        """The model, opened. Raises ModelError."""
        if self._segmenter is None:
            self._segmenter = Segmenter.load(self._chosen)
        return self._segmenter

    @property
    def structures(self) -> tuple[str, ...]:
        """The names that it knows."""
        if self._segmenter is None:
            return read_structures(find(self._chosen).folder)
        return self._segmenter.facts.structures

    def enable(self, is_free: bool) -> None:
        """Lets another one be chosen, or not while one works."""
        self.choice.setEnabled(is_free)
        self.folder.setEnabled(is_free)

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self.folder, "The folder of a model, or a run of adapt")
        if folder:
            self.choice.setCurrentText(folder)
            self._take()

    def _take(self) -> None:
        chosen = self.choice.currentText().strip()
        if chosen == self._chosen:
            return
        try:
            segmenter = Segmenter.load(chosen)
        except UniUltraError as error:
            self.choice.setCurrentText(self._chosen)
            self.refused.emit(str(error))
            return
        self._segmenter, self._chosen = segmenter, chosen
        self.changed.emit()
