"""Which prompt each frame of a structure follows from."""

from __future__ import annotations

from collections.abc import Mapping

from uniultra.errors import FileError, PromptError
from uniultra.prompt_checks import check_prompt
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

    Raises:
        PromptError: prompts that aren't by frame and structure.
    """
    by_frame(prompts)
    others = [other for other in prompted_frames(prompts, number) if other != frame]
    before = max((other for other in others if other < frame), default=-1)
    after = min((other for other in others if other > frame), default=count)
    if reverse:
        return range(before + 1, (frame + 1) if after < count else count)
    return range(frame if before >= 0 else 0, after)


def by_frame(prompts: PromptedFrames) -> None:
    """Raises PromptError for prompts that aren't by frame and structure."""
    if not isinstance(prompts, Mapping):
        raise PromptError(
            f"the prompts are of type {type(prompts).__name__}; give them by frame and structure, "
            "{0: {1: Prompt(...)}}"
        )
    for frame, own in prompts.items():
        by_structure(own, f"prompts of frame {frame}", f"{{{frame}: {{1: Prompt(...)}}}}")


def by_structure(
    prompts: Mapping[int, Prompt], what: str = "the prompts", form: str = "{1: Prompt(...)}"
) -> None:
    """Raises PromptError for prompts of a frame that aren't by the structures' numbers; `what` they are
    called.
    """
    if not isinstance(prompts, Mapping):
        raise PromptError(f"{what} are of type {type(prompts).__name__}; give them by structure, {form}")
    for number, prompt in prompts.items():
        if not isinstance(prompt, Prompt):
            raise PromptError(
                f"{what}: structure {number} has something of type {type(prompt).__name__}; give {form}"
            )


def check_cine(cine: Cine) -> None:
    """Raises FileError for a path, or a frame, in place of a cine."""
    if not isinstance(cine, Cine):
        raise FileError(f"the cine is of type {type(cine).__name__}; give uniultra.open_cine(path)")


def _check_range(frames: range, cine: Cine) -> None:
    """Raises PromptError for frames that aren't consecutive ones of the cine."""
    legal = (
        f"give a range of consecutive frames within range(0, {cine.count}), such as range(0, {cine.count})"
    )
    if not isinstance(frames, range):
        raise PromptError(f"the frames are of type {type(frames).__name__}; {legal}")
    if frames.step != 1 or not 0 <= frames.start < frames.stop <= cine.count:
        raise PromptError(f"the frames are {frames}; {legal}")


def checked(prompts: PromptedFrames, cine: Cine, frames: range, counted: bool = True) -> tuple[int, ...]:
    """The structures' numbers in ascending order; `counted` ones must be 1 to N.

    Raises:
        PromptError: no prompt, one on a frame that isn't tracked or outside of its frame, prompts that aren't
            by frame and structure, numbers that aren't 1 to N, or frames that aren't consecutive ones of the
            cine.
        FileError: a path in place of a cine.
    """
    check_cine(cine)
    by_frame(prompts)
    _check_range(frames, cine)
    for own in prompts.values():
        for prompt in own.values():
            check_prompt(prompt, cine.frame_hw)
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
