"""Masks as napari's labels layer, and back to results. Nothing here needs napari."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from uniultra.errors import PromptError
from uniultra.geometry import scale_of
from uniultra.hosts.napari.prompts import Prompts, numbered
from uniultra.io.masks import ids_of
from uniultra.model_facts import ModelFacts
from uniultra.results import ByHand, FrameResult, ObjectResult, segment_frame, with_names
from uniultra.segmenter import Segmenter
from uniultra.tracking import track
from uniultra.types import Cine, Mask, Prompt

MOST_BYTES = 2_000_000_000
"""The largest labels layer: napari keeps it whole in memory."""
SURE_LOGIT = 8.0


@dataclass
class Answers:
    """What a labels layer was made of.

    Attributes:
        path: of the source, where it is a file.
        cine: the source.
        model: what made the masks.
        found: (frame, structure) to the quality and the area in pixels of the mask as it was made.
        names: what structures are called, by their numbers; those without a name are left out.
        prompts: (frame, structure) to the prompt that its mask answers, with the mask that this went on from.
    """

    path: str | None
    cine: Cine
    model: ModelFacts
    found: dict[tuple[int, int], tuple[float, int]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    prompts: dict[tuple[int, int], Prompt] = field(default_factory=dict)

    def quality(self, frame: int, number: int, area: int) -> float | None:
        """The predicted IoU of a mask that nobody changed since; None of another."""
        quality, made = self.found.get((frame, number), (0.0, -1))
        return quality if area == made else None

    def by_hand(self, frame: int, number: int) -> ByHand:
        """What was done to a mask that was changed: the layer is ours, so what no model found was painted."""
        _, made = self.found.get((frame, number), (0.0, 0))
        return "corrected" if made else "drawn"


def empty_labels(cine: Cine) -> np.ndarray:
    """uint8 (H, W), or (frames, H, W) of a cine. Raises PromptError where that is more than memory should
    hold.
    """
    shape = cine.frame_hw if cine.count == 1 else (cine.count, *cine.frame_hw)
    size = int(np.prod(shape, dtype=np.int64))
    if size > MOST_BYTES:
        raise PromptError(
            f"labels of {cine.count} frames take {size / 1e9:.1f} GB; the limit is "
            f"{MOST_BYTES / 1e9:g} GB; use uniultra track, or fewer frames"
        )
    return np.zeros(shape, np.uint8)


def gone_on(prompts: Prompts, labels: np.ndarray, answers: Answers) -> Prompts:
    """The prompts, each with the mask that it goes on from, hand edits included: the one that is shown, where
    points were added to the prompt that it answers, or are the first ones on a mask that was tracked or
    painted; where nothing was added, the one that it went on from before, so that it is answered alike.
    Everything else is answered anew.
    """
    return {
        frame: {number: _gone_on(prompt, labels, answers, (frame, number)) for number, prompt in own.items()}
        for frame, own in prompts.items()
    }


def _gone_on(prompt: Prompt, labels: np.ndarray, answers: Answers, at: tuple[int, int]) -> Prompt:
    before, (frame, number) = answers.prompts.get(at), at
    if not 0 <= frame < answers.cine.count or not _adds(prompt, before):
        return prompt
    if before is not None and len(before.points_xy) == len(prompt.points_xy):
        return replace(prompt, mask_hw=before.mask_hw)
    shown = mask_at(labels, frame, number)
    return prompt if shown is None else replace(prompt, mask_hw=shown)


def mask_at(labels: np.ndarray, frame: int, number: int) -> np.ndarray | None:
    """bool (H, W): what a structure has on a frame; None where it has no pixel, or there is no such frame."""
    planes = labels[None] if labels.ndim == 2 else labels
    if not 0 <= frame < len(planes):
        return None
    shown = planes[frame] == number
    return shown if shown.any() else None


def _adds(prompt: Prompt, before: Prompt | None) -> bool:
    """Whether a prompt is the one before, or that and further points; or points alone where none was."""
    if before is None:
        return prompt.box_xyxy is None
    count = len(before.points_xy)
    return _stated(prompt, count) == _stated(before, count)


def _stated(prompt: Prompt, count: int) -> tuple[object, ...]:
    """What a prompt says with its first points."""
    points = prompt.points_xy[:count], prompt.point_labels[:count]
    return prompt.box_xyxy, prompt.box_fit, prompt.name, *points


def segmented(segmenter: Segmenter, cine: Cine, prompts: Prompts) -> Iterator[FrameResult]:
    """Each prompted frame on its own. Raises PromptError, FileError."""
    for frame, own in sorted(prompts.items()):
        if not 0 <= frame < cine.count:
            raise PromptError(f"a prompt is on frame {frame}; legal are 0 to {cine.count - 1}; move it")
        result = segment_frame(segmenter, cine.read(frame), list(own.values()), frame)
        objects = (replace(one, number=number) for one, number in zip(result.objects, own, strict=True))
        yield replace(result, objects=tuple(objects))


def tracked(segmenter: Segmenter, cine: Cine, prompts: Prompts) -> Iterator[FrameResult]:
    """Every frame, from prompts on some. Raises PromptError, FileError."""
    renamed, numbers = numbered(prompts)
    names = {number: one.name for own in renamed.values() for number, one in own.items()}
    for result in track(segmenter, cine, renamed):
        named = with_names(result, names)
        objects = (replace(one, number=numbers[one.number - 1]) for one in named.objects)
        yield replace(result, objects=tuple(objects))


def painted(labels: np.ndarray, answers: Answers, result: FrameResult) -> None:
    """Puts a result into the labels: on its frame what was there of its structures goes, other structures
    stay; where masks overlap the surer one wins.
    """
    frame = result.number or 0
    plane = labels if labels.ndim == 2 else labels[frame]
    own = [found for found in result.objects if found.mask.mask_hw.any()]
    plane[np.isin(plane, [found.number for found in result.objects])] = 0
    if own:
        ids = ids_of([found.mask for found in own])
        for place, found in enumerate(own, 1):
            plane[ids == place] = found.number
    for found in result.objects:
        area = int((plane == found.number).sum())
        answers.found[frame, found.number] = found.mask.quality, area
        if found.prompt is not None:
            answers.prompts[frame, found.number] = found.prompt


def results_of(labels: np.ndarray, answers: Answers) -> Iterable[FrameResult]:
    """What a labels layer now holds, a result for each frame with a mask: edits included.

    Of a mask that was edited, or painted by hand, no quality is given, and a note says so.
    """
    planes = labels[None] if labels.ndim == 2 else labels
    for number, plane in enumerate(planes):
        there = [int(value) for value in np.unique(plane) if value > 0]
        if not there:
            continue
        frame = answers.cine.read(number)
        objects, notes = [], []
        for identity in there:
            inside = plane == identity
            quality = answers.quality(number, identity, int(inside.sum()))
            by_hand = None if quality is not None else answers.by_hand(number, identity)
            if by_hand:
                notes.append(f"structure {identity}: {by_hand} by hand")
            logits = np.where(inside, np.float32(SURE_LOGIT), np.float32(-SURE_LOGIT))
            mask = Mask(inside, logits, quality or 0.0, scale_of(frame.calibration, inside))
            models = () if by_hand == "drawn" else None
            name = answers.names.get(identity, "")
            objects.append(ObjectResult(identity, mask, name=name, models=models, by_hand=by_hand))
        shown: Any = None if answers.cine.count == 1 else number
        yield FrameResult(frame, tuple(objects), answers.model, shown, notes=tuple(notes))
