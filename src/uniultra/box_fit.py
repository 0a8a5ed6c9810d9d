"""What may be known of how a box fits a structure: that it is tight, or that it is loose.

A box that touches its structure on all four sides is another prompt than one that was drawn roughly around
it. A model that can be told the two apart gets labels of their own for the box's corners.
"""

from __future__ import annotations

from enum import StrEnum

from uniultra.errors import PromptError

CORNER_LABELS = {"": (2, 3), "tight": (4, 5), "loose": (6, 7)}
"""By what is known of a box, "" for nothing: the labels of its first and last corner; 2 and 3 are SAM's."""
FIT_LIMIT = 0.04
"""So far, as a share of the side along it, an edge of a tight box is off at most, and one of a loose box lies
outwards at least.
"""
BOX_FIT_HELP = "How the boxes fit: tight (touching the structure on all sides) or loose (leaving room)."


class BoxFit(StrEnum):
    """What may be said of the boxes of a call."""

    tight = "tight"
    loose = "loose"


def check_fit(fit: object, has_box: bool) -> None:
    """Raises PromptError where a prompt says something else of its box, or has none."""
    if not isinstance(fit, str) or fit not in CORNER_LABELS:
        raise PromptError(
            f"box fit {fit!r:.40} is unknown; give tight (the box touches the structure on all sides) or "
            "loose (it leaves room on all sides), or leave it out"
        )
    if fit and not has_box:
        raise PromptError(f"box fit '{fit}' without a box; give the box, or leave it out")


def fit_of(box_xyxy: tuple[float, ...], true_xyxy: tuple[float, ...]) -> str:
    """How a box fits a structure's own: "tight", "loose" where all four edges lie well outside, or "" for
    neither.
    """
    across, down = true_xyxy[2] - true_xyxy[0], true_xyxy[3] - true_xyxy[1]
    outwards = [
        sign * (edge - true) / side
        for edge, true, side, sign in zip(
            box_xyxy, true_xyxy, (across, down, across, down), (-1, -1, 1, 1), strict=True
        )
    ]
    if max(map(abs, outwards)) <= FIT_LIMIT:
        return "tight"
    return "loose" if min(outwards) >= FIT_LIMIT else ""
