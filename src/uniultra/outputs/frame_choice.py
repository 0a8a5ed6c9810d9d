"""Which frames of a cine a call takes."""

from __future__ import annotations

from collections.abc import Sequence

from uniultra.errors import PromptError
from uniultra.types import Cine

MOST_FRAMES = 10_000
"""Frames of one call: Pillow's time for a page of a TIFF grows with their number."""
FORMS = "all, A-B, A-B:STEP, or numbers with commas, from 0"


def parse_frames(text: str) -> tuple[range, ...] | None:
    """The ranges of `--frames`, not yet checked against a cine; None for all. Raises PromptError."""
    if text.strip().lower() == "all":
        return None
    return tuple(_range(part.strip(), text) for part in text.split(","))


def _range(part: str, text: str) -> range:
    span, _, step = part.partition(":")
    first, dash, last = span.partition("-")
    numbers = [first, last] if dash else [first]
    if not all(
        number.strip().isascii() and number.strip().isdigit()
        for number in (*numbers, *([step] if ":" in part else []))
    ):
        raise PromptError(f"--frames '{text}' is not understood at '{part}'; give {FORMS}")
    start, stop, stride = int(numbers[0]), int(numbers[-1]), int(step or 1)
    if stop < start or stride < 1 or (step and not dash):
        raise PromptError(
            f"--frames '{text}': '{part}' is not a range; give A-B or A-B:STEP with A up to B and STEP from 1"
        )
    return range(start, stop + 1, stride)


def numbers_of(requested: tuple[range, ...] | None, cine: Cine) -> Sequence[int]:
    """The chosen frames of a cine in ascending order, each once. Raises PromptError: beyond the cine, a still
    image, too many.
    """
    if cine.count < 2:
        raise PromptError(f"{cine.source}: a still image, of 1 frame; leave out --frames")
    beyond = max((part[-1] for part in requested or ()), default=0)
    if beyond >= cine.count:
        raise PromptError(
            f"{cine.source}: there is no frame {beyond}; legal are 0 to {cine.count - 1}; give --frames "
            "within them"
        )
    numbers = range(cine.count) if requested is None else sorted(set().union(*requested))
    if len(numbers) > MOST_FRAMES:
        raise PromptError(
            f"{cine.source}: {len(numbers)} frames; one call takes 1 to {MOST_FRAMES}; give fewer, as with "
            f"0-{cine.count - 1}:{-(-cine.count // MOST_FRAMES)}, or parts in folders of their own"
        )
    return numbers


def span_of(first: int | None, last: int | None, cine: Cine) -> range:
    """The frames from `first` to `last`, by default the whole cine.

    Raises PromptError: beyond it, the wrong way round, too many.
    """
    low, high = first or 0, cine.count - 1 if last is None else last
    if not low <= high < cine.count:
        raise PromptError(
            f"{cine.source}: --from {low} --to {high} are not frames of it; legal are 0 to {cine.count - 1}, "
            "the first up to the last"
        )
    if high - low + 1 > MOST_FRAMES:
        raise PromptError(
            f"{cine.source}: {high - low + 1} frames; one call takes 1 to {MOST_FRAMES}; give parts, as with "
            f"--from {low} --to {low + MOST_FRAMES - 1}, in folders of their own"
        )
    return range(low, high + 1)
