"""Text from outside (names of files, values of DICOM, organs) for where it is shown: terminals, Markdown,
HTML."""

from __future__ import annotations

import html
import re
import unicodedata


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
