"""What can be set about the server, each thing once: the flags of `uniultra serve` and its documentation
follow from these fields.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from uniultra.errors import ServeError
from uniultra.machine import is_loopback, usable_cores
from uniultra.registry import DEFAULT

TOKEN_VARIABLE = "UNIULTRA_TOKEN"
"""The environment variable that a token is taken from where there is no token file."""
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")

MOST_PROMPTS = 64
"""Of one request, and of one prompt. Constants, because the OpenAPI file states them."""
MOST_FRAMES = 1_000_000
"""The highest number that a request may give a frame."""
KEPT_TRACKS = 16
"""Tracks that a cine keeps; the oldest goes first."""
KEPT_MASKS = 32
"""Answers that an image keeps, to be named as previous masks; the oldest goes first."""


def _set(default: Any, low: float, high: float, help: str) -> Any:
    """A number with its legal range."""
    return field(
        default=default, metadata={"help": f"{help} ({low:g} to {high:g})", "low": low, "high": high}
    )


def _say(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class ServeSettings:
    """Settings of one server. Sizes in MB are 10^6 bytes; times are seconds.

    Raises:
        ServeError: a value out of its range, a root that isn't a folder, an address beyond loopback without a
            token.
    """

    model: str = _say(DEFAULT, "A published model, or a model folder.")
    host: str = _say("127.0.0.1", "Address to listen on; beyond loopback only with a token.")
    port: int = _set(8008, 0, 65535, "Port; 0 takes a free one.")
    processes: int = _set(0, 0, 256, "Worker processes; 0: one per core.")
    queue: int = _set(
        8, 1, 1000, "Requests that a process holds, the running one included; the next gets 429."
    )
    images: int = _set(1000, 1, 100_000, "Images held at a time.")
    images_mb: int = _set(512, 1, 1_000_000, "Memory for their pixels and kept masks, MB.")
    cines: int = _set(16, 1, 10_000, "Cines held at a time, to be tracked through.")
    cines_mb: int = _set(512, 1, 1_000_000, "Memory for their files, MB.")
    cache_mb: int = _set(256, 0, 1_000_000, "Memory for embeddings, over all processes, MB.")
    idle_s: float = _set(1800.0, 1, 86_400, "Seconds after which an unused image is dropped.")
    upload_mb: float = _set(64.0, 0.001, 512, "Largest upload, MB.")
    uploads: int = _set(8, 1, 1000, "Uploads under way at a time.")
    body_mb: float = _set(8.0, 0.001, 512, "Largest JSON body, MB.")
    megapixels: float = _set(64.0, 0.0001, 64, "Largest image, 10^6 pixels.")
    work_s: float = _set(30.0, 0.01, 3600, "Seconds of computing that one request may take.")
    client_s: float = _set(
        30.0, 0.1, 3600, "Seconds a client has to send a header or a body, or to take an answer."
    )
    connections: int = _set(512, 1, 100_000, "Connections at a time.")
    stop_s: float = _set(30.0, 0, 3600, "Seconds that answers under way have when the server is stopped.")
    root: tuple[Path, ...] = _say(
        (), "A folder whose files may be named instead of uploaded; repeat for more.  [default: none]"
    )
    allow_host: tuple[str, ...] = _say((), "Another name that the Host header may have; repeat for more.")
    allow_origin: tuple[str, ...] = _say(
        (), "Another origin whose pages may send requests, such as http://localhost:5173; repeat for more."
    )
    token_file: Path | None = _say(  # noqa: RUF009
        None, f"A file with a token that every request must carry; {TOKEN_VARIABLE} does the same."
    )

    def __post_init__(self) -> None:
        for item in fields(self):
            if "low" not in item.metadata:
                continue
            low, high, value = item.metadata["low"], item.metadata["high"], getattr(self, item.name)
            if not (isinstance(value, int | float) and low <= value <= high):
                raise ServeError(f"{flag(item.name)} {value} is out of range; give {low:g} to {high:g}")
        for folder in self.root:
            if not folder.is_dir():
                raise ServeError(f"--root {folder} is not a folder; name one that exists")
        for origin in self.allow_origin:
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
                raise ServeError(
                    f"--allow-origin {origin} is not an origin; give scheme, name and port, such as "
                    "http://localhost:5173"
                )
        if self.token is None and not self.on_loopback:
            raise ServeError(
                f"--host {self.host} can be reached from other machines; set a token with --token-file or "
                f"{TOKEN_VARIABLE}"
            )

    @property
    def on_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def token(self) -> str | None:
        """The token, or None where requests need none. Read once more each time: ask once at the start."""
        if self.token_file is None:
            return (
                _checked_token(os.environ[TOKEN_VARIABLE], TOKEN_VARIABLE)
                if os.environ.get(TOKEN_VARIABLE)
                else None
            )
        try:
            text = self.token_file.read_text(encoding="ascii")
        except (OSError, ValueError) as error:
            raise ServeError(
                f"--token-file {self.token_file} can't be read as text; give a file with one line"
            ) from error
        return _checked_token(text, f"--token-file {self.token_file}")

    @property
    def hosts(self) -> frozenset[str]:
        """Names that a Host header may have, lower case, without port."""
        return frozenset(name.lower() for name in (*LOOPBACK_NAMES, self.host, *self.allow_host))

    @property
    def workers(self) -> int:
        return self.processes or usable_cores()

    @property
    def upload_bytes(self) -> int:
        return int(self.upload_mb * 1e6)

    @property
    def body_bytes(self) -> int:
        return int(self.body_mb * 1e6)


def flag(name: str) -> str:
    """The flag of a field."""
    return "--" + name.replace("_", "-")


def _checked_token(text: str, where: str) -> str:
    token = text.strip()
    if not (16 <= len(token) <= 512 and token.isascii() and token.isprintable() and " " not in token):
        raise ServeError(
            f"{where}: the token has {len(token)} characters; give 16 to 512 without spaces, such as from: "
            "openssl rand -hex 32"
        )
    return token
