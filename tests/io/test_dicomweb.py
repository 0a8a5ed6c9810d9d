"""DICOMweb against a server within the test: what is asked, what is sent back, and what is refused."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from typer.testing import CliRunner

from dicoms import PHI, dataset, region, save
from phantoms import ellipse, speckled
from uniultra.batch.storage import local_file
from uniultra.batch.watch import Watch
from uniultra.cli.main import app
from uniultra.cli.terminal.archives import fetched_one
from uniultra.errors import FileError, OutputError, PromptError, UnreachableError
from uniultra.io.dicomweb import fetch, instances, parse_place, store
from uniultra.io.sending import send
from web_archive import Archive, web_archive

pytest.importorskip("dicomweb_client", reason="dicomweb-client is of the extra dicomweb")
HW = (240, 320)


@pytest.fixture
def server() -> Iterator[str]:
    with web_archive() as address:
        yield address


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    frame = speckled(ellipse(HW, (170, 110), (60, 40)))
    about = {"StudyDate": "20200101", "StudyTime": "120000", "PatientSex": "F", "StudyID": "7"}
    regions = [region((0, 0, 319, 239), 0.05)]
    made = dataset(frame.pixels_hw[None], SequenceOfUltrasoundRegions=regions, **about)
    return save(made, tmp_path / "scan.dcm")


def place_of(server: str, scan: Path) -> str:
    return f"{server}/studies/{pydicom.dcmread(scan).StudyInstanceUID}"


def test_there_and_back(server: str, scan: Path, tmp_path: Path) -> None:
    assert store(server, [scan]) == 1
    found = instances(place_of(server, scan))
    [(name, place)] = found.items()
    uid = pydicom.dcmread(scan).SOPInstanceUID
    assert name == f"{uid}.dcm"
    assert instances(place) == found
    (tmp_path / "in").mkdir()
    assert pydicom.dcmread(fetch(place, tmp_path / "in")) == pydicom.dcmread(scan)
    with local_file(place) as local:
        assert local.name == name
    assert not local.exists()


def test_segment_from_and_to_an_archive(server: str, scan: Path, tmp_path: Path) -> None:
    pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
    store(server, [scan])
    place = place_of(server, scan)
    out = tmp_path / "out"
    options = ("--box", "105,65,235,155", "--label", "liver", "--write", "seg,sr", "--store", server)
    done = CliRunner().invoke(app, ["segment", place, *options, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "2 DICOM results are stored in 127.0.0.1:" in done.stderr
    assert PHI not in done.output
    source = pydicom.dcmread(scan)
    kept = [pydicom.dcmread(BytesIO(data)) for data in Archive.held.values()]
    assert sorted(data.Modality for data in kept) == ["SEG", "SR", "US"]
    assert {(data.StudyInstanceUID, str(data.PatientName)) for data in kept} == {
        (source.StudyInstanceUID, PHI)
    }
    assert list(instances(place)) == [f"{source.SOPInstanceUID}.dcm"]  # results are no images


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (("segment", "--box", "105,65,235,155"), 0),
        (("segment", "--box", "105,65,235,155", "--frame", "3"), 2),
        (("segment", "--box", "105,65,235,155", "--frames", "all"), 2),
        (("segment", "--prompts", "none.csv"), 2),
        (("track", "--box", "105,65,235,155", "--from", "2"), 2),
    ],
)
def test_what_is_said_of_a_copy_names_its_address(
    server: str,
    scan: Path,
    tmp_path: Path,
    call: tuple[str, ...],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("none.csv").write_text("file,frame,object,x0,y0,x1,y1\nscan.dcm,,1,105,65,235,155\n")
    store(server, [scan])
    [place] = instances(place_of(server, scan)).values()
    name, *options = call
    done = CliRunner().invoke(app, [name, place_of(server, scan), *options, "--out", "out"])
    said = f"{done.output} {done.exception} {capfd.readouterr()}"
    assert (done.exit_code == 0) == (code == 0), said
    assert f"{place}" in said
    assert "uniultra-" not in said.replace("uniultra-mini", "").replace("uniultra-out", "")


def test_a_copy_is_the_same_file_each_time(server: str, scan: Path) -> None:
    store(server, [scan])
    first, second = (os.stat(fetched_one(place_of(server, scan))) for _ in range(2))
    assert (first.st_size, first.st_mtime_ns) == (second.st_size, second.st_mtime_ns)


def test_the_token_goes_along(server: str, scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(server, [scan])
    monkeypatch.setenv("UNIULTRA_DICOMWEB_TOKEN", "abc")
    instances(place_of(server, scan))
    assert Archive.asked[-1][1] == "Bearer abc"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "answers 401: it requires a token"),
        (404, "answers 404: there is no such thing"),
        (503, "answers 503"),
    ],
)
def test_what_a_server_refuses_is_one_line(server: str, scan: Path, status: int, said: str) -> None:
    Archive.answer = status
    with pytest.raises(FileError, match=said) as refused:
        instances(place_of(server, scan))
    assert isinstance(refused.value, UnreachableError) == (status == 503)


def test_a_result_that_isnt_taken_is_an_error(server: str, scan: Path) -> None:
    Archive.answer = 202
    with pytest.raises(OutputError, match=r"refuses scan.dcm \(FailureReason A700 hex\)"):
        store(server, [scan])


def test_what_was_taken_before_a_failure_is_told(server: str, scan: Path, tmp_path: Path) -> None:
    pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
    store(server, [scan])
    Archive.most = 2  # the image, and one of two results
    options = ("--box", "105,65,235,155", "--write", "seg,sr", "--store", server)
    done = CliRunner().invoke(app, ["segment", str(scan), *options, "--out", str(tmp_path / "out")])
    assert "1 DICOM result is stored in 127.0.0.1:" in done.stderr
    assert "answers 503" in str(done.exception)
    assert f"Results in {tmp_path / 'out'}/" in done.stdout
    Archive.answer, Archive.most = 200, 1000  # what docs/archive.md says of sending the rest
    results = [*(tmp_path / "out").glob("*.dcm")]
    assert send(server, results) == 2
    assert set(Archive.held) == {str(pydicom.dcmread(one).SOPInstanceUID) for one in [scan, *results]}


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_not_the_archives_fault(
    server: str, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(server, [scan])
    [place] = instances(place_of(server, scan)).values()
    monkeypatch.setattr(pydicom.Dataset, "save_as", full)
    with pytest.raises(FileError, match=f"no room in {tmp_path} for a copy; free some, or set TMPDIR"):
        fetch(place, tmp_path / "in")


@pytest.mark.parametrize("whole", [0.0, 0.5])
def test_a_connection_that_breaks_off_was_one(
    server: str, scan: Path, tmp_path: Path, whole: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(server, [scan])
    study = place_of(server, scan)
    [place] = instances(study).values()
    monkeypatch.setattr(Archive, "whole", whole)
    (tmp_path / "in").mkdir()
    said = r"127\.0\.0\.1:\d+: the connection ended before the answer was complete; try again"
    for call in (lambda: instances(study), lambda: fetch(place, tmp_path / "in")):
        with pytest.raises(UnreachableError, match=said):
            call()
    assert not list((tmp_path / "in").iterdir())
    if not whole:
        with pytest.raises(OutputError, match=said):
            store(server, [scan])


def test_nobody_there() -> None:
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:9: the archive can't be reached"):
        instances("dicomweb://127.0.0.1:9/x/studies/1.2")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("dicomweb://pacs.example/x/studies/1.2", "plain HTTP goes to this machine alone"),
        ("dicomweb://10.0.0.1/x/studies/1.2", "plain HTTP goes to this machine alone"),
        ("dicomweb://a:b@localhost/x/studies/1.2", "put a token into UNIULTRA_DICOMWEB_TOKEN"),
        ("dicomwebs://pacs.example/x", "not a study, series or instance"),
        ("dicomwebs://pacs.example/x/studies/1.2/series", "not a study, series or instance"),
        ("dicomwebs://pacs.example/x/studies/1.2/instances/1", "not a study, series or instance"),
        ("dicomwebs://pacs.example/x/studies/../series/1", "a UID has 1 to 64 digits and dots between them"),
        ("dicomwebs://pacs.example:port/x/studies/1.2", "not a place in an archive"),
        ("dicomwebs:///x/studies/1.2", "not a place in an archive"),
    ],
)
def test_places_that_are_none(place: str, said: str) -> None:
    with pytest.raises(PromptError, match=said):
        parse_place(place)


def test_places_that_are_some() -> None:
    found = parse_place("dicomwebs://pacs.example:8443/dicom-web/studies/1.2/series/3.4/instances/5.6")
    assert (found.base, found.study, found.series) == ("https://pacs.example:8443/dicom-web", "1.2", "3.4")
    assert parse_place("dicomweb://[::1]:80/studies/1.2").base == "http://[::1]:80"
    assert parse_place("dicomweb://localhost/dicom-web", to_store=True).base == "http://localhost/dicom-web"


def test_a_watched_file_is_taken_once_it_is_whole_and_once(tmp_path: Path) -> None:
    file, watch = tmp_path / "a.png", Watch()
    files = {"a.png": str(file)}
    assert watch.ready(files) == {}
    file.write_bytes(b"12")
    assert watch.ready(files) == {}
    file.write_bytes(b"123")
    assert watch.ready(files) == {}  # it grew
    assert watch.ready(files) == files
    assert watch.ready(files) == {}
    file.write_bytes(b"1234")
    assert [bool(watch.ready(files)) for _ in range(3)] == [False, True, False]
