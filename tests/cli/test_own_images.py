"""`uniultra data` on images in a layout of one's own: imported as it is, and what to do next is told."""

from __future__ import annotations

import shlex
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from miniatures import mmotu, nnunet
from phantom_manifest import Phantom, write_manifest
from uniultra.cli.data import data
from uniultra.data.manifest import read_manifest
from uniultra.errors import OutputError, UniUltraError
from uniultra.io.overlay import PALETTE

NAMES = ("p 1/echo a", "p 1/echo b", "p 2/echo a", "p 3/echo a")
Place = Callable[[str, str], str]


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(data, [str(argument) for argument in arguments])


def own(folder: Path, place: Place, names: Sequence[str] = NAMES) -> Path:
    """A folder of someone's own layout: `place` gives the file of a kind, images or masks, and a name."""
    made = write_manifest(folder / "made", [Phantom(f"x{at}", objects=2) for at in range(len(names))])
    for at, name in enumerate(names):
        for kind in ("images", "masks"):
            path = folder / place(kind, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(made.parent / kind / f"x{at}.png", path)
    shutil.rmtree(made.parent)
    return folder


@pytest.mark.parametrize(
    ("place", "options"),
    [
        (lambda kind, name: f"{'Pictures' if kind == 'images' else 'Done by NN'}/{name}.png", True),
        (lambda kind, name: f"{kind.title()}/{name}.png", False),
        (lambda kind, name: f"{Path(name).parent}/{kind}/{Path(name).name}.png", False),
        (lambda kind, name: f"site/{kind}/{name}.png", False),
    ],
)
def test_a_layout_of_ones_own_is_imported_as_it_is(tmp_path: Path, place: Place, options: bool) -> None:
    raw, out = own(tmp_path / "my study", place), tmp_path / "out"
    names = ("--images", "pictures", "--masks", "Done by NN") if options else ()
    result = _run(
        "import", "folder", raw, "--out", out, *names, "--fractions", "train=1", "--subject", r"(p \d)"
    )
    assert result.exit_code == 0, result.output
    rows = read_manifest(out / "manifest.csv").rows
    ids = [row.id.removeprefix("site_") for row in rows]
    assert ids == ["p_1_echo_a", "p_1_echo_b", "p_2_echo_a", "p_3_echo_a"]
    assert len({row.group for row in rows}) == 3


def test_folders_of_other_names_are_listed_with_what_names_them(tmp_path: Path) -> None:
    raw, out = own(tmp_path / "raw", lambda kind, name: f"{kind[:3]}/{name}.png"), tmp_path / "out"
    result = _run("import", "folder", raw, "--out", out)
    assert "name its folders (ima/, mas/) with --images and --masks" in str(result.exception)
    for wrong in (
        ("--images", "a/b"),
        ("--images", "mas", "--masks", "Mas"),
        ("--masks", ""),
        ("--masks", "x"),
    ):
        assert isinstance(_run("import", "folder", raw, "--out", out, *wrong).exception, UniUltraError), wrong
    other = _run("import", "busi", raw, "--out", out, "--images", "ima", "--masks", "mas")
    assert "leave them out for 'busi'" in str(other.exception)
    assert not out.exists()


def test_the_pattern_of_the_hint_fits_names_with_blanks(tmp_path: Path) -> None:
    """The hint is worked out on the ids of the manifest, which have no blanks."""
    names = ("Case 1 left", "Case 1 right", "Case 2 left")
    raw = own(tmp_path / "raw", lambda kind, name: f"{kind}/{name}.png", names)
    result = _run("import", "folder", raw, "--out", tmp_path / "out", "--fractions", "train=1")
    hint = next(line for line in result.stderr.splitlines() if "begin alike" in line)
    given = shlex.split(hint.partition("as in ")[2])
    again = _run("import", "folder", raw, "--out", tmp_path / "by", "--fractions", "train=1", *given)
    assert again.exit_code == 0, again.output
    assert "3 images in 2 groups" in again.stdout


def test_too_few_patients_to_judge_by_are_told_at_once_with_fractions_that_do(tmp_path: Path) -> None:
    names = [f"p{number}_a" for number in range(24)]
    raw = own(tmp_path / "raw", lambda kind, name: f"{kind}/{name}.png", names)
    few = _run("import", "folder", raw, "--out", tmp_path / "few")
    assert "of 24 groups (patients or near-duplicates); a comparison is judged from 6 on" in few.stderr
    fractions = few.stderr.split("--fractions ")[1].split()[0]
    more = _run("import", "folder", raw, "--out", tmp_path / "more", "--fractions", fractions)
    assert more.exit_code == 0, more.output
    assert "judged from" not in more.stderr
    counts = Counter(row.split for row in read_manifest(tmp_path / "more/manifest.csv").rows)
    assert min(counts["val"], counts["test"]) >= 6
    five = own(tmp_path / "five", lambda kind, name: f"{kind}/{name}.png", names[:5])
    assert "import images of more patients" in _run("import", "folder", five, "--out", tmp_path / "5").stderr
    one = _run("import", "folder", five, "--out", tmp_path / "1", "--subject", "^p")
    assert "test holds 0 and val holds 0 of 1 group (patients or near-duplicates)" in one.stderr


def test_a_pattern_that_cuts_a_number_is_told(tmp_path: Path) -> None:
    """p1 and p10 would be one patient, without a word."""
    raw = own(tmp_path / "raw", lambda kind, name: f"{kind}/{name}.png", ["p1_a", "p2_a", "p10_a"])
    cut = _run("import", "folder", raw, "--out", tmp_path / "cut", "--subject", r"p(\d)")
    assert r"--subject 'p(\d)' makes one patient, '1', of '1' and '10'; if they are two," in cut.stderr
    whole = _run("import", "folder", raw, "--out", tmp_path / "whole", "--subject", r"p\d+")
    assert "makes one patient" not in whole.stderr


def test_the_next_command_draws_the_masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    raw = own(tmp_path / "raw", lambda kind, name: f"{kind}/{name}.png")
    said = _run("import", "folder", raw, "--out", "my data", "--fractions", "train=1").stdout
    _, _, *arguments = shlex.split(said.splitlines()[-1].removeprefix("Next: "))
    for force in ((), ("--force",)):
        checked = _run(*arguments, *force)
        assert checked.exit_code == 0, checked.output
        assert checked.stdout.endswith("OK\n")
    pixels = np.asarray(Image.open("my data.png")).astype(int).reshape(-1, 3)
    away = [np.abs(pixels - ink).sum(axis=1).min() for ink in PALETTE[:3]]
    assert max(away[:2]) < 60 < away[2], "two ids, each in its colour"
    assert isinstance(_run(*arguments).exception, OutputError)


@pytest.mark.parametrize(
    ("name", "place", "own"), [("nnunet", nnunet, "1 test"), ("mmotu", mmotu, "1 train")]
)
def test_splits_of_a_sets_own_that_are_mixed_are_told(
    tmp_path: Path, name: str, place: Callable[[Path], None], own: str
) -> None:
    """Its test images may teach; who compares with published figures must know."""
    place(tmp_path / "raw")
    mixed = _run("import", name, tmp_path / "raw", "--out", tmp_path / "mixed")
    assert mixed.exit_code == 0, mixed.output
    said = next(line for line in mixed.stderr.splitlines() if "the set's own splits" in line)
    assert f"({own})" in said
    assert said.endswith("import again with --published-splits")
    kept = _run("import", name, tmp_path / "raw", "--out", tmp_path / "kept", "--published-splits")
    assert kept.exit_code == 0, kept.output
    assert "the set's own splits" not in kept.stderr
