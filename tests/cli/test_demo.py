"""`uniultra demo`: its picture, and a last line that works when pasted."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from uniultra.cli import demo
from uniultra.cli.main import app


def test_the_last_line_works_when_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["demo"])
    assert done.exit_code == 0, done.output
    program, *arguments = shlex.split(done.stdout.splitlines()[-1])
    assert Path(program).name.startswith("uniultra")
    command = [sys.executable, "-m", "uniultra.cli.main", *arguments]
    for _ in range(2):
        pasted = subprocess.run(command, capture_output=True, text=True, check=False)
        assert pasted.returncode == 0, pasted.stderr
    assert (tmp_path / "uniultra-demo" / "malignant_183.overlay.png").is_file()


def test_a_program_beside_the_interpreter_is_named_by_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `make demo`, whose environment isn't activated."""
    program = tmp_path / ".venv demo" / "bin" / "uniultra"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(program.with_name("python")))
    monkeypatch.setenv("PATH", "/nowhere")
    if sys.platform != "win32":
        assert demo.try_it(Path("uniultra-demo")).startswith("'.venv demo/bin/uniultra' segment ")
    monkeypatch.setenv("PATH", str(program.parent))
    assert demo.try_it(Path("uniultra-demo")).startswith("uniultra segment ")
