"""What archives are told of results: of what they are, and what they are not for."""

from __future__ import annotations

from collections.abc import Sequence

NOTICE = "AI-generated; not for diagnostic use"
"""How the description of every derived series ends; up to 64 characters."""
MEASURED = "Measured by hand; not for diagnostic use"
"""Where there is no structure, but what a person measured."""
_LONGEST = 64
"""Of an attribute of VR LO (PS3.5 6.2)."""


def notice_for(structures: Sequence[str]) -> str:
    """What an archive is told of results with these structures."""
    return NOTICE if structures else MEASURED


def described(labels: Sequence[str], notice: str = NOTICE) -> str:
    """The SeriesDescription of what was derived: what it is of, if that fits, and a notice."""
    said = f"{', '.join(dict.fromkeys(labels))}: {notice}"
    return said if labels and len(said) <= _LONGEST else notice
