"""The client's tracks: what goes out, what comes back line by line, and a stream that fails or ends early."""

from __future__ import annotations

import json
from typing import Any

import pytest

from replies import Reply, answering
from uniultra.errors import ServeError
from uniultra.types import Prompt
from uniultra.web.client import Client, RefusedError

CINE = {"id": "c", "width": 4, "height": 3, "frames": 9, "times_s": [0.0, 0.5], "expires_in_s": 60.0}
TRACK = {"id": "t", "revision": 0, "first": 0, "last": 8, "object": None}
OBJECT = {
    "object": 1, "status": "sure", "confidence": 0.9, "quality": 0.8, "area_px": 4,
    "rle": {"size": [3, 4], "counts": "42102"}, "box_xyxy": [0.5, 0.5, 2.5, 2.5],
}  # fmt: skip
LINES = [
    {"seq": 0, "frame": 2, "time_s": 0.5, "objects": [OBJECT]},
    {"seq": 1, "frame": 3, "left_out": "bad"},
]


def stream(*lines: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def replies(requested: list[tuple[str, Any]], frames: bytes) -> Any:
    def reply(path: str, body: bytes) -> Reply:
        requested.append((path, json.loads(body) if body.startswith(b"{") else body))
        if "/frames" in path:
            return 200, {}, frames
        if path.endswith("/prompts"):
            return 200, {}, json.dumps({**TRACK, "revision": 1, "first": 3, "object": 1}).encode()
        return 201, {}, json.dumps(TRACK if path.endswith("/tracks") else CINE).encode()

    return reply


def test_a_track_goes_out_and_its_frames_come_back() -> None:
    requested: list[tuple[str, Any]] = []
    with answering(replies(requested, stream(*LINES, {"done": True}))) as url:
        client = Client(url)
        cine = client.upload_cine(b"bytes", 0.5)
        track = client.track(cine, {2: {1: Prompt(box_xyxy=(0, 0, 2, 2))}}, last=7)
        first, left = client.follow(track)
        corrected = client.correct(track, 3, 1, Prompt(points_xy=((1, 1),), point_labels=(1,)))
        list(client.follow(corrected, after=4))
    assert (cine.frames, cine.times_s) == (9, (0.0, 0.5))
    assert (first.frame, first.objects[0].status, first.objects[0].mask_hw.sum()) == (2, "sure", 4)
    assert (left.frame, left.left_out, left.objects) == (3, "bad", ())
    assert (corrected.revision, corrected.first, corrected.object) == (1, 3, 1)
    assert requested[0] == ("/v1/cines?spacing_mm_yx=0.5", b"bytes")
    begun = requested[1][1]
    assert (begun["last"], begun["prompts"][0]["frame"], begun["prompts"][0]["object"]) == (7, 2, 1)
    assert begun["prompts"][0]["box"] == [0, 0, 2, 2]
    assert requested[3][1]["points"] == [[1, 1]]
    assert requested[4][0].endswith("/frames?revision=1&after=4")


@pytest.mark.parametrize(
    ("frames", "kind", "said"),
    [
        (stream(LINES[0]), ServeError, "ended early"),
        (stream(LINES[0]) + b'{"seq": 1, "fr', ServeError, "ended early"),
        (stream(LINES[0], {"problem": "worker-lost", "detail": "ask again"}), RefusedError, "ask again"),
    ],
)
def test_a_stream_that_fails_says_so_after_what_came(frames: bytes, kind: type, said: str) -> None:
    with answering(replies([], frames)) as url:
        client = Client(url)
        found = client.follow(client.track(client.upload_cine(b"b"), {0: {1: Prompt(box_xyxy=(0, 0, 2, 2))}}))
        assert next(found).frame == 2
        with pytest.raises(kind, match=said):
            next(found)


def test_a_refused_stream_has_the_servers_reason() -> None:
    def reply(path: str, body: bytes) -> Reply:
        if "/frames" in path:
            problem = {"type": "urn:uniultra:problem:no-track", "detail": "begin anew"}
            return 404, {}, json.dumps(problem).encode()
        return 201, {}, json.dumps(TRACK if path.endswith("/tracks") else CINE).encode()

    with answering(reply) as url:
        client = Client(url)
        track = client.track(client.upload_cine(b"b"), {0: {1: Prompt(box_xyxy=(0, 0, 2, 2))}})
        with pytest.raises(RefusedError, match="begin anew"):
            next(client.follow(track))
