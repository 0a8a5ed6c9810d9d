"""What was found in a frame: made in one place, measured once, and written by `outputs`.

`segment`, `--frames`, `batch`, `serve` and Python code all pass these values around.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import isnan
from typing import Literal

import numpy as np

from uniultra.errors import FileError
from uniultra.io.cines import OnFault, frames_or_faults
from uniultra.measure import area_px
from uniultra.measure.drawn_caliper import DrawnCaliper
from uniultra.measure.measured import Measured, measure_mask
from uniultra.model_facts import ModelFacts
from uniultra.parallel import cached_property, map_ahead
from uniultra.pixel_scale import Scale
from uniultra.postprocess import hidden
from uniultra.prompt_checks import clipped, notes_of_each
from uniultra.segmenter import Segmenter
from uniultra.types import Cine, Frame, Mask, Prompt

TrackStatus = Literal["sure", "unsure", "lost", "absent"]
"""What a tracker says of a structure on a frame; lost: it may be there; absent: it has been lost for a while,
or left the frame.
"""
ByHand = Literal["corrected", "drawn"]
"""What a person's hand did to a mask: corrected an answer by brush or contour, or drew all of it."""

MOST_WORKERS = 8
"""Frames of a cine at a time: one thread reads and writes them all, and keeps up with no more."""


@dataclass(frozen=True)
class ObjectResult:
    """One structure in one frame.

    Attributes:
        number: its id in id masks and tables, from 1.
        mask: with its quality and scale.
        prompt: what pointed at it in this frame; None where it was carried over from another one.
        alternatives: what the prompt may mean instead, the most trusted first; None where none were
            requested.
        name: what a person calls it, such as "left ventricle"; "" where nobody named it.
        status: of a tracked structure; None where nothing was tracked.
        confidence: of a tracked structure: the chance that Dice is at least 0.7, 0 to 1.
        models: name and version of those that made the mask, where that isn't its frame's alone; () of one
            that a person drew. DICOM results say so of each structure.
        by_hand: None where the mask is as it was answered; else the quality isn't known.
        colour_rgb: what a person sees it in, 0 to 255; None: pictures take the palette's.
        notes: what was changed about its prompt, what is odd about that, and whether it is hidden in the mask
            image; a sentence each. Those on its mask are the mask's.
    """

    number: int
    mask: Mask
    prompt: Prompt | None = None
    alternatives: tuple[Mask, ...] | None = None
    name: str = ""
    status: TrackStatus | None = None
    confidence: float | None = None
    colour_rgb: tuple[int, int, int] | None = None
    notes: tuple[str, ...] = ()
    models: tuple[tuple[str, str], ...] | None = None
    by_hand: ByHand | None = None

    @property
    def quality(self) -> float | None:
        """The predicted IoU, rounded to 4 digits; None of a mask that a person corrected or drew, or whose
        quality isn't known (NaN).
        """
        return None if self.by_hand or isnan(self.mask.quality) else round(self.mask.quality, 4)

    @property
    def label(self) -> str:
        """What DICOM results call it: its name as far as an attribute of VR LO can hold it, or its number."""
        name = "".join(sign for sign in self.name if sign.isprintable() and sign != "\\").strip()
        return name or f"structure {self.number}"

    @property
    def scale(self) -> Scale:
        return self.mask.scale

    @cached_property
    def area_px(self) -> int:
        return area_px(self.mask)

    @property
    def area_mm2(self) -> float | None:
        """Rounded to 0.001 mm2; None where the scale is unknown."""
        spacing = self.scale.spacing_mm_yx
        return None if spacing is None else round(self.area_px * spacing[0] * spacing[1], 3)

    @cached_property
    def measured(self) -> Measured:
        """All measures, computed on first use and kept."""
        return measure_mask(self.mask.mask_hw, self.scale)


@dataclass(frozen=True)
class FrameResult:
    """The structures of one frame, in the order of their prompts.

    Attributes:
        frame: the pixels they were found in.
        objects: numbered from 1.
        model: what found them.
        number: the frame's number in its file, from 0; None where the file has one frame alone, or none was
            named.
        time_s: seconds from the first frame, where the file says.
        tracked: whether the objects were carried over from another frame.
        automatic: whether nobody pointed at the objects, as in a grid of clicks.
        notes: those of its structures and of their masks, each once.
        calipers: distances that a person measured beside.
    """

    frame: Frame
    objects: tuple[ObjectResult, ...]
    model: ModelFacts
    number: int | None = None
    time_s: float | None = None
    tracked: bool = False
    notes: tuple[str, ...] = ()
    calipers: tuple[DrawnCaliper, ...] = ()
    automatic: bool = False

    @property
    def at(self) -> int:
        """The number, of a frame of a cine, which has one."""
        assert self.number is not None, "a frame of a cine has a number"
        return self.number

    @property
    def masks(self) -> list[Mask]:
        return [found.mask for found in self.objects]

    @property
    def masks_hw(self) -> list[np.ndarray]:
        return [found.mask.mask_hw for found in self.objects]

    @property
    def names(self) -> list[str]:
        return [found.name for found in self.objects]


def frame_result(
    frame: Frame,
    prompts: Sequence[Prompt],
    masks: Sequence[Mask],
    model: ModelFacts,
    number: int | None = None,
    notes: Sequence[tuple[str, ...]] | None = None,
) -> FrameResult:
    """The result of prompts, `notes` on each of them, and the masks that answer them, in one order."""
    each = [()] * len(prompts) if notes is None else notes
    given = zip(prompts, masks, each, strict=True)
    found = [
        ObjectResult(place, mask, prompt, name=prompt.name, notes=own)
        for place, (prompt, mask, own) in enumerate(given, start=1)
    ]
    objects = with_hidden(found)
    return FrameResult(frame, objects, model, number, notes=objects_notes(objects))


def with_hidden(objects: Sequence[ObjectResult]) -> tuple[ObjectResult, ...]:
    """The same, with a note on those that an id image has no pixel of."""
    under = set(hidden([found.mask for found in objects]))
    return tuple(
        replace(
            one,
            notes=(
                *one.notes,
                f"structure {one.number} lies wholly under another one: the mask image has no pixel of it",
            ),
        )
        if place in under
        else one
        for place, one in enumerate(objects)
    )


def made_by(found: ObjectResult, model: ModelFacts) -> str:
    """The models that made a mask, such as "uniultra-mini 0.9.1", of a frame whose model is `model`; "" of
    one that a person drew.
    """
    own = ((model.name, model.version),) if found.models is None else found.models
    return ", ".join(f"{name} {version}" for name, version in own)


def objects_notes(objects: Sequence[ObjectResult]) -> tuple[str, ...]:
    """Notes on a frame's structures and on their masks, each once."""
    own = chain.from_iterable(found.notes for found in objects)
    return with_masks_notes(own, [found.mask for found in objects])


def with_masks_notes(notes: Iterable[str], masks: Iterable[Mask]) -> tuple[str, ...]:
    """Notes on a frame's prompts and on its masks, each once."""
    return tuple(dict.fromkeys((*notes, *chain.from_iterable(mask.notes for mask in masks))))


def with_names(result: FrameResult, names: Mapping[int, str]) -> FrameResult:
    """The same with the structures' names, by number."""
    called = tuple(replace(one, name=names.get(one.number) or one.name) for one in result.objects)
    return replace(result, objects=called)


def segment_frame(
    segmenter: Segmenter, frame: Frame, prompts: Sequence[Prompt], number: int | None = None
) -> FrameResult:
    """Segments one frame. Boxes are clipped to it, and a note says so.

    Raises:
        PromptError: a prompt lies outside the frame, or its previous mask has another size.
    """
    frame_hw = frame.height, frame.width
    notes = notes_of_each(prompts, segmenter.facts, frame_hw)
    prompts, _ = clipped(prompts, frame_hw)
    masks = segmenter.segment(frame, prompts)
    return frame_result(frame, prompts, masks, segmenter.facts, number, notes)


def segment_ambiguous(
    segmenter: Segmenter, frame: Frame, prompts: Sequence[Prompt], most: int, number: int | None = None
) -> FrameResult:
    """As `segment_frame`, each object with up to `most` - 1 alternatives; see `Segmenter.alternatives`.

    Raises:
        PromptError: as `segment_frame`, or `most` is out of range.
    """
    frame_hw = frame.height, frame.width
    notes = notes_of_each(prompts, segmenter.facts, frame_hw)
    prompts, _ = clipped(prompts, frame_hw)
    answers = [segmenter.alternatives(frame, prompt, most) for prompt in prompts]
    found = frame_result(frame, prompts, [own[0] for own in answers], segmenter.facts, number, notes)
    pairs = zip(found.objects, answers, strict=True)
    return replace(found, objects=tuple(replace(one, alternatives=tuple(own[1:])) for one, own in pairs))


def segment_cine(
    segmenter: Segmenter,
    cine: Cine,
    numbers: Sequence[int],
    prompts: Sequence[Prompt],
    workers: int = 1,
    on_fault: OnFault | None = None,
    beside: Callable[[FrameResult], object] | None = None,
) -> Generator[FrameResult, None, None]:
    """Segments some frames of a cine with the same prompts, each on its own; results come in the frames'
    order.

    Args:
        numbers: frames from 0, in ascending order.
        workers: frames segmented at a time, from 1, each on a thread; up to `workers` + 1 are in memory. Give
            a segmenter that was loaded with threads=1: the results are then the same to the bit.
        on_fault: is given each frame that can't be read, in its turn, and the frame is left out; None raises.
        beside: is given each result ahead of its turn, on the thread that found it, such as to draw it.

    Raises:
        FileError: a frame can't be read. PromptError: as for one frame.
    """

    def one(item: tuple[int, Frame | FileError]) -> tuple[int, FrameResult | FileError]:
        number, frame = item
        if isinstance(frame, FileError):
            return number, frame
        time_s = None if cine.times_s is None else round(cine.times_s[number], 6)
        result = replace(segment_frame(segmenter, frame, prompts, number), time_s=time_s)
        if beside is not None:
            beside(result)
        return number, result

    for number, result in map_ahead(one, frames_or_faults(cine, numbers), workers):
        if isinstance(result, FrameResult):
            yield result
        elif on_fault is None:
            raise result
        else:
            on_fault(number, result)
