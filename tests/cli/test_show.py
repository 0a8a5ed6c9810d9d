"""`uniultra show`: where its picture goes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from dicoms import dataset, picture, region, save
from uniultra.cli import show as show_module
from uniultra.cli.main import app
from uniultra.errors import FileError, OutputError, PromptError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("KITTY_WINDOW_ID", "TERM_PROGRAM", "LC_TERMINAL", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    Image.fromarray(np.full((120, 200), 80, np.uint8)).save("scan.png")
    return tmp_path


def show(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["show", *arguments])


def fail(*arguments: str) -> None:
    """Raises what the command raises."""
    error = show(*arguments).exception
    assert error is not None, f"show {arguments} was taken"
    raise error


def test_it_writes_where_segment_does_and_never_over_a_file_unasked(folder: Path) -> None:
    done = show("scan.png")
    assert done.exit_code == 0, done.output
    target = folder / "uniultra-out" / "scan.grid.png"
    assert done.stdout.splitlines()[-1] == str(Path("uniultra-out") / "scan.grid.png")
    with Image.open(target) as picture:
        assert picture.width > 800
    before = target.read_bytes()
    with pytest.raises(OutputError, match="--force"):
        fail("scan.png")
    assert target.read_bytes() == before
    assert show("scan.png", "--force").exit_code == 0


def test_out_names_the_file_and_another_kind_is_refused(folder: Path) -> None:
    assert show("scan.png", "--out", "grids/a.png").exit_code == 0
    assert (folder / "grids" / "a.png").is_file()
    with pytest.raises(OutputError, match=r"a\.jpg: the picture is written as PNG; end its name with \.png"):
        fail("scan.png", "--out", "a.jpg")
    with pytest.raises(OutputError, match="would replace the file that it shows"):
        fail("scan.png", "--out", "scan.png", "--force")


def test_a_frame_of_a_cine_with_its_regions(folder: Path) -> None:
    regions = [region((2, 2, 20, 20), 0.04)]
    save(dataset(picture(3), SequenceOfUltrasoundRegions=regions), folder / "cine.dcm")
    done = show("cine.dcm", "--frame", "2")
    assert done.exit_code == 0, done.output
    assert "region 1: x 2 to 20, y 2 to 20, 2D tissue; 0.4 mm per pixel" in done.stdout
    assert (folder / "uniultra-out" / "cine.frame2.grid.png").is_file()
    with pytest.raises(FileError, match="no frame 3; legal are 0 to 2"):
        fail("cine.dcm", "--frame", "3")


def test_inline_in_a_terminal_that_can_writes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-kitty")
    done = show("scan.png", "--inline")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("\x1b_Ga=T,f=100,")
    assert sorted(path.name for path in folder.iterdir()) == ["scan.png"]
    both = show("scan.png", "--inline", "--out", "both.png")
    assert both.stdout.startswith("\x1b_G")
    assert (folder / "both.png").is_file()


def test_what_is_piped_gets_no_picture_unasked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-kitty")
    assert "\x1b" not in show("scan.png").stdout


def test_inline_where_no_terminal_is_known_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(PromptError, match=r"'xterm-256color' isn't known to show pictures; .*use --out PNG"):
        fail("scan.png", "--inline")
    assert not (folder / show_module.FOLDER).exists()


def test_its_pictures_are_no_images_of_a_folder(folder: Path) -> None:
    assert show("scan.png", "--out", "scan.grid.png").exit_code == 0
    done = CliRunner().invoke(app, ["segment", ".", "--point", "9,9", "--json"])
    assert done.exit_code == 0, done.output
    assert '"image": "scan.png"' in done.stdout
    assert "grid" not in done.stdout
