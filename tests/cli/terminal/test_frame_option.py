"""`--frame` takes one number; what names several frames is sent to `--frames`, in every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from uniultra.cli.main import app
from uniultra.cli.terminal.frame_option import one_frame
from uniultra.errors import PromptError


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("12", 12), (" 7 ", 7)])
def test_one_number(text: str, number: int) -> None:
    assert one_frame(text) == number


@pytest.mark.parametrize("text", ["1-5", "1,2", "0-9:2", "all", "ALL", "-1"])
def test_several_frames_are_sent_to_frames(text: str) -> None:
    with pytest.raises(PromptError, match=f"--frame '{text}' is not one frame; .*--frames 1-5"):
        one_frame(text)


@pytest.mark.parametrize("text", ["x", "", "1.5", "٣"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(PromptError, match="is not a frame's number; give a whole number from 0"):
        one_frame(text)


@pytest.mark.parametrize("command", ["segment", "measure", "show"])
def test_every_command_says_so(command: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [command, str(tmp_path / "cine.dcm"), "--frame", "1-5"])
    assert isinstance(done.exception, PromptError)
    assert "--frames" in str(done.exception)
