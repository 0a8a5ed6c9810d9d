"""A file of prompts for tracks: structures by their numbers, on any frames of a clip."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from uniultra.data.problems import Problem, refuse
from uniultra.errors import PromptError
from uniultra.io.paths import shown
from uniultra.prompts.files import is_json, read_by_file
from uniultra.prompts.objects import MOST_OBJECTS, check_counts, names_of, prompt_of
from uniultra.prompts.table import read_rows
from uniultra.types import Prompt

TrackPrompts = dict[int, dict[int, Prompt]]
"""By frame from 0, then by structure from 1."""
FORM = '{"frame": 0, "object": 1, "box": [x0, y0, x1, y1]}, with points and labels as in a prompts file'


def read_track_prompts(path: Path, name: str = "") -> TrackPrompts:
    """The prompts of one clip: a JSON list of {"frame", "object", "box", "points", "labels"}, a JSON object
    of such lists by file, or a table with the columns frame and object (`table`); `name` is the clip's.

    Raises:
        PromptError: not such a file, or nothing in it is for this clip; the message names the entry.
        DataError: a table or names with problems, each reported by its place.
    """
    found = read_tracks(path, [name], others=True).get(name)
    if not found:
        raise PromptError(f"prompts '{path}' has no entry for '{name}'; name the clip as its file is called")
    return found


def read_tracks(path: Path, names: Collection[str], others: bool = False) -> dict[str, TrackPrompts]:
    """The same for the clips of these names, by name; a JSON list is for each of them. In a table an empty
    frame is frame 0, and an empty object structure 1.

    Args:
        others: whether the file may name further clips, which are ignored; else they are problems.
    """
    if not is_json(path):
        return _of_table(path, names, others)
    where = f"prompts '{path}'"
    return read_by_file(
        path,
        names,
        others,
        lambda name, entries: _of_list(f"{where}, '{shown(name)}'" if name else where, entries),
    )


def _of_list(where: str, entries: Any) -> TrackPrompts:
    if not isinstance(entries, list) or not entries:
        raise PromptError(f"{where} is not a list of entries; give a JSON list of {FORM}")
    found: TrackPrompts = {}
    for place, entry in enumerate(entries, start=1):
        try:
            frame, number, prompt = _entry(entry)
            if number in found.setdefault(frame, {}):
                raise PromptError(f"structure {number} has two prompts on frame {frame}; put them into one")
        except PromptError as error:
            raise PromptError(f"{where}, entry {place}: {error}") from error
        found[frame][number] = prompt
    return found


def _of_table(path: Path, names: Collection[str], others: bool) -> dict[str, TrackPrompts]:
    found: dict[str, TrackPrompts] = {}
    problems: list[Problem] = []
    for row in read_rows(path, names, others):
        own = found.setdefault(row.name, {}).setdefault(row.frame or 0, {})
        number = row.object or 1
        if number in own:
            what = f"structure {number} of frame {row.frame or 0} appears twice; number the structures"
            problems.append(Problem(f"row {row.number}, column object", what))
        own[number] = row.prompt
    refuse(shown(path), problems)
    return found


def named_tracks(
    prompts: Mapping[int, Mapping[int, Prompt]], names: Sequence[str]
) -> dict[int, dict[int, Prompt]]:
    """The same with these names, one for all or one a structure in the order of their numbers.

    Raises:
        PromptError: another number of names.
    """
    numbers = sorted({number for own in prompts.values() for number in own})
    called = dict(zip(numbers, names_of(names, len(numbers)), strict=True))
    return {
        frame: {number: replace(one, name=called[number] or one.name) for number, one in own.items()}
        for frame, own in prompts.items()
    }


def _entry(entry: Any) -> tuple[int, int, Prompt]:
    if not isinstance(entry, dict):
        raise PromptError(f"it is not an object; give {FORM}")
    rest = {key: value for key, value in entry.items() if key not in ("frame", "object")}
    [prompt] = check_counts([prompt_of(rest)])
    return _whole(entry, "frame", 0, 10**6), _whole(entry, "object", 1, MOST_OBJECTS), prompt


def _whole(entry: dict[str, Any], key: str, least: int, most: int) -> int:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise PromptError(f"{key} {value!r:.40} must be a whole number from {least} to {most}")
    return value
