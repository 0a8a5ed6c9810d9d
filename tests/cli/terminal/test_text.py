"""Whatever files and the text in them are called, a terminal shows it and does nothing."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from commands import uniultra
from dicoms import dataset, picture, save
from phantom_manifest import Phantom, write_manifest
from phantoms import ellipse, speckled
from uniultra.cli.data import data
from uniultra.cli.main import app
from uniultra.cli.terminal.text import complain, label, say, tell
from uniultra.errors import FileError
from uniultra.text import is_visible

HOSTILE = "x\x1b]0;owned\x07\x1b[31m\u202egnp\x9b2J\u2028\u200b[red]`|<b>\nuniultra: all is well"
TRUE = ellipse((240, 320), (170, 110), (60, 40))


def check_harmless(*texts: str) -> None:
    """Each line is visible, and none is one that a name made up."""
    for text in texts:
        assert all(map(is_visible, text.replace("\n", ""))), ascii(text)
        assert "uniultra: all is well" not in text.splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(speckled(TRUE).pixels_hw).save(tmp_path / f"{HOSTILE}.png")
    return tmp_path


def test_names_of_images_and_results(folder: Path) -> None:
    name = f"{HOSTILE}.png"
    done = uniultra(
        "segment", name, "--box", "105,65,235,155", "--write", "csv", "--out", HOSTILE, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert "\\x1b]0;owned\\x07" in done.stdout
    check_harmless(done.stdout, done.stderr)
    again = uniultra("segment", name, "--box", "105,65,235,155", "--out", HOSTILE, cwd=folder)
    assert again.returncode == 2
    assert "exists; pass --force" in again.stderr
    reported = uniultra("info", name, cwd=folder)
    measured = uniultra("measure", f"{HOSTILE}/{HOSTILE}.mask.png", cwd=folder)
    assert (reported.returncode, measured.returncode) == (0, 0)
    wrong = uniultra("segment", name, "--box", "5000,1,6000,9", "--out", "o", cwd=folder)
    assert wrong.returncode == 2
    check_harmless(*(text for one in (again, reported, measured, wrong) for text in (one.stdout, one.stderr)))


@pytest.mark.parametrize(
    "arguments",
    [("segment", "--"), ("data", "check", "--"), ("--",), ("",)],
    ids=["command", "group", "none", "name"],
)
def test_a_file_that_is_called_like_an_option(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """As a pattern of the shell brings it."""
    done = uniultra(*arguments[:-1], arguments[-1] + HOSTILE, cwd=tmp_path)
    assert done.returncode == 2
    assert "owned" in done.stderr
    check_harmless(done.stdout, done.stderr)


def test_strings_of_dicom(tmp_path: Path) -> None:
    made = dataset(
        picture(),
        Manufacturer="Evil\x1b[2J",
        ManufacturerModelName="a\u202eb\nburnt in    no",
        PatientID="\x1b]0;p\x07",
    )
    made.SpecificCharacterSet = "ISO_IR 192"
    save(made, tmp_path / "a.dcm")
    done = uniultra("info", "a.dcm", "--phi", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "device      unknown" in done.stdout
    check_harmless(done.stdout, done.stderr)
    assert not [line for line in done.stdout.splitlines() if line.startswith("burned in")]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_bar_shows_a_name_as_it_is(tmp_path: Path) -> None:
    import pty

    cine = dataset(np.repeat(picture(), 4, axis=0), FrameTime="40")
    save(cine, tmp_path / "x\x1b]0;owned\x07[bold]\u202e.dcm")
    master, terminal = pty.openpty()
    call = [
        sys.executable,
        "-m",
        "uniultra.cli.main",
        "segment",
        ".",
        "--frames",
        "all",
        "--box",
        "2,2,20,15",
        "--json",
    ]
    done = subprocess.run(
        call,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        check=False,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "150"},
    )
    os.close(terminal)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert done.returncode == 0, shown
    assert "x\\x1b]0;owned\\x07[bold]\\u202e.dcm" in shown
    assert "\x1b]0;" not in shown


@pytest.mark.parametrize(
    "organ",
    [HOSTILE, "=HYPERLINK(1)", "![x](https://evil.example/p.png)"],
    ids=["signs", "formula", "picture"],
)
def test_names_of_organs(tmp_path: Path, organ: str) -> None:
    data = write_manifest(
        tmp_path, [Phantom("a", organ=organ, objects=1), Phantom("b", organ="ovary", group="1", objects=1)]
    )
    out = tmp_path / "run"
    arguments = ["evaluate", "--data", str(data), "--model", "ellipse", "--kinds", "box", "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    check_harmless(result.stdout, result.stderr)
    tables, page = (
        (out / "report.md").read_text(encoding="utf-8"),
        (out / "report.html").read_text(encoding="utf-8"),
    )
    check_harmless(tables, page)
    assert "<b>\n" not in page
    assert "](http" not in tables
    rows = [line for line in tables.splitlines() if line.startswith("| ") and "evil" in line + "evil"]
    header = next(line for line in rows if line.startswith("| organ"))
    first = rows[rows.index(header) + 2]
    assert first.replace("\\|", "").count("|") == header.count("|")


def test_tables_of_an_import_are_inert_and_read_again(tmp_path: Path) -> None:
    source = write_manifest(
        tmp_path / "m", [Phantom("a", split="train"), Phantom("b", split="test", group="1")]
    )
    out = tmp_path / "out"
    given = [
        "import",
        "folder",
        str(source.parent),
        "--out",
        str(out),
        "--organ",
        " ＝cmd()",
        "--fractions",
        "train=0.5,test=0.5",
    ]
    assert CliRunner().invoke(data, given).exit_code == 0
    with open(out / "manifest.csv", encoding="utf-8", newline="") as file:
        assert {row["organ"] for row in csv.DictReader(file)} == {"' ＝cmd()"}
    from uniultra.data.manifest_text import read_sheet

    assert {line.values["organ"] for line in read_sheet(out / "manifest.csv").lines} == {" ＝cmd()"}


def test_the_ways_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    tell([HOSTILE])
    complain(FileError(HOSTILE))
    shown = capsys.readouterr()
    check_harmless(shown.out, shown.err)
    assert (shown.out.count("\n"), shown.err.count("\n")) == (1, 2)
    complain(FileError("3 problems:\n  one\n  two\x1b"))
    assert capsys.readouterr().err == "uniultra: 3 problems:\n  one\n  two\\x1b\n"
    assert label("[red]\x1b") == "\\[red]\\x1b"


def test_commands_print_nothing_past_them() -> None:
    """What is printed bare has no text from outside: each such line is looked at once, and counted here."""
    import uniultra.cli

    folder = Path(uniultra.cli.__file__).parent
    bare = {
        f"{path.name}: {line.strip()}"
        for path in folder.glob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith("print(") and not any(way in line for way in ("printable", "json.dumps"))
    }
    assert len(bare) <= 17, sorted(bare)
