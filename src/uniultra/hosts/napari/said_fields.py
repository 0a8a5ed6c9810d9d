"""The panel's fields that say what a structure is called, and how its rectangles fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QComboBox, QCompleter, QFormLayout

from uniultra.box_fit import BoxFit
from uniultra.errors import PromptError
from uniultra.hosts.description import NOTHING, Description
from uniultra.structures import legal_name, unlisted_note

UNSAID = "not said"
"""Of how rectangles fit."""


class SaidFields(QObject):
    """The two fields of one structure at a time; what was said of the others is kept.

    Signals: `changed`; `noted` with a sentence, once a whole name was given that isn't legal, or has no code.
    """

    changed = Signal()
    noted = Signal(str)

    def __init__(self, structures: Sequence[str]) -> None:
        super().__init__()
        self._of: dict[int, Description] = {}
        self._number, self._noted = 1, ""
        self.name = QComboBox(editable=True, insertPolicy=QComboBox.InsertPolicy.NoInsert)
        self.offer(structures)
        self.name.completer().setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.fit = QComboBox()
        self.fit.addItems([UNSAID, *BoxFit])
        self.name.currentTextChanged.connect(self._keep)
        self.name.lineEdit().editingFinished.connect(self._note)
        self.fit.currentTextChanged.connect(self._keep)

    def offer(self, structures: Sequence[str]) -> None:
        """Other names to choose from; what was said stays."""
        said = self.name.currentText()
        self.name.blockSignals(True)
        self.name.clear()
        self.name.addItems(["", *structures])
        self.name.setCurrentText(said)
        self.name.blockSignals(False)

    def add_to(self, form: QFormLayout) -> None:
        """Puts them below what is there."""
        form.addRow("its name", self.name)
        form.addRow("its rectangles fit", self.fit)

    def show(self, number: int) -> None:
        """What is said of another structure."""
        self._number = number
        own = self._of.get(number, NOTHING)
        for field, text in ((self.name, own.name), (self.fit, own.box_fit or UNSAID)):
            field.blockSignals(True)
            field.setCurrentText(text)
            field.blockSignals(False)

    def forget(self) -> None:
        """All that was said."""
        self._of = {}
        self.show(self._number)

    def said(self) -> dict[int, Description]:
        """What is said of each structure, by its number. Raises PromptError for a name that isn't legal."""
        return {
            number: replace(own, name=legal_name(own.name)) if own.name else own
            for number, own in self._of.items()
        }

    def names(self) -> dict[int, str]:
        """What structures are called, by their numbers. Raises PromptError."""
        return {number: own.name for number, own in self.said().items() if own.name}

    def _keep(self) -> None:
        fit = self.fit.currentText()
        self._of[self._number] = Description(self.name.currentText().strip(), "" if fit == UNSAID else fit)
        self.changed.emit()

    def _note(self) -> None:
        name = self._of.get(self._number, NOTHING).name
        if not name or name == self._noted:
            return
        self._noted = name
        try:
            note = unlisted_note(legal_name(name))
        except PromptError as error:
            note = str(error)
        if note:
            self.noted.emit(note)
