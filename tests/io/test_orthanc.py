"""Real archives: Orthanc with its DICOMweb plugin, and dcmtk's storescp, on loopback; the batch with its Ray.

apt-get install orthanc orthanc-dicomweb dcmtk && pip install 'uniultra[dicom,dicomweb,dimse,cluster]'
python -m pytest -m slow tests/io/test_orthanc.py
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from commands import command
from commands import process as uniultra
from dicoms import PHI, dataset, region, save
from orthanc import Orthanc, free_port, running_orthanc
from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.io.dicomweb import fetch, instances, store
from uniultra.io.sending import send

pytestmark = pytest.mark.slow
pytest.importorskip("dicomweb_client", reason="dicomweb-client is of the extra dicomweb")
pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
HW = (240, 320)


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    with running_orthanc(tmp_path) as server:
        yield server


def test_a_cine_is_tracked_from_and_to_orthanc(orthanc: Orthanc, tmp_path: Path) -> None:
    web = orthanc.web
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
    assert store(web, [scan]) == 1
    place = f"{web}/studies/{made.StudyInstanceUID}"
    [(name, instance)] = instances(place).items()
    (tmp_path / "got").mkdir()
    assert pydicom.dcmread(fetch(instance, tmp_path / "got")) == pydicom.dcmread(scan)
    options = ("--box", "105,65,235,155", "--label", "left ventricle", "--lv", "1", "--write", "seg,sr,sc")
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["track", place, *options, "--store", web, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "3 DICOM results are stored" in done.stderr
    host = web.replace("dicomweb://", "http://")
    with urllib.request.urlopen(f"{host}/studies/{made.StudyInstanceUID}/series", timeout=20) as answer:
        listed = json.load(answer)
    assert sorted(item["00080060"]["Value"][0] for item in listed) == ["SEG", "SR", "US", "US"]
    stem = name.removesuffix(".dcm")
    for kind in ("seg", "sr", "sc"):
        file = pydicom.dcmread(out / f"{stem}.track.{kind}.dcm")
        assert (str(file.PatientName), file.StudyInstanceUID) == (PHI, made.StudyInstanceUID)
        own = f"{place}/series/{file.SeriesInstanceUID}/instances/{file.SOPInstanceUID}"
        assert pydicom.dcmread(fetch(own, tmp_path / "got")) == file


def still(folder: Path, name: str, seed: int) -> pydicom.Dataset:
    folder.mkdir(exist_ok=True)
    about = {"StudyDate": "20200101", "StudyTime": "120000", "PatientSex": "F", "StudyID": "7"}
    pixels = speckled(ellipse(HW, (170, 110), (60, 40)), seed).pixels_hw
    made = dataset(pixels[None], SequenceOfUltrasoundRegions=[region((0, 0, 319, 239), 0.05)], **about)
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3.4", "1.2.3.4.5"
    save(made, folder / name)
    return made


def modalities(orthanc: Orthanc) -> list[str]:
    with urllib.request.urlopen(f"{orthanc.http}/instances?expand", timeout=20) as answer:
        listed = [item["ID"] for item in json.load(answer)]
    found = []
    for one in listed:
        with urllib.request.urlopen(f"{orthanc.http}/instances/{one}/simplified-tags", timeout=20) as answer:
            tags = json.load(answer)
        found.append(f"{tags['Modality']} {tags['PatientName']} {tags['StudyInstanceUID']}")
    return sorted(found)


def test_a_batch_from_and_to_orthanc(orthanc: Orthanc, tmp_path: Path) -> None:
    for number in range(2):
        still(tmp_path / "scans", f"{number}.dcm", number)
    assert store(orthanc.web, sorted((tmp_path / "scans").iterdir())) == 2
    given = ("--grid", "4", "--write", "seg", "--store", orthanc.web, "--workers", "1")
    done = uniultra("batch", f"{orthanc.web}/studies/1.2.3.4", "out", *given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 DICOM results are stored in 127.0.0.1:" in done.stderr
    assert modalities(orthanc) == [f"SEG {PHI} 1.2.3.4"] * 2 + [f"US {PHI} 1.2.3.4"] * 2


def test_from_storescp_through_a_watched_folder_to_orthanc_by_c_store(
    orthanc: Orthanc, tmp_path: Path
) -> None:
    pytest.importorskip("pynetdicom", reason="pynetdicom is of the extra dimse")
    receiver = shutil.which("storescp")
    if receiver is None:
        pytest.skip("dcmtk isn't installed")
    (tmp_path / "in").mkdir()
    port = free_port()
    given = ("in", "out", "--grid", "4", "--write", "seg,sr", "--store", orthanc.dimse, "--workers", "1")
    watch = command("batch", *given, "--watch")
    with ExitStack() as stack:
        listening = subprocess.Popen([receiver, "-od", str(tmp_path / "in"), str(port)])
        stack.callback(listening.wait, 30)
        stack.callback(listening.terminate)
        watching = subprocess.Popen(watch, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        stack.callback(watching.kill)
        still(tmp_path / "scans", "a.dcm", 0)
        time.sleep(2)
        assert send(f"dimse://STORESCP@127.0.0.1:{port}", [tmp_path / "scans" / "a.dcm"]) == 1
        ends = time.monotonic() + 200
        while len(modalities(orthanc)) < 2 and time.monotonic() < ends:
            time.sleep(1)
        time.sleep(3)
        watching.send_signal(signal.SIGINT)
        _, told = watching.communicate(timeout=60)
    assert modalities(orthanc) == [f"SEG {PHI} 1.2.3.4", f"SR {PHI} 1.2.3.4"], told
    assert f"2 DICOM results are stored in {orthanc.dimse.partition('@')[2]}" in told
    assert watching.returncode == 0, told
    assert "stopped watching" in told


@pytest.mark.parametrize("only", ["+xi", "+xe", "+xy"])
def test_storescp_of_one_transfer_syntax(tmp_path: Path, only: str) -> None:
    """dcmtk's, which takes implicit VR (+xi), also explicit VR (+xe) or JPEG baseline (+xy)."""
    pytest.importorskip("pynetdicom", reason="pynetdicom is of the extra dimse")
    receiver = shutil.which("storescp")
    if receiver is None:
        pytest.skip("dcmtk isn't installed")
    (tmp_path / "in").mkdir()
    port = free_port()
    made = still(tmp_path / "scans", "a.dcm", 0)
    listening = subprocess.Popen([receiver, only, "-od", str(tmp_path / "in"), str(port)])
    try:
        time.sleep(1)
        assert send(f"dimse://ANY@127.0.0.1:{port}", [tmp_path / "scans" / "a.dcm"]) == 1
    finally:
        listening.terminate()
        listening.wait(30)
    [got] = (tmp_path / "in").iterdir()
    assert pydicom.dcmread(got).PixelData == made.PixelData
