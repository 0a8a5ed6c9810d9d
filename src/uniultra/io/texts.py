"""Text that people and their programs write: byte order marks, separators of tables, and names in other
Unicode forms.
"""

from __future__ import annotations

import codecs
import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

_MARKS = (
    (
        "utf-32",
        (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    ),  # first: the little-endian mark begins with that of UTF-16
    ("utf-16", (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)),
)
_SEPARATORS = ",;\t"


def encoding_of(head: bytes) -> str:
    """The encoding that a file's first bytes name: UTF-16 or -32 by their byte order mark, else UTF-8, with a
    mark or without one.
    """
    return next((name for name, marks in _MARKS if head.startswith(marks)), "utf-8-sig")


def decoded(data: bytes) -> str:
    """A whole file's text. Raises UnicodeDecodeError, which is a ValueError."""
    return data.decode(encoding_of(data[:4]))


def read_json(path: Path) -> Any:
    """A JSON file's content. RFC 8259, section 8.1: a parser may pass over a byte order mark, which Windows'
    editors write.

    Raises:
        OSError: it can't be read. ValueError: it isn't JSON, or an object has a key twice, of which all but
            the last would be lost. RecursionError: it is nested too deeply.
    """
    return json.loads(decoded(path.read_bytes()), object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(twice, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {twice[:64]!r} comes twice; put both into one")
    return found


def separator_of(header: str) -> str:
    """What stands between the cells of a table, by its first line: a comma, or what spreadsheets put there in
    other countries.
    """
    return max(_SEPARATORS, key=header.count)


def composed(name: str) -> str:
    """A name as it is compared: in Unicode's form NFC (UAX 15), as macOS hands out names in NFD, which look
    the same.
    """
    return unicodedata.normalize("NFC", name)
