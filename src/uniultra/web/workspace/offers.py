"""Which kinds of results a page offers of a file."""

from __future__ import annotations

from collections.abc import Iterable

from uniultra.outputs.plan import ARCHIVE_ENDINGS, DICOM_KINDS, lacking
from uniultra.text import Said, printable
from uniultra.web.problems import Problem
from uniultra.web.workspace.jobs import FileFacts

KINDS = tuple(
    dict.fromkeys((*(kind for kind in ARCHIVE_ENDINGS if kind not in ("overlay", "json")), "movie"))
)
"""What can be chosen; masks, overlays and JSON are always written."""


def offered(kind: str, count: int) -> dict[str, str]:
    """What can be written of a file of this kind ("DICOM", "PNG", ...) with so many frames: kind to "", or
    the reason why not.
    """
    offers = {}
    for name in KINDS:
        if name == "fractional" or (name == "movie" and count == 1):
            continue  # a page has no logits; a still has no movie
        offers[name] = ""
        if name in DICOM_KINDS and kind != "DICOM":
            offers[name] = Said("needs-dicom", "it needs a DICOM image to refer to")
        elif lacking(name):
            offers[name] = Said("needs-library", f"it {lacking(name)}", needs=lacking(name))
    return offers


def check_offered(kinds: Iterable[str], facts: FileFacts) -> None:
    """Raises Problem: invalid for a kind that isn't among a file's offers."""
    offers = offered(facts.kind, facts.count)
    unknown = next((kind for kind in kinds if kind not in offers), None)
    if unknown is not None:
        text = f"'{printable(unknown)}' can't be written of this file; legal are {', '.join(offers)}"
        raise Problem("invalid", text)
