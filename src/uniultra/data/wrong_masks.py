"""Images of published sets whose mask is another picture's, as published: nothing is learned from them, and
nothing is scored on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from uniultra.data.manifest import Row

WRONG_MASKS: Mapping[str, frozenset[str]] = {
    "muscle_apo": frozenset(f"apo_{number:05d}" for number in range(533, 555)),
}
"""Ids by data set.

muscle_apo: apo_images/img_00533.tif to img_00554.tif of github.com/njcronin/DL_Track (commit 27bb364) are, to
the byte, img_00299.tif to img_00320.tif, whose masks lie on their aponeuroses; their own lie on others, which
these pictures don't show.
"""
PROBLEM = "another picture's, as published"


def has_wrong_mask(row: Row) -> bool:
    return row.id in WRONG_MASKS.get(row.dataset, ())


def left_out(rows: Iterable[Row]) -> Iterator[str]:
    """A line for each data set of which some rows are left out."""
    ids: dict[str, list[str]] = {}
    for row in rows:
        if has_wrong_mask(row):
            ids.setdefault(row.dataset, []).append(row.id)
    for dataset, found in ids.items():
        noun, masks = ("image", "its mask is") if len(found) == 1 else ("images", "their masks are")
        first = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")
        yield f"{len(found)} {noun} of {dataset} left out: {masks} {PROBLEM} ({first}; see docs/data.md)"
