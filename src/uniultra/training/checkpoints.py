"""The checkpoints of a run folder: which of them are whole, and what is said of them; and by which hashes of
files a run is known again.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from uniultra.models.adapted import ADAPTER_FILE
from uniultra.models.stored import MODEL_FILES
from uniultra.training.ema import EMA_FILE

FILES_HASH = "images_masks_names_sha256"
UNLABELLED_HASH = "unlabelled_sha256"
START_HASH = "start_sha256"
LATER_HASHES = (FILES_HASH, UNLABELLED_HASH, START_HASH)
"""Keys that run folders and caches of earlier versions lack."""


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


def has_result(out: Path) -> bool:
    """Whether a run ended in this folder, whose checkpoints may have been deleted since."""
    return (out / ADAPTER_FILE).is_file() or all((out / "model" / name).is_file() for name in MODEL_FILES)


def what_is_kept(out: Path) -> str:
    """For a message of what went wrong in `out`: "checkpoint-2 is kept", or that there is none."""
    last = whole_checkpoint(out)
    return "no checkpoint lies there yet" if last is None else f"{last.name} is kept"
