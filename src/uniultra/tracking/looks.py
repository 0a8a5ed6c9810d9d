"""What the model sees of structures where they are looked for. Views of the frame that were encoded serve
whatever they show well: structures that lie close, and a lost one where it is searched for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from uniultra.geometry import clip_box, inscribed_centre
from uniultra.pixel_scale import Box
from uniultra.segmenter import Segmenter
from uniultra.tracking.confidence import appearance
from uniultra.tracking.state import MaskGrid, grid_of
from uniultra.tracking.target_model import Cells, cells_of
from uniultra.tracking.tissue import Tissue, tissue_of
from uniultra.tracking.views import shared_views, shows
from uniultra.types import POSITIVE, Embedding, Frame, Mask, Prompt, Region

REACH = 0.2
"""How far a mask may reach beyond the box that was expected, a share of its sides; what lies farther is cut
off. Tissue doesn't move that far in a frame; a mask that runs out of an opening does (docs/LOG.md).
"""
Place = tuple[int, int]
"""A structure's place in the state, and where it is looked for: 0 where it is expected, 1 and 2 where it is
searched for.
"""


@dataclass(frozen=True)
class Sight:
    """A mask of the model, its grid, appearance, tissue and the cells of its view."""

    mask: Mask
    grid: MaskGrid
    seen_hw: np.ndarray
    tissue: Tissue | None
    cells: Cells | None


@dataclass(frozen=True)
class Look:
    """A view of the frame, encoded, and the model's masks in it."""

    encoded: Embedding
    masks: Mapping[Place, Mask]


@dataclass
class _View:
    """A region of the frame, or what was encoded of it; what is decoded from it in one batch, and what in
    another after it.
    """

    shown: Region | Embedding
    places: list[Place]
    later: list[Place]

    @property
    def region(self) -> Region:
        return self.shown.region if isinstance(self.shown, Embedding) else self.shown


def view_tasks(
    segmenter: Segmenter,
    frame: Frame,
    grids: Mapping[Place, MaskGrid],
    later: Mapping[Place, MaskGrid],
    known: Sequence[Embedding] = (),
) -> list[Callable[[Segmenter], Look]]:
    """What the model sees at each place, as calls that may run on several threads: one for each view of the
    frame. What has left the frame isn't looked for. Calls are given the segmenter that suits their number
    (`crew.suited`).

    Args:
        grids: where structures are expected: each in its own view, or in one with others.
        later: where lost ones are searched for: in the first view that shows the place well, of `known` or of
            those for `grids`; in one of its own where there is none. Doesn't change what is seen of `grids`.
        known: views of this frame that were encoded.
    """
    prompts = {
        place: prompt_at(grid, (frame.height, frame.width)) for place, grid in {**grids, **later}.items()
    }
    there = {place: prompt for place, prompt in prompts.items() if prompt is not None}
    crops = {place: _crop_of(segmenter, frame, prompt) for place, prompt in there.items()}
    views = [_View(one, [], []) for one in known]
    views += _views({place: crop for place, crop in crops.items() if place in grids})
    alone = {}
    for place in (place for place in crops if place in later):
        view = next((one for one in views if shows(one.region, crops[place])), None)
        if view is None:
            alone[place] = crops[place]
        else:
            view.later.append(place)
    views += _views(alone)

    def looked(view: _View, segmenter: Segmenter) -> Look:
        shown = view.shown
        encoded = segmenter.encode(frame, shown) if isinstance(shown, Region) else shown
        masks: dict[Place, Mask] = {}
        for batch in filter(None, (view.places, view.later)):
            found = segmenter.refine_all(encoded, [there[place] for place in batch])
            masks |= {
                place: within_reach(mask, there[place]) for place, mask in zip(batch, found, strict=True)
            }
        return Look(encoded, masks)

    return [partial(looked, view) for view in views if view.places or view.later]


def _views(crops: Mapping[Place, Region]) -> list[_View]:
    """The views that crops are seen in."""
    by_view: dict[Region, list[Place]] = {}
    for place, view in zip(crops, shared_views(list(crops.values())), strict=True):
        by_view.setdefault(view, []).append(place)
    return [_View(view, places, []) for view, places in by_view.items()]


def sight_of(segmenter: Segmenter, frame: Frame, look: Look | None, place: Place) -> Sight | None:
    """What was seen at a place; None where it wasn't looked at, or the mask is empty."""
    if look is None:
        return None
    mask, encoded = look.masks[place], look.encoded
    box = mask.box_xyxy
    if box is None:
        return None
    grid = grid_of(mask.logits_hw, crop_of(segmenter, frame, box))
    seen = appearance(frame, box)
    return Sight(mask, grid, seen, tissue_of(encoded, grid), cells_of(encoded, grid))


def within_reach(mask: Mask, prompt: Prompt) -> Mask:
    """A mask without what lies farther beyond its prompt's box than REACH allows."""
    assert prompt.box_xyxy is not None, "made with a box"
    x0, y0, x1, y1 = prompt.box_xyxy
    across, down = REACH * (x1 - x0), REACH * (y1 - y0)
    rows = slice(max(int(y0 - down), 0), max(int(y1 + down), 0) + 2)
    columns = slice(max(int(x0 - across), 0), max(int(x1 + across), 0) + 2)
    beyond = mask.mask_hw.copy()
    beyond[rows, columns] = False
    if not beyond.any():
        return mask
    logits_hw = np.where(beyond, -mask.logits_hw, mask.logits_hw)
    return replace(mask, mask_hw=mask.mask_hw & ~beyond, logits_hw=logits_hw)


def prompt_at(grid: MaskGrid, frame_hw: tuple[int, int]) -> Prompt | None:
    """The box of an expected mask and its innermost point; None where less than a pixel of it is on the
    frame.
    """
    box = box_on(grid, frame_hw)
    if box is None:
        return None
    [point] = grid.map.to_source(np.array([inscribed_centre(grid.inside_hw)]))
    x = float(min(max(point[0], -0.5), frame_hw[1] - 0.5))
    y = float(min(max(point[1], -0.5), frame_hw[0] - 0.5))
    return Prompt(box, ((x, y),), (POSITIVE,))


def box_on(grid: MaskGrid, frame_hw: tuple[int, int]) -> Box | None:
    """The box of a mask, cut to the frame; None where less than a pixel of it is there."""
    box = grid.box_xyxy
    if box is None:
        return None
    x0, y0, x1, y1 = clip_box(box, frame_hw)
    return (x0, y0, x1, y1) if x1 - x0 >= 1 and y1 - y0 >= 1 else None


def _crop_of(segmenter: Segmenter, frame: Frame, prompt: Prompt) -> Region:
    assert prompt.box_xyxy is not None, "made with a box"
    return crop_of(segmenter, frame, prompt.box_xyxy)


def crop_of(segmenter: Segmenter, frame: Frame, box_xyxy: Box) -> Region:
    """The crop that the model sees of a box."""
    region = segmenter.region_for(Prompt(box_xyxy), (frame.height, frame.width))
    assert region is not None, "a box has a crop"
    return region
