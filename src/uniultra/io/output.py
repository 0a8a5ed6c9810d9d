"""Results out: whole or not at all, and never over an existing file unasked."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from uniultra.atomic import check_free, staged, whole
from uniultra.errors import OutputError
from uniultra.io.paths import PathLike, shown

__all__ = ["ListedJson", "check_free", "staged", "write_bytes", "write_json", "write_png", "write_text"]


def write_png(path: PathLike, array: np.ndarray, force: bool = False) -> None:
    """Writes bool (H, W), as 0 and 255; uint8 (H, W), as it is; or uint8 RGB (H, W, 3). Raises
    OutputError.
    """
    if Path(path).suffix.lower() != ".png":
        raise OutputError(f"{shown(path)}: the picture is written as PNG; end its name with .png")
    grey = array.ndim == 2 and array.dtype in (np.bool_, np.uint8)
    assert grey or (array.ndim == 3 and array.shape[2] == 3 and array.dtype == np.uint8), (
        f"no PNG for {array.dtype} {array.shape}"
    )
    pixels = array * np.uint8(255) if array.dtype == np.bool_ else array
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG")
    write_bytes(path, buffer.getvalue(), force)


def write_json(path: PathLike, obj: Any, force: bool = False) -> None:
    """Writes indented JSON; numpy values, dataclasses and paths are understood. Raises OutputError, and
    ValueError on NaN (give None).
    """
    text = json.dumps(obj, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
    write_text(path, text + "\n", force)


def write_text(path: PathLike, text: str, force: bool = False) -> None:
    """Writes UTF-8 with the line ends as given. Raises OutputError."""
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"), force)


def write_bytes(path: PathLike, data: bytes, force: bool = False) -> None:
    """Writes a file that no reader ever meets half; see `atomic.whole`. Raises OutputError."""
    with whole(path, force) as part, open(part, "xb") as file:
        file.write(data)


class ListedJson(AbstractContextManager["ListedJson"]):
    """A JSON object with a list that is written as it comes, one line per item, and after it the entries of
    `tail`, as they are by then; for use within `staged`.
    """

    def __init__(self, path: Path, head: Mapping[str, Any], name: str) -> None:
        self._file: IO[str] = open(path, "x", encoding="utf-8", errors="backslashreplace", newline="\n")  # noqa: SIM115
        self._file.write(
            json.dumps(head, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)[:-2]
            + f',\n  "{name}": ['
        )
        self._separator = "\n    "
        self.tail: dict[str, Any] = {}

    def add(self, item: Any) -> None:
        self._file.write(
            self._separator + json.dumps(item, ensure_ascii=False, allow_nan=False, default=_plain)
        )
        self._separator = ",\n    "

    def __exit__(self, *_: object) -> None:
        with self._file:
            text = json.dumps(self.tail, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
            self._file.write("\n  ]" + ("," + text[1:] + "\n" if self.tail else "\n}\n"))


def _plain(value: Any) -> Any:
    """What `json` doesn't know, in terms of what it does."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} can't be written as JSON")
