"""What a call asks of an archive: of each input, and of all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from uniultra.automatic import GridSettings
from uniultra.backends.open import model_sha256
from uniultra.batch.inputs import find_previous_masks
from uniultra.batch.job import CHOICES, EVERY, Item, Job, plain, plain_track
from uniultra.errors import FileError, PromptError
from uniultra.outputs.archive_files import gather_extras, write_extras
from uniultra.prompts.files import read_prompts
from uniultra.prompts.tracks import read_tracks
from uniultra.registry import MODELS
from uniultra.segmenter import Segmenter


@dataclass(frozen=True)
class Choice:
    """What is asked of each input: exactly one of prompts, masks and grid; the frame, where a row doesn't
    say; and of a track, which structure is a left ventricle (0: none). Raises PromptError.
    """

    prompts: Path | None
    masks: str | None
    grid: GridSettings | None
    frame: str | None
    track: bool = False
    ventricle: int = 0

    def __post_init__(self) -> None:
        if self.track and (self.prompts is None or self.frame is not None):
            raise PromptError("--track follows what --prompts points at, on all frames; leave --frame out")
        if self.ventricle and not self.track:
            raise PromptError(
                f"--lv {self.ventricle} is of structures that are tracked; add --track, or leave it out"
            )
        ways = {"--prompts": self.prompts, "--from-masks": self.masks, "--grid": self.grid}
        given = [name for name, value in ways.items() if value is not None]
        if len(given) != 1:
            fault = f"{' and '.join(given)} are given" if given else "nothing points at the structures"
            raise PromptError(f"{fault}; give one of --prompts prompts.csv, --from-masks FOLDER or --grid N")
        if self.frame not in (None, *CHOICES):
            raise PromptError(
                f"--frame '{self.frame}' is unknown; give {', '.join(CHOICES)}; numbers go into a column "
                "frame of --prompts"
            )

    def items(self, files: Mapping[str, str], source: str, on_left: Callable[[str], None]) -> list[Item]:
        """One for each input. `on_left` is told, in a sentence, of files that nothing is asked of. Raises
        FileError and DataError.
        """
        if not files:
            raise FileError(
                f"{source}: nothing to do, it holds no images but results of uniultra; give the images' own "
                "folder"
            )
        if self.prompts is not None and self.track:
            tracks = read_tracks(self.prompts, files)
            self._tell_left(len(files), len(tracks), on_left)
            return [Item(name, files[name], EVERY, track=plain_track(own)) for name, own in tracks.items()]
        if self.prompts is not None:
            choice = read_prompts(self.prompts, files)
            self._tell_left(len(files), len({name for name, _ in choice}), on_left)
            return [
                Item(name, files[name], self.frame if number is None else number, tuple(map(plain, prompts)))
                for (name, number), prompts in choice.items()
            ]
        priors = {} if self.masks is None else find_previous_masks(self.masks, list(files))
        return [Item(name, path, self.frame, prior=priors.get(name)) for name, path in files.items()]

    def _tell_left(self, files: int, prompted: int, on_left: Callable[[str], None]) -> None:
        if files > prompted:
            on_left(f"{files - prompted} of {files} images have no row in {self.prompts}: left out")


def grid_of(side: int | None, quality: float | None) -> GridSettings | None:
    """The grid of `--grid` and `--quality`; None without one. Raises PromptError."""
    if side is None:
        if quality is not None:
            raise PromptError(f"--quality {quality:g} is for --grid alone; add --grid N, or leave it out")
        return None
    return GridSettings(side) if quality is None else GridSettings(side, quality)


def new_job(out: str, model: str, choice: Choice, written: tuple[tuple[str, ...], bool], force: bool) -> Job:
    """A new job; `written` is the kinds, and whether they keep the patient. Raises ModelError where there is
    no such model.
    """
    sha256 = model_sha256(model, Segmenter.load(model, threads=1).facts)
    place = (
        model if any(entry.name == model for entry in MODELS) else os.path.abspath(model)
    )  # workers may run elsewhere
    kinds, keep_patient = written
    extras = partial(write_extras, kinds, keep_patient) if kinds else None
    gather = partial(gather_extras, kinds, keep_patient) if kinds else None
    run, masks = secrets.token_hex(8), choice.masks is not None
    return Job(
        *(out, place, sha256, run, masks, choice.grid, kinds, extras, gather, force),
        keep_patient=keep_patient,
        ventricle=choice.ventricle,
    )
