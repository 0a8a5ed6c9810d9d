"""What of a call an archive gets: what this call made, whatever the clock of the disk says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from commands import uniultra
from uniultra.cli.terminal.archives import outgoing
from uniultra.errors import PromptError
from uniultra.io import sending

PLACE = "dimse://ARCHIVE@127.0.0.1:11112"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    found: list[Path] = []

    def send(archive: str, files: list[Path], taken: Callable[[Path], None]) -> None:
        for file in files:
            found.append(file)
            taken(file)

    monkeypatch.setattr(sending, "send", send)
    return found


def test_what_a_late_clock_dates_before_the_call_is_sent(tmp_path: Path, sent: list[Path]) -> None:
    """A share's clock may be behind this machine's, and its times be whole seconds."""
    kept, replaced, made = (tmp_path / name for name in ("kept.dcm", "replaced.dcm", "made.dcm"))
    for file in (kept, replaced):
        file.write_bytes(b"earlier")
        os.utime(file, (1000, 1000))
    going = outgoing(PLACE, [kept, replaced, made, tmp_path / "failed.dcm"])
    for file in (replaced, made):
        fresh = tmp_path / "fresh"
        fresh.write_bytes(b"of now!")
        os.utime(fresh, (1000, 1000))
        fresh.replace(file)
    going.send()
    assert sent == [replaced, made]


def test_where_nothing_can_be_stored_nothing_is_computed(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="--store applies to DICOM results only, which refer to a DICOM"):
        outgoing(PLACE, [])
    outgoing(None, []).send()


@pytest.mark.parametrize("command", ["segment", "track"])
def test_no_picture_is_said_to_be_stored(command: str, tmp_path: Path) -> None:
    pytest.importorskip("pynetdicom", reason="pynetdicom is of the extra dimse")
    stills = [Image.new("L", (64, 64), grey) for grey in (90, 91)]
    stills[0].save(tmp_path / "clip.gif", save_all=True, append_images=stills[1:])
    arguments = (command, "clip.gif", "--box", "10,10,40,40", "--frame", "0", "--store", PLACE, "--out", "o")
    done = uniultra(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "--store applies to DICOM results only" in done.stderr
    assert not (tmp_path / "o").exists()
