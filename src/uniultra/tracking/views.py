"""Which crops of a frame are encoded: one a structure, or one for several that lie close."""

from __future__ import annotations

from collections.abc import Sequence

from uniultra.types import Region

SHARED_ZOOM = 1.5
"""A view is shared where its longer side is at most this many times each structure's own crop."""


def shared_views(regions: Sequence[Region]) -> list[Region]:
    """For each crop the view that it is seen in, in the same order: its own, or one around several."""
    views: list[tuple[Region, list[int]]] = []
    for place in sorted(range(len(regions)), key=lambda place: -_side(regions[place])):
        for number, (_, members) in enumerate(views):
            joined = _around([regions[one] for one in (*members, place)])
            if _side(joined) <= SHARED_ZOOM * min(_side(regions[one]) for one in (*members, place)):
                views[number] = joined, [*members, place]
                break
        else:
            views.append((regions[place], [place]))
    found = {place: view for view, members in views for place in members}
    return [found[place] for place in range(len(regions))]


def _side(region: Region) -> float:
    return max(region.width, region.height)


def _around(regions: Sequence[Region]) -> Region:
    """The smallest region that holds all of them."""
    return Region(
        min(one.x0 for one in regions), min(one.y0 for one in regions),
        max(one.x1 for one in regions), max(one.y1 for one in regions),
    )  # fmt: skip
