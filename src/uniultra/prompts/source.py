"""Where the prompts of a call come from: its options, a previous mask, or a file of prompts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from uniultra.errors import PromptError
from uniultra.prompts.grouping import Typed, group
from uniultra.prompts.objects import named_prompts
from uniultra.types import Prompt

if TYPE_CHECKING:
    from uniultra.io.priors import Prior


def group_prior(typed: Typed, prior: Prior) -> list[Prompt]:
    """As `grouping.group`, from previous masks that may have names. Raises PromptError."""
    prompts = group(typed, prior.masks)
    called = [*prior.names, *[""] * (len(prompts) - len(prior.names))]
    return [replace(prompt, name=name) for prompt, name in zip(prompts, called, strict=True)]


@dataclass(frozen=True)
class PromptSource:
    """Options, or a previous mask with them, or what `files.read_prompts` read for files named by
    `as_posix()`; and what structures are called, one name for all or one each.
    """

    typed: Typed
    mask: Path | None = None
    listed: Mapping[tuple[str, int | None], list[Prompt]] | None = None
    names: tuple[str, ...] = ()

    def for_file(self, file: Path, frame_hw: tuple[int, int], frame: int | None = None) -> list[Prompt]:
        """The prompts of a file whose frames have this (height, width); of one frame, where that was chosen.

        Raises:
            PromptError: the prompts file doesn't name the file, or other frames of it. FileError: the
                previous mask can't be read.
        """
        if self.listed is not None:
            return named_prompts(self._listed(self.listed, file, frame), self.names)
        from uniultra.io.priors import Prior, read_prior

        prior = Prior() if self.mask is None else read_prior(self.mask, frame_hw, file, frame)
        return named_prompts(group_prior(self.typed, prior), self.names)

    def _listed(
        self, listed: Mapping[tuple[str, int | None], list[Prompt]], file: Path, frame: int | None
    ) -> list[Prompt]:
        name = file.as_posix()
        prompts = listed.get((name, frame)) or listed.get((name, None))
        if prompts is not None:
            return prompts
        frames = sorted(number for called, number in listed if called == name and number is not None)
        if frames:
            fix = f"choose one with --frame {frames[0]}, or leave the column frame empty"
            raise PromptError(
                f"{file}: the prompts file has rows of frame {frames[0]}, and none for this call; {fix}"
            )
        raise PromptError(f"{file}: the prompts file has no entry '{file.name}'")
