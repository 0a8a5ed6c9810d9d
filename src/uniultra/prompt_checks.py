"""Whether frames and prompts are what they should be, and belong together; everything that takes both from a
caller asks here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from uniultra.errors import FileError, PromptError
from uniultra.geometry import clip_box
from uniultra.model_facts import ModelFacts
from uniultra.named import further_names, known_name, name_words
from uniultra.text import printable
from uniultra.types import NEGATIVE, POSITIVE, Frame, Prompt

MOST_LISTED = 8
"""Of a model's names in a note."""


def check_frame(frame: Frame) -> None:
    """Raises FileError where a caller gave something else, as an array of pixels."""
    if not isinstance(frame, Frame):
        raise FileError(
            f"the frame is of type {type(frame).__name__}; give uniultra.read_frame(path), or your own "
            "pixels as"
            " uniultra.Frame.from_array(pixels)"
        )


def check_prompts(prompts: Sequence[Prompt], frame_hw: tuple[int, int]) -> None:
    if not isinstance(prompts, Sequence):
        raise PromptError(
            f"the prompts are of type {type(prompts).__name__}; give a list of uniultra.Prompt, one per "
            "structure"
        )
    for prompt in prompts:
        check_prompt(prompt, frame_hw)


def check_prompt(prompt: Prompt, frame_hw: tuple[int, int]) -> None:
    """Raises PromptError where a prompt doesn't belong to a frame of this (height, width)."""
    if not isinstance(prompt, Prompt):
        raise PromptError(
            f"the prompt is of type {type(prompt).__name__}; give a list of uniultra.Prompt, as in "
            "[Prompt(box_xyxy=...)]"
        )
    height, width = frame_hw
    if prompt.box_xyxy is not None:
        x0, y0, x1, y1 = clip_box(prompt.box_xyxy, frame_hw)
        if x1 - x0 < 1 or y1 - y0 < 1:
            given = ",".join(f"{v:g}" for v in prompt.box_xyxy)
            raise PromptError(
                f"box {given} has less than a pixel on the image; give x0,y0,x1,y1 within 0,0 to "
                f"{width - 1},{height - 1}"
            )
    for x, y in prompt.points_xy:
        if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5):
            raise PromptError(
                f"point {x:g},{y:g} is outside the image; give x,y within 0,0 to {width - 1},{height - 1}"
            )
    if prompt.mask_hw is not None and prompt.mask_hw.shape != frame_hw:
        shape = prompt.mask_hw.shape
        raise PromptError(
            f"the previous mask is {shape[1]}x{shape[0]} pixels; it must have the image's size, "
            f"{width}x{height}"
        )


def unheard(prompts: Sequence[Prompt], facts: ModelFacts) -> tuple[str, ...]:
    """A note where prompts say how a box fits and the model can't be told; one on each name that isn't among
    those that the model knows, where it knows any.
    """
    deaf = not facts.box_fits and any(prompt.box_fit for prompt in prompts)
    fit = f"{facts.name} doesn't tell tight and loose boxes apart; boxes are taken as drawn"
    labels = label_notes([prompt.name for prompt in prompts], facts)
    return (fit, *labels) if deaf else labels


def notes_of_each(
    prompts: Sequence[Prompt], facts: ModelFacts, frame_hw: tuple[int, int]
) -> list[tuple[str, ...]]:
    """Of each prompt the notes of `unheard` and `clipped`; a name that is spelt in several ways is noted as
    it comes first.
    """
    first = {name_words(prompt.name): prompt.name for prompt in reversed(prompts)}
    named = [replace(prompt, name=first[name_words(prompt.name)]) for prompt in prompts]
    return [(*unheard([prompt], facts), *clipped([prompt], frame_hw)[1]) for prompt in named]


def label_notes(names: Sequence[str], facts: ModelFacts) -> tuple[str, ...]:
    """A note on each of the names that isn't told to a model which knows others."""
    own = facts.structures
    if not own:
        return ()
    known = ", ".join(own[:MOST_LISTED]) + ", ..." * (len(own) > MOST_LISTED)
    return tuple(
        f"'{printable(one[:80])}' is not a name that {facts.name} knows ({known}): it labels the result alone"
        for one in further_names([name for name in names if name])
        if not known_name(one, own)
    )


def clipped(prompts: Sequence[Prompt], frame_hw: tuple[int, int]) -> tuple[list[Prompt], tuple[str, ...]]:
    """Prompts whose boxes end at the frame's edges; a note on each that reached beyond them, and on each
    pixel that is said to be both inside and outside.

    A box of which less than a pixel is left stays as it is: `check_prompt` refuses it.
    """
    height, width = frame_hw
    cut: list[Prompt] = []
    notes: list[str] = []
    for prompt in prompts:
        notes += contradictions(prompt)
        box = None if prompt.box_xyxy is None else clip_box(prompt.box_xyxy, frame_hw)
        if box is None or box == prompt.box_xyxy or box[2] - box[0] < 1 or box[3] - box[1] < 1:
            cut.append(prompt)
            continue
        given = ",".join(f"{v:g}" for v in prompt.box_xyxy or ())
        notes.append(
            f"box {given} reaches beyond the image of {width} x {height} pixels and is clipped to it"
        )
        cut.append(replace(prompt, box_xyxy=box))
    return cut, tuple(notes)


def contradictions(prompt: Prompt) -> list[str]:
    """A note on each pixel that has both a positive and a negative click."""
    pixels: dict[int, dict[tuple[int, int], None]] = {POSITIVE: {}, NEGATIVE: {}}
    for (x, y), label in zip(prompt.points_xy, prompt.point_labels, strict=True):
        pixels[label][round(x), round(y)] = None
    both = [pixel for pixel in pixels[POSITIVE] if pixel in pixels[NEGATIVE]]
    return [f"point {x},{y} is given both as inside and as outside; leave one of them out" for x, y in both]
