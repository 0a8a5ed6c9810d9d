"""The files of the page, read once: what isn't in the list isn't served, whatever the address says."""

from __future__ import annotations

from functools import cache
from pathlib import Path

STATIC = Path(__file__).parents[1] / "static"
INDEX = "index.html"
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
    """A file as it is sent: of a module without lines that are a comment alone, which stay as empty ones, so
    that a browser's messages name the lines of the source.
    """
    if path.suffix != ".mjs":
        return path.read_bytes()
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join("\n" if line.lstrip().startswith("//") else line for line in lines).encode()
