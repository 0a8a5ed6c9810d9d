"""SHA-256 of files, hashes of masks, and seeds."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def file_sha256(path: Path) -> str:
    """Of a file's contents, as 64 hexadecimal digits. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def mask_hash(mask_hw: np.ndarray) -> str:
    """Of a bool mask (H, W) and its size, as eight hexadecimal digits: enough to notice an edit."""
    shape = f"{mask_hw.shape}".encode()
    return hashlib.sha256(shape + mask_hw.astype(bool).tobytes()).hexdigest()[:8]


def stable_seed(*parts: str | int) -> int:
    """A 64-bit seed from what it belongs to: the same on every machine, in every order, with any number of
    workers.
    """
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:8], "little")
