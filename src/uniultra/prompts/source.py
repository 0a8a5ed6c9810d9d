"""Where the prompts of a call come from: its options, a previous mask, or a file of prompts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from uniultra.errors import PromptError
from uniultra.prompts.grouping import Typed, group
from uniultra.types import Prompt


@dataclass(frozen=True)
class PromptSource:
    """Options, or a previous mask with them, or what `files.read_prompts` read for files named by
    `as_posix()`.
    """

    typed: Typed
    mask: Path | None = None
    listed: Mapping[tuple[str, int | None], list[Prompt]] | None = None

    def for_file(self, file: Path, frame_hw: tuple[int, int], frame: int | None = None) -> list[Prompt]:
        """The prompts of a file whose frames have this (height, width); of one frame, where that was chosen.

        Raises:
            PromptError: the prompts file doesn't name the file, or other frames of it. FileError: the
                previous mask can't be read.
        """
        from uniultra.io.masks import read_previous

        if self.listed is not None:
            return self._listed(self.listed, file, frame)
        previous = [] if self.mask is None else read_previous(self.mask, frame_hw)
        return group(self.typed, previous)

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
