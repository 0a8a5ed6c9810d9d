"""A client of `uniultra serve`, for programs that don't want the model in their own process. Needs nothing
but the core.

client = Client("http://127.0.0.1:8008")
image = client.upload("scan.png")
[answer] = client.segment(image, [Prompt(box_xyxy=(120, 80, 310, 240))])
answer.mask_hw, answer.quality
client.delete(image)
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np

from uniultra.errors import FileError, ServeError
from uniultra.io.coco import compressed, run_lengths
from uniultra.io.paths import PathLike, one_line, shown
from uniultra.io.rle import mask_of
from uniultra.pixel_scale import PixelSize
from uniultra.types import Prompt


class RefusedError(ServeError):
    """The server's own refusal: its HTTP `status`, and the last part of the problem's `type`, such as
    "no-image".
    """

    def __init__(self, status: int, problem: str, detail: str) -> None:
        super().__init__(f"the server refused ({status} {problem}): {detail}")
        self.status, self.problem, self.detail = status, problem, detail


@dataclass(frozen=True)
class RemoteImage:
    """An image that the server holds, until it was not used for `expires_in_s` seconds."""

    id: str
    width: int
    height: int
    spacing_mm_yx: tuple[float, float] | None
    expires_in_s: float


@dataclass(frozen=True)
class Answer:
    """The answer to one prompt: the mask, bool (H, W); its box by outer edges; its area; the predicted IoU;
    what was changed about the prompt.

    `mask_id` names it in a later prompt (`Client.segment`, `previous`) for as long as the server keeps it;
    None where it doesn't.
    """

    mask_hw: np.ndarray = field(repr=False)
    mask_id: str | None
    box_xyxy: tuple[float, float, float, float] | None
    area_px: int
    area_mm2: float | None
    quality: float
    measures: dict[str, Any] | None = field(default=None, repr=False)
    alternatives: tuple[Answer, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Client:
    """Where the server is and how to ask it. Holds no connection, so one client serves any number of threads.

    Attributes:
        url: of the server, such as http://127.0.0.1:8008.
        token: where the server wants one.
        timeout_s: for each answer.
        patience_s: how long to go on asking where the server says that it is busy (429); 0 to be refused at
            once.
    """

    url: str = "http://127.0.0.1:8008"
    token: str | None = field(default=None, repr=False)
    timeout_s: float = 60.0
    patience_s: float = 60.0

    def upload(
        self, image: PathLike | bytes, spacing_mm_yx: PixelSize | None = None, frame: int | None = None
    ) -> RemoteImage:
        """Sends an image file, by its path or as its bytes; `frame` picks one of a cine, from 0. Raises
        FileError, ServeError.
        """
        said = [("spacing_mm_yx", value) for value in _numbers(spacing_mm_yx) or ()] + [("frame", frame)] * (
            frame is not None
        )
        query = "?" + urlencode(said) if said else ""
        data = image if isinstance(image, bytes) else _contents(image)
        return _image(self._ask("POST", f"/v1/images{query}", data, "application/octet-stream"))

    def reference(
        self, path: str, spacing_mm_yx: PixelSize | None = None, frame: int | None = None
    ) -> RemoteImage:
        """Names a file on the server's machine, below a folder that its operator allows. Raises
        ServeError.
        """
        return _image(
            self._ask_json(
                "POST", "/v1/files", {"path": path, "spacing_mm_yx": _numbers(spacing_mm_yx), "frame": frame}
            )
        )

    def segment(
        self,
        image: RemoteImage,
        prompts: Sequence[Prompt],
        previous: Mapping[int, str] | None = None,
        measures: bool = False,
        alternatives: int = 1,
    ) -> list[Answer]:
        """An answer to each prompt, in order, as `Segmenter.segment` gives on the same image.

        `measures` asks for perimeter, diameters and ellipse too. `previous` gives, for the index of a prompt,
        the `mask_id` of an earlier answer on this image, in place of a mask of its own. `alternatives` up to
        3 asks for what clicks may mean instead.

        Raises:
            ServeError: the server can't be reached; RefusedError, where it says why it doesn't answer.
        """
        named = previous or {}
        asked = [_prompt(prompt, named.get(index)) for index, prompt in enumerate(prompts)]
        found = self._ask_json(
            "POST",
            f"/v1/images/{image.id}/segment",
            {"prompts": asked, "measures": measures}
            | ({"alternatives": alternatives} if alternatives != 1 else {}),
        )
        return [_answer(item) for item in found["masks"]]

    def delete(self, image: RemoteImage) -> None:
        """Drops an image. Raises ServeError."""
        self._ask("DELETE", f"/v1/images/{image.id}")

    def models(self) -> list[dict[str, Any]]:
        """Name, version and input size of the server's models. Raises ServeError."""
        return list(self._ask("GET", "/v1/models")["models"])

    def health(self) -> dict[str, Any]:
        """The server's state. Raises ServeError."""
        return self._ask("GET", "/v1/health")

    def _ask_json(self, method: str, path: str, content: Any) -> dict[str, Any]:
        return self._ask(method, path, json.dumps(content).encode("ascii"), "application/json")

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
        """The JSON of an answer; asks again where the server is busy, for as long as patience lasts. Raises
        ServeError.
        """
        headers = ({"Content-Type": kind} if kind else {}) | (
            {"Authorization": f"Bearer {self.token}"} if self.token else {}
        )
        ends = time.monotonic() + self.patience_s
        while True:
            status, wait_s, data = self._once(method, path, body, headers)
            if status == 429 and time.monotonic() + wait_s <= ends:
                time.sleep(wait_s)
                continue
            if 200 <= status < 300:
                return dict(_parsed(data)) if data else {}
            problem = _parsed(data)
            raise RefusedError(
                status,
                str(problem.get("type", "")).rpartition(":")[2],
                str(problem.get("detail", "no reason given")),
            )

    def _once(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, float, bytes]:
        """Status, seconds to wait, and body of one answer. Raises ServeError."""
        connection = self._connection()
        try:
            # A server may refuse while it is being sent to: its answer says why.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, float(response.headers.get("Retry-After", 1)), response.read()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ServeError(
                f"no answer from {self.url} ({one_line(error)}); is `uniultra serve` running there?"
            ) from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise ServeError(
                f"'{self.url}' is not the address of a server; give one such as http://127.0.0.1:8008"
            )
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname, parts.port, timeout=self.timeout_s)


def _numbers(size_mm: PixelSize | None) -> list[float] | None:
    if size_mm is None:
        return None
    return [*size_mm] if isinstance(size_mm, tuple | list) else [size_mm]


def _contents(path: PathLike) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise FileError(f"{shown(path)}: can't be opened ({one_line(error)}); check the path") from error


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ServeError("the answer is not from `uniultra serve`; check the address")
    return found


def _prompt(prompt: Prompt, previous: str | None) -> dict[str, Any]:
    mask: dict[str, Any] | None = None
    if previous is not None:
        mask = {"id": previous}
    elif prompt.mask_hw is not None:
        mask = {
            "rle": {"size": list(prompt.mask_hw.shape), "counts": compressed(run_lengths(prompt.mask_hw))}
        }
    return {"box": prompt.box_xyxy, "points": prompt.points_xy, "labels": prompt.point_labels, "mask": mask}


def _image(found: dict[str, Any]) -> RemoteImage:
    spacing = found["spacing_mm_yx"]
    return RemoteImage(
        found["id"],
        found["width"],
        found["height"],
        None if spacing is None else (spacing[0], spacing[1]),
        found["expires_in_s"],
    )


def _answer(item: dict[str, Any]) -> Answer:
    height, width = item["rle"]["size"]
    box = None if item["box_xyxy"] is None else tuple(item["box_xyxy"])
    mask_hw = mask_of(item["rle"]["counts"], (height, width))
    return Answer(
        mask_hw,
        item["mask_id"],
        box,
        item["area_px"],
        item["area_mm2"],
        item["quality"],
        item.get("measures"),
        tuple(_answer(other) for other in item.get("alternatives", ())),
        tuple(item.get("notes", ())),
    )
