"""Single files of a project: read without following links and within bounds, written to the disk, named
safely.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from uniultra.errors import OutputError
from uniultra.structures import MOST_CHARACTERS
from uniultra.text import Said, printable
from uniultra.web.problems import Problem

MOST_BYTES = 64_000_000
"""A longer file of a project isn't read."""
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def bytes_of(path: Path, most: int = MOST_BYTES) -> bytes | None:
    """A file's bytes; None where there is none.

    Raises Problem: project, for a link, a device, or a file that is too long.
    """
    try:
        with open(os.open(path, _READ), "rb") as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Problem("project", f"{shown(path)}: can't be read ({error.strerror}); move it away") from None
    if len(data) > most:
        raise Problem("project", f"{shown(path)}: over {most / 1e6:g} MB, which is the limit; move it away")
    return data


def fault_in(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        at = ".".join(str(part)[:40] for part in first["loc"][:8])
        return printable(f"{at}: {first['msg']}"[:200])
    return "not JSON"


def with_legal_names(said: Any) -> Any:
    """What a project holds of a file, without what no name may have and earlier versions saved: backslashes,
    control characters, more than 64 characters. What isn't of this form is returned as it is.
    """
    doc = said.get("doc") if isinstance(said, dict) else None
    objects = doc.get("objects") if isinstance(doc, dict) else None
    for one in objects if isinstance(objects, list) else ():
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            kept = "".join(sign for sign in one["name"] if sign.isprintable() and sign != "\\")
            one["name"] = kept.strip()[:MOST_CHARACTERS].strip()
    return said


@contextmanager
def os_errors() -> Iterator[None]:
    """What can't be written as a Problem."""
    try:
        yield
    except OutputError as error:
        raise Problem("output", str(error)) from None
    except OSError as error:
        text = f"the project folder can't be written ({error.strerror}); nothing was changed"
        raise Problem("output", Said("not-written", text, reason=error.strerror)) from None


def to_disk(path: Path) -> None:
    """The bytes of a file that was just written, before it takes its place: a power cut leaves the old one
    or the new one.
    """
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def safe_name(name: str) -> str:
    """A file name of this system for one that a browser gave."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(sign if sign.isalnum() or sign in "._- ()" else "_" for sign in last).strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    return f"{stem[:80]}{dot}{suffix[:10]}" if dot else (kept[:80] or "image")


def free_names(folder: Path, name: str) -> Iterator[Path]:
    yield folder / name
    stem, dot, suffix = name.rpartition(".")
    for number in range(2, 1000):
        yield folder / (f"{stem} ({number}).{suffix}" if dot else f"{name} ({number})")


def free_folder(root: Path, stem: str) -> Path:
    """The first of STEM-1, STEM-2, ... below `root` that isn't there."""
    number = 1
    while os.path.lexists(root / f"{stem}-{number}"):
        number += 1
    return root / f"{stem}-{number}"


def shown(path: Path) -> str:
    return printable(path.name)
