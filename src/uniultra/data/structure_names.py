"""What the ids of a data set's masks are called: those of published sets from a table, one's own from
`structures.csv` beside the manifest.

`structures.csv` has the columns dataset, id and structure; a line with an empty id names every object of the
set.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from uniultra.data.problems import Problem, refuse
from uniultra.errors import DataError, PromptError
from uniultra.io.tables import plain_text, write_csv
from uniultra.io.texts import decoded, separator_of
from uniultra.named import split_names
from uniultra.structures import legal_name

FILE = "structures.csv"
COLUMNS = ("dataset", "id", "structure")
MOST_ID = 255
Names = Mapping[int | None, str]
"""Names by the ids of a mask; under None that of every other id."""

_HEART: Names = {1: "left ventricle", 2: "left ventricular myocardium", 3: "left atrium"}
PUBLISHED: dict[str, Names] = {
    "camus": _HEART,
    "camus2": _HEART,
    "simulated_heart": _HEART,
    "echonet": {None: "left ventricle"},
    "busi": {None: "breast lesion"},
    "busbra": {None: "breast lesion"},
    "bus-bra": {None: "breast lesion"},
    "hc18": {None: "fetal head"},
    "ddti": {None: "thyroid nodule"},
    "tn3k": {None: "thyroid nodule"},
    "cca": {None: "carotid artery"},
    "jnu-ifm": {1: "pubic symphysis", 2: "fetal head"},
    "usgra": {1: "nerve", 2: "blood vessel"},
}
"""By the name that the importer, or our own table of splits, gives a set."""


def names_beside(manifest: Path) -> dict[str, Names]:
    """By data set: the published names, and those of `structures.csv` in the manifest's folder, which win.

    Raises:
        DataError: the file can't be read, or with all that is wrong with it, by line.
    """
    path = manifest.parent / FILE
    if not path.is_file():
        return dict(PUBLISHED)
    try:
        text = decoded(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"'{path}' can't be read as CSV in UTF-8: {error}") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator_of(text))
    if sorted(reader.fieldnames or ()) != sorted(COLUMNS):
        given = ",".join(reader.fieldnames or ())
        raise DataError(f"'{path}' has the columns '{given:.80}'; give {','.join(COLUMNS)}")
    named: dict[str, dict[int | None, str]] = {}
    problems: list[Problem] = []
    for line, values in enumerate(reader, start=2):
        problems += _faults(f"line {line}", values, named)
    refuse(f"'{path}'", problems)
    return PUBLISHED | named


def parsed_names(text: str) -> Names:
    """The names in "1=left ventricle, 2=left atrium", or in "thyroid nodule", which names every id.

    Raises:
        DataError: an id or a name that can't be one, or one twice.
    """
    found: dict[int | None, str] = {}
    for part in split_names(text):
        before, equals, after = part.partition("=")
        number, name = (before.strip(), after.strip()) if equals else ("", before.strip())
        if equals and not (number.isdecimal() and 1 <= int(number) <= MOST_ID):
            raise DataError(
                f"structures '{text:.80}': id '{number:.20}' is not a whole number from 1 to {MOST_ID}; give "
                "such as '1=left ventricle, 2=left atrium', or one name for all"
            )
        key = int(number) if number else None
        if key in found:
            said = "every id" if key is None else f"id {key}"
            raise DataError(f"structures '{text:.80}' names {said} twice; keep one name")
        try:
            found[key] = legal_name(name)
        except PromptError as error:
            raise DataError(f"structures '{text:.80}': {error}") from error
    return found


def legal_names(pairs: Iterable[tuple[object, object]]) -> dict[int | None, str]:
    """Of ids with what a set's own file calls them those that can be ids and names here; not 0, the
    background.
    """
    found: dict[int | None, str] = {}
    for number, name in pairs:
        if isinstance(number, int) and 1 <= number <= MOST_ID and isinstance(name, str):
            with suppress(PromptError):
                found[number] = legal_name(" ".join(name.replace("_", " ").split()))
    return found


def write_names(folder: Path, datasets: Sequence[str], names: Names) -> None:
    """Writes `structures.csv` into a folder, the same names for each data set; nothing without names. Raises
    OutputError.
    """
    if names:
        lines = [(dataset, number, name) for dataset in datasets for number, name in names.items()]
        write_csv(folder / FILE, COLUMNS, lines)


def _faults(
    where: str, values: dict[str, str | None], named: dict[str, dict[int | None, str]]
) -> Iterator[Problem]:
    """What is wrong with a line; one without fault is added to `named`."""
    cells = {key: plain_text(value or "").strip() for key, value in values.items() if key is not None}
    number = cells["id"]
    if None in values or not cells["dataset"]:
        yield Problem(where, "it needs a dataset, an id or none, and a structure; check its commas")
        return
    if number and not (number.isdecimal() and 1 <= int(number) <= MOST_ID):
        yield Problem(where, f"id '{number:.20}' is not a whole number from 1 to {MOST_ID}; or none")
        return
    try:
        name = legal_name(cells["structure"])
    except PromptError as error:
        yield Problem(where, str(error))
        return
    own = named.setdefault(cells["dataset"], {})
    key = int(number) if number else None
    if key in own:
        yield Problem(where, f"'{cells['dataset']}' has a name for id '{number}' already; keep one line")
        return
    own[key] = name
