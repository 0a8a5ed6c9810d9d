"""Which structure a prompt points at, as a model may be told: by a name that it has learned.

A box around a left ventricle often holds its wall and the atrium as well, and a click on the wall may mean
the wall or the whole heart. A model that has learned the names of structures is given some points more, whose
labels stand for the name and whose place says nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

from uniultra.box_fit import CORNER_LABELS
from uniultra.errors import ModelError
from uniultra.structures import MOST_CHARACTERS, SIDES

NAME_POINTS = 4
"""Points that a name is told by."""
FIRST_LABEL = 1 + max(label for pair in CORNER_LABELS.values() for label in pair)
"""Of the first name's first point; each further point's is one more."""
MOST_STRUCTURES = 100


def name_labels(place: int) -> range:
    """The labels of the points that tell the model's name at a place, from 0."""
    first = FIRST_LABEL + NAME_POINTS * place
    return range(first, first + NAME_POINTS)


def name_words(name: str) -> str:
    """What names are compared by: neither case nor blanks, for which `_` may stand, tell them apart."""
    return " ".join(name.lower().replace("_", " ").split())


def further_names(names: Iterable[str], known: Iterable[str] = ()) -> tuple[str, ...]:
    """Of names those that are neither known nor before them in another spelling, in their order."""
    before = {name_words(name) for name in known}
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name_words(name), name)
    return tuple(name for words, name in found.items() if words not in before)


def joined_names(names: Iterable[str]) -> str:
    """Names as `split_names` reads them: separated by commas, quoted where one holds a comma or a quote."""
    quoted = (name.replace('"', '""') for name in names)
    return ", ".join(f'"{name}"' if "," in name or '"' in name else name for name in quoted)


def split_names(text: str) -> list[str]:
    """What stands between the commas in "left ventricle, left atrium"; in quotes, as in CSV, a comma is of
    the name.
    """
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    return [part.strip() for row in rows for part in row]


def known_name(name: str, structures: Sequence[str]) -> str:
    """A model's own name for what somebody calls a structure, "" for what it hasn't learned; case, blanks and
    the side don't matter.
    """
    words = name_words(name)
    side, _, rest = words.partition(" ")
    own = {name_words(each): each for each in structures}
    return own.get(words) or (own.get(rest, "") if side in SIDES else "")


def labels_of_name(name: str, structures: Sequence[str]) -> tuple[int, ...]:
    """The labels of the points that tell a model what a structure is called; none for what it hasn't
    learned.
    """
    own = known_name(name, structures)
    return tuple(name_labels(list(structures).index(own))) if own else ()


def checked_structures(said: object, source: str, fix: str = "export the model again") -> tuple[str, ...]:
    """The names that a model says it has learned. Raises ModelError unless they are a list of different
    names.
    """
    names = tuple(said) if isinstance(said, list | tuple) else None
    if (
        names is None
        or len(names) > MOST_STRUCTURES
        or not all(isinstance(name, str) and 0 < len(name) <= MOST_CHARACTERS for name in names)
        or len({name_words(name) for name in names}) < len(names)
    ):
        raise ModelError(
            f"{source} says structures {said!r:.80}; it must be a list of up to {MOST_STRUCTURES} different "
            f"names of 1 to {MOST_CHARACTERS} characters (case, blanks and _ don't tell two apart); {fix}"
        )
    return names
