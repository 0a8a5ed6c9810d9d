"""UniUltra: point at a structure in an ultrasound image; get its mask, its size and a confidence estimate.

from uniultra import Prompt, Segmenter, read_frame

frame = read_frame("scan.png")
[mask] = Segmenter.load().segment(frame, [Prompt(box_xyxy=(40, 60, 200, 190))])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from uniultra.offline import keep_silent

if TYPE_CHECKING:
    from uniultra.errors import (
        ClusterError,
        DataError,
        FileError,
        ModelError,
        OutputError,
        PromptError,
        ServeError,
        UniUltraError,
        UnreachableError,
    )
    from uniultra.io.cines import open_cine
    from uniultra.io.images import read_frame
    from uniultra.segmenter import Segmenter
    from uniultra.types import Cine, Embedding, Frame, Mask, Prompt

__version__ = "0.1.0"

keep_silent()

_HOMES = {
    "Segmenter": "uniultra.segmenter",
    "Prompt": "uniultra.types",
    "Mask": "uniultra.types",
    "Frame": "uniultra.types",
    "read_frame": "uniultra.io.images",
    "Cine": "uniultra.types",
    "open_cine": "uniultra.io.cines",
    "Embedding": "uniultra.types",
    "UniUltraError": "uniultra.errors",
    "FileError": "uniultra.errors",
    "PromptError": "uniultra.errors",
    "ModelError": "uniultra.errors",
    "DataError": "uniultra.errors",
    "OutputError": "uniultra.errors",
    "ServeError": "uniultra.errors",
    "ClusterError": "uniultra.errors",
    "UnreachableError": "uniultra.errors",
}
__all__ = [
    "Segmenter", "Prompt", "Mask", "Frame", "read_frame", "Cine", "open_cine", "Embedding",
    "UniUltraError", "FileError", "PromptError", "ModelError", "DataError", "OutputError", "ServeError",
    "ClusterError", "UnreachableError",
    "__version__",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Public names are imported when first used, so that `uniultra --help` loads no engine."""
    if name not in _HOMES:
        raise AttributeError(f"module 'uniultra' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """With the public names that are not imported yet, for `help(uniultra)` and completion."""
    return sorted({*globals(), *__all__})
