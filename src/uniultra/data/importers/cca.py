"""Common carotid artery (Momot 2022, Mendeley d4xt63mgjm).

    Common Carotid Artery Ultrasound Images/US images/202201121748100022VAS_slice_1393.png
    .../Expert mask images/(the same name)

The part before `_slice_` is one recording, of one side of one volunteer; which recordings share a volunteer
is not published, so the recording is the subject. Layout: the Mendeley record, and
github.com/trevorwitter/carotid-segmentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from uniultra.data.importers.images import paired
from uniultra.data.importers.sample import Finding, Sample, locate


def find(root: Path) -> Iterator[Finding]:
    root = locate(root, "US images", "Expert mask images")
    for finding in paired(root / "US images", root / "Expert mask images"):
        yield (
            replace(finding, subject=finding.id.split("_slice_")[0])
            if isinstance(finding, Sample)
            else finding
        )
