"""The answers so far, a line per image, so that a run that was stopped at any moment goes on and ends as if
it hadn't been; and the run that fills it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TypeVar

from uniultra.data.manifest import Row
from uniultra.errors import DataError, OutputError
from uniultra.evaluation.records import EmptyAnswer, ScoredImage, Skipped, record_from
from uniultra.text import misfit

SKIPPED = "skipped"
"""The key of what was asked under which the rows stand that were left out from the start."""
FILES = "files"
"""The key of a line under which a hash of the row's files stands."""
Key = tuple[str, str]
"""Data set and id of a row."""
LEFT_OUT = {"drawn": False, "named": False, "seeds": [], "protocol": "standard"}
"""What a journal doesn't state where it is so."""
OPTIONS = {
    "manifest_sha256": "--data (the manifest's own text included)",
    "drawn": "--first",
    "limit_a_dataset": "--robustness-limit",
    "cines_a_set": "--limit",
    "prompt": "--true-mask",
    **{
        key: f"--{key}" for key in ("model", "split", "limit", "kinds", "draws", "seeds", "named", "protocol")
    },
}
"""What a user gives for what a journal states."""
FOLLOWS = {
    "protocol": ("protocol_schema_version", "schema_version", "kinds", "draws", "seeds", "named"),
    "model": ("model_version", "weights_sha256", "prompting"),
    "split": ("images_and_masks_sha256",),
    "cines_a_set": ("images_and_masks_sha256",),
    "seeds": ("draws",),
}
"""What differs by itself where something else does."""


class Keyed(Protocol):
    """What is scored: a row of a manifest, or a clip."""

    @property
    def dataset(self) -> str: ...
    @property
    def id(self) -> str: ...


class Journal:
    """A file of JSON lines: first what was asked, then one scored image a line. A last line that was cut off
    is dropped.

    What an image gave is a ScoredImage, or another dataclass that `parse` makes of its line. `files` has a
    hash of each row's files, where that is known.

    Raises:
        DataError: the file is of another model, manifest, split or other prompts, or damaged; or rows are
            skipped that it has scored, or the other way round; or files of what it has scored have changed.
        OutputError: it can't be written.
    """

    def __init__(
        self,
        path: Path,
        requested: dict[str, Any],
        parse: Callable[[dict[str, Any]], Any] | None = None,
        files: Mapping[Key, str] | None = None,
    ) -> None:
        self.path = path
        self.parse = parse or _scored
        self.files = files or {}
        self.known: dict[Key, Any] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = _whole_lines(path)
            if whole:
                self._read(whole, json.loads(json.dumps(requested)))
            else:
                path.write_text(json.dumps(requested) + "\n", encoding="utf-8")
        except OSError as error:
            raise OutputError(
                f"'{path}' can't be written ({error.strerror}); choose a folder that you may write to"
            ) from error

    def get(self, row: Keyed) -> Any:
        return self.known.get((row.dataset, row.id))

    def add(self, row: Keyed, scored: Any) -> None:
        """Appends one image, unless it is known; the line is handed to the system before this returns."""
        if (row.dataset, row.id) in self.known:
            return
        self.known[row.dataset, row.id] = scored
        line = {"dataset": row.dataset, "id": row.id, **asdict(scored)}
        if (row.dataset, row.id) in self.files:
            line[FILES] = self.files[row.dataset, row.id]
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _read(self, whole: list[str], requested: dict[str, Any]) -> None:
        try:
            head, *lines = (json.loads(line) for line in whole)
            wrong = _differing(LEFT_OUT | head, LEFT_OUT | requested)
            if wrong:
                raise self._of_another(", ".join(wrong))
            known = {(line["dataset"], line["id"]): self.parse(line) for line in lines}
            files = {(line["dataset"], line["id"]): line.get(FILES) for line in lines}
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"'{self.path}' is damaged ({misfit(error)}); delete it to start again, or choose another "
                "folder"
            ) from error
        self._check_skipped(known, _keys(head.get(SKIPPED, [])), _keys(requested.get(SKIPPED, [])))
        scored = {key for key, image in known.items() if getattr(image, "skipped", None) is None}
        changed = sorted(key for key in scored if self._has_changed(key, files[key]))
        if changed:
            raise self._of_another(f"image, mask or names of structures ({_first_of(changed)})")
        self.known = known

    def _has_changed(self, key: Key, then: str | None) -> bool:
        """Earlier versions recorded fewer of the hashes, which come first."""
        now = self.files.get(key)
        return bool(then) and now is not None and not now.startswith(str(then))

    def _check_skipped(self, known: dict[Key, ScoredImage], then: set[Key], now: set[Key]) -> None:
        """What was left out must still be, and what was scored must not be: else the end is not that of one
        run.
        """
        met = {key for key, image in known.items() if getattr(image, "skipped", None) is not None}
        changed = sorted((then - now - met) | (now & (known.keys() - met)))
        if changed:
            raise self._of_another(f"set of skipped rows ({_first_of(changed)})")

    def _of_another(self, what: str) -> DataError:
        return DataError(
            f"'{self.path}' belongs to a run with different {what}; give what it began with, choose "
            "another folder, or --force to start again"
        )


def _differing(head: dict[str, Any], requested: dict[str, Any]) -> list[str]:
    """What two runs don't share, by its option where it has one, without what only follows from that."""
    keys = [key for key in {**requested, **head} if key != SKIPPED and head.get(key) != requested.get(key)]
    follows = {each for key in keys for each in FOLLOWS.get(key, ())}
    unknown = " (not recorded by the version that started it)"
    return [OPTIONS.get(key, key) + unknown * (key not in head) for key in keys if key not in follows]


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
    skipped = line.get("skipped")
    left_out = None if skipped is None else Skipped(**{**skipped, "problems": tuple(skipped["problems"])})
    return ScoredImage(records, tuple(EmptyAnswer(**answer) for answer in line["empty"]), left_out)


def _first_of(rows: list[Key]) -> str:
    more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    return f"'{rows[0][1]}' of '{rows[0][0]}'{more}"


def _keys(skipped: list[dict[str, Any]]) -> set[Key]:
    return {(each["dataset"], each["id"]) for each in skipped}


T = TypeVar("T")


def score_rows(
    score: Callable[[Row], T],
    rows: Sequence[Row],
    workers: int,
    journal: Journal | None,
    tick: Callable[[], None] | None = None,
) -> Iterator[T]:
    """`score` of each row in their order, up to `workers` at once, which changes no result; `tick` is called
    after each.

    What `journal` knows isn't asked again; what is new is added to it.
    """

    def scored(row: Row) -> T:
        known: T | None = None if journal is None else journal.get(row)
        return score(row) if known is None else known

    pool = ThreadPoolExecutor(workers)
    try:
        for row, found in zip(rows, pool.map(scored, rows), strict=True):
            if journal is not None:
                journal.add(row, found)
            if tick is not None:
                tick()
            yield found
    finally:  # whatever ends it, a full disk or an impatient user: what hasn't begun never does
        pool.shutdown(cancel_futures=True)
