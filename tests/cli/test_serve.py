"""`uniultra serve` where it can't start: one line, exit code 2. A server that starts is tested in
tests/web/test_server.py.
"""

from __future__ import annotations

import socket
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from commands import uniultra
from uniultra.web.settings import ServeSettings, flag


def serve(*flags: str) -> subprocess.CompletedProcess[str]:
    return uniultra("serve", *flags, cwd=Path())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--track",), "--track applies to --nninteractive only"),
        (("--itksnap", "--track"), "--track applies to --nninteractive only"),
        (("--queue", "0"), "--queue 0 is out of range; give 1 to 1000"),
        (("--host", "0.0.0.0"), "--host 0.0.0.0 can be reached from other machines; set a token"),
        (("--host", "192.0.2.1", "--port", "0"), "can't be used|can be reached from other machines"),
        (("--port", "0", "--processes", "1", "--model", "no-such-model"), "model 'no-such-model' is unknown"),
        (("--root", "no-such-folder"), "--root no-such-folder is not a folder"),
    ],
)
def test_what_is_wrong_is_one_line(flags: tuple[str, ...], message: str) -> None:
    done = serve(*flags)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("uniultra: ")
    assert any(part in line for part in message.split("|"))


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = serve("--port", port)
    assert (done.returncode, done.stderr) == (
        2,
        f"uniultra: port {port} on 127.0.0.1 can't be used (Address already in use); give another with "
        "--port\n",
    )


def test_every_setting_is_a_flag() -> None:
    shown = serve("--help").stdout
    assert [item.name for item in fields(ServeSettings) if flag(item.name) not in shown] == []
