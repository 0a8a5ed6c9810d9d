"""Masks to look at first: those with which a model agrees least although it was given their box. What lies
beside its structure, or is another picture's, comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from uniultra.data.manifest import Row
from uniultra.evaluation.metrics import dice
from uniultra.evaluation.outlines import COLUMNS, TILE_HW, two_outlines
from uniultra.evaluation.protocol import read_named
from uniultra.evaluation.simulated_user import PromptableSegmenter
from uniultra.io.contact_sheet import contact_sheet
from uniultra.types import Prompt, mask_box

HEADER = ("organ", "dataset", "image", "split", "structure", "object", "dice", "quality", "area_px")
MOST_DRAWN = 20


@dataclass(frozen=True)
class Reviewed:
    """One structure of a manifest, and how far a model's answer to its exact box agrees with its mask.

    Attributes:
        number: the object's, from 1, among those of its image.
        structure: its name; "" where nobody says it.
        dice: 0 to 1. quality: what the model expects its own IoU to be; None for one that doesn't say.
        area_px: of the mask, pixels of the image.
    """

    row: Row
    number: int
    structure: str
    dice: float
    quality: float | None
    area_px: int


def review(
    segmenter: PromptableSegmenter,
    rows: Sequence[Row],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Reviewed]:
    """All structures of some rows, those with which the model agrees least first.

    Raises:
        RowError: a row's files can't be used.
    """
    found: list[Reviewed] = []
    for done, row in enumerate(rows, start=1):
        for number, (mask_hw, answer_hw, quality, name) in enumerate(_answered(segmenter, row), start=1):
            area = int(np.count_nonzero(mask_hw))
            found.append(Reviewed(row, number, name, dice(answer_hw, mask_hw), quality, area))
        progress(done, len(rows))
    return sorted(found, key=lambda each: (each.dice, each.row.number, each.number))


def csv_rows(reviewed: Sequence[Reviewed]) -> Iterator[list[object]]:
    """A row a structure, under HEADER."""
    for each in reviewed:
        row = each.row
        quality = "" if each.quality is None else round(each.quality, 3)
        yield [
            row.organ, row.dataset, row.id, row.split, each.structure, each.number, round(each.dice, 4),
            quality, each.area_px,
        ]  # fmt: skip


def draw(segmenter: PromptableSegmenter, reviewed: Sequence[Reviewed], most: int = MOST_DRAWN) -> np.ndarray:
    """The first ones, uint8 RGB (H, W, 3): the mask's outline in blue, the model's in orange. They are
    answered again, so that no more than one picture is held at a time.
    """
    tiles, captions = [], []
    for each in reviewed[:most]:
        frame, _, _ = read_named(each.row)
        mask_hw, answer_hw, _, _ = list(_answered(segmenter, each.row))[each.number - 1]
        tiles.append(two_outlines(frame.pixels_hw, mask_hw, answer_hw))
        named = each.structure or each.row.organ
        captions.append(f"{each.row.id}\nDice {each.dice:.3f}, {each.row.split}: {named} {each.number}")
    return contact_sheet(tiles, captions, COLUMNS, TILE_HW)


def _answered(
    segmenter: PromptableSegmenter, row: Row
) -> Iterator[tuple[np.ndarray, np.ndarray, float | None, str]]:
    """Of each object of a row: its mask, the answer to its box, that answer's quality, and its name."""
    frame, truths, names = read_named(row)
    for mask_hw, name in zip(truths, names, strict=True):
        [answer] = segmenter.segment(frame, [Prompt(mask_box(mask_hw))])
        quality = None if np.isnan(answer.quality) else float(answer.quality)
        yield mask_hw, answer.mask_hw, quality, name
