"""How sure it is that a structure is still followed: from the model's own quality and from appearance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from uniultra.geometry import region_around
from uniultra.pixel_scale import Box
from uniultra.results import TrackStatus
from uniultra.tracking.state import PATCH
from uniultra.types import Frame, Region

SURE, LOST = 0.8, 0.5
"""Confidence from which a frame is sure, and below which it is lost unless it `holds_on`; chosen on val
(docs/tracking.md).
"""
UNSURE = SURE - 0.01
"""The most confidence of a frame that isn't sure."""
PLAIN = 0.75
"""The model's quality from which its mask is said to be sure; chosen on train (docs/tracking.md)."""
FAMILIAR, RESIZED = 0.85, 1.6
"""Correlation with the prompted frame from which much is as it was, and how far the area of a mask that is
said to be sure may be off the prompted one's there; chosen on train.
"""
SAME, SAME_SHAPE, AS_GOOD = 0.9, 0.95, 0.05
"""Resemblance, Dice with what motion made of the mask before, and fall of the model's quality up to which an
unsure frame is said to be sure; chosen on train.
"""
NO_HOLD = 0.05
"""Confidence below which a frame is lost whatever speaks for it."""
STEADY = 0.9
"""Dice of a mask with what motion made of the one before, from which a shape was followed without a break."""
WORSE = 0.08
"""What the model's quality may fall by from that of the prompted frame, for a frame to hold on."""
HELD_GROWTH = 1.3
"""How far its area may be off that of the last sure frame meanwhile."""
EXPLAINED_FROM, EXPLAINED_SPAN = 0.75, 0.2
"""Correlation with the registered prompted frame that says nothing, and what is to be added for certainty."""
FOUND_THERE = 0.65
"""Confidence from which a lost structure counts as found where it was last sure; elsewhere it must be SURE: a
search tempts.
"""
UNLIKE = 0.5
"""Resemblance to the prompted tissue below which a frame's confidence is below LOST."""
KIN, KIN_LIKE, KIN_GROWTH = 0.6, 0.4, 1.7
"""Resemblance and likeness from which a frame holds on whatever was before, and how far its area may be off
that of the last sure frame; chosen on val.
"""
MOVED_ALONG, MOVED_GROWTH = 0.8, 1.5
"""Dice of such a mask with what motion made of the one before, from which it holds on whatever its likeness,
and how far its area may be off then; chosen on train.
"""
FIRM, FIRM_LIKE, FIRM_GROWTH, FIRM_WORSE = 0.95, 0.3, 1.2, 0.03
"""Of a frame whose tissue is another: least agreement with motion since the last sure one and likeness with
which it holds on nevertheless, and how far its area and quality may be off; chosen on train.
"""
DISTINCT = 0.2
"""Contrast from which a mask is said to be sure."""
ABSENT_AFTER = 5
"""So many lost frames in a row, and the structure counts as out of view."""
MOST_GROWTH = 2.5
"""What grows or shrinks by more than this since it was last sure is something else."""
MOST_CHANGE = 3.0
"""What is this much larger or smaller than when it was prompted is never sure."""
SURE_GROWTH = 1.5
"""What grows or shrinks by more than this since it was last sure isn't sure yet: a mask that runs out through
an open valve does so within a frame.
"""
_AROUND = 1.4
"""What an appearance shows: this many times the structure's box."""
WEIGHTS = (-25.5, 0.5, 7.9, 12.6, 12.6, 5.9)
"""Of 1, quality, quality when prompted, likeness to the prompted appearance, stability, and how far the
prompted frame explains what is seen: logistic regression on simulated cines of train stills and on train
recordings, its constant moved on val so that LOST is a half (docs/tracking.md).
"""

STANDING = (-14.7, 0.9, 3.2, 15.3, 3.1, -1.5)
"""Of 1, contrast, resemblance, stability, likeness to the prompted appearance, and having been absent:
logistic regression on train's frames on which the model was asked, with uniultra-mini 0.7.0
(docs/tracking.md).
"""
MOST_STABLE = 0.9
"""Stability beyond which more of it counts no further there: no sharp outline alone keeps a mask shown."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for one answer.

    Attributes:
        quality, first_quality: IoU as the model predicts it, of this answer and of the prompted one, 0 to 1.
        like_first: correlation with the appearance when prompted, -1 to 1.
        stable: IoU of the answer cut above and below its border, 0 to 1 (`stability`).
        explained: correlation with the prompted frame, registered, -1 to 1.
        growth: its area over that of the last sure frame, or the inverse: at least 1.
        changed: as `growth`, but against the prompted frame.
        resembles: how far its tissue is that of the prompted one, 0 to 1 (`tissue.resemblance`).
        contrast: to what lies beside it, by what was learnt of it, -1 to 1 (`TargetModel.contrast`); None
            where the model wasn't asked.
        absent: whether the structure was, on the frame before.
    """

    quality: float
    first_quality: float
    like_first: float
    stable: float
    explained: float = 0.0
    growth: float = 1.0
    changed: float = 1.0
    resembles: float = 0.5
    contrast: float | None = None
    absent: bool = False

    @property
    def confidence(self) -> float:
        """The chance that Dice is at least 0.7, 0 to 1, by which a frame is remembered."""
        if self.growth > MOST_GROWTH:
            return 0.0
        registered = min(max((self.explained - EXPLAINED_FROM) / EXPLAINED_SPAN, 0.0), 1.0)
        values = (1.0, self.quality, self.first_quality, self.like_first, self.stable, registered)
        doubtful = self.changed > MOST_CHANGE or self.growth > SURE_GROWTH
        most = UNSURE if doubtful else 1.0
        if self.resembles < UNLIKE:
            most = LOST - 0.01
        return min(_chance(WEIGHTS, values), most)

    @property
    def standing(self) -> float | None:
        """The same chance by what was learnt of the structure, by which its mask is shown or hidden: 0 where
        neither its tissue nor its looks are as they were; None where the model wasn't asked.
        """
        if self.contrast is None:
            return None
        stable = min(self.stable, MOST_STABLE)
        values = (1.0, self.contrast, self.resembles, stable, self.like_first, float(self.absent))
        other = self.resembles < KIN and self.like_first < FIRM_LIKE
        return 0.0 if other or self.growth > MOST_GROWTH else _chance(STANDING, values)

    @property
    def plain(self) -> bool:
        """Whether an answer of enough confidence is said to be sure: the prompted frame explains what is
        seen, or the model thinks well of its mask, which isn't of quite another size where much is as it was.
        """
        if self.explained >= EXPLAINED_FROM + EXPLAINED_SPAN:
            return True
        resized = self.explained >= FAMILIAR and self.changed > RESIZED
        distinct = self.contrast is None or self.contrast >= DISTINCT
        return self.quality >= PLAIN and distinct and not resized


def _chance(weights: tuple[float, ...], values: tuple[float, ...]) -> float:
    """Logistic regression, 0 to 1."""
    logit = sum(weight * value for weight, value in zip(weights, values, strict=True))
    return 1.0 / (1.0 + math.exp(-min(max(logit, -30.0), 30.0)))


def stability(logits_hw: np.ndarray) -> float:
    """How little a mask depends on where its logits are cut: the IoU of the cuts at 1 and at -1, as in SAM's
    automatic masks (Kirillov et al., ICCV 2023, appendix B); 0 for none.
    """
    inner, outer = int(np.count_nonzero(logits_hw > 1)), int(np.count_nonzero(logits_hw > -1))
    return inner / max(outer, 1)


def holds_on(evidence: Evidence, steady: float, agreed: float) -> bool:
    """Whether a frame that looks unlike the prompted one is unsure rather than lost.

    A picture changes while a structure stays, and a good mask would be hidden. Where the model was asked,
    `standing` decides. Else a mask is shown where the model rates it as when it was prompted and its area is
    about the same, and either its shape was followed without a break since the last sure frame, or its tissue
    is known again, where it was looked for or as it looked. Where its tissue is another, all else must be as
    it was.

    Args:
        steady: least agreement with motion of all frames since the last sure one, this one included, 0 to 1.
        agreed: that of this one; 0 where the structure was absent.
    """
    if evidence.standing is not None:
        return evidence.standing >= LOST
    if evidence.quality < evidence.first_quality - WORSE:
        return False
    if evidence.resembles < UNLIKE:
        firm = min(steady, agreed) >= FIRM and evidence.growth <= FIRM_GROWTH
        rated = evidence.quality >= evidence.first_quality - FIRM_WORSE
        return firm and rated and evidence.like_first >= FIRM_LIKE
    followed = evidence.confidence >= NO_HOLD and steady >= STEADY and evidence.growth <= HELD_GROWTH
    alike = evidence.like_first >= KIN_LIKE and evidence.growth <= KIN_GROWTH
    there = agreed >= MOVED_ALONG and evidence.growth <= MOVED_GROWTH
    return followed or (evidence.resembles >= KIN and (alike or there))


def said_of(status: TrackStatus, evidence: Evidence, agreed: float) -> tuple[TrackStatus, float]:
    """The status and the confidence that are said of a frame, whatever is remembered of it.

    One whose standing is below LOST is said to be lost. A sure one that isn't plain is said to be unsure, so
    that whoever watches is warned; an unsure one that is plain to be sure where its tissue, its shape and the
    model's quality are all as they were.

    Args:
        agreed: agreement with motion from the frame before, 0 to 1; 0 where the structure was absent.
    """
    confidence = evidence.confidence
    if evidence.standing is not None and evidence.standing < LOST:
        return "lost", min(confidence, evidence.standing)
    if status == "sure" and not evidence.plain:
        return "unsure", min(confidence, UNSURE)
    same = evidence.resembles >= SAME and agreed >= SAME_SHAPE and evidence.growth <= SURE_GROWTH
    if (
        status == "unsure"
        and same
        and evidence.plain
        and evidence.quality >= evidence.first_quality - AS_GOOD
    ):
        return "sure", max(confidence, SURE)
    return status, confidence


def status_of(confidence: float, lost: int, holds: bool = False) -> TrackStatus:
    """The status of a frame: `lost` is for how many frames before it the structure was lost, `holds` what
    `holds_on` says.
    """
    if confidence >= SURE:
        return "sure"
    if confidence >= LOST or holds:
        return "unsure"
    return "lost" if lost + 1 < ABSENT_AFTER else "absent"


def shown_around(box_xyxy: Box) -> Region:
    """What the appearance of a box shows."""
    return region_around(box_xyxy, _AROUND, stretch=4.0)


def appearance(frame: Frame, box_xyxy: Box) -> np.ndarray:
    """What a box and its surroundings look like, uint8 (PATCH, PATCH)."""
    region = shown_around(box_xyxy)
    x0, x1 = (round(min(max(x, 0), frame.width)) for x in (region.x0, region.x1))
    y0, y1 = (round(min(max(y, 0), frame.height)) for y in (region.y0, region.y1))
    if x1 <= x0 or y1 <= y0:
        return np.zeros((PATCH, PATCH), np.uint8)
    return np.asarray(cv2.resize(frame.pixels_hw[y0:y1, x0:x1], (PATCH, PATCH), interpolation=cv2.INTER_AREA))


def likeness(a_hw: np.ndarray, b_hw: np.ndarray) -> float:
    """The correlation of two patches after a light blur against speckle, -1 to 1; 0 where one of them is
    flat.
    """
    a, b = (cv2.GaussianBlur(patch, (0, 0), 1.5).astype(np.float64) for patch in (a_hw, b_hw))
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 1e-9 else 0.0
