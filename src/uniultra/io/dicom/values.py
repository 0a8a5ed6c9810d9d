"""Values of a data set that may hold anything: what isn't there, or isn't what it should be, is None."""

from __future__ import annotations

import math
from typing import Any

from pydicom.dataset import Dataset


def value(dataset: Dataset, keyword: str) -> Any:
    """The value as pydicom converts it, or None: absent, empty, or not convertible (whose message might quote patient data)."""
    try:
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


def text(dataset: Dataset, keyword: str) -> str | None:
    """One line of printable text; several values are joined by a backslash, as DICOM writes them."""
    found = value(dataset, keyword)
    if found is None:
        return None
    try:
        joined = "\\".join(map(str, found)) if isinstance(found, list | tuple) or type(found).__name__ == "MultiValue" else str(found)
    except Exception:
        return None
    clean = " ".join("".join(sign if sign.isprintable() else " " for sign in joined).split())
    return clean or None


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence; [] where there is none."""
    found = value(dataset, keyword)
    try:
        return [item for item in found or [] if isinstance(item, Dataset)]
    except Exception:
        return []
