"""UDIAT, also called dataset B, breast lesions (Yap 2018, IEEE JBHI 22(4)); given on request by its authors.

    original/000001.png    GT/000001.png

Layout: readers of it in public code, such as the preparation of data for SAMUS. No patient is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from uniultra.data.importers.pairs import paired
from uniultra.data.importers.sample import Finding, locate


def find(root: Path) -> Iterator[Finding]:
    root = locate(root, "original", "GT")
    return paired(root / "original", root / "GT")
