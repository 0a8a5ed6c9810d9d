"""The client's own work: what it says when there is no server, or one that refuses."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from replies import Reply, answering
from uniultra.errors import FileError, ServeError
from uniultra.io.coco import mask_of
from uniultra.types import Prompt
from uniultra.web.client import Client, RefusedError, RemoteImage

IMAGE = RemoteImage("a", 4, 3, None, 60.0)


def masks(*items: dict[str, Any]) -> bytes:
    return json.dumps({"masks": items}).encode()


FOUND = {
    "mask_id": "m",
    "rle": {"size": [3, 4], "counts": "42102"},
    "box_xyxy": [0.5, 0.5, 2.5, 2.5],
    "area_px": 4,
    "area_mm2": None,
    "quality": 0.9,
}


def test_masks_go_out_and_come_back() -> None:
    requested: list[Any] = []

    def reply(path: str, body: bytes) -> Reply:
        requested.append(json.loads(body))
        return 200, {}, masks(FOUND, FOUND)

    previous = mask_of("42102", (3, 4))
    with answering(reply) as url:
        first, _ = Client(url).segment(
            IMAGE, [Prompt(mask_hw=previous), Prompt(box_xyxy=(0, 0, 2, 2))], previous={1: "m"}
        )
    np.testing.assert_array_equal(first.mask_hw, previous)
    assert (first.mask_id, first.area_px, first.box_xyxy) == ("m", 4, (0.5, 0.5, 2.5, 2.5))
    sent = requested[0]["prompts"]
    assert sent[0]["mask"] == {"rle": {"size": [3, 4], "counts": "42102"}}
    assert (sent[1]["mask"], sent[1]["box"]) == ({"id": "m"}, [0, 0, 2, 2])


def test_a_busy_server_is_asked_again() -> None:
    replies: list[Reply] = [(429, {"Retry-After": "0"}, b"{}")] * 3 + [(200, {}, masks(FOUND))]
    with answering(lambda path, body: replies.pop(0)) as url:
        assert len(Client(url).segment(IMAGE, [Prompt(box_xyxy=(0, 0, 2, 2))])) == 1
    assert not replies


def test_patience_ends() -> None:
    problem = json.dumps({"type": "urn:uniultra:problem:busy", "detail": "8 requests wait already"}).encode()
    expected = pytest.raises(RefusedError, match=r"the server refused \(429 busy\): 8 requests wait already")
    with answering(lambda path, body: (429, {"Retry-After": "5"}, problem)) as url, expected as caught:
        Client(url, patience_s=1).segment(IMAGE, [Prompt(box_xyxy=(0, 0, 2, 2))])
    assert (caught.value.status, caught.value.problem) == (429, "busy")


def test_no_server() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(
        ServeError,
        match=r"no answer from http://127.0.0.1:\d+ \(Connection refused\); is `uniultra serve` running",
    ):
        Client(f"http://127.0.0.1:{port}").health()


def test_another_server() -> None:
    with (
        answering(lambda path, body: (200, {}, b"<html>")) as url,
        pytest.raises(ServeError, match="the answer is not from `uniultra serve`"),
    ):
        Client(url).models()


@pytest.mark.parametrize("url", ["127.0.0.1:8008", "ftp://127.0.0.1", "http://", "http://127.0.0.1:8008/v1"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ServeError, match="is not the address of a server; give one such as"):
        Client(url).health()


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none.png: can't be opened \(No such file"):
        Client().upload(tmp_path / "none.png")


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(Client(token="secret"))
