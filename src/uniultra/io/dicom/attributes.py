"""Values of a data set that may hold anything: what isn't there, or isn't what it should be, is None."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from uniultra.io.silence import quiet
from uniultra.text import is_visible

LONGEST = 64
"""The longest value of the text attributes that are read (LO, PN, UI: PS3.5 6.2)."""
MAX_SEQUENCE_BYTES = 16_000_000
"""10,000 frames with functional groups of 1,000 bytes fit in."""
_CODE = re.compile(r"[A-Z0-9_ ]{1,16}")
_UID = re.compile(r"[0-9.]{1,64}")


def value(dataset: Dataset, keyword: str) -> Any:
    """The value as pydicom converts it, or None: absent, empty, or not convertible (whose message might quote
    patient data).
    """
    try:
        with quiet("pydicom"):
            found = dataset.get(keyword)
    except Exception:  # conversion of hostile bytes raises almost anything
        return None
    return None if found is None or found == "" else found


def reals(dataset: Dataset, keyword: str) -> list[float] | None:
    """Finite numbers, or None."""
    found = value(dataset, keyword)
    if found is None:
        return None
    try:
        numbers = [float(part) for part in ([found] if isinstance(found, str | int | float) else list(found))]
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if numbers and all(map(math.isfinite, numbers)) else None


def real(dataset: Dataset, keyword: str) -> float | None:
    """The first of some finite numbers, or None."""
    numbers = reals(dataset, keyword)
    return numbers[0] if numbers else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """The first of some whole numbers, or None."""
    number = real(dataset, keyword)
    return int(number) if number is not None and number == int(number) else None


def text(dataset: Dataset, keyword: str, longest: int = LONGEST) -> str | None:
    """Printable text of at most `longest` characters a value, with blanks of every width, as Japanese names
    have them; several values are joined by a backslash, as DICOM writes them.

    None for anything else: a damaged length makes a value swallow what follows it, and that may be the
    patient's name.
    """
    found = value(dataset, keyword)
    if found is None:
        return None
    try:
        parts = [
            str(part)
            for part in (
                [found] if isinstance(found, str | PersonName) or not isinstance(found, Iterable) else found
            )
        ]
    except Exception:
        return None
    if not parts or any(len(part) > longest or not all(map(is_visible, part)) for part in parts):
        return None
    return "\\".join(part.strip() for part in parts) or None


def code(dataset: Dataset, keyword: str) -> str | None:
    """A code string (CS: up to 16 capitals, digits, blanks and underscores), or None."""
    found = text(dataset, keyword)
    return found if found is not None and _CODE.fullmatch(found) else None


def uid(dataset: Dataset, keyword: str) -> str | None:
    """A UID (up to 64 digits and dots), or None."""
    found = text(dataset, keyword)
    return found if found is not None and _UID.fullmatch(found) else None


def items(dataset: Dataset, keyword: str, most_bytes: int = MAX_SEQUENCE_BYTES) -> list[Dataset]:
    """The items of a sequence; [] where there is none, or one that takes more than `most_bytes`: each of its
    parts costs memory.
    """
    try:
        raw = dataset.get_item(keyword)
        if (
            isinstance(getattr(raw, "value", None), bytes) and len(raw.value) > most_bytes
        ):  # not taken apart yet
            return []
        return [item for item in value(dataset, keyword) or [] if isinstance(item, Dataset)]
    except Exception:
        return []
