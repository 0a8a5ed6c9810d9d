"""`uniultra batch` where OUT holds results already: those of other options are replaced only with --force."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from phantoms import ellipse, speckled
from uniultra.batch import local_pool
from uniultra.batch.job import Item, Job
from uniultra.batch.process_item import do
from uniultra.cli.main import app
from uniultra.errors import OutputError
from uniultra.segmenter import Segmenter

HW, BOX = (96, 128), "33,25,95,71"


@pytest.fixture
def done_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is made, in an empty folder with two scans and a table of prompts."""
    monkeypatch.chdir(tmp_path)
    Path("scans").mkdir()
    for seed in range(2):
        Image.fromarray(speckled(ellipse(HW, (64, 48), (30, 22)), seed).pixels_hw).save(f"scans/{seed}.png")
    write_prompts(BOX)
    segmenter, made = Segmenter.load(threads=1), []

    def run(items: Sequence[Item], job: Job, settings: object, done: Callable[[str], None]) -> None:
        for item in items:
            status = do(item, job, segmenter).status
            made.extend([item.name] if status == "done" else [])
            done(status)

    monkeypatch.setattr(local_pool, "run_here", run)
    assert batch("--prompts", "prompts.csv") == 0
    assert made == ["0.png", "1.png"]
    made.clear()
    return made


def write_prompts(second: str) -> None:
    Path("prompts.csv").write_text(f"file,x0,y0,x1,y1\n0.png,{BOX}\n1.png,{second}\n", encoding="utf-8")


def batch(*arguments: str) -> int:
    done = CliRunner().invoke(app, ["batch", "scans", "out", *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code


def contents() -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path("out").rglob("*"))
        if path.is_file()
    }


OTHERS = (
    (("--grid", "4"), "--grid"),
    (("--prompts", "prompts.csv", "--write", "coco"), "--write"),
    (("--prompts", "prompts.csv", "--label", "liver"), "--label"),
    (("--prompts", "prompts.csv", "--model", "uniultra-mini-permissive"), "--model"),
    (("--grid", "4", "--dry-run"), "--grid"),
)


@pytest.mark.parametrize(("arguments", "named"), OTHERS)
def test_results_of_other_options_are_not_replaced_unasked(
    done_items: list[str], arguments: tuple[str, ...], named: str
) -> None:
    before = contents()
    said = rf"^2 results in .*out were made with another {named}; give --force to replace, or another OUT$"
    with pytest.raises(OutputError, match=said):
        batch(*arguments)
    assert contents() == before
    assert done_items == []


def test_with_force_they_are(done_items: list[str]) -> None:
    assert batch("--grid", "4", "--force") == 0
    assert done_items == ["0.png", "1.png"]
    done_items.clear()
    assert batch("--grid", "4") == 0  # now it is the same
    assert done_items == []
    with pytest.raises(OutputError, match=r"2 results in .* made with another --grid;"):
        batch("--prompts", "prompts.csv")


def test_a_row_that_changed_is_made_anew_and_the_others_stay(done_items: list[str]) -> None:
    write_prompts("30,22,98,74")
    assert batch("--prompts", "prompts.csv") == 0
    assert done_items == ["1.png"]


def test_where_nothing_of_these_inputs_is_there_other_options_are_free(done_items: list[str]) -> None:
    shutil.copy("scans/0.png", "scans/2.png")
    Path("one.csv").write_text(f"file,x0,y0,x1,y1\n2.png,{BOX}\n", encoding="utf-8")
    assert batch("--prompts", "one.csv", "--write", "coco") == 0
    assert done_items == ["2.png"]
