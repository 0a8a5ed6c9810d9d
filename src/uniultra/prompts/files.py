"""A file of prompts, JSON or a table, for one image or an archive: the same files for every command."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from uniultra.data.problems import Problem, refuse
from uniultra.errors import PromptError
from uniultra.io.paths import shown
from uniultra.io.texts import composed, decoded, read_json
from uniultra.prompts.objects import check_counts, prompt_of
from uniultra.prompts.table import Prompts, read_table
from uniultra.types import Prompt

MOST_BYTES = 50 * 10**6
"""A JSON file beyond this is refused."""
_HEAD_BYTES = 4096
Parsed = TypeVar("Parsed")


def read_prompts(path: Path, names: Collection[str], others: bool = False) -> Prompts:
    """The prompts of the files of these names, by (name, frame); frame None where the file names none.

    JSON is a list of objects for every file, or a dict from a name to its list; an object is {"box": [x0, y0,
    x1, y1], "points": [[x, y], ...], "labels": [1, 0, ...]}, each key optional. Else a table with one row per
    object (`table`). A name is a path as in `names`, or a bare file name; in JSON a bare name stands for
    every file that has it.

    Args:
        others: whether the file may name further files, which are ignored; else they are problems.

    Raises:
        PromptError: not such JSON. DataError: a table or names with problems, each reported by its place.
    """
    if not is_json(path):
        return read_table(path, names, others)
    by_name = read_by_file(path, names, others, lambda _, items: _objects(path, items))
    return {(name, None): prompts for name, prompts in by_name.items()}


def read_by_file(
    path: Path, names: Collection[str], others: bool, parse: Callable[[str, Any], Parsed]
) -> dict[str, Parsed]:
    """What a JSON file of prompts says of each of `names`: its one entry of each, or the entry by its name.

    Args:
        others: as in `read_prompts`.
        parse: makes something of an entry, given its name too, "" for the one of each.
    """
    content = json_content(path)
    if not isinstance(content, dict):
        return dict.fromkeys(names, parse("", content))
    found: dict[str, Parsed] = {}
    said: dict[int, str] = {}
    for number, (name, entry) in enumerate(content.items(), start=1):
        parsed, meant = parse(name, entry), meant_files(name, names)
        again = [one for one in meant if one in found]
        if again:
            said[number] = f"'{shown(again[0])}' is named by an earlier entry, too; put both into one"
        found |= dict.fromkeys(meant, parsed)
        if not meant and not others:
            said[number] = f"'{shown(name)}' is not an image of the archive; give its path relative to it"
    refuse(shown(path), [Problem(f"entry {number}", what) for number, what in said.items()])
    return found


def is_json(path: Path) -> bool:
    """By its first character, where it isn't called so: a table begins with the name of a column."""
    if path.suffix.lower() == ".json":
        return True
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
        return decoded(head[: len(head) // 4 * 4]).lstrip()[:1] in ("{", "[")
    except (OSError, ValueError):
        return False


def json_content(path: Path) -> Any:
    """What a JSON file of prompts holds. Raises PromptError."""
    if not path.exists():
        raise PromptError(f"prompts '{path}': no such file; check the path")
    try:
        if path.stat().st_size > MOST_BYTES or not path.is_file():
            raise PromptError(f"prompts '{path}' is not a file of at most {MOST_BYTES // 10**6} MB; split it")
        return read_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise PromptError(f"prompts '{path}' can't be read as JSON: {error}") from error


def meant_files(name: str, names: Collection[str]) -> list[str]:
    """The files that an entry's name means: its path, else every file of that bare name; in either Unicode
    form.
    """
    called = composed(name.replace("\\", "/").removeprefix("./"))
    whole = [one for one in names if composed(one) == called]
    return whole or [one for one in names if composed(PurePosixPath(one).name) == called]


def _objects(path: Path, items: Any) -> list[Prompt]:
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise PromptError(f"prompts '{path}': each image needs a list of objects with box, points, labels")
    try:
        return check_counts([prompt_of(item) for item in items])
    except PromptError as error:
        raise PromptError(f"prompts '{path}': {error}") from error
