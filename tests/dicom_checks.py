"""What DICOM results are checked for: that dciodvfy finds no error, and which models they name."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from pydicom.dataset import Dataset

_ALGORITHM = ("111001", "111003", "122405")
"""Name, version and manufacturer of an algorithm (PS3.16 TID 4019)."""
Named = tuple[str, str | None, list[tuple[str, str]]]


def check_iod(path: Path) -> None:
    """dciodvfy finds no error, by both of its readers."""
    if shutil.which("dciodvfy"):
        for options in ([], ["-new"]):
            done = subprocess.run(["dciodvfy", *options, path], capture_output=True, timeout=60)
            assert b"Error" not in done.stderr, done.stderr.decode()


def segment_models(seg: Dataset) -> list[Named]:
    """Of each segment how it was made, its algorithm's name, and each algorithm's name and version."""
    return [
        (
            one.SegmentAlgorithmType,
            one.get("SegmentAlgorithmName"),
            [
                (item.AlgorithmName, item.AlgorithmVersion)
                for item in one.get("SegmentationAlgorithmIdentificationSequence", [])
            ],
        )
        for one in seg.SegmentSequence
    ]


def group_models(report: Dataset) -> list[list[str]]:
    """Of each measurement group name, version and manufacturer of its algorithm; [] of none."""
    groups = [
        item.ContentSequence
        for whole in report.ContentSequence
        if whole.ConceptNameCodeSequence[0].CodeValue == "126010"
        for item in whole.ContentSequence
    ]
    return [
        [one.TextValue for one in group if one.ConceptNameCodeSequence[0].get("CodeValue") in _ALGORITHM]
        for group in groups
    ]
