"""The answers so far, a line an image, so that a run that was stopped at any moment goes on and ends as if it hadn't been."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from uniultra.data.manifest import Row
from uniultra.errors import DataError, OutputError
from uniultra.evaluation.records import EmptyAnswer, ScoredImage, record_from


class Journal:
    """A file of JSON lines: first what was asked, then one scored image a line. A last line that was cut off is dropped.

    What an image gave is a ScoredImage, or another dataclass that `parse` makes of its line.

    Raises:
        DataError: the file is of another model, manifest, split or other prompts, or damaged.
        OutputError: it can't be written.
    """

    def __init__(self, path: Path, asked: dict[str, Any], parse: Callable[[dict[str, Any]], Any] | None = None) -> None:
        self.path = path
        self.parse = parse or _scored
        self.known: dict[tuple[str, str], Any] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = _whole_lines(path)
            if whole:
                self._read(whole, asked)
            else:
                path.write_text(json.dumps(asked) + "\n", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"'{path}' can't be written ({error.strerror}); choose a folder that you may write to") from error

    def get(self, row: Row) -> Any:
        return self.known.get((row.dataset, row.id))

    def add(self, row: Row, scored: Any) -> None:
        """Appends one image, unless it is known; the line is handed to the system before this returns."""
        if (row.dataset, row.id) in self.known:
            return
        self.known[row.dataset, row.id] = scored
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"dataset": row.dataset, "id": row.id, **asdict(scored)}) + "\n")

    def _read(self, whole: list[str], asked: dict[str, Any]) -> None:
        try:
            head, *lines = (json.loads(line) for line in whole)
            known = {(line["dataset"], line["id"]): self.parse(line) for line in lines}
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"'{self.path}' is damaged ({error}); delete it to start anew, or choose another folder") from error
        if head != asked:
            wrong = ", ".join(key for key in asked if not isinstance(head, dict) or head.get(key) != asked[key])
            raise DataError(f"'{self.path}' is of a run with another {wrong}; choose another folder, or --force to start anew")
        self.known = known


def _whole_lines(path: Path) -> list[str]:
    """The lines that end with a line feed; what follows the last one is cut off the file."""
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    return whole.decode("utf-8", errors="replace").splitlines()


def _scored(line: dict[str, Any]) -> ScoredImage:
    records = tuple(record_from(record) for record in line["records"])
    return ScoredImage(records, tuple(EmptyAnswer(**answer) for answer in line["empty"]))
