"""The patient's identity as a derived object carries it: text as UTF-8, dates and times in today's form."""

from __future__ import annotations

import re
from datetime import date

from pydicom.dataset import Dataset

from uniultra.io.dicom.attributes import LONGEST, text

KEPT = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
)
"""Written into derived objects with `keep_patient`, so that an archive files them right; else empty."""
_LONGEST_NAME = 3 * LONGEST + 2
"""Three writings of a person's name (PS3.5 6.2, PN)."""
_DATE = re.compile(r"(\d{4})(\.?)(\d{2})\2(\d{2})")
_TIME = re.compile(r"([01]\d|2[0-3])(?:(:?)([0-5]\d)(?:\2([0-5]\d|60)(\.\d{1,6})?)?)?")
_SEXES = ("M", "F", "O")


def kept_identity(dataset: Dataset) -> tuple[dict[str, str], tuple[str, ...]]:
    """What is kept, by keyword ("" where there is nothing); and keywords whose value isn't legal and is left
    out.

    Dates and times of ACR-NEMA (1997.04.24, 14:04:38: PS3.5 table 6.2-1) are written in today's form.
    """
    found = {keyword: _legal(keyword, dataset) for keyword in KEPT}
    left = tuple(keyword for keyword, value in found.items() if value is None)
    return {keyword: value or "" for keyword, value in found.items()}, left


def _legal(keyword: str, dataset: Dataset) -> str | None:
    """A value, "" where there is none, or None for one that isn't legal."""
    raw = dataset.get_item(keyword)
    if raw is None or raw.value is None or not len(raw.value):
        return ""
    said = text(dataset, keyword, _LONGEST_NAME if keyword == "PatientName" else LONGEST)
    if said is None:
        blank = isinstance(raw.value, bytes) and not raw.value.strip(b" \0")
        return "" if blank else None
    if keyword.endswith("Date"):
        return _date(said)
    if keyword.endswith("Time"):
        return said.replace(":", "") if _TIME.fullmatch(said) else None
    if keyword == "PatientSex":
        return said if said in _SEXES else None
    return None if "\\" in said else said


def _date(said: str) -> str | None:
    found = _DATE.fullmatch(said)
    if found is None:
        return None
    year, _, month, day = found.groups()
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return None
    return f"{year}{month}{day}"
