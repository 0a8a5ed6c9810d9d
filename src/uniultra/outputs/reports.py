"""DICOM SR among files that are measured, and out of what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from uniultra import __version__
from uniultra.errors import FileError, OutputError, PromptError
from uniultra.io.images import kind_of
from uniultra.io.input_file import input_file

VENTRICLE = "left ventricle"


def is_report_file(path: Path) -> bool:
    """Whether a file is a DICOM SR; what can't be read is none, which reading it will say."""
    try:
        if kind_of(path).name != "DICOM":
            return False
        from uniultra.io.dicom.header import read_header
        from uniultra.io.dicom.sr_reader import is_report

        return is_report(read_header(path, ("SOPClassUID",)))
    except FileError:
        return False


def check_ejection_report(path: Path, method: str | None, masks: int, images: int, force: bool) -> None:
    """Raises PromptError where an SR of an ejection fraction can't follow from these options, OutputError
    where it can't be written.
    """
    if method != "ef" or masks != 1 or images != 1:
        raise PromptError(
            f"--sr {path} is of the ejection fraction of one cine; give --volume ef, one mask of its frames "
            "and its --image"
        )
    from uniultra.io.dicom.source import need_highdicom
    from uniultra.io.output import check_free

    need_highdicom(path)
    check_free([path], force)


def write_ejection_report(
    path: Path, image: Path, report: dict[str, Any], keep_patient: bool = False, force: bool = False
) -> tuple[str, ...]:
    """Writes the SR of what `mask_volumes.volume_json` says of a cine's ejection fraction; notes on identity.

    Raises:
        OutputError: the image isn't DICOM, or the file can't be written. FileError: it can't be read.
    """
    source = input_file(image)
    if not source.is_dicom:
        raise OutputError(f"{image}: a DICOM SR needs a DICOM image to refer to; leave out --sr")
    from uniultra.io.dicom.source import Maker, source_of
    from uniultra.io.dicom.sr import Ejection, write_report

    high, low = report["end_diastolic"], report["end_systolic"]
    found = Ejection(
        VENTRICLE,
        (high["frame"], low["frame"]),
        None if "reason" in high else (high["value"], low["value"]),
        report["ejection_fraction"]["value"],
    )
    dataset = source_of(source.header, keep_patient)
    write_report(path, dataset, [], Maker("uniultra measure", __version__, __version__), force, found)
    return dataset.notes
