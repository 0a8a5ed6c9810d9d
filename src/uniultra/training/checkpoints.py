"""The checkpoints of a run folder: which of them are whole, and what is said of them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from uniultra.training.ema import EMA_FILE


def step_of(checkpoint: Path) -> int:
    """The step in a checkpoint's name."""
    return int(checkpoint.name.rpartition("-")[2])


def whole_checkpoint(out: Path, clean: bool = False) -> Path | None:
    """The last checkpoint that was written to its end; with `clean`, removes the later ones that a kill
    truncated.
    """
    folders = [each for each in out.glob("checkpoint-*") if re.fullmatch(r"checkpoint-\d+", each.name)]
    for folder in sorted(filter(Path.is_dir, folders), key=step_of, reverse=True):
        if (folder / EMA_FILE).is_file():
            return folder
        if clean:
            shutil.rmtree(folder)
    return None


def has_checkpoint(out: Path) -> bool:
    """Whether a run can go on in this folder; a distillation's checkpoints lie in a folder for each stage,
    within the run's.
    """
    folders = [out, *(inner for inner in out.glob("*") if inner.is_dir())]
    return any(whole_checkpoint(folder) for folder in folders)


def what_is_kept(out: Path) -> str:
    """For a message of what went wrong in `out`: "checkpoint-2 is kept", or that there is none."""
    last = whole_checkpoint(out)
    return "no checkpoint lies there yet" if last is None else f"{last.name} is kept"
