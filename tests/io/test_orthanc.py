"""A real archive: Orthanc with its DICOMweb plugin, on loopback.

apt-get install orthanc orthanc-dicomweb && pip install dicomweb-client
python -m pytest -m slow tests/io/test_orthanc.py
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from dicoms import PHI, dataset, region, save
from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.io.dicomweb import fetch, instances, store

pytestmark = pytest.mark.slow
pytest.importorskip("dicomweb_client", reason="dicomweb-client is of the extra dicomweb")
pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
HW = (240, 320)


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("Orthanc")
    if program is None or not PLUGIN.exists():
        pytest.skip("Orthanc with its DICOMweb plugin isn't installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"StorageDirectory": str(tmp_path / "db"), "IndexDirectory": str(tmp_path / "db")}
    settings |= {"HttpPort": port, "DicomServerEnabled": False, "RemoteAccessAllowed": False}
    settings |= {"AuthenticationEnabled": False, "Plugins": [str(PLUGIN)], "DicomWeb": {"Enable": True}}
    (tmp_path / "orthanc.json").write_text(json.dumps(settings))
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen([program, str(tmp_path / "orthanc.json")], stdout=log, stderr=log)
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/system", timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
        yield f"dicomweb://127.0.0.1:{port}/dicom-web"
    finally:
        server.terminate()
        server.wait(30)


def test_a_cine_is_tracked_from_and_to_orthanc(orthanc: str, tmp_path: Path) -> None:
    frames = np.stack(
        [speckled(ellipse(HW, (170, 110), (half, 40)), half).pixels_hw for half in (60, 50, 44)]
    )
    about = {
        "StudyDate": "20200101",
        "StudyTime": "120000",
        "PatientSex": "F",
        "StudyID": "7",
        "FrameTime": 40,
    }
    made = dataset(frames, SequenceOfUltrasoundRegions=[region((0, 0, 319, 239), 0.05)], **about)
    scan = save(made, tmp_path / "cine.dcm")
    assert store(orthanc, [scan]) == 1
    place = f"{orthanc}/studies/{made.StudyInstanceUID}"
    [(name, instance)] = instances(place).items()
    (tmp_path / "got").mkdir()
    assert pydicom.dcmread(fetch(instance, tmp_path / "got")) == pydicom.dcmread(scan)
    options = ("--box", "105,65,235,155", "--label", "left ventricle", "--lv", "1", "--write", "seg,sr,sc")
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["track", place, *options, "--store", orthanc, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "3 DICOM results are stored" in done.stderr
    host = orthanc.replace("dicomweb://", "http://")
    with urllib.request.urlopen(f"{host}/studies/{made.StudyInstanceUID}/series", timeout=20) as answer:
        listed = json.load(answer)
    assert sorted(item["00080060"]["Value"][0] for item in listed) == ["SEG", "SR", "US", "US"]
    stem = name.removesuffix(".dcm")
    for kind in ("seg", "sr", "sc"):
        file = pydicom.dcmread(out / f"{stem}.track.{kind}.dcm")
        assert (str(file.PatientName), file.StudyInstanceUID) == (PHI, made.StudyInstanceUID)
        own = f"{place}/series/{file.SeriesInstanceUID}/instances/{file.SOPInstanceUID}"
        assert pydicom.dcmread(fetch(own, tmp_path / "got")) == file
