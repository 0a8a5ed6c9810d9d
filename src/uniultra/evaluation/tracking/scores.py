"""The numbers of one clip under one tracker."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from uniultra.evaluation.metrics import dice, iou
from uniultra.evaluation.tracking.followers import Followed

ACCEPTED, HALF, LOST = 0.9, 0.8, 0.7
"""Dice from which a person would leave a mask as it is; below which a track has drifted; below which it is
lost.
"""
EDGE_SHARE = 0.008
"""Tolerance of the outline's F, a share of the frame's diagonal (DAVIS; Perazzi et al., CVPR 2016)."""


@dataclass(frozen=True)
class ClipScores:
    """One clip.

    Attributes:
        j, f: mean IoU, and mean F of the outline, over its frames.
        dice, last: mean Dice of the masks, and that of the last frame.
        guess: mean Dice of the best guesses where the target is there.
        first: Dice on the prompted frame.
        excess: what the mask of the prompted frame has beyond the truth, over the truth's area.
        course: Dice of each frame.
        prompts: exact boxes, or true masks, that hold the clip at ACCEPTED, for 100 frames
            (`holding.prompts_to_hold`).
        half_life: frames until Dice is below HALF; all of them where it never is.
        accepted: share of frames with a Dice of at least ACCEPTED.
        flagged, lost, hits: frames that are said to be lost, that are (by the guess), and that are both.
        doubted, noticed: frames that are said to be unsure or lost, and those of them that are lost.
        over: share of the frames without the target that show a mask; None where there are none.
        roughness: mean absolute second difference of the area over its mean, less that of the truth.
        seconds: a frame.
    """

    clip: str
    kind: str
    group: str
    frames: int
    j: float
    f: float
    dice: float
    last: float
    guess: float
    first: float
    half_life: int
    accepted: float
    flagged: int
    lost: int
    hits: int
    over: float | None
    roughness: float
    seconds: float
    excess: float = 0.0
    course: tuple[float, ...] = ()
    prompts: float = 0.0
    doubted: int = 0
    noticed: int = 0


def score_clip(
    about: tuple[str, str, str], answers: Sequence[Followed], truths: Sequence[np.ndarray], seconds: float
) -> ClipScores:
    """Scores the answers, one a frame, against truths, bool (H, W); `about` is the clip's name, kind and
    group.
    """
    scores = [dice(answer.mask_hw, truth) for answer, truth in zip(answers, truths, strict=True)]
    guesses = [dice(answer.guess_hw, truth) for answer, truth in zip(answers, truths, strict=True)]
    there = np.array([bool(truth.any()) for truth in truths])
    lost = ~there | (np.array(guesses) < LOST)
    flagged = np.array([answer.lost for answer in answers])
    doubted = flagged | np.array([answer.doubted for answer in answers])
    shown = [bool(answer.mask_hw.any()) for answer, here in zip(answers, there, strict=True) if not here]
    areas = [int(np.count_nonzero(answer.mask_hw)) for answer in answers]
    return ClipScores(
        *about,
        frames=len(truths),
        j=_mean(iou(answer.mask_hw, truth) for answer, truth in zip(answers, truths, strict=True)),
        f=_mean(outline_f(answer.mask_hw, truth) for answer, truth in zip(answers, truths, strict=True)),
        dice=_mean(scores),
        last=scores[-1],
        guess=_mean(guess for guess, here in zip(guesses, there, strict=True) if here),
        first=scores[0],
        half_life=next((number for number, score in enumerate(scores) if score < HALF), len(scores)),
        accepted=_mean(score >= ACCEPTED for score in scores),
        flagged=int(flagged.sum()),
        lost=int(lost.sum()),
        hits=int((flagged & lost).sum()),
        over=_mean(shown) if shown else None,
        roughness=_roughness(areas) - _roughness([int(np.count_nonzero(truth)) for truth in truths]),
        seconds=seconds / len(truths),
        excess=int((answers[0].mask_hw & ~truths[0]).sum()) / max(int(truths[0].sum()), 1),
        course=tuple(round(score, 4) for score in scores),
        doubted=int(doubted.sum()),
        noticed=int((doubted & lost).sum()),
    )  # fmt: skip


def outline_f(predicted_hw: np.ndarray, true_hw: np.ndarray) -> float:
    """F of two outlines, 0 to 1: pixels that lie within EDGE_SHARE of the diagonal of the other; 1 where both
    masks are empty.
    """
    if not (predicted_hw.any() and true_hw.any()):
        return float(predicted_hw.any() == true_hw.any())
    reach = max(1, round(EDGE_SHARE * math.hypot(*true_hw.shape)))
    rows, columns = (np.flatnonzero((predicted_hw | true_hw).any(axis=axis)) for axis in (1, 0))
    view = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    edges = [_edge(mask[view]) for mask in (predicted_hw, true_hw)]
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    near = [cv2.dilate(edge, disc) for edge in edges]
    precision = np.count_nonzero(edges[0] & near[1]) / np.count_nonzero(edges[0])
    recall = np.count_nonzero(edges[1] & near[0]) / np.count_nonzero(edges[1])
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _edge(mask_hw: np.ndarray) -> np.ndarray:
    mask = mask_hw.astype(np.uint8)
    return np.asarray(
        mask - cv2.erode(mask, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    )


def _roughness(areas: Sequence[int]) -> float:
    if len(areas) < 3 or not any(areas):
        return 0.0
    values = np.array(areas, np.float64)
    return float(np.abs(np.diff(values, 2)).mean() / values.mean())


def _mean(values: object) -> float:
    listed = list(values)  # type: ignore[call-overload]
    return float(np.mean(listed)) if listed else math.nan
