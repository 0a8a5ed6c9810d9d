"""A run that is killed goes on, and ends with the same bytes; so does one with other workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from phantom_manifest import Phantom, write_manifest
from uniultra.data.manifest import read_manifest
from uniultra.data.splits import selection_split
from uniultra.errors import DataError, OutputError
from uniultra.evaluation.baselines import EllipseBaseline
from uniultra.evaluation.preflight import check
from uniultra.evaluation.protocol import evaluate
from uniultra.evaluation.report.provenance import Provenance
from uniultra.evaluation.run_folder import JOURNAL, PAGE, REPORT, TABLES, open_folder, write_folder
from uniultra.evaluation.settings import EvaluationSettings
from uniultra.segmenter import Segmenter

PHANTOMS = tuple(
    Phantom(f"p{i}", organ=("breast", "ovary")[i % 2], group=str(i), objects=i % 3) for i in range(8)
)
BOXES = ("box", "box20")
RUN = """
import sys, time
from pathlib import Path
sys.path[:0] = [sys.argv[3], sys.argv[3] + '/..']
from test_run_folder import run
run(Path(sys.argv[1]), Path(sys.argv[2]), pause=0.4)
"""


class Slow(EllipseBaseline):
    """The ellipse, after a pause; counts its calls."""

    def __init__(self, pause: float) -> None:
        self.pause, self.calls = pause, 0

    def segment(self, frame, prompts):  # type: ignore[no-untyped-def]
        self.calls += 1
        time.sleep(self.pause)
        return super().segment(frame, prompts)


def run(
    data: Path, folder: Path, workers: int = 1, pause: float = 0.0, kinds: tuple[str, ...] = BOXES
) -> int:
    """One evaluation into a folder; how many images it asked about."""
    manifest, slow, settings = read_manifest(data), Slow(pause), EvaluationSettings(kinds, workers=workers)
    provenance, split = Provenance("ellipse", manifest.sha256), selection_split(manifest)
    journal = open_folder(folder, provenance, split.name, settings)
    write_folder(folder, evaluate(slow, split, settings, journal=journal), provenance)
    return slow.calls


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_manifest(tmp_path / "data", PHANTOMS)


def test_a_killed_run_goes_on_and_ends_the_same(data: Path, tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    child = subprocess.Popen([sys.executable, "-c", RUN, str(data), str(killed), str(Path(__file__).parent)])
    deadline = time.monotonic() + 120
    while _lines(killed / JOURNAL) < 4 and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not (killed / REPORT).exists()
    with (killed / JOURNAL).open("a", encoding="utf-8") as file:
        file.write('{"dataset": "phantoms", "id": "p7", "rec')  # as if killed while writing
    requested = run(data, killed)
    assert run(data, whole) == 5  # of eight images three show nothing
    assert requested < 5
    assert (killed / REPORT).read_bytes() == (whole / REPORT).read_bytes()
    assert _lines(killed / JOURNAL) == 1 + len(PHANTOMS)


def test_workers_change_nothing(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "one")
    run(data, tmp_path / "three", workers=3)
    assert (tmp_path / "one" / REPORT).read_bytes() == (tmp_path / "three" / REPORT).read_bytes()


def test_another_run_or_a_finished_one_is_not_mixed_in(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run(data, folder)
    with pytest.raises(OutputError, match=r"report\.json' exists; pass --force"):
        run(data, folder)
    (folder / REPORT).unlink()
    with pytest.raises(
        DataError,
        match="belongs to a run with different --kinds; give what it began with, choose another folder",
    ):
        run(data, folder, kinds=("box",))
    (folder / JOURNAL).write_text("no json\n", encoding="utf-8")
    with pytest.raises(DataError, match="is damaged"):
        run(data, folder)


@pytest.mark.parametrize("name", [TABLES, PAGE, "timing.json"])
def test_a_file_of_another_making_is_found_before_the_work(data: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / name).write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=rf"{name} exists; pass --force to overwrite"):
        run(data, folder)
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).read_text(encoding="utf-8") == "mine"


def test_a_report_is_written_with_all_its_files_or_not_at_all(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("uniultra.evaluation.run_folder.write_report", full)
    with pytest.raises(OutputError, match=r"run: can't be written \(No space left on device\)"):
        run(data, tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == [JOURNAL]
    monkeypatch.undo()
    assert run(data, tmp_path / "run") == 0, "all answers were kept"
    assert (tmp_path / "run" / REPORT).exists()


def test_a_model_of_the_same_name_with_other_weights_is_refused(data: Path, tmp_path: Path) -> None:
    manifest, settings = read_manifest(data), EvaluationSettings(BOXES)
    first = Provenance("mini", manifest.sha256, model_version="1", weights_sha256="aa" * 32)
    open_folder(tmp_path / "run", first, "val", settings)
    open_folder(tmp_path / "run", first, "val", settings)
    with pytest.raises(
        DataError,
        match=r"^'.*records\.jsonl' belongs to a run with different weights_sha256; give what it "
        r"began with, choose another folder, or --force",
    ):
        open_folder(tmp_path / "run", replace(first, weights_sha256="bb" * 32), "val", settings)


def test_a_model_that_is_prompted_otherwise_is_refused(data: Path, tmp_path: Path) -> None:
    manifest, settings = read_manifest(data), EvaluationSettings(BOXES)
    older = Provenance("mini", manifest.sha256, model_version="1", weights_sha256="aa" * 32)
    facts = Segmenter.load(threads=1).facts
    now = replace(older, prompting=facts.prompting)
    other = replace(facts, passes=replace(facts.passes, agreed=0.99)).prompting
    open_folder(tmp_path / "run", now, "val", settings)
    open_folder(tmp_path / "run", now, "val", settings)
    with pytest.raises(
        DataError,
        match=r"belongs to a run with different prompting; give what it began "
        r"with, choose another folder",
    ):
        open_folder(tmp_path / "run", replace(now, prompting=other), "val", settings)
    open_folder(tmp_path / "old", older, "val", settings)
    with pytest.raises(
        DataError,
        match=r"different prompting \(not recorded by the version that started "
        r"it\);",
    ):
        open_folder(tmp_path / "old", now, "val", settings)


def skipping(data: Path, folder: Path, stop_after: int | None = None, skip_bad: bool = True) -> None:
    """One run as the command makes it, bad rows left out; ended after some images where asked."""
    checked = check(data, selection_split, skip_bad)
    provenance = Provenance("ellipse", checked.manifest.sha256, skipped=checked.skipped)
    settings = EvaluationSettings(BOXES, skip_bad=skip_bad)
    journal = open_folder(folder, provenance, "val", settings)
    if stop_after is not None:
        evaluate(
            EllipseBaseline(),
            replace(checked.rows, rows=checked.rows.rows[:stop_after]),
            settings,
            journal=journal,
        )
        return
    write_folder(folder, evaluate(EllipseBaseline(), checked.rows, settings, journal=journal), provenance)


def test_a_run_that_skips_goes_on_and_ends_the_same(data: Path, tmp_path: Path) -> None:
    (data.parent / "masks/p2.png").write_bytes(b"no picture")
    skipping(data, tmp_path / "stopped", stop_after=4)
    skipping(data, tmp_path / "stopped")
    skipping(data, tmp_path / "whole")
    assert (tmp_path / "stopped" / REPORT).read_bytes() == (tmp_path / "whole" / REPORT).read_bytes()
    for name in (REPORT, TABLES, PAGE):
        text = (tmp_path / "whole" / name).read_text(encoding="utf-8")
        assert "p2" in text
        assert "masks/p2.png" in text


def test_a_file_that_broke_in_the_middle_stays_skipped(data: Path, tmp_path: Path) -> None:
    folder, image = tmp_path / "run", data.parent / "images/p1.png"
    sound = image.read_bytes()
    checked, settings = check(data, selection_split), EvaluationSettings(BOXES, skip_bad=True)
    image.write_bytes(sound[:300])
    journal = open_folder(folder, Provenance("ellipse", checked.manifest.sha256), "val", settings)
    evaluate(EllipseBaseline(), replace(checked.rows, rows=checked.rows.rows[:3]), settings, journal=journal)
    skipping(data, folder)  # found again by the check
    image.write_bytes(sound)
    report = (folder / REPORT).read_bytes()
    (folder / REPORT).unlink()
    skipping(data, folder)  # mended since: what the journal says stays
    assert (folder / REPORT).read_bytes() == report
    (folder / REPORT).unlink()
    with pytest.raises(
        DataError, match="is of a run with --skip-bad; pass it again, choose another folder, or --force"
    ):
        skipping(data, folder, skip_bad=False)


def test_rows_that_are_skipped_otherwise_than_before_are_refused(data: Path, tmp_path: Path) -> None:
    mask = data.parent / "masks/p2.png"
    sound = mask.read_bytes()
    skipping(data, tmp_path / "scored", stop_after=4)
    mask.write_bytes(b"no picture")
    with pytest.raises(
        DataError,
        match=r"belongs to a run with different set of skipped rows \('p2' of 'phantoms'\); give "
        r"what it began with, choose another folder",
    ):
        skipping(data, tmp_path / "scored")
    skipping(data, tmp_path / "skipped", stop_after=2)
    mask.write_bytes(sound)
    with pytest.raises(DataError, match="belongs to a run with different set of skipped rows"):
        skipping(data, tmp_path / "skipped")


def test_skipping_can_begin_where_a_bad_row_ended_the_run(data: Path, tmp_path: Path) -> None:
    skipping(data, tmp_path / "run", stop_after=2, skip_bad=False)
    (data.parent / "masks/p5.png").write_bytes(b"no picture")
    skipping(data, tmp_path / "run")
    skipping(data, tmp_path / "whole")
    assert (tmp_path / "run" / REPORT).read_bytes() == (tmp_path / "whole" / REPORT).read_bytes()
