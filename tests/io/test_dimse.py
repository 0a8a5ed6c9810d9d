"""C-STORE to an archive within the test, and what it refuses. Real programs: test_dimse_programs.py."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, SegmentationStorage
from typer.testing import CliRunner

from commands import uniultra
from dicoms import PHI, dataset, picture, region, save
from dimse_archive import dimse_archive
from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.errors import OutputError, PromptError
from uniultra.io.dimse import Peer, parse_peer, store
from uniultra.io.sending import host_of, plain_note

pytest.importorskip("pynetdicom", reason="pynetdicom is of the extra dimse")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    frame = speckled(ellipse((240, 320), (170, 110), (60, 40)))
    about = {"StudyDate": "20200101", "StudyTime": "120000", "PatientSex": "F", "StudyID": "7"}
    regions = [region((0, 0, 319, 239), 0.05)]
    made = dataset(frame.pixels_hw[None], SequenceOfUltrasoundRegions=regions, **about)
    return save(made, tmp_path / "scan.dcm")


def test_segment_stores_seg_sr_and_capture(
    scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
    monkeypatch.setenv("UNIULTRA_AET", "SCANNER 1")
    options = (
        "--box",
        "105,65,235,155",
        "--label",
        "liver",
        "--write",
        "seg,sr,sc",
        "--out",
        str(tmp_path / "o"),
    )
    with dimse_archive(only_from="SCANNER 1") as archive:
        done = CliRunner().invoke(app, ["segment", str(scan), *options, "--store", archive.place])
    assert done.exit_code == 0, done.output
    assert f"3 DICOM results are stored in {host_of(archive.place)}" in done.stderr
    assert PHI not in done.output
    source = pydicom.dcmread(scan)
    assert sorted(sent.Modality for sent, _, _ in archive.held) == ["SEG", "SR", "US"]
    assert {(sent.StudyInstanceUID, str(sent.PatientName), who) for sent, _, who in archive.held} == {
        (source.StudyInstanceUID, PHI, "SCANNER 1")
    }
    for sent, syntax, _ in archive.held:
        written = {pydicom.dcmread(path).SOPInstanceUID: path for path in (tmp_path / "o").glob("*.dcm")}
        kept = pydicom.dcmread(written[sent.SOPInstanceUID])
        assert (kept, kept.file_meta.TransferSyntaxUID) == (sent, syntax)


def test_an_archive_of_implicit_vr_gets_that(scan: Path) -> None:
    with dimse_archive(syntaxes=[ImplicitVRLittleEndian]) as archive:
        assert store(archive.place, [scan]) == 1
    [(sent, syntax, _)] = archive.held
    assert syntax == ImplicitVRLittleEndian
    right = pydicom.dcmread(scan)
    assert sent.PixelData == right.PixelData
    del sent.PixelData, right.PixelData  # whose VR implicit VR doesn't say
    assert sent == right


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (0xA701, r"refuses scan.dcm \(status A701 hex: it is out of resources\)"),
        (0xA900, "the data set doesn't match its SOP class"),
        (0xC123, "it can't understand the data set"),
        (0x0124, "it isn't allowed"),
        (0x0110, r"\(status 0110 hex\)"),
    ],
)
def test_a_refused_file(scan: Path, status: int, said: str) -> None:
    with dimse_archive() as archive:
        archive.status = status
        with pytest.raises(OutputError, match=said):
            store(archive.place, [scan])
        archive.status = 0xB000  # a warning: it is stored
        assert store(archive.place, [scan]) == 1


def seg_like(folder: Path) -> Path:
    made = dataset(picture())
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = SegmentationStorage
    return save(made, folder / "seg.dcm")


def test_a_refused_association(scan: Path, tmp_path: Path) -> None:
    with dimse_archive(only_from="OTHER") as archive:
        with pytest.raises(OutputError, match=r"refuses the association \(calling ae title not recognised\)"):
            store(archive.place, [scan])
        with pytest.raises(OutputError, match=r"called ae title not recognised\); check the title WRONG"):
            store(archive.place.replace("ARCHIVE", "WRONG"), [scan])
    with dimse_archive(kinds=[SegmentationStorage]) as archive:
        pictured = save(dataset(picture()), tmp_path / "picture.dcm")
        with pytest.raises(OutputError, match=rf"takes no Ultrasound Image Storage as {pictured.name} is"):
            store(archive.place, [seg_like(tmp_path), pictured])
        with pytest.raises(OutputError, match="takes none of these: Ultrasound Image Storage"):
            store(archive.place, [scan])
    with dimse_archive(syntaxes=[ExplicitVRLittleEndian]) as archive:
        packed = dataset(picture(2), syntax=ImplicitVRLittleEndian)
        with pytest.raises(OutputError, match="takes none of these: Ultrasound Multi-frame Image Storage"):
            store(archive.place, [save(packed, tmp_path / "p.dcm")])


def test_a_connection_that_breaks_off_was_one(scan: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = threading.Thread(target=lambda: listening.accept()[0].close())
        taken.start()
        with pytest.raises(OutputError, match="it ended the connection without an association; try again"):
            store(f"dimse://A@127.0.0.1:{listening.getsockname()[1]}", [scan])
        taken.join()


def test_nobody_there_and_nothing_to_send(scan: Path) -> None:
    with pytest.raises(OutputError, match=r"127\.0\.0\.1:9: the archive can't be reached by DIMSE"):
        store("dimse://A@127.0.0.1:9", [scan])
    assert store("dimse://A@127.0.0.1:9", []) == 0


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("dimse://pacs:104", "application entity title"),
        ("dimse://A@pacs", "give dimse://AET@HOST:PORT"),
        ("dimse://A:secret@pacs:104", "give dimse://AET@HOST:PORT"),
        ("dimse://A@pacs:port", "give dimse://AET@HOST:PORT"),
        ("dimse://A@pacs:104/studies", "give dimse://AET@HOST:PORT"),
        ("dimse://ABCDEFGHIJKLMNOPQ@pacs:104", "1 to 16 characters"),
        ("dimse://A%5CB@pacs:104", "1 to 16 characters"),
    ],
)
def test_places_that_are_none(place: str, said: str) -> None:
    with pytest.raises(PromptError, match=said):
        parse_peer(place)


def test_places_that_are_some(monkeypatch: pytest.MonkeyPatch, scan: Path) -> None:
    assert parse_peer("dimse://My%20Pacs@pacs.example:104") == Peer("My Pacs", "pacs.example", 104)
    assert plain_note("dimse://A@localhost:104") is None
    assert "isn't encrypted" in (plain_note("dimse://A@pacs.example:104") or "")
    monkeypatch.setenv("UNIULTRA_AET", "a\\b")
    done = CliRunner().invoke(
        app, ["segment", str(scan), "--box", "1,1,9,9", "--store", "dimse://A@localhost:9"]
    )
    assert (done.exit_code, "UNIULTRA_AET is" in str(done.exception or done.output)) == (1, True)


@pytest.mark.parametrize("command", ["segment", "track", "batch"])
def test_images_come_from_elsewhere(command: str, tmp_path: Path) -> None:
    """DIMSE is for results: what reads images says where they come from instead."""
    more = ["--grid", "2"] if command == "batch" else ["--box", "1,1,9,9"]
    places = ["dimse://A@127.0.0.1:104/studies/1", *[f"{tmp_path}/out"] * (command == "batch")]
    called = uniultra(command, *places, *more, cwd=tmp_path)
    assert called.returncode == 2
    assert called.stderr == (
        "uniultra: dimse://A@127.0.0.1:104/studies/1: dimse:// takes results, as --store, and gives no "
        "images; read them from dicomweb://HOST:PORT/PATH, or from files\n"
    )
    assert not list(tmp_path.iterdir())
