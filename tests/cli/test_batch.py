"""`uniultra batch`, as users call it: an archive in, masks and tables out; interrupted, resumed; one line and
exit code 2 on bad input.
"""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archives import BOX, save_archive, save_phantom, save_prompts
from uniultra.cli.main import run
from uniultra.cli.terminal.batch_meter import Meter, duration, pace, shown
from uniultra.io.images import read_frame
from uniultra.segmenter import Segmenter
from uniultra.types import Prompt

ENVIRONMENT = os.environ | {
    "COLUMNS": "200",
    "NO_COLOR": "1",
    "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
}
COUNT = 20


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "uniultra.cli.main", "batch", *map(str, arguments)]


def batch(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
        timeout=300,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_prompts(tmp_path / "prompts.csv", save_archive(tmp_path / "in", 4))
    return tmp_path


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_interrupted_and_resumed_as_if_it_never_was(tmp_path: Path) -> None:
    names = save_archive(tmp_path / "in", COUNT)
    (tmp_path / "in" / "a" / "broken.png").write_bytes(b"junk")
    save_prompts(tmp_path / "prompts.csv", [*names, "a/broken.png"])
    given = ("in", "out", "--prompts", "prompts.csv", "--write", "json", "--workers", 1)
    running = subprocess.Popen(
        command(*given),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    while running.poll() is None and sum(1 for _ in (tmp_path / "out").rglob("records/*/*.json")) < 3:
        time.sleep(0.05)
    for _ in range(3):  # as an impatient person does
        running.send_signal(signal.SIGINT)
        time.sleep(0.2)
    reported, problems = running.communicate(timeout=300)
    assert running.returncode == 130, problems
    assert reported == ""
    assert problems.startswith("uniultra: interrupted; ")
    assert problems.endswith("run the same command again to resume\n")
    some = rows(tmp_path / "out" / "results.csv")
    assert 2 <= len(some) < COUNT
    assert all((tmp_path / "out" / row["mask"]).is_file() for row in some)

    done = batch(*given, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    progress = re.compile(r"uniultra: \d+ of \d+, [0-9.]+ files per (second|minute), .* left, 0 failed")
    assert all(progress.fullmatch(line) for line in done.stderr.splitlines())
    assert done.stdout.startswith(f"{COUNT} of {COUNT + 1} inputs done, {COUNT} objects, 1 failed; ")
    before = int(done.stdout.split("; ")[1].split()[0])
    assert 2 <= before < COUNT
    results = rows(tmp_path / "out" / "results.csv")
    assert [row["input"] for row in results] == names
    segmenter = Segmenter.load(threads=1)
    for row in results[::10]:
        [mask] = segmenter.segment(read_frame(tmp_path / "in" / row["input"]), [Prompt(BOX)])
        assert np.array_equal(
            np.asarray(Image.open(tmp_path / "out" / row["mask"])), mask.mask_hw.astype(np.uint8)
        )
    [failure] = rows(tmp_path / "out" / "failures.csv")
    assert failure["input"] == "a/broken.png"
    assert json.loads((tmp_path / "out" / "a" / "scan0.png.json").read_text())["objects"][0][
        "area_px"
    ] == int(results[0]["area_px"])
    assert len(list((tmp_path / "out").rglob("*.mask.png"))) == COUNT
    assert not (tmp_path / "out" / ".uniultra" / "runs").exists()


def test_a_dry_run_says_what_would_be_done_and_does_nothing(folder: Path) -> None:
    save_phantom(folder / "in" / "unasked.png")
    done = batch("in", "out", "--prompts", "prompts.csv", "--dry-run", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "4 inputs: 0 done already, 4 to do; nothing was done now\n")
    assert done.stderr == "uniultra: 1 of 5 images have no row in prompts.csv: left out\n"
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (
            ("in", "out"),
            "nothing points at the structures; give one of --prompts prompts.csv, --from-masks FOLDER or "
            "--grid N",
        ),
        (
            ("in", "out", "--grid", "4", "--prompts", "prompts.csv"),
            "--prompts and --grid are given; give one of",
        ),
        (("in", "out", "--grid", "40"), "--grid 40 is not a valid number of points per side; give 1 to 32"),
        (("in", "out", "--quality", "0.5", "--prompts", "prompts.csv"), "--quality 0.5 is for --grid alone"),
        (("none", "out", "--grid", "4"), "none: no such file or folder; check the path"),
        (("prompts.csv", "out", "--prompts", "prompts.csv"), "prompts.csv has 4 problems; fix them:"),
        (
            ("in", "in/out", "--grid", "4"),
            "so its masks would be taken for images; give a folder outside of it",
        ),
        (("in", "prompts.csv", "--grid", "4"), "can't be written"),
        (
            ("masks", "out", "--grid", "4"),
            "masks: holds results of uniultra alone; give the folder of the images",
        ),
        (("memory://in", "out", "--grid", "4"), "memory is each worker's own"),
        (("in", "nosuch://out", "--grid", "4"), "Protocol not known"),
        (
            ("in", "out", "--prompts", "wrong.csv"),
            "row 2, column x0: 'left' is not a finite number; give pixels",
        ),
        (
            ("in", "out", "--from-masks", "empty"),
            "empty: holds no mask of any of 4 images; a mask has its image's relative name",
        ),
        (("in", "out", "--grid", "4", "--model", "none"), "model 'none' is unknown"),
        (("in", "out", "--grid", "4", "--frame", "7"), "--frame '7' is unknown; give first, middle, all"),
        (
            ("in", "out", "--grid", "4", "--write", "movie"),
            "--write 'movie' is unknown; give one or several of overlay, json",
        ),
        (("in", "out", "--grid", "4", "--workers", "0"), "--workers 0 is out of range"),
        (
            ("in", "out", "--grid", "4", "--write", "csv", "--keep-patient"),
            "--keep-patient applies to DICOM results only; add --write",
        ),
        (("in", "out", "--grid", "4", "--address", "nowhere"), "--address nowhere is not an address"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    reported: str,
) -> None:
    (folder / "empty").mkdir()
    save_phantom(folder / "masks" / "scan.mask.png")
    (folder / "wrong.csv").write_text("file,x0,y0,x1,y1\na/scan0.png,left,2,3,4\n")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["uniultra", "batch", *arguments])
    with pytest.raises(SystemExit, match="2"):
        run()
    out, problems = capsys.readouterr()
    assert out == ""
    assert problems.startswith("uniultra: ")
    assert reported in problems
    assert not (folder / "out").exists()


def test_without_ray_a_cluster_says_what_to_install_and_this_machine_needs_none(folder: Path) -> None:
    code = (
        "import importlib.util, sys; real = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *rest: None if name == 'ray' else real(name, *rest)\n"
        "from uniultra.cli.main import run; run()"
    )

    def without_ray(*more: str) -> subprocess.CompletedProcess[str]:
        given = ["-c", code, "batch", "in", "out", "--grid", "2", *more]
        return subprocess.run(
            [sys.executable, *given], cwd=folder, capture_output=True, text=True, check=False, env=ENVIRONMENT
        )

    done = without_ray("--address", "127.0.0.1:6379")
    assert (done.returncode, done.stderr) == (
        2,
        "uniultra: this command needs ray; install with: pip install 'uniultra[cluster]'\n",
    )
    done = without_ray()
    assert (done.returncode, done.stdout.startswith("4 of 4 inputs done")) == (0, True), done.stderr


def test_speed_and_time_left(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    meter = Meter(40)
    assert meter.text() == "0 of 40, 0.0 files per second, ? left, 0 failed"
    for status in ["done"] * 18 + ["failed", "skipped"]:
        now[0] += 0.5
        meter.add(status)
    assert meter.text() == "20 of 40, 2.0 files per second, 0:00:10 left, 1 failed"
    now[0] += 120
    meter.add("done")
    assert len(meter.recent) == 1  # the speed forgets what is long past
    with shown(2) as line:
        line.add("done")
        now[0] += 31
        line.add("done")
    assert capsys.readouterr().err == "uniultra: 2 of 2, 3.9 files per minute, 0:00:00 left, 0 failed\n"


def test_the_pace_of_long_cines_is_per_minute_or_hour() -> None:
    assert [pace(one) for one in (0, 12.34, 0.5, 1 / 200)] == [
        "0.0 files per second",
        "12.3 files per second",
        "30.0 files per minute",
        "18.0 files per hour",
    ]


def test_durations() -> None:
    assert [duration(seconds) for seconds in (0.4, 61, 3723)] == ["0:00:00", "0:01:01", "1:02:03"]
