"""Which prompt each frame of a structure follows from."""

from __future__ import annotations

from collections.abc import Mapping

from uniultra.errors import PromptError
from uniultra.types import Cine, Prompt

PromptedFrames = Mapping[int, Mapping[int, Prompt]]
"""Frame, from 0, to the prompts on it by the structures' numbers, 1 to N. What a person has confirmed is a
prompt, of a mask if need be.
"""


def prompted_frames(prompts: PromptedFrames, number: int) -> list[int]:
    """The frames on which a structure is prompted, in ascending order."""
    return sorted(frame for frame, own in prompts.items() if number in own)


def affected(prompts: PromptedFrames, number: int, frame: int, count: int, reverse: bool = False) -> range:
    """The frames that change with a structure's prompt on a frame: up to the next one that a person has
    confirmed.

    Tracking goes forwards from each prompt to the next one, and backwards from the first one alone; `reverse`
    is the mirror image.

    Args:
        prompts: with that prompt.
        count: frames of the cine.
    """
    others = [other for other in prompted_frames(prompts, number) if other != frame]
    before = max((other for other in others if other < frame), default=-1)
    after = min((other for other in others if other > frame), default=count)
    if reverse:
        return range(before + 1, (frame + 1) if after < count else count)
    return range(frame if before >= 0 else 0, after)


def checked(prompts: PromptedFrames, cine: Cine, frames: range, counted: bool = True) -> tuple[int, ...]:
    """The structures' numbers in ascending order; `counted` ones must be 1 to N.

    Raises:
        PromptError: no prompt, one on a frame that isn't tracked, prompts that aren't by structure, or
            numbers that aren't 1 to N.
    """
    for frame, own in prompts.items():
        if not isinstance(own, Mapping):
            raise PromptError(
                f"prompts of frame {frame} are a {type(own).__name__}; give them by structure, "
                f"{{{frame}: {{1: Prompt(...)}}}}"
            )
    numbers = sorted({number for own in prompts.values() for number in own})
    if not numbers:
        raise PromptError("no prompt: give at least one structure on one frame")
    for frame in sorted(prompts):
        if prompts[frame] and frame not in frames:
            legal = f"legal are {frames[0]} to {frames[-1]}; prompt one of these (--frame), or track more"
            raise PromptError(f"{cine.source}: a prompt is on frame {frame}, which isn't tracked; {legal}")
    if counted and numbers != list(range(1, len(numbers) + 1)):
        given = ", ".join(map(str, numbers))
        raise PromptError(f"structures are numbered {given}; number them 1 to {len(numbers)}")
    return tuple(numbers)
