"""What a machine can run out of while a model learns, as one line that says what to change."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError

from uniultra.errors import ModelError, OutputError
from uniultra.text import printable
from uniultra.training.checkpoints import what_is_kept
from uniultra.training.config import OptimSettings

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_WORDS = (
    "no space left",
    "file too large",
    "disk quota",
    "file write failed",
    "pytorchstreamwriter",
    "inline_container",  # torch.save, which closes its archive on the way out, and reports that instead
)
"""How the libraries that write say so, whose errors have no number; in small letters."""
NO_MEMORY_WORDS = ("can't allocate memory", "not enough memory")


@contextmanager
def one_line(out: Path, optim: OptimSettings, side: int) -> Iterator[None]:
    """For what learns at `side` pixels and writes into the run folder `out`.

    Raises:
        ModelError: memory ran out.
        OutputError: the disk is full, or the folder can no longer be written.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _no_memory(optim, side) from error
    except (OSError, OutputError, SafetensorError, RuntimeError) as error:
        text = str(error).lower()
        if any(words in text for words in NO_MEMORY_WORDS):
            raise _no_memory(optim, side) from error
        place = printable(str(out))
        if getattr(error, "errno", None) in FULL or any(words in text for words in FULL_WORDS):
            raise OutputError(
                f"'{place}' can't be written: the disk is full; {what_is_kept(out)}: free some space and run "
                "the same command again"
            ) from error
        if isinstance(error, OSError) and Path(str(error.filename)).is_relative_to(out):
            raise OutputError(
                f"'{place}' can't be written ({error.strerror}); {what_is_kept(out)}: see to it that it can "
                "be, and run the same command again"
            ) from error
        raise


def _no_memory(optim: OptimSettings, side: int) -> ModelError:
    return ModelError(
        f"memory ran out with optim.batch_size={optim.batch_size} at {side} px; lower optim.batch_size and "
        "raise optim.accumulate by as much, set optim.recompute=true, or lower base.image_size"
    )
