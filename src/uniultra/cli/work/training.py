"""What the commands that learn have in common."""

from __future__ import annotations

from pathlib import Path

from uniultra.cli.terminal.text import tell
from uniultra.data.manifest import Manifest, read_manifest
from uniultra.data.wrong_masks import left_out
from uniultra.registry import MODELS


def manifest_to_learn_from(path: Path) -> Manifest:
    """Reads a manifest, and says which rows of its train split nothing is learned from. Raises DataError."""
    manifest = read_manifest(path)
    tell(left_out(row for row in manifest if row.split == "train"))
    return manifest


def against(other: str) -> tuple[str, ...]:
    """How `evaluate` is told to compare with a base or a teacher; nothing for a name on the hub, which it
    doesn't take.
    """
    known = any(entry.name == other for entry in MODELS) or Path(other).is_dir()
    return ("--against", other) if known else ()
