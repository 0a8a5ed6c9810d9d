"""Lessons under way: `uniultra adapt` in a process of its own, which may be cancelled, killed and resumed.

The process holds a lock on its folder, so that another server of the same project sees that it still runs.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from uniultra.machine import usable_cores
from uniultra.text import Said, printable
from uniultra.web.problems import Problem
from uniultra.web.workspace.lessons import FOLDER, Lesson, LessonFile, read_lesson, settings
from uniultra.web.workspace.project_files import bytes_of

if sys.platform != "win32":
    import fcntl

NEEDED = ("torch", "transformers", "accelerate", "peft")
MISSING = Said(
    "needs-torch", "Adapting the model needs PyTorch, which isn't installed: pip install 'uniultra[train]'"
)
UNDER_WAY = Said("lesson-under-way", "a lesson is under way; wait for it, or cancel it")
_STOP_S = 10.0
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


@dataclass
class Learner:
    """The lessons of one project folder. Its methods block; any thread may call them."""

    project: Path
    command: Sequence[str] = (sys.executable, "-m", "uniultra.cli.main")
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _folder: Path | None = None
    _cancelled: bool = False
    _one: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def root(self) -> Path:
        return self.project / FOLDER

    def unavailable(self) -> str:
        """Why nothing can be learned here; "" where it can."""
        return "" if all(importlib.util.find_spec(name) for name in NEEDED) else MISSING

    def check_links(self) -> None:
        """Raises Problem where a folder of lessons leads elsewhere."""
        for folder in (self.project, self.root):
            if folder.is_symlink() or (os.path.lexists(folder) and not folder.is_dir()):
                raise Problem(
                    "project", f"{printable(folder.name)}: a link or no folder; give another with --project"
                )

    def lessons(self) -> list[Lesson]:
        """All lessons of the project, the newest last."""
        if self.root.is_symlink() or self.project.is_symlink() or not self.root.is_dir():
            return []
        folders = [path for path in self.root.iterdir() if path.is_dir() and not path.is_symlink()]
        folders.sort(key=lambda path: (path.stat().st_mtime_ns, path.name))
        found = [read_lesson(path, self.runs(path), self._fault(path)) for path in folders]
        return [lesson for lesson in found if lesson is not None]

    def lesson(self, name: str) -> Lesson:
        """Raises Problem: not-found."""
        for lesson in self.lessons():
            if lesson.id == name:
                return lesson
        raise Problem("not-found", "the project has no such lesson; reload the page")

    def runs(self, folder: Path) -> bool:
        """Whether a process works on a lesson, of this server or of another."""
        if self._folder == folder and self._process is not None:
            return self._process.poll() is None
        return _locked(folder)

    @property
    def busy(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, folder: Path) -> None:
        """Begins a lesson whose data is there, or resumes it. Raises Problem: model."""
        with self._one:
            if self.unavailable():
                raise Problem("model", self.unavailable())
            if self.busy or self.runs(folder):
                raise Problem("busy", UNDER_WAY, retry_s=10)
            lesson = read_lesson(folder, False)
            if lesson is None:
                raise Problem(
                    "model", Said("lesson-broken", "the lesson's folder can't be used; begin a new one")
                )
            self._folder, self._cancelled = folder, False
            self._process = self._started(folder, lesson.steps)

    def cancel(self) -> None:
        """Stops what runs; its checkpoints are kept, so that it can be resumed."""
        with self._one:
            process, self._cancelled = self._process, True
            if process is None or process.poll() is not None:
                return
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _started(self, folder: Path, steps: int) -> subprocess.Popen[bytes]:
        base = LessonFile.model_validate_json(bytes_of(folder / "lesson.json") or b"").base
        changes = [part for setting in settings(steps) for part in ("--set", setting)]
        command = [*self.command, "adapt", "--data", str(folder / "data" / "manifest.csv")]
        command += ["--out", str(folder), "--base", base, "--minute", *changes]
        cores = str(max(1, usable_cores() - 1))  # the page goes on meanwhile
        env = os.environ | {"OMP_NUM_THREADS": cores, "HF_HUB_OFFLINE": "1", "NO_COLOR": "1"}
        lock = _lock(folder)
        log = os.open(folder / "messages.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NOFOLLOW, 0o600)
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=env,
                start_new_session=True,
                pass_fds=() if lock is None else (lock,),
            )
        except OSError as error:
            raise Problem("model", f"learning couldn't be started ({error.strerror})") from None
        finally:
            os.close(log)
            if lock is not None:
                os.close(lock)  # the process has its own

    def _fault(self, folder: Path) -> str:
        """Why the last process that worked on a lesson failed, in its own last line; "" where it didn't."""
        process = self._process
        if folder != self._folder or process is None or self._cancelled or not process.poll():
            return ""
        with suppress(Problem):
            lines = (bytes_of(folder / "messages.txt") or b"").decode("utf-8", "replace").strip().splitlines()
            if lines:
                return printable(lines[-1].replace(f"{self.project}/", ""))[:400]
        return f"it ended with code {process.returncode}"


def _lock(folder: Path) -> int | None:
    """The lock of a lesson's folder, held as long as a process has this open; None where there are none."""
    if sys.platform == "win32":
        return None
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | _NOFOLLOW, 0o600)
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return lock


def _locked(folder: Path) -> bool:
    """Whether another process holds a lesson's lock."""
    if sys.platform == "win32":
        return False
    try:
        lock = os.open(folder / ".lock", os.O_RDWR | _NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(lock)
    return False
