"""How a client asks `uniultra serve`: one call a connection, again where the server is busy; its refusals."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np

from uniultra.errors import FileError, ServeError
from uniultra.io.coco import compressed, mask_of, run_lengths
from uniultra.io.paths import PathLike, one_line, shown
from uniultra.pixel_scale import Box, PixelSize
from uniultra.types import Prompt


class RefusedError(ServeError):
    """The server's own refusal: its HTTP `status`, and the last part of the problem's `type`, such as
    "no-image".
    """

    def __init__(self, status: int, problem: str, detail: str) -> None:
        super().__init__(f"the server refused ({status} {problem}): {detail}")
        self.status, self.problem, self.detail = status, problem, detail


@dataclass(frozen=True)
class Calls:
    """Where the server is; see `client.Client`."""

    url: str = "http://127.0.0.1:8008"
    token: str | None = field(default=None, repr=False)
    timeout_s: float = 60.0
    patience_s: float = 60.0

    def _upload(
        self, path: str, file: PathLike | bytes, size_mm: PixelSize | None, frame: int | None = None
    ) -> dict[str, Any]:
        """Sends a file, by its path or as its bytes. Raises FileError, ServeError."""
        said: list[tuple[str, float]] = [("spacing_mm_yx", value) for value in size_numbers(size_mm) or ()]
        if frame is not None:
            said.append(("frame", frame))
        query = "?" + urlencode(said) if said else ""
        data = file if isinstance(file, bytes) else contents(file)
        return self._send("POST", path + query, data, "application/octet-stream")

    def _dicom(self, path: str, **content: Any) -> bytes:
        """A DICOM file of what a request describes. Raises ServeError."""
        return self._send_bytes("POST", path, json.dumps(content).encode("ascii"), "application/json")

    def _send_json(self, method: str, path: str, content: Any) -> dict[str, Any]:
        return self._send(method, path, json.dumps(content).encode("ascii"), "application/json")

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
        """The JSON of an answer. Raises ServeError."""
        data = self._send_bytes(method, path, body, kind)
        return dict(parsed(data)) if data else {}

    def _send_bytes(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> bytes:
        """The bytes of an answer. Raises ServeError."""
        with self._answer(method, path, body, kind) as response:
            return response.read()

    def _lines(self, path: str) -> Generator[bytes, None, None]:
        """The lines of a streamed answer; closing the iterator closes the connection. Raises ServeError."""
        with self._answer("GET", path) as response:
            yield from response

    @contextlib.contextmanager
    def _answer(
        self, method: str, path: str, body: bytes | None = None, kind: str = ""
    ) -> Generator[http.client.HTTPResponse, None, None]:
        """An answer to be read; asks again where the server is busy, for as long as patience lasts. Raises
        ServeError.
        """
        headers = {"Content-Type": kind} if kind else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        ends = time.monotonic() + self.patience_s
        while True:
            with contextlib.closing(self._connection()) as connection:
                try:
                    # A server may refuse while it is being sent to: its answer says why.
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        connection.request(method, path, body, headers)
                    response = connection.getresponse()
                    if 200 <= response.status < 300:
                        yield response
                        return
                    wait_s, data = float(response.headers.get("Retry-After", 1)), response.read()
                except (OSError, http.client.HTTPException, ValueError) as error:
                    raise ServeError(
                        f"no answer from {self.url} ({one_line(error)}); is `uniultra serve` running there?"
                    ) from error
            if response.status != 429 or time.monotonic() + wait_s > ends:
                raise _refused(response.status, data)
            time.sleep(wait_s)

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise ServeError(
                f"'{self.url}' is not the address of a server; give one such as http://127.0.0.1:8008"
            )
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname, parts.port, timeout=self.timeout_s)


def size_numbers(size_mm: PixelSize | None) -> list[float] | None:
    if size_mm is None:
        return None
    return [*size_mm] if isinstance(size_mm, tuple | list) else [size_mm]


def contents(path: PathLike) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise FileError(f"{shown(path)}: can't be opened ({one_line(error)}); check the path") from error


_NO_ANSWER = "the answer is not from `uniultra serve`; check the address"


def parsed(data: bytes, fault: str = _NO_ANSWER) -> dict[str, Any]:
    """A JSON object. Raises ServeError with `fault`, where it is none."""
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ServeError(fault)
    return found


def mask_and_box(one: dict[str, Any]) -> tuple[np.ndarray, Box | None]:
    """The mask of an answer, bool (H, W), and its box; None where it is empty."""
    height, width = one["rle"]["size"]
    box = one.get("box_xyxy")
    return mask_of(one["rle"]["counts"], (height, width)), None if box is None else tuple(box)


def prompt_json(prompt: Prompt, previous: str | None) -> dict[str, Any]:
    mask: dict[str, Any] | None = None
    if previous is not None:
        mask = mask_json(previous)
    elif prompt.mask_hw is not None:
        mask = mask_json(prompt.mask_hw)
    sent = {"box": prompt.box_xyxy, "points": prompt.points_xy, "labels": prompt.point_labels, "mask": mask}
    named = {"label": prompt.name} if prompt.name else {}
    return sent | named | ({"box_fit": prompt.box_fit} if prompt.box_fit else {})


def mask_json(mask: np.ndarray | str) -> dict[str, Any]:
    """A mask, bool (H, W), or the `mask_id` of one that the server keeps, as requests have it."""
    if isinstance(mask, str):
        return {"id": mask}
    return {"rle": {"size": list(mask.shape), "counts": compressed(run_lengths(mask))}}


def _refused(status: int, data: bytes) -> RefusedError:
    problem = parsed(data)
    name = str(problem.get("type", "")).rpartition(":")[2]
    return RefusedError(status, name, str(problem.get("detail", "no reason given")))
