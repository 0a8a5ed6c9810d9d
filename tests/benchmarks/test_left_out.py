"""Leaving an organ out: nothing learns it, it alone is scored; what can't be left out is told in a line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from commands import script
from phantom_manifest import Phantom, write_manifest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "left_out.py"
SMALL = (
    "model.image_size=64",
    "optim.batch_size=2",
    "optim.workers=0",
    "optim.save_every=2",
    "loss.rounds=1",
)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    organs = {"breast": "one", "heart": "two", "ovary": "three"}
    phantoms = [
        Phantom(f"{organ}-{split}-{number}", split, organ, f"{organ}-{split}-{number}", dataset=name)
        for organ, name in organs.items()
        for split in ("train", "val")
        for number in range(2)
    ]
    return write_manifest(tmp_path_factory.mktemp("organs"), phantoms)


def _run(manifest: Path, out: Path, organs: str, *more: str) -> subprocess.CompletedProcess[str]:
    config = out.parent / "small.toml"
    config.write_text("[data]\nexact_share = 0.5\n", encoding="utf-8")
    changes = [part for change in SMALL for part in ("--set", change)]
    names = [
        "--data",
        str(manifest),
        "--config",
        str(config),
        "--organs",
        organs,
        "--steps",
        "2",
        "--out",
        str(out),
    ]
    return script(SCRIPT, *names, *changes, *more)


@pytest.fixture(scope="module")
def finished(
    manifest: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A run without two of the three organs, and what it printed."""
    out = tmp_path_factory.mktemp("runs") / "out"
    return out, _run(manifest, out, "heart+ovary", "--pass", "agreed=0.85")


def test_organs_are_learned_by_nothing_and_scored_alone(
    manifest: Path, finished: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    out, done = finished
    assert done.returncode == 0, done.stderr
    record = json.loads((out / "heart+ovary" / "config.json").read_text())
    assert record["config"]["data"]["datasets"] == "one"
    assert record["train_images"] == 2
    table = [line.split(" | ") for line in done.stdout.strip().splitlines()[2:]]
    assert [cells[0] for cells in table] == ["| heart"] * 8 + ["| ovary"] * 8
    assert [cells[2] for cells in table] == ["2"] * 16, "two of each in val"
    boxes = [cells for cells in table if "click" not in cells[1]]
    assert all(cells[4] and cells[5] and cells[6] for cells in boxes)
    records = json.loads((out / "heart+ovary" / "records.json").read_text())
    assert {organ: len(kept) for organ, kept in records.items()} == {"heart": 3, "ovary": 3}
    again = _run(manifest, out, "heart+ovary", "--pass", "agreed=0.85")
    assert again.stdout == done.stdout, "the finished run is only scored"


def test_a_start_is_a_column(
    manifest: Path, finished: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    start = finished[0] / "heart+ovary" / "model"
    done = _run(manifest, tmp_path / "next", "heart", "--start", str(start))
    assert done.returncode == 0, done.stderr
    table = [line.split(" | ") for line in done.stdout.strip().splitlines()[2:]]
    assert all(cells[7].strip(" |") for cells in table), "clicks as well"


def test_what_cannot_be_left_out_is_told_in_a_line(manifest: Path, tmp_path: Path) -> None:
    done = _run(manifest, tmp_path / "out", "liver")
    assert (done.returncode, done.stdout) == (2, "")
    reported = (
        "left_out: 'liver' can't be left out of train; give organs of breast, heart, ovary, of which "
        "another one must stay"
    )
    assert done.stderr == f"{reported}\n"
    wrong = _run(manifest, tmp_path / "out", "heart", "--set", "optim.stps=3")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("left_out: config key 'optim.stps' is unknown")
