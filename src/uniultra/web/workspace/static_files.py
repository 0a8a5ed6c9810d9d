"""The files of the page, read once: what isn't in the list isn't served, whatever the address says."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parents[1] / "static"
INDEX = "index.html"
_COMMENT = re.compile(r" ?/\*.*?\*/", re.DOTALL)
_AFTER_CODE = re.compile(r"""^([^"'`/]*[;,{}()]) +// .*$""", re.MULTILINE)
"""A comment at the end of a line in which nothing else could hold its sign: no text, pattern or quotient."""
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".po": "text/plain; charset=utf-8",
}


@cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """Bytes and media type by path below the folder, with slashes."""
    return {
        path.relative_to(STATIC).as_posix(): (_sent(path), TYPES[path.suffix])
        for path in sorted(STATIC.rglob("*"))
        if path.is_file() and path.suffix in TYPES
    }


def _sent(path: Path) -> bytes:
    """A file as it is sent: style sheets and modules without indentation, a style sheet without comments, a
    module without those at the end of plain lines and without lines that are one alone, which stay as empty
    ones, so that a browser's messages name the lines of the source. A text of several lines keeps its spaces.
    """
    if path.suffix == ".css":
        return _INDENT.sub("", _COMMENT.sub("", path.read_text(encoding="utf-8"))).encode()
    if path.suffix != ".mjs":
        return path.read_bytes()
    source = _AFTER_CODE.sub(r"\1", path.read_text(encoding="utf-8"))
    lines = source.splitlines(keepends=True)
    plain = "".join("\n" if line.lstrip().startswith("//") else line for line in lines)
    several = any(line.replace("\\`", "").count("`") % 2 for line in lines)
    return (plain if several else _INDENT.sub("", plain)).encode()
