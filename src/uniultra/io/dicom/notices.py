"""What archives are told of results: of what they are, and what they are not for."""

from __future__ import annotations

from collections.abc import Sequence

NOTICE = "AI-generated; not for diagnostic use"
"""How the description of every derived series ends; up to 64 characters."""
MEASURED = "Measured by hand; not for diagnostic use"
"""Where there is no structure, but what a person measured."""
DRAWN = "Drawn by hand; not for diagnostic use"
"""Where a person drew every structure, without a model."""
_LONGEST = 64
"""Of an attribute of VR LO (PS3.5 6.2)."""


def notice_for(makers: Sequence[Sequence[object] | None]) -> str:
    """What an archive is told of results with so many structures, by the models that made each: None where
    that is the file's own, none where a person drew it.
    """
    if not makers:
        return MEASURED
    return DRAWN if is_by_hand(makers) else NOTICE


def is_by_hand(makers: Sequence[Sequence[object] | None]) -> bool:
    """Whether no model had a part in any of them."""
    return all(models is not None and not models for models in makers)


def described(labels: Sequence[str], notice: str = NOTICE) -> str:
    """The SeriesDescription of what was derived: what it is of, if that fits, and a notice."""
    said = f"{', '.join(dict.fromkeys(labels))}: {notice}"
    return said if labels and len(said) <= _LONGEST else notice
