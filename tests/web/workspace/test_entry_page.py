"""The one-time code is in no other process's arguments."""

from __future__ import annotations

import html
import re
import stat
from pathlib import Path

import pytest

from uniultra.web.workspace.entry_page import entry_page

LINK = "http://127.0.0.1:8018/#code=a-b_c&x=\"1'"


def test_the_page_is_its_users_alone_and_goes_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with entry_page(LINK) as path:
        assert path.is_relative_to(tmp_path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        found = re.search(r'content="0; url=([^"]*)"', path.read_text())
        assert found is not None
        assert html.unescape(found[1]) == LINK
        assert "code" not in path.as_uri()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o755, None])
def test_a_runtime_folder_that_others_can_read_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int | None
) -> None:
    runtime = tmp_path / "run"
    if mode is not None:
        runtime.mkdir()
        runtime.chmod(mode)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with entry_page(LINK) as path:
        assert not path.is_relative_to(runtime)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
