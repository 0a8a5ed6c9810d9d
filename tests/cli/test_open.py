"""`uniultra open` where it can't start: one line, exit code 2. What it opens is tested in
tests/web/workspace.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from uniultra.cli.main import app
from uniultra.errors import UniUltraError
from uniultra.web.workspace.items import files_of
from uniultra.web.workspace.workspace import Workspace


def opened(*arguments: str) -> str:
    """What the command says of its failure."""
    found = CliRunner().invoke(app, ["open", "--no-browser", *arguments])
    assert isinstance(found.exception, UniUltraError), found.output
    assert found.stdout == ""
    return str(found.exception)


def test_what_is_not_there(tmp_path: Path) -> None:
    assert opened(str(tmp_path / "no.png")).endswith("no such file or folder; check the path")
    assert "no images found" in opened(str(tmp_path))
    image = Path(files_of(None)[0])
    assert "model 'none' is unknown" in opened(str(image), "--model", "none", "--port", "0")


def test_a_port_that_is_taken_is_only_a_fault_where_it_was_named(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"port {port} on 127.0.0.1 can't be used" in opened(str(files_of(None)[0]), "--port", port)


def test_where_the_project_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"a video, by its name")
    monkeypatch.chdir(tmp_path)
    beside = tmp_path / "uniultra-project"
    for target in (tmp_path, tmp_path / "clip.mp4", None):
        assert Workspace.of(target).project.folder == beside
    assert [item.name for item in Workspace.of(tmp_path).items] == ["clip.mp4"]
    assert Workspace.of(None, tmp_path / "other").project.folder == tmp_path / "other"
    assert not beside.exists()


def test_a_new_process_lists_what_was_dropped_before(tmp_path: Path) -> None:
    dropped = tmp_path / "uniultra-project" / "dropped"
    dropped.mkdir(parents=True)
    (dropped / "a.png").write_bytes(b"")
    (dropped / "link.png").symlink_to(dropped / "a.png")
    (tmp_path / "clip.mp4").write_bytes(b"")
    assert [item.name for item in Workspace.of(tmp_path).items] == ["clip.mp4", "a.png"]
