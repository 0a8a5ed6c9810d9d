"""The best, the median and the worst case of each organ, as small pictures that a page can hold."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image

from uniultra.data.manifest import Row
from uniultra.data.problems import RowError
from uniultra.data.splits import ReportSplit, SelectionSplit
from uniultra.evaluation.protocol import Evaluation, read_named
from uniultra.evaluation.records import Record
from uniultra.evaluation.settings import EvaluationSettings
from uniultra.evaluation.simulated_user import PromptableSegmenter, ask
from uniultra.types import Frame, mask_box

PICTURE_SIDE = 320
PREFERRED = ("click1", "box20", "box10", "box")
"""The kind of prompt that is shown: the first of these that was asked, else whichever was."""
TRUE_COLOUR, FOUND_COLOUR = (240, 228, 66), (86, 180, 233)
"""RGB: the truth yellow, the answer blue (Okabe and Ito, as in overlays)."""


@dataclass(frozen=True)
class Case:
    """One answer with its picture: `rank` is best, median or worst, `uri` a JPEG as a data URI."""

    rank: str
    record: Record
    uri: str


def choose(records: Sequence[Record]) -> list[tuple[str, Record]]:
    """(rank, record) by organ's name; an organ of fewer than three answers shows each once."""
    requested = {record.kind for record in records}
    shown = next((kind for kind in PREFERRED if kind in requested), min(requested, default=""))
    chosen = []
    for organ in sorted({record.organ for record in records}):
        own = [record for record in records if record.organ == organ and record.kind == shown]
        own.sort(key=lambda r: (-r.dice, r.dataset, r.id, r.object_index, r.draw))
        places = dict.fromkeys((0, len(own) // 2, len(own) - 1)) if own else {}
        named = {len(own) - 1: "worst", 0: "best"}
        chosen += [(named.get(place, "median"), own[place]) for place in places]
    return chosen


def picture_cases(
    segmenter: PromptableSegmenter, split: SelectionSplit | ReportSplit, evaluation: Evaluation
) -> list[Case]:
    """Asks the chosen prompts once more, for their masks; without those whose files broke meanwhile, where
    bad rows are skipped.

    Raises as `evaluate`.
    """
    rows = {(row.dataset, row.id): row for row in split}
    cases = []
    for rank, record in choose(evaluation.records):
        try:
            uri = _picture(segmenter, rows[record.dataset, record.id], record, evaluation.settings)
        except RowError:
            if not evaluation.settings.skip_bad:
                raise
            continue
        cases.append(Case(rank, record, uri))
    return cases


def _picture(segmenter: PromptableSegmenter, row: Row, record: Record, settings: EvaluationSettings) -> str:
    frame, truths, names = read_named(row)
    answers = ask(segmenter, frame, truths, row.id, replace(settings, kinds=(record.kind,)), names)
    found_hw = next(
        a.mask.mask_hw for q, a in answers if (q.object_index, q.draw) == (record.object_index, record.draw)
    )
    return _jpeg_uri(_drawn(frame, truths[record.object_index], found_hw))


def _drawn(frame: Frame, true_hw: np.ndarray, found_hw: np.ndarray) -> np.ndarray:
    """RGB (S, S, 3): the square around both masks, the answer filled lightly, both outlined."""
    x0, y0, x1, y1 = mask_box(true_hw | found_hw) or (0.0, 0.0, 1.0, 1.0)
    half = 0.65 * max(x1 - x0, y1 - y0, 16.0)
    scale = PICTURE_SIDE / (2 * half)
    matrix = np.array(
        [[scale, 0, -scale * ((x0 + x1) / 2 - half)], [0, scale, -scale * ((y0 + y1) / 2 - half)]]
    )
    size = (PICTURE_SIDE, PICTURE_SIDE)
    canvas = cv2.cvtColor(cv2.warpAffine(frame.pixels_hw, matrix, size), cv2.COLOR_GRAY2RGB)
    for mask_hw, colour in ((true_hw, TRUE_COLOUR), (found_hw, FOUND_COLOUR)):
        inside = (cv2.warpAffine(mask_hw.astype(np.float32), matrix, size) > 0.5).astype(np.uint8)
        outlines, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(canvas, outlines, -1, colour, 2, cv2.LINE_AA)
    return np.asarray(canvas)


def _jpeg_uri(picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
