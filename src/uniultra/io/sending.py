"""Where DICOM results are sent: archives of DICOMweb or DIMSE, by the form of their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from uniultra.io import dicomweb, dimse


def check_archive(place: str) -> None:
    """Raises PromptError where it is no archive's place; OutputError where the library for it isn't
    installed.
    """
    if dimse.is_dimse(place):
        dimse.parse_peer(place)
        dimse.own_title()
        dimse.need_pynetdicom()
    else:
        dicomweb.parse_place(place, to_store=True)
        dicomweb.need_client()


def send(place: str, files: Sequence[Path], taken: Callable[[Path], object] = bool) -> int:
    """Sends files, and gives each to `taken` once the archive has it; how many those were. Raises
    OutputError, PromptError.
    """
    store = dimse.store if dimse.is_dimse(place) else dicomweb.store
    return store(place, files, taken)


def host_of(place: str) -> str:
    """The server, for messages."""
    if dimse.is_dimse(place):
        return dimse.parse_peer(place).host
    return dicomweb.parse_place(place, to_store=True).host


def plain_note(place: str) -> str | None:
    """What to tell where results leave this machine unencrypted."""
    if not dimse.is_dimse(place) or dimse.parse_peer(place).is_here:
        return None
    return f"DIMSE isn't encrypted: results go to {host_of(place)} as they are, patient included"
