"""Settings of the server: legal ranges, tokens, and flags that can't differ from them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from uniultra.errors import ServeError
from uniultra.web.settings import TOKEN_VARIABLE, ServeSettings, flag

DOCS = Path(__file__).parents[2] / "docs" / "serve.md"
TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("port", 70000, "--port 70000 is out of range; give 0 to 65535"),
        ("queue", 0, "--queue 0 is out of range; give 1 to 1000"),
        ("work_s", float("nan"), "--work-s nan is out of range"),
        ("upload_mb", 513, "--upload-mb 513 is out of range; give 0.001 to 512"),
        ("root", (Path("no-such-folder"),), "--root no-such-folder is not a folder"),
        ("allow_origin", ("localhost:5173",), "--allow-origin localhost:5173 is not an origin"),
        ("allow_origin", ("http://localhost:5173/",), "is not an origin"),
        ("host", "0.0.0.0", "--host 0.0.0.0 can be reached from other machines; set a token"),
        ("host", "example.org", "--host example.org can be reached from other machines"),
        ("token_file", Path("no-such-file"), "--token-file no-such-file can't be read"),
    ],
)
def test_bad_settings_are_refused(
    name: str, value: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    with pytest.raises(ServeError, match=message):
        ServeSettings(**{name: value})  # type: ignore[arg-type]


def test_the_token_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert ServeSettings().token is None
    (tmp_path / "token").write_text(TOKEN + "\n")
    assert ServeSettings(host="0.0.0.0", token_file=tmp_path / "token").token == TOKEN
    monkeypatch.setenv(TOKEN_VARIABLE, "from-the-environment")
    assert ServeSettings(host="::").token == "from-the-environment"


@pytest.mark.parametrize("text", ["short", "has a space in its middle", "x" * 513, ""])
def test_weak_tokens_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(text)
    with pytest.raises(ServeError, match="give 16 to 512 without spaces"):
        ServeSettings(token_file=tmp_path / "token")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_needs_no_token(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert host in ServeSettings(host=host).hosts


def test_every_flag_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    missing = [flag(item.name) for item in fields(ServeSettings) if f"`{flag(item.name)}`" not in text]
    assert not missing
