"""Orthanc with its DICOMweb plugin on loopback, as Debian packages it, for tests that are marked slow."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@dataclass(frozen=True)
class Orthanc:
    """Its places: of DICOMweb, of DIMSE, and its own HTTP interface."""

    web: str
    dimse: str
    http: str


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running_orthanc(folder: Path) -> Iterator[Orthanc]:
    """One that holds nothing; it keeps its files in a folder. Skips where it isn't installed."""
    program = shutil.which("Orthanc")
    if program is None or not PLUGIN.exists():
        pytest.skip("Orthanc with its DICOMweb plugin isn't installed")
    port, dicom = free_port(), free_port()
    settings = {"StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db")}
    settings |= {"HttpPort": port, "DicomServerEnabled": True, "DicomPort": dicom, "DicomAet": "ORTHANC"}
    settings |= {"DicomCheckCalledAet": True, "RemoteAccessAllowed": False, "AuthenticationEnabled": False}
    settings |= {"DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True}
    settings |= {"Plugins": [str(PLUGIN)], "DicomWeb": {"Enable": True}}
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen([program, str(folder / "orthanc.json")], stdout=log, stderr=log)
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/system", timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
        web = f"dicomweb://127.0.0.1:{port}/dicom-web"
        yield Orthanc(web, f"dimse://ORTHANC@127.0.0.1:{dicom}", f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait(30)
