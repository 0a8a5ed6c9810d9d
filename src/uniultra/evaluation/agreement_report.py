"""Agreement as a table, as rows for a spreadsheet, and as a picture of where two masks differ most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from uniultra.data.same_picture import pair_of
from uniultra.evaluation.agreement import Agreed, Agreement, Spread, partners_of
from uniultra.evaluation.outlines import COLUMNS, TILE_HW, two_outlines
from uniultra.evaluation.report.tables import interval, markdown_table
from uniultra.io.contact_sheet import contact_sheet

HEADER = (
    "organ", "dataset", "image", "second_dataset", "second_image", "structure", "dice", "hd95_px", "area_px",
    "second_area_px", "pixel_mm",
)  # fmt: skip
MOST_DRAWN = 20


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
    """A row a structure that both masks have, under HEADER."""
    for each in agreements:
        one, other = each.one, each.other
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
    clashes = [(each, None) for each in agreements if each.contradict]
    others = [(each, agreed) for each in agreements for agreed in each.both]
    ordered = sorted(others, key=lambda item: item[1].dice)
    shown = [*clashes, *ordered][:MOST_DRAWN]
    tiles, captions = zip(*(_tile(*item) for item in shown), strict=True)
    return contact_sheet(tiles, captions, COLUMNS, TILE_HW)


def _tile(agreement: Agreement, agreed: Agreed | None) -> tuple[np.ndarray, str]:
    """One structure, or all where nothing is in common."""
    one, other = agreement.one, agreement.other
    pair = pair_of(one, other)
    assert pair is not None, f"{one.id} and {other.id} were one picture"
    masks = pair.ids_hw > 0, pair.other_ids_hw > 0
    said = "nothing in common"
    if agreed is not None:
        masks = partners_of(pair)[0][agreed.number - 1][:2]
        said = f"Dice {agreed.dice:.3f}: {agreed.structure}"
    ids = one.id if one.id == other.id else f"{one.id}, {other.id}"
    return two_outlines(pair.frame.pixels_hw, *masks), f"{ids}\n{said}"
