"""The commands where the system lacks what Windows lacks: modules, calls, signals and flags are taken away,
in a process of its own. Nothing here was run on Windows.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image

from phantoms import ellipse, speckled

LACKING = """
import asyncio, concurrent.futures, json, multiprocessing, os, shutil, signal, subprocess
import sys, tempfile, zoneinfo
import av, cv2, numpy, onnxruntime, PIL.Image, pydicom, rich.progress, typer  # these look at the system, too

for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog"):
    sys.modules[name] = None  # importing it fails
for name in (
    "O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "O_CLOEXEC", "memfd_create", "MFD_CLOEXEC",
    "sched_getaffinity", "getloadavg", "getuid", "geteuid", "fork", "killpg", "setsid", "getpgid", "nice",
    "uname", "statvfs", "pread", "fchmod",
):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGQUIT", "SIGPIPE", "SIGALRM", "SIGUSR1", "alarm", "setitimer"):
    delattr(signal, name)
sys.platform = "win32"
real = os.open


def without_folders(path, flags, *rest, **more):
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", path)  # so Windows answers
    assert not more, "there is no dir_fd"
    return real(path, flags, *rest)


class Windows:
    name = "nt"

    def __getattr__(self, name):
        return getattr(os, name)


os.open, os.supports_dir_fd, shutil._use_fd_functions = without_folders, set(), False
import uniultra.durable

uniultra.durable.os = Windows()  # `os.name` alone can't be set: pathlib heeds it
from uniultra.cli.main import app

for words in json.loads(sys.argv[1]):
    print(words[0])
    app(words, standalone_mode=False)
from uniultra.web.worker_prompts import as_path

with as_path(b"bytes") as path:
    assert open(path, "rb").read() == b"bytes"
assert not os.path.exists(path)
print("done")
"""


def test_the_commands_run(tmp_path: Path) -> None:
    first, *rest = [
        Image.fromarray(speckled(ellipse((96, 128), (64, 48), (30 + i, 20))).pixels_hw) for i in range(3)
    ]
    first.save(tmp_path / "a.png")
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest, duration=50)
    box = ("--box", "30,25,100,75")
    calls = [
        ["segment", "a.png", *box],
        ["segment", "a.png", *box, "--force"],
        ["segment", "a.gif", "--frames", "all", *box],
        ["track", "a.gif", *box, "--out", "t", "--resume"],
        ["measure", "uniultra-out/a.mask.png", "--spacing", "0.3"],
        ["show", "a.png", "--out", "grid.png"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", LACKING, json.dumps(calls)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "done"
    names = {path.name for path in (tmp_path / "uniultra-out").iterdir()}
    assert {"a.mask.png", "a.overlay.png", "a.json", "a.frames.masks.tif", "a.frames.overlay.mp4"} <= names
    assert not [name for name in names if name.startswith(".")], "no parts are left"
