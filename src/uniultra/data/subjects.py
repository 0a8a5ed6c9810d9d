"""Patients from the names of images: by a pattern that the user gives, and a guess that one is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from uniultra.data.importers.sample import Sample
from uniultra.errors import DataError

_BEGINNING = re.compile(r"(.+?)([ _.-]+)[^ _.-]+$")


def check_pattern(pattern: str) -> None:
    """Raises DataError where a pattern is not a regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise DataError(
            f"subject pattern '{pattern}' is not a regular expression ({error}); fix it"
        ) from error


def with_subjects(samples: Sequence[Sample], pattern: str) -> list[Sample]:
    """With the subject that the pattern's first group, or whole match, has in each id; '' keeps the set's.

    Raises:
        DataError: an image has no subject by the pattern nor by its set, so it would be split by itself.
    """
    if not pattern:
        return list(samples)
    named = [replace(one, subject=_subject(one.id, pattern) or one.subject) for one in samples]
    without = [one.id for one in named if not one.subject]
    if without:
        raise DataError(
            f"subject pattern '{pattern}' finds no patient in {len(without)} of {len(named)} names, such as "
            f"'{without[0]}'; give one that fits all of them"
        )
    return named


def _subject(name: str, pattern: str) -> str:
    match = re.search(pattern, name)
    if match is None:
        return ""
    return match.group(1 if match.re.groups else 0) or ""


def begin_alike(ids: Sequence[str]) -> tuple[str, str] | None:
    """Two ids that begin alike where not all do, as those of one patient may: "p01_a" and "p01_b" beside
    "p02_a"; None for none.
    """
    first: dict[str, str] = {}
    pairs = []
    for one in ids:
        head = _BEGINNING.match(one)
        if head is not None:
            other = first.setdefault(head.group(1), one)
            pairs += [(other, one)] if other != one else []
    return pairs[0] if pairs and len(first) > 1 else None


def pattern_for(pair: tuple[str, str], ids: Sequence[str]) -> str:
    """A pattern that gives such a pair one subject, and not all of the ids."""
    head = _BEGINNING.match(pair[0])
    separator = re.escape(head.group(2)[0]) if head is not None else "_"
    first = f"^([^{separator}]+){separator}"
    return first if len({_subject(one, first) for one in ids}) > 1 else f"^(.+){separator}"
