"""Which crops of a frame are encoded, and which are registered: one a structure, or one for several that lie
close, or one for several places where a structure may be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from uniultra.types import Region

SHARED_ZOOM = 1.5
"""A view is shared where its longer side is at most this many times each structure's own crop."""
MARGIN = 0.1
"""A crop may reach this share of its sides beyond a view that was encoded for something else."""
REGISTERED_ZOOM = 1.2
"""A registration is shared where each of its sides is at most this many times that of each structure's own
crop: at 1.5, two bands one above the other were followed less well (docs/LOG.md).
"""


def seen_well(view: Region, own: Region) -> bool:
    """Whether a view shows a crop large enough for the model."""
    return _side(view) <= SHARED_ZOOM * _side(own)


def shows(view: Region, own: Region) -> bool:
    """Whether a view that was encoded for something else shows a crop well enough for the model: large, and
    all of it but for a margin.
    """
    across, down = MARGIN * own.width, MARGIN * own.height
    inside_x = view.x0 <= own.x0 + across and view.x1 >= own.x1 - across
    inside_y = view.y0 <= own.y0 + down and view.y1 >= own.y1 - down
    return inside_x and inside_y and seen_well(view, own)


def registered_well(view: Region, own: Region) -> bool:
    """Whether a view shows a crop finely enough for registration."""
    return view.width <= REGISTERED_ZOOM * own.width and view.height <= REGISTERED_ZOOM * own.height


def shared_views(
    regions: Sequence[Region], fits: Callable[[Region, Region], bool] = seen_well
) -> list[Region]:
    """For each crop the view that it is seen in, in the same order: its own, or one around several, each of
    which `fits`.
    """
    views: list[tuple[Region, list[int]]] = []
    for place in sorted(range(len(regions)), key=lambda place: -_side(regions[place])):
        for number, (_, members) in enumerate(views):
            own = [regions[one] for one in (*members, place)]
            joined = _around(own)
            if all(fits(joined, region) for region in own):
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
