"""What the commands that learn have in common."""

from __future__ import annotations

from pathlib import Path

from uniultra.cli.terminal.text import tell
from uniultra.data.manifest import Manifest, read_manifest
from uniultra.data.wrong_masks import left_out


def manifest_to_learn_from(path: Path) -> Manifest:
    """Reads a manifest, and says which rows of its train split nothing is learned from. Raises DataError."""
    manifest = read_manifest(path)
    tell(left_out(row for row in manifest if row.split == "train"))
    return manifest
