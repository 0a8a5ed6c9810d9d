"""The option `--label`."""

from __future__ import annotations

from collections.abc import Sequence

from uniultra.cli.terminal.text import tell
from uniultra.structures import legal_name, unlisted_note

LABEL_HELP = "Name of the structures, such as thyroid: one for all, or repeat it in their order."


def parse_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Names as results carry them; says on stderr which have no code of their own. Raises PromptError."""
    names = tuple(map(legal_name, labels))
    notes = [unlisted_note(name) for name in dict.fromkeys(names)]
    tell([note for note in notes if note is not None])
    return names
