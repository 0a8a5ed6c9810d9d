"""Agreement as a table, as rows for a spreadsheet, and as a picture of where two masks differ most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np

from uniultra.evaluation.agreement import Agreed, Agreement, Spread, contradicts
from uniultra.evaluation.report.tables import interval, markdown_table
from uniultra.io.contact_sheet import contact_sheet
from uniultra.io.overlay import PALETTE

COLUMNS = (
    "organ", "dataset", "image", "second_dataset", "second_image", "structure", "dice", "hd95_px", "area_px",
    "second_area_px", "pixel_mm",
)  # fmt: skip
MOST, SHEET_COLUMNS = 20, 5
TILE_HW = (216, 288)
_MARGIN = 0.15
"""Around the outlines, of their longer side."""


def table(found: Mapping[str, Spread]) -> str:
    """A Markdown table, a row an organ."""
    header = [
        "organ", "pictures", "structures", "in one mask alone", "Dice [95 %]", "median", "10th percentile",
        "HD95, median", "area differs by, median",
    ]  # fmt: skip
    rows = [
        [
            organ,
            str(each.pictures),
            str(each.structures),
            str(each.alone),
            f"{each.dice:.3f}{interval(each.interval)}",
            f"{each.dice_median:.3f}",
            f"{each.dice_low:.3f}",
            f"{each.hd95:.1f} {each.unit}",
            f"{100 * each.area_difference:.1f} %",
        ]
        for organ, each in found.items()
    ]
    return markdown_table(header, rows, left=1)


def csv_rows(agreements: Sequence[Agreement]) -> Iterator[list[object]]:
    """A row a structure that both masks have, under COLUMNS."""
    for each in agreements:
        one, other = each.pair.one, each.pair.other
        for agreed in each.both:
            size = "" if one.pixel_mm is None else one.pixel_mm
            yield [
                one.organ, one.dataset, one.id, other.dataset, other.id, agreed.structure,
                round(agreed.dice, 4), round(agreed.hd95_px, 2), *agreed.areas_px, size,
            ]  # fmt: skip


def draw(agreements: Sequence[Agreement]) -> np.ndarray:
    """Where two masks differ most, uint8 RGB (H, W, 3): first pictures whose masks have nothing in common,
    then structures by their Dice; the first mask's outlines in blue, the second's in orange.
    """
    clashes = [(each, None) for each in agreements if contradicts(each)]
    others = [(each, agreed) for each in agreements for agreed in each.both]
    ordered = sorted(others, key=lambda item: item[1].dice)
    shown = [*clashes, *ordered][:MOST]
    tiles, captions = zip(*(_tile(*item) for item in shown), strict=True)
    return contact_sheet(tiles, captions, SHEET_COLUMNS, TILE_HW)


def _tile(agreement: Agreement, agreed: Agreed | None) -> tuple[np.ndarray, str]:
    """Around one structure, or around all where nothing is in common."""
    pair = agreement.pair
    masks = (pair.ids_hw > 0, pair.other_ids_hw > 0) if agreed is None else (agreed.mask_hw, agreed.other_hw)
    view = _view(masks[0] | masks[1])
    height, width = pair.frame.pixels_hw[view].shape
    zoom = min(TILE_HW[0] / height, TILE_HW[1] / width)
    size_wh = max(round(width * zoom), 1), max(round(height * zoom), 1)
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    grey = cv2.resize(np.ascontiguousarray(pair.frame.pixels_hw[view]), size_wh, interpolation=way)
    picture = cv2.cvtColor(np.asarray(grey), cv2.COLOR_GRAY2RGB)
    for mask_hw, colour in zip(masks, PALETTE, strict=False):
        inside = cv2.resize(mask_hw[view].astype(np.uint8), size_wh, interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outlines, -1, colour, 1, cv2.LINE_AA)
    said = "nothing in common" if agreed is None else f"{agreed.structure}: Dice {agreed.dice:.3f}"
    ids = pair.one.id if pair.one.id == pair.other.id else f"{pair.one.id}, {pair.other.id}"
    return np.asarray(picture), f"{ids}\n{said}"


def _view(mask_hw: np.ndarray) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask_hw.any(axis=1)), np.flatnonzero(mask_hw.any(axis=0))
    margin = round(_MARGIN * max(rows[-1] - rows[0], columns[-1] - columns[0])) + 4
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + 1 + margin),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + 1 + margin),
    )
