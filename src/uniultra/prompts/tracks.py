"""A file of prompts for a track: structures by their numbers, on any of its frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from uniultra.errors import PromptError
from uniultra.io.texts import read_json
from uniultra.prompts.objects import MOST_OBJECTS, check_counts, prompt_of
from uniultra.types import Prompt

MOST_BYTES = 50 * 10**6
"""A file beyond this is refused."""
FORM = '{"frame": 0, "object": 1, "box": [x0, y0, x1, y1]}, with points and labels as in a prompts file'


def read_track_prompts(path: Path) -> dict[int, dict[int, Prompt]]:
    """The prompts of a JSON list of {"frame", "object", "box", "points", "labels"}: by frame from 0, then by
    structure from 1.

    Raises:
        PromptError: not such a file; the message names the entry.
    """
    try:
        if path.stat().st_size > MOST_BYTES or not path.is_file():
            raise PromptError(f"prompts '{path}' is not a file of at most {MOST_BYTES // 10**6} MB; split it")
        entries = read_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise PromptError(f"prompts '{path}' can't be read as JSON: {error}") from error
    if not isinstance(entries, list) or not entries:
        raise PromptError(f"prompts '{path}' is not a list of entries; give a JSON list of {FORM}")
    found: dict[int, dict[int, Prompt]] = {}
    for place, entry in enumerate(entries, start=1):
        try:
            frame, number, prompt = _entry(entry)
            if number in found.setdefault(frame, {}):
                raise PromptError(f"structure {number} has two prompts on frame {frame}; put them into one")
        except PromptError as error:
            raise PromptError(f"prompts '{path}', entry {place}: {error}") from error
        found[frame][number] = prompt
    return found


def _entry(entry: Any) -> tuple[int, int, Prompt]:
    if not isinstance(entry, dict):
        raise PromptError(f"it is no object; give {FORM}")
    rest = {key: value for key, value in entry.items() if key not in ("frame", "object")}
    [prompt] = check_counts([prompt_of(rest)])
    return _whole(entry, "frame", 0, 10**6), _whole(entry, "object", 1, MOST_OBJECTS), prompt


def _whole(entry: dict[str, Any], key: str, least: int, most: int) -> int:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise PromptError(f"{key} {value!r:.40} must be a whole number from {least} to {most}")
    return value
