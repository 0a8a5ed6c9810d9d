"""Tracks over HTTP, by the real application and the real model: begin, stream, cancel, go on, correct."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from phantoms import ellipse, speckled
from scans import Start, refusal
from uniultra.backends.protocol import Backend
from uniultra.errors import FileError
from uniultra.io.coco import compressed, mask_of, run_lengths
from uniultra.segmenter import Segmenter
from uniultra.tracking import retrack, track_as_found
from uniultra.types import Cine, Frame, Prompt
from uniultra.web import cine_desk, cine_service

HW = (96, 128)
COUNT = 6
BOX = [28, 27, 72, 69]
OTHER = [76, 60, 110, 90]
TRUTHS = [ellipse(HW, (50 + 2 * n, 48), (20, 18)) for n in range(COUNT)]
FRAMES = [speckled(truth | ellipse(HW, (93, 75), (14, 12)), n) for n, truth in enumerate(TRUTHS)]


def gif_of() -> bytes:
    """The frames without loss."""
    buffer = BytesIO()
    first, *rest = (Image.fromarray(frame.pixels_hw) for frame in FRAMES)
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=100, optimize=False)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def gif() -> bytes:
    return gif_of()


def cine_of() -> Cine:
    return Cine("cine", HW, COUNT, FRAMES.__getitem__, lambda: iter(FRAMES))


def uploaded_cine(client: TestClient, data: bytes, query: str = "") -> str:
    done = client.post("/v1/cines" + query, content=data)
    assert done.status_code == 201, done.text
    assert done.headers["location"] == f"/v1/cines/{done.json()['id']}"
    return done.json()["id"]


def begun(client: TestClient, cine: str, prompts: list[dict[str, Any]], **more: Any) -> str:
    done = client.post(f"/v1/cines/{cine}/tracks", json={"prompts": prompts, **more})
    assert done.status_code == 201, done.text
    return f"/v1/cines/{cine}/tracks/{done.json()['id']}"


def lines(client: TestClient, track: str, query: str = "") -> list[dict[str, Any]]:
    done = client.get(f"{track}/frames{query}")
    assert done.status_code == 200, done.text
    assert done.headers["content-type"].startswith("application/x-ndjson")
    found = [json.loads(line) for line in done.text.splitlines()]
    assert found.pop() == {"done": True}
    return found


def test_a_worker_tracks_on_its_own_thread_alone(
    client: TestClient, gif: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uniultra.tracking.crew.ThreadPoolExecutor", None)  # would be called
    prompts = [{"frame": 0, "object": number, "box": box} for number, box in ((1, BOX), (2, OTHER))]
    assert len(lines(client, begun(client, uploaded_cine(client, gif), prompts))) == COUNT


def test_a_cine_is_held_and_dropped(client: TestClient, gif: bytes) -> None:
    cine = uploaded_cine(client, gif)
    reported = client.get(f"/v1/cines/{cine}").json()
    assert (reported["width"], reported["height"], reported["frames"]) == (128, 96, COUNT)
    assert reported["times_s"][1] == pytest.approx(0.1)
    assert client.delete(f"/v1/cines/{cine}").status_code == 204
    refusal(client.get(f"/v1/cines/{cine}"), "no-cine")


def test_a_stream_has_the_trackers_own_answers(client: TestClient, backend: Backend, gif: bytes) -> None:
    cine = uploaded_cine(client, gif, "?spacing_mm_yx=0.5")
    track = begun(
        client, cine, [{"frame": 2, "object": 1, "box": BOX}, {"frame": 3, "object": 2, "box": OTHER}]
    )
    found = lines(client, track)
    prompts = {2: {1: Prompt(tuple(BOX))}, 3: {2: Prompt(tuple(OTHER))}}  # type: ignore[arg-type]
    own = list(track_as_found(Segmenter(backend), cine_of(), prompts))
    assert [line["frame"] for line in found] == [result.number for result in own] == [2, 3, 4, 5, 2, 1, 0]
    assert [line["seq"] for line in found] == list(range(7))
    for line, result in zip(found, own, strict=True):
        assert [one["object"] for one in line["objects"]] == [one.number for one in result.objects]
        for one, mine in zip(line["objects"], result.objects, strict=True):
            assert one["status"] == mine.status
            assert np.array_equal(mask_of(one["rle"]["counts"], HW), mine.mask.mask_hw)
            assert one["area_px"] == mine.area_px
            assert one["area_mm2"] == pytest.approx(0.25 * mine.area_px)


def test_a_mask_is_followed_as_it_is_given(client: TestClient, gif: bytes) -> None:
    half = TRUTHS[2] & (np.arange(HW[1]) < 54)
    rle = {"size": list(HW), "counts": compressed(run_lengths(half))}
    prompts = [{"frame": 2, "object": 1, "mask": {"rle": rle}}]
    first, *_ = lines(client, begun(client, uploaded_cine(client, gif), prompts))
    assert first["frame"] == 2
    assert np.array_equal(mask_of(first["objects"][0]["rle"]["counts"], HW), half)


def test_a_cancelled_stream_goes_on_after_the_last_line(client: TestClient, gif: bytes) -> None:
    track = begun(client, uploaded_cine(client, gif), [{"frame": 0, "object": 1, "box": BOX}])
    whole = lines(client, track)
    assert lines(client, track, "?after=3") == whole[4:], "also where the process is further on"
    assert lines(client, track, "?after=-1") == whole


def vanished(client: TestClient, call: tuple[str, str, str], body: bytes, begun: list[Any]) -> None:
    """A request (method, path, query) whose client has gone as soon as `begun` has something in it."""
    method, path, query = call
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "root_path": ""}
    scope |= {"query_string": query.encode(), "http_version": "1.1", "scheme": "http"}
    scope |= {"headers": [(b"host", b"127.0.0.1:8008")], "client": ("127.0.0.1", 5)}

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        while not begun:
            await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    async def send(_: object) -> None:
        await asyncio.sleep(0)

    assert client.portal is not None
    client.portal.call(client.app, scope, receive, send)
    assert client.get("/v1/health").json()["waiting"] == 0


@pytest.mark.parametrize("after", [-1, COUNT - 2])
def test_a_client_that_vanishes_before_its_first_line_costs_no_more_tracking(
    client: TestClient, gif: bytes, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    track = begun(client, uploaded_cine(client, gif), [{"frame": 0, "object": 1, "box": BOX}])
    monkeypatch.setattr(cine_service, "SLICE_S", 0.0)
    slices, follow = [], cine_desk.CineDesk._follow
    monkeypatch.setattr(
        cine_desk.CineDesk, "_follow", lambda desk, *job: slices.append(job) or follow(desk, *job)
    )
    vanished(client, ("GET", f"{track}/frames", f"after={after}"), b"", slices)
    assert 1 <= len(slices) < COUNT - 2
    assert len(lines(client, track)) == COUNT


def test_a_client_that_vanishes_while_its_cine_is_opened_leaves_none_held(
    client: TestClient, gif: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, run = [], cine_desk.CineDesk.run

    def slowly(desk: cine_desk.CineDesk, job: Any) -> Any:
        opened.append(job)
        time.sleep(0.2)
        return run(desk, job)

    monkeypatch.setattr(cine_desk.CineDesk, "run", slowly)
    vanished(client, ("POST", "/v1/cines", ""), gif, opened)
    (store,) = client.app_state["service"].other_stores
    assert (len(opened), len(store)) == (1, 0)
    uploaded_cine(client, gif)
    assert len(store) == 1


def test_a_correction_streams_what_it_changes_and_no_more(
    client: TestClient, backend: Backend, gif: bytes
) -> None:
    cine = uploaded_cine(client, gif)
    both = [{"frame": 0, "object": 1, "box": BOX}, {"frame": 0, "object": 2, "box": OTHER}]
    track = begun(client, cine, both)
    before = lines(client, track)
    corrected = [40, 30, 70, 60]
    done = client.post(f"{track}/prompts", json={"frame": 3, "object": 1, "box": corrected})
    reported = done.json()
    assert (reported["revision"], reported["first"], reported["last"], reported["object"]) == (1, 3, 5, 1)
    found = lines(client, track)
    assert [(line["frame"], [one["object"] for one in line["objects"]]) for line in found] == [
        (3, [1]),
        (4, [1]),
        (5, [1]),
    ]
    prompt = Prompt(tuple(corrected))  # type: ignore[arg-type]
    prompts = {0: {1: Prompt(tuple(BOX))}, 3: {1: prompt}}  # type: ignore[arg-type]
    own = list(retrack(Segmenter(backend), cine_of(), prompts, 1, 3))
    for line, result in zip(found, own, strict=True):
        assert np.array_equal(
            mask_of(line["objects"][0]["rle"]["counts"], HW), result.objects[0].mask.mask_hw
        )
    rest = lines(client, track, "?revision=0&after=2")
    assert [[one["object"] for one in line["objects"]] for line in rest] == [[2], [2], [2]]
    assert [line["objects"][-1] for line in rest] == [line["objects"][-1] for line in before[3:]]


def test_what_is_wrong_is_said_before_anything_is_computed(client: TestClient, gif: bytes) -> None:
    cine = uploaded_cine(client, gif)
    where = f"/v1/cines/{cine}/tracks"

    def refused(name: str, prompts: list[dict[str, Any]], **more: Any) -> str:
        return refusal(client.post(where, json={"prompts": prompts, **more}), name)

    good = {"frame": 0, "object": 1, "box": BOX}
    assert "legal are 0 to 5" in refused("prompt", [{**good, "frame": 6}])
    assert "two prompts" in refused("prompt", [good, good])
    assert "prompt 2: " in refused("prompt", [good, {"frame": 0, "object": 2, "box": [9, 9, 3, 3]}])
    assert "prompt 1: label" in refused("prompt", [{**good, "label": "a\x07b"}])
    assert "legal are 0 to 5" in refused("prompt", [good], first=4, last=2)
    refused("invalid", [])
    refused("invalid", [{**good, "object": 0}])
    refusal(client.get(f"{where}/none/frames"), "no-track")
    refusal(client.get("/v1/cines/none"), "no-cine")
    track = begun(client, cine, [good])
    refusal(client.get(f"{track}/frames?revision=1"), "no-track")
    refusal(client.post(f"{track}/prompts", json={**good, "frame": 9}), "prompt")
    assert client.delete(track).status_code == 204
    refusal(client.get(track), "no-track")


@pytest.mark.parametrize(
    ("data", "name"), [(b"", "image"), (b"no cine at all", "media-type"), (b"GIF89a\x00", "image")]
)
def test_what_is_no_cine_is_refused(client: TestClient, data: bytes, name: str) -> None:
    refusal(client.post("/v1/cines", content=data), name)


def test_cines_are_bounded(start: Start, gif: bytes) -> None:
    client = start(cines=1)
    first = uploaded_cine(client, gif)
    assert "1 cines" in refusal(client.post("/v1/cines", content=gif), "full")
    assert client.delete(f"/v1/cines/{first}").status_code == 204
    uploaded_cine(client, gif)
    small = start(cines_mb=1, upload_mb=2)
    assert "more than this server holds" in refusal(
        small.post("/v1/cines", content=bytes(1_100_000)), "image"
    )
    many = start(megapixels=0.01)
    assert "pixels a frame" in refusal(many.post("/v1/cines", content=gif), "image")


def test_a_process_that_closed_a_cine_is_sent_it_again(client: TestClient, gif: bytes) -> None:
    cines = [uploaded_cine(client, gif) for _ in range(3)]  # a process keeps two open
    tracks = [begun(client, cine, [{"frame": 0, "object": 1, "box": BOX}]) for cine in cines]
    answers = [lines(client, track) for track in tracks]
    assert answers[0] == answers[1] == answers[2]


def test_a_cine_can_be_named(start: Start, gif: bytes, tmp_path: Any) -> None:
    (tmp_path / "a.gif").write_bytes(gif)
    client = start(root=(tmp_path,))
    done = client.post("/v1/cine-files", json={"path": "a.gif"})
    assert done.status_code == 201
    assert done.json()["frames"] == COUNT
    refusal(client.post("/v1/cine-files", json={"path": "../a.gif"}), "no-file")
    refusal(client.post("/v1/cine-files", json={"path": "a.gif", "frame": 1}), "invalid")


def test_a_frame_that_cannot_be_read_is_named_and_the_rest_is_kept(
    start: Start, monkeypatch: pytest.MonkeyPatch, gif: bytes
) -> None:
    opened = cine_desk._opened

    def broken(file: Any) -> Any:
        found = opened(file)
        read = found.cine.read

        def one(number: int) -> Frame:
            if number == 3:
                raise FileError("the cine: frame 3 is damaged")
            return read(number)

        found.cine = replace(found.cine, read=one, in_order=False)
        return found

    monkeypatch.setattr(cine_desk, "_opened", broken)
    client = start()
    found = lines(client, begun(client, uploaded_cine(client, gif), [{"frame": 0, "object": 1, "box": BOX}]))
    assert sorted(line["frame"] for line in found) == list(range(COUNT))
    [left] = [line for line in found if "left_out" in line]
    assert (left["frame"], left["left_out"]) == (3, "the cine: frame 3 is damaged")
    assert "objects" not in left
