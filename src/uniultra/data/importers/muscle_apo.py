"""Muscle aponeuroses (Cronin, Finni, Seynnes 2020, arXiv 2009.04790; github.com/njcronin/DL_Track,
Apache-2.0).

    apo_images/img_00001.tif    apo_masks/img_00001.tif

Masks are black and white, both aponeuroses of an image in one; in the manifest each connected component is an
object (`COMPONENT_DATASETS`). No participant is named. Layout: that repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from uniultra.data.importers.images import paired
from uniultra.data.importers.sample import Finding, Sample, locate


def find(root: Path) -> Iterator[Finding]:
    root = locate(root, "apo_images", "apo_masks")
    for finding in paired(root / "apo_images", root / "apo_masks"):
        if isinstance(finding, Sample):
            yield replace(finding, id=f"apo_{finding.id.removeprefix('img_')}")
        else:
            yield finding
