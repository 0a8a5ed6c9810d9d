"""Results out: whole or not at all, and never over an existing file unasked."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from PIL import Image

from uniultra.errors import OutputError
from uniultra.io.paths import PathLike, shown


def check_free(paths: Iterable[PathLike], force: bool = False) -> None:
    """Passes where every one of `paths` can be written: call it before anything is computed.

    Raises:
        OutputError: a path is given twice, is a folder, exists (without `force`), or can't be created where it lies.
    """
    seen: set[str] = set()
    for path in paths:
        real = os.path.realpath(path)
        if real in seen:
            raise OutputError(f"{shown(path)}: two results would be written to this file; give each its own name")
        seen.add(real)
        _check_target(path, force)
        _check_parent(path)


def write_png(path: PathLike, array: np.ndarray, force: bool = False) -> None:
    """Writes bool (H, W), as 0 and 255; uint8 (H, W), as it is; or uint8 RGB (H, W, 3). Raises OutputError."""
    if Path(path).suffix.lower() != ".png":
        raise OutputError(f"{shown(path)}: the picture is written as PNG; end its name with .png")
    grey = array.ndim == 2 and array.dtype in (np.bool_, np.uint8)
    assert grey or (array.ndim == 3 and array.shape[2] == 3 and array.dtype == np.uint8), f"no PNG for {array.dtype} {array.shape}"
    pixels = array * np.uint8(255) if array.dtype == np.bool_ else array
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG")
    write_bytes(path, buffer.getvalue(), force)


def write_json(path: PathLike, obj: Any, force: bool = False) -> None:
    """Writes indented JSON; numpy values, dataclasses and paths are understood. Raises OutputError, and ValueError on NaN (give None)."""
    text = json.dumps(obj, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
    write_text(path, text + "\n", force)


def write_text(path: PathLike, text: str, force: bool = False) -> None:
    """Writes UTF-8 with the line ends as given. Raises OutputError."""
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"), force)


def write_bytes(path: PathLike, data: bytes, force: bool = False) -> None:
    """Writes a temporary file beside `path`, then renames it, so that no reader ever meets half a file. Raises OutputError."""
    check_free([path], force)
    target = Path(path)
    part = target.parent / f".uniultra-{secrets.token_hex(8)}.part"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "xb") as file:
            file.write(data)
        os.replace(part, target)
    except OSError as error:
        raise _unwritable(path, error.strerror or "error") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


@contextlib.contextmanager
def staged(targets: Mapping[str, Path], force: bool = False) -> Iterator[dict[str, Path]]:
    """For results of one folder that are written bit by bit: a path for each to write to, under its own name.

    At the end all of them take their places; on any error or interruption none does, and nothing is left behind.

    Raises:
        OutputError: as `check_free` does, or they can't be written.
    """
    check_free(targets.values(), force)
    folder = next(iter(targets.values())).parent
    was_there = folder.exists()
    stage = folder / f".uniultra-{secrets.token_hex(8)}"
    try:
        stage.mkdir(parents=True)
        parts = {kind: stage / target.name for kind, target in targets.items()}
        yield parts
        for kind, target in targets.items():
            os.replace(parts[kind], target)
    except BrokenPipeError:  # of the one who reads our output, not of a file
        raise
    except OSError as error:
        raise _unwritable(folder, error.strerror or "error") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if not was_there:
            with contextlib.suppress(OSError):  # it holds the results
                folder.rmdir()


class ListedJson:
    """A JSON object whose last entry is a list that is written as it comes, one line an item; for use within `staged`."""

    def __init__(self, path: Path, head: Mapping[str, Any], name: str) -> None:
        self._file: IO[str] = open(path, "x", encoding="utf-8", errors="backslashreplace", newline="\n")  # noqa: SIM115
        self._file.write(json.dumps(head, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)[:-2] + f',\n  "{name}": [')
        self._separator = "\n    "

    def add(self, item: Any) -> None:
        self._file.write(self._separator + json.dumps(item, ensure_ascii=False, allow_nan=False, default=_plain))
        self._separator = ",\n    "

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:
            self._file.write("\n  ]\n}\n")


def _check_target(path: PathLike, force: bool) -> None:
    if os.path.isdir(path) or not os.path.basename(path):
        raise OutputError(f"{shown(path)}: a folder, not a file; give the name of a file in it")
    if os.path.lexists(path) and not force:
        raise OutputError(f"{shown(path)} exists; pass --force to overwrite")


def _check_parent(path: PathLike) -> None:
    """The nearest folder that exists must take new files; the ones below it are made on writing."""
    folder = Path(path).absolute().parent
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise _unwritable(path, f"{folder.name} is not a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(path, "permission denied")


def _unwritable(path: PathLike, reason: str) -> OutputError:
    return OutputError(f"{shown(path)}: can't be written ({reason}); choose a folder that you may write to")


def _plain(value: Any) -> Any:
    """What `json` doesn't know, in terms of what it does."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} can't be written as JSON")
