"""Text from outside (names of files, values of DICOM, organs) for where it is shown: terminals, Markdown,
HTML."""

from __future__ import annotations

import html
import math
import re
import shlex
import subprocess
import sys
import unicodedata
from collections.abc import Mapping
from typing import Any, Self


def printable(text: str) -> str:
    """Text on one line that shows what it is: whatever else than a visible character or a blank is written as
    its escape in Python.

    So no name can move the cursor, colour or retitle a terminal (C0, C1), turn the order of what follows
    (bidirectional controls), begin a line of its own, or look like another name by what can't be seen. Bytes
    that are no UTF-8 are escaped as well.
    """
    if text.isprintable():
        return text
    return "".join(sign if is_visible(sign) else repr(sign)[1:-1] for sign in text)


def is_visible(sign: str) -> bool:
    """Whether a sign can be shown as it is; blanks of every width can, as Japanese names have them."""
    return sign.isprintable() or unicodedata.category(sign) == "Zs"


def printable_lines(text: str) -> str:
    """Text of several lines that are meant as such, each as `printable` gives it."""
    return "\n".join(printable(line) for line in text.split("\n"))


def command(*words: object) -> str:
    """A line that gives these words when it is pasted into this machine's shell, blanks and all."""
    texts = [str(word) for word in words]
    return subprocess.list2cmdline(texts) if sys.platform == "win32" else shlex.join(texts)


def comma_parts(text: str) -> tuple[str, ...]:
    """What lies between commas, without spaces around it; none of a blank text. An empty part stays, to be
    refused by who knows what is legal: it may be a name that was forgotten.
    """
    return tuple(part.strip() for part in text.split(",")) if text.strip() else ()


def count_of(number: int, noun: str) -> str:
    """A number of things, as `1 frame` and `3 frames`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def first_line(error: BaseException) -> str:
    """Up to 200 characters of what an error of a library says; its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def misfit(error: Exception) -> str:
    """Why a file from outside isn't what it should be, from the error that reading it raised."""
    if isinstance(error, OSError):
        return error.strerror or first_line(error)
    if isinstance(error, KeyError):
        return f"it has no {error}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, TypeError | AttributeError) and " is not a number" not in str(error):
        return "its parts are of another kind"
    return first_line(error)


def number_of(text: str) -> float:
    """The number that a text from outside says; NaN where it says none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def markdown(text: str) -> str:
    """Text for one cell or line of Markdown that ends neither, and is no code, markup, picture or link."""
    text = _ENTITY.sub("&amp;", printable(" ".join(text.split())))
    for sign in ("\\", "|", "`"):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("](", "]\\(").replace("<", "&lt;")


def markup(text: object) -> str:
    """Text for an element or a quoted attribute of HTML."""
    return html.escape(printable_lines(str(text)))


_ENTITY = re.compile(r"&(?=#?\w+;)")


class Said(str):
    """A sentence that a program may say in another language: `code` names it for good, `values` are what it
    is filled with, plain values that JSON can hold.

    It is the English sentence wherever text is expected. A text made from it, as by an f-string, has no code.
    """

    code: str
    values: dict[str, Any]

    def __new__(cls, code: str, english: str, **values: Any) -> Self:
        made = super().__new__(cls, english)
        made.code, made.values = code, values
        return made

    def __str__(self) -> str:
        """Itself, so that an exception keeps the code of what it says."""
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, Any]]:
        return (self.code, "".join(self)), self.values


def said_in(value: Any) -> dict[str, dict[str, Any]]:
    """Of every sentence with a code in a value (JSON's kinds, tuples, and the values of such sentences): the
    sentence, and its "code" and "values".
    """
    found: dict[str, dict[str, Any]] = {}
    inner: list[Any] = []
    match value:
        case Said():
            found["".join(value)] = {"code": value.code, "values": value.values}
            inner = [value.values]
        case Mapping():
            inner = [*value.keys(), *value.values()]
        case list() | tuple():
            inner = [*value]
    for part in inner:
        found |= said_in(part)
    return found
