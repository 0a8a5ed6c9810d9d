"""`uniultra batch` from and to archives, and of a folder that is watched; the pool is left out, which
tests/cli/test_batch.py has.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from dicoms import PHI, dataset, region, save
from phantoms import ellipse, speckled
from uniultra.batch import local_pool
from uniultra.batch.job import Item, Job
from uniultra.batch.patience import Patience
from uniultra.batch.process_item import do
from uniultra.cli.main import app
from uniultra.cli.terminal import watching
from uniultra.errors import ClusterError
from uniultra.io.dicomweb import store
from uniultra.segmenter import Segmenter
from web_archive import Archive, web_archive

pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
pytest.importorskip("dicomweb_client", reason="dicomweb-client is of the extra dicomweb")
HW = (96, 128)
BOX = (33, 25, 95, 71)
STUDY = "1.2.3.4"


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


@pytest.fixture(autouse=True)
def _here(segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Items are done in this process."""

    def run(items: Sequence[Item], job: Job, settings: object, done: Callable[[str], None]) -> None:
        for item in items:
            done(do(item, job, segmenter).status)

    monkeypatch.setattr(local_pool, "run_here", run)


@pytest.fixture
def server() -> Iterator[str]:
    with web_archive() as address:
        yield address


def scan(folder: Path, name: str, seed: int = 0) -> Path:
    """A DICOM of the study STUDY with a structure in BOX."""
    folder.mkdir(exist_ok=True)
    about = {"StudyDate": "20200101", "StudyTime": "120000", "PatientSex": "F", "StudyID": "7"}
    pixels = speckled(ellipse(HW, (64, 48), (30, 22)), seed).pixels_hw
    made = dataset(pixels[None], SequenceOfUltrasoundRegions=[region((0, 0, 127, 95), 0.05)], **about)
    made.StudyInstanceUID = STUDY
    return save(made, folder / f"{name}.dcm")


def held(modality: str) -> list[pydicom.Dataset]:
    found = [pydicom.dcmread(BytesIO(data)) for data in Archive.held.values()]
    return [one for one in found if one.Modality == modality]


def referred(results: Sequence[pydicom.Dataset]) -> list[str]:
    return sorted(
        item.value
        for one in results
        for item in one.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
        if item.keyword == "ReferencedSOPInstanceUID"
    )


def batch(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["batch", *map(str, arguments)])
    assert PHI not in done.output
    return done.exit_code, done.stdout, str(done.exception or "") + done.stderr


def listed(out: Path, table: str = "results.csv") -> list[str]:
    with open(out / table, newline="", encoding="utf-8") as file:
        return [row["input"] for row in csv.DictReader(file)]


def prompts(path: Path, names: Sequence[str]) -> Path:
    rows = [f"{name},{','.join(map(str, BOX))}" for name in names]
    path.write_text("\n".join(["file,x0,y0,x1,y1", *rows]) + "\n", encoding="utf-8")
    return path


def test_an_archive_that_is_started_again_amid_a_batch_costs_no_input(
    server: str, tmp_path: Path, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without patience each input that remains would be a failure within seconds."""
    for number in range(3):
        scan(tmp_path / "in", f"s{number}", number)
    store(server, sorted((tmp_path / "in").iterdir()))
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        Archive.answer = 200 if len(waited) == 2 else 503

    def run(items: Sequence[Item], job: Job, settings: object, done: Callable[[str], None]) -> None:
        patience = Patience(pause=pause)
        for number, item in enumerate(items):
            Archive.answer = 503 if number == 1 else 200
            done(do(item, job, segmenter, patience).status)

    monkeypatch.setattr(local_pool, "run_here", run)
    code, _, told = batch(f"{server}/studies/{STUDY}", tmp_path / "out", "--grid", 4)
    assert (code, waited) == (0, [1.0, 2.0]), told
    assert len(listed(tmp_path / "out", "failures.csv")) == 0


def test_from_an_archive_and_back(server: str, tmp_path: Path) -> None:
    scans = [pydicom.dcmread(scan(tmp_path / "in", f"s{number}", number)) for number in range(2)]
    store(server, sorted((tmp_path / "in").iterdir()))
    uids = sorted(str(one.SOPInstanceUID) for one in scans)
    table = prompts(tmp_path / "prompts.csv", [f"{uid}.dcm" for uid in uids])
    given = (f"{server}/studies/{STUDY}", tmp_path / "out", "--prompts", table, "--label", "liver")
    given = (*given, "--write", "seg,sr", "--store", server)
    code, said, told = batch(*given)
    assert code == 0, told
    assert said.startswith("2 of 2 inputs done, 2 objects; ")
    assert "4 DICOM results are stored in 127.0.0.1:" in told
    assert listed(tmp_path / "out") == [f"{uid}.dcm" for uid in uids]
    assert referred(held("SEG")) == uids
    results = [*held("SEG"), *held("SR")]
    assert {(str(one.PatientName), one.StudyInstanceUID) for one in results} == {(PHI, STUDY)}
    assert {one.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0].CodeValue for one in held("SEG")} == {
        "10200004"
    }
    code, said, told = batch(*given)  # nothing is made or sent twice
    assert (code, "2 were done before" in said, "0 DICOM results are stored" in told) == (0, True, True)
    assert len(Archive.held) == 6


def test_what_an_archive_couldnt_take_is_sent_later(server: str, tmp_path: Path) -> None:
    scan(tmp_path / "in", "a")
    scan(tmp_path / "in", "b", 1)
    table = prompts(tmp_path / "prompts.csv", ["a.dcm", "b.dcm"])
    given = (tmp_path / "in", tmp_path / "out", "--prompts", table, "--write", "seg", "--store", server)
    Archive.answer = 503
    code, said, told = batch(*given)
    assert (code, "answers 503" in told, said.startswith("2 ")) == (1, True, True), said
    host = server.split("/")[2]
    assert f"0 DICOM results are stored in {host}; the same command sends the others" in told
    assert len(listed(tmp_path / "out")) == 2
    Archive.answer = 200
    code, said, told = batch(*given)
    assert (code, "2 were done before" in said, "2 DICOM results are stored" in told) == (0, True, True)
    assert "the same command" not in told
    assert len(held("SEG")) == 2


class Clock:
    """Stands in for `time.sleep` of the loop: what happens before its next poll."""

    def __init__(self, *events: Callable[[], object]) -> None:
        self.events, self.waited = list(events), list[float]()

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        if not self.events:
            raise KeyboardInterrupt
        self.events.pop(0)()


def nothing() -> None:
    """Another poll."""


def test_a_watched_folder_takes_what_comes_and_sends_it_on(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, ready = tmp_path / "in", tmp_path / "ready"
    folder.mkdir()
    first, second = scan(ready, "first"), scan(ready, "second", 1)
    whole = second.read_bytes()

    def come(data: bytes, name: str) -> Callable[[], object]:
        return lambda: (folder / name).write_bytes(data)

    def fail() -> None:
        Archive.answer = 503

    def mend() -> None:
        Archive.answer = 200

    clock = Clock(
        lambda: shutil.copy(first, folder),
        nothing,
        come(whole[:1000], "second.dcm"),  # half of it
        come(whole, "second.dcm"),
        come(b"\0" * 200 + b"junk", "broken.dcm"),
        nothing,
        fail,
        lambda: shutil.copy(scan(ready, "third", 2), folder),
        nothing,
        mend,
        nothing,
    )
    monkeypatch.setattr(watching.time, "sleep", clock.sleep)
    code, _, told = batch(
        folder, tmp_path / "out", "--grid", 3, "--quality", 0, "--write", "seg", "--store", server, "--watch"
    )
    assert code == 0, told
    assert f"watching {folder}; stop with Ctrl-C" in told
    assert "stopped watching; run the same command again to resume" in told
    assert "answers 503" in told
    assert "this is tried again in 60 s" in told
    assert sorted(set(listed(tmp_path / "out"))) == ["first.dcm", "second.dcm", "third.dcm"]
    assert listed(tmp_path / "out", "failures.csv") == ["broken.dcm"]
    sources = [pydicom.dcmread(path).SOPInstanceUID for path in (first, second, ready / "third.dcm")]
    assert referred(held("SEG")) == sorted(sources)
    assert clock.waited.count(60.0) == 1
    assert len(clock.waited) == 12
    for path in (tmp_path / "out").glob("*.mask.png"):
        assert np.asarray(path.stat().st_size) > 0


def test_a_watch_outlasts_workers_that_cant_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(tmp_path / "in", "a")
    run, tries = local_pool.run_here, list[int]()

    def late(*given: Any) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise ClusterError("worker processes end before they begin")
        run(*given)

    clock = Clock(nothing, nothing, nothing, nothing)
    monkeypatch.setattr(local_pool, "run_here", late)
    monkeypatch.setattr(watching.time, "sleep", clock.sleep)
    code, _, told = batch(tmp_path / "in", tmp_path / "out", "--grid", 3, "--watch")
    assert (code, len(tries), clock.waited.count(60.0)) == (0, 2, 1)
    assert "worker processes end before they begin; this is tried again in 60 s" in told
    assert set(listed(tmp_path / "out")) == {"a.dcm"}


def test_what_is_watched_is_a_folder_without_prompts(tmp_path: Path) -> None:
    table = prompts(tmp_path / "prompts.csv", ["a.dcm"])
    code, _, told = batch(tmp_path / "in", tmp_path / "out", "--prompts", table, "--watch")
    assert (code, "leave out --prompts" in told) == (1, True)
    code, _, told = batch(tmp_path / "in", tmp_path / "out", "--grid", 2, "--watch")
    assert (code, "--watch needs a folder on this machine" in told) == (1, True)
