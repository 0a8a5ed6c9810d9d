"""UniUltra: point at a structure in an ultrasound image; get its mask, its size and how sure the model is.

from uniultra import Prompt, Segmenter, read_frame

frame = read_frame("scan.png")
[mask] = Segmenter.load().segment(frame, [Prompt(box_xyxy=(40, 60, 200, 190))])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from uniultra.offline import keep_silent

if TYPE_CHECKING:
    from uniultra.errors import UniUltraError
    from uniultra.io.cines import open_cine
    from uniultra.io.images import read_frame
    from uniultra.segmenter import Segmenter
    from uniultra.types import Cine, Embedding, Frame, Mask, Prompt

__version__ = "0.1.0"

keep_silent()

_HOMES = {
    "Cine": "uniultra.types",
    "Embedding": "uniultra.types",
    "Frame": "uniultra.types",
    "Mask": "uniultra.types",
    "Prompt": "uniultra.types",
    "Segmenter": "uniultra.segmenter",
    "UniUltraError": "uniultra.errors",
    "open_cine": "uniultra.io.cines",
    "read_frame": "uniultra.io.images",
}
__all__ = ["Cine", "Embedding", "Frame", "Mask", "Prompt", "Segmenter", "UniUltraError", "__version__", "open_cine", "read_frame"]


def __getattr__(name: str) -> Any:
    """Public names are imported when first used, so that `uniultra --help` loads no engine."""
    if name not in _HOMES:
        raise AttributeError(f"module 'uniultra' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)
