"""The nnInteractive protocol, asked by its official client (nninteractive-client 2.6) over loopback, and by
hostile requests.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import numpy as np
import pytest
import uvicorn
from nnInteractive.inference.remote.remote_session import (
    SessionExpiredError,
    nnInteractiveRemoteInferenceSession,
)
from nnInteractive.inference.remote.serialization import pack_array, unpack_array

from at_once import without_turns
from phantoms import speckled
from uniultra import Segmenter
from uniultra.errors import PromptError
from uniultra.hosts import nninteractive, volume_cine, volume_prompts
from uniultra.hosts.packed_arrays import pack, unpack
from uniultra.hosts.volume_prompts import VolumePrompts
from uniultra.tracking import track
from uniultra.types import Cine, Frame, Prompt
from uniultra.web.server import listening_socket
from uniultra.web.settings import ServeSettings


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load()


@pytest.fixture(scope="module")
def address(segmenter: Segmenter) -> Iterator[str]:
    app = nninteractive.create_app(segmenter, ServeSettings())
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def client(address: str) -> Iterator[nnInteractiveRemoteInferenceSession]:
    with nnInteractiveRemoteInferenceSession(address) as opened:
        yield opened


def picture() -> np.ndarray:
    rows, columns = np.mgrid[:180, :220]
    return speckled((columns - 105) ** 2 + (rows - 85) ** 2 <= 42**2).pixels_hw


def show(client: nnInteractiveRemoteInferenceSession, volume: np.ndarray) -> np.ndarray:
    client.set_image(volume[None])
    target = np.zeros(volume.shape, np.uint8)
    client.set_target_buffer(target)
    return target


BOX = (60, 40, 150, 130)
"""First and last pixel, x and y."""


@pytest.mark.parametrize("axis", [0, 2])
def test_a_box_and_a_click_give_the_same_mask_as_segment(
    client: nnInteractiveRemoteInferenceSession, segmenter: Segmenter, axis: int
) -> None:
    pixels = picture()
    volume = pixels[None] if axis == 0 else pixels.T[..., None]  # as Slicer sends it, and as [X, Y, Z]
    target = show(client, volume.astype(np.float32))
    x0, y0, x1, y1 = BOX
    spans = {0: [[0, 1], [y0, y1 + 1], [x0, x1 + 1]], 2: [[x0, x1 + 1], [y0, y1 + 1], [0, 1]]}[axis]
    changed = client.add_bbox_interaction(spans, True)
    box = (x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5)
    [right] = segmenter.segment(Frame(pixels), [Prompt(box)])
    found = target[0] if axis == 0 else target[..., 0].T
    assert right.mask_hw.any()
    assert np.array_equal(found > 0, right.mask_hw)
    assert changed is not None
    assert (target.sum(), target.any()) == (target[tuple(slice(*span) for span in changed)].sum(), True)
    at = (110, 20)
    client.add_point_interaction([0, at[1], at[0]] if axis == 0 else [at[0], at[1], 0], False)
    seen = target[0] if axis == 0 else target[..., 0].T
    [right] = segmenter.segment(Frame(pixels), [Prompt(box, (at,), (0,), right.mask_hw)])
    assert np.array_equal(seen > 0, right.mask_hw)
    spans[1][1] -= 3
    client.add_bbox_interaction(spans, True)  # says it anew
    box = (x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 - 2.5)
    [right] = segmenter.segment(Frame(pixels), [Prompt(box, (at,), (0,))])
    assert np.array_equal(seen > 0, right.mask_hw)


def test_a_further_click_goes_on_from_the_last_answer(segmenter: Segmenter) -> None:
    """As on the page; and from a segmentation that was sent, whose frames may have no prompt yet."""
    pixels, clicks = picture(), [(105, 85), (135, 95), (60, 20)]
    labels, all_at_once = (1, 1, 0), without_turns(segmenter)
    for sent in (False, True):
        state, mask_hw = VolumePrompts(segmenter), None
        state.set_image(pixels[None, None])
        if sent:
            rows, columns = np.mgrid[:180, :220]
            mask_hw = (columns - 110) ** 2 + (rows - 85) ** 2 <= 30**2
            state.add_masks(mask_hw[None].astype(np.uint8), runs=False)
        for count, ((x, y), inside) in enumerate(zip(clicks, labels, strict=True), start=1):
            state.add_point([0, y, x], bool(inside))
            prompt = Prompt(None, tuple(clicks[:count]), labels[:count], mask_hw)
            [right] = segmenter.segment(Frame(pixels), [prompt])
            assert state.masks is not None
            assert np.array_equal(state.masks[0] > 0, right.mask_hw)
            [anew] = all_at_once.segment(Frame(pixels), [replace(prompt, mask_hw=None)])
            assert (mask_hw is None) == np.array_equal(anew.mask_hw, right.mask_hw)
            mask_hw = right.mask_hw
        assert state.undo()[0]


def test_a_box_that_waits_says_it_anew_for_the_click_after_it(segmenter: Segmenter) -> None:
    pixels, state = picture(), VolumePrompts(segmenter)
    state.set_image(pixels[None, None])
    state.add_point([0, 85, 105], True)
    state.add_box([[0, 1], [30, 60], [70, 120]], True, runs=False)
    state.add_point([0, 40, 100], True)
    box, points = (69.5, 29.5, 119.5, 59.5), ((105, 85), (100, 40))
    [right] = segmenter.segment(Frame(pixels), [Prompt(box, points, (1, 1))])
    assert state.masks is not None
    assert np.array_equal(state.masks[0] > 0, right.mask_hw)


def test_each_frame_of_a_cine_is_on_its_own_and_undo_goes_back(
    client: nnInteractiveRemoteInferenceSession,
) -> None:
    volume = np.repeat(picture()[None], 4, axis=0)
    target = show(client, volume)
    assert client.supports_undo
    x0, y0, x1, y1 = BOX
    client.add_bbox_interaction([[2, 3], [y0, y1 + 1], [x0, x1 + 1]], True)
    first = target.copy()
    assert [int(frame.any()) for frame in target] == [0, 0, 1, 0]
    client.add_point_interaction([3, (y0 + y1) // 2, (x0 + x1) // 2], True)
    assert [int(frame.any()) for frame in target] == [0, 0, 1, 1]
    assert client.undo()
    assert np.array_equal(target, first)
    assert client.undo()
    assert not target.any()
    assert not client.undo()


def test_prompts_that_dont_run_wait_for_predict(
    client: nnInteractiveRemoteInferenceSession, segmenter: Segmenter
) -> None:
    """As of a plugin whose "auto run" is off."""
    pixels = picture()
    target = show(client, np.stack([pixels, pixels]))
    x0, y0, x1, y1 = BOX
    assert client.add_bbox_interaction([[0, 1], [y0, y1 + 1], [x0, x1 + 1]], True, False) is None
    assert client.add_point_interaction([0, 20, 110], False, False) is None
    assert client.add_point_interaction([1, 85, 105], True, False) is None
    assert not target.any()
    assert client._predict() is not None
    box = (x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5)
    [first] = segmenter.segment(Frame(pixels), [Prompt(box, ((110, 20),), (0,))])
    [second] = segmenter.segment(Frame(pixels), [Prompt(None, ((105, 85),), (1,))])
    assert np.array_equal(target > 0, np.stack([first.mask_hw, second.mask_hw]))
    assert client._predict() is None
    assert client.undo()  # the last prompt, of which nothing had run before
    assert not target.any()
    assert client._predict() is not None
    assert [int(frame.any()) for frame in target] == [1, 0]
    client.add_point_interaction([1, 85, 105], True, False)
    client.add_point_interaction([0, 85, 105], True)  # one that runs takes along what waits
    assert [int(frame.any()) for frame in target] == [1, 1]


FRAMES = 6


def cine() -> np.ndarray:
    """A structure that moves to the right, uint8 (frames, H, W)."""
    rows, columns = np.mgrid[:180, :220]
    shown = [(columns - 95 - 3 * number) ** 2 + (rows - 85) ** 2 <= 42**2 for number in range(FRAMES)]
    return np.stack([speckled(inside, number).pixels_hw for number, inside in enumerate(shown)])


def tracked(segmenter: Segmenter, frames: np.ndarray, prompts: dict[int, Prompt]) -> np.ndarray:
    """What `uniultra track` finds."""
    held = [Frame(pixels) for pixels in frames]
    found = track(
        segmenter,
        Cine("cine", frames.shape[1:], len(held), held.__getitem__, lambda: iter(held)),  # type: ignore[arg-type]
        {number: {1: prompt} for number, prompt in prompts.items()},
    )
    return np.stack([result.masks[0].mask_hw for result in found])


@pytest.mark.parametrize("axis", [0, 2])
def test_a_cine_is_tracked_as_by_track(
    client: nnInteractiveRemoteInferenceSession, segmenter: Segmenter, axis: int
) -> None:
    frames = cine()
    volume = frames if axis == 0 else frames.T  # as Slicer and napari send it, and as [X, Y, frames]
    client.set_image(volume[None], {"frames_axis": axis, "spacing": [1.0, 1.0, 1.0]})
    target = np.zeros(volume.shape, np.uint8)
    seen = target if axis == 0 else target.T
    client.set_target_buffer(target)
    x0, y0, x1, y1 = BOX
    spans = [[2, 3], [y0, y1 + 1], [x0, x1 + 1]]
    changed = client.add_bbox_interaction(spans if axis == 0 else spans[::-1], True)
    first = {2: Prompt((x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5))}
    right = tracked(segmenter, frames, first)
    assert right.any(axis=(1, 2)).all()
    assert np.array_equal(seen > 0, right)
    assert changed is not None
    assert changed[axis] == [0, FRAMES]
    assert target.sum() == target[tuple(slice(*span) for span in changed)].sum()
    before = target.copy()
    at = (105 + 9, 85)  # a click on a frame that was tracked goes on from its mask, and to the end
    client.add_point_interaction([4, at[1], at[0]] if axis == 0 else [at[0], at[1], 4], True)
    assert np.array_equal(seen[:4] > 0, right[:4])
    refined = Prompt(None, (at,), (1,), right[4])
    corrected = tracked(segmenter, frames, {**first, 4: refined})
    assert np.array_equal(seen > 0, corrected)
    assert client.undo()
    assert np.array_equal(target, before)
    assert client.undo()
    assert not target.any()
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        client.add_bbox_interaction([[0, side] for side in volume.shape], True)


def test_following_stops_in_time_and_goes_on_with_the_next_request(
    client: nnInteractiveRemoteInferenceSession, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = cine()
    client.set_image(frames[None], {"frames_axis": 0})
    target = np.zeros(frames.shape, np.uint8)
    client.set_target_buffer(target)
    monkeypatch.setattr(volume_cine, "FOLLOW_S", 0.0)
    x0, y0, x1, y1 = BOX
    client.add_bbox_interaction([[2, 3], [y0, y1 + 1], [x0, x1 + 1]], True)
    assert [int(frame.any()) for frame in target] == [0, 0, 1, 0, 0, 0]
    assert client._predict() is not None
    assert [int(frame.any()) for frame in target] == [0, 0, 1, 1, 0, 0]
    half = target.copy()
    client.add_point_interaction([5, 85, 110], True)  # its own frame first, then what was left
    assert [int(frame.any()) for frame in target] == [0, 0, 1, 1, 0, 1]
    assert client.undo()
    assert np.array_equal(target, half)
    monkeypatch.setattr(volume_cine, "FOLLOW_S", 60.0)
    assert client._predict() is not None
    first = Prompt((x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5))
    assert np.array_equal(target > 0, tracked(segmenter, frames, {2: first}))
    assert client._predict() is None
    monkeypatch.setattr(volume_cine, "FOLLOW_S", 0.0)
    client.add_point_interaction([5, 85, 110], True)
    client.add_initial_seg_interaction(np.zeros_like(target))  # what was under way ends with it
    assert client._predict() is None


def test_a_server_of_cines_and_a_segmentation_to_follow(segmenter: Segmenter) -> None:
    state = VolumePrompts(segmenter, cines=True)
    frames = cine()
    state.set_image(frames[None])
    assert state.frames_axis == 0
    given = np.zeros(frames.shape, np.uint8)
    rows, columns = np.mgrid[:180, :220]
    given[1] = (columns - 98) ** 2 + (rows - 85) ** 2 <= 42**2
    span = state.add_masks(given, runs=True)
    assert span is not None
    assert span[0] == (0, FRAMES)
    assert state.masks is not None
    assert np.array_equal(state.masks > 0, tracked(segmenter, frames, {1: Prompt(mask_hw=given[1] > 0)}))
    with pytest.raises(PromptError, match="draw it in one"):
        state.add_box([[1, 4], [80, 90], [90, 100]], True)
    state.set_image(frames[None, :1])
    assert state.frames_axis is None
    for wrong in (3, -1, True, "0", [0]):
        with pytest.raises(PromptError, match="legal are 0, 1 and 2"):
            state.set_image(frames[None], wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("axis", [None, 0])
def test_what_is_said_with_the_image_is_said_of_each_prompt(
    client: nnInteractiveRemoteInferenceSession, segmenter: Segmenter, axis: int | None
) -> None:
    """Of slices and of a cine; boxes alone have a fit, and a name that the model hasn't learned is none."""
    frames, (x0, y0, x1, y1) = cine(), BOX
    box, spans = (x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5), [[2, 3], [y0, y1 + 1], [x0, x1 + 1]]
    for name, fit in (("", ""), ("Left ventricular myocardium", "loose"), ("cyst", "tight")):
        client.set_image(frames[None], {"frames_axis": axis, "label": name or None, "box_fit": fit or None})
        target = np.zeros(frames.shape, np.uint8)
        client.set_target_buffer(target)
        client.add_bbox_interaction(spans, True)
        prompt = Prompt(box, name=name if name != "cyst" else "", box_fit=fit)
        if axis is None:
            [right] = segmenter.segment(Frame(frames[2]), [prompt])
            assert np.array_equal(target[2] > 0, right.mask_hw)
        else:
            assert np.array_equal(target > 0, tracked(segmenter, frames, {2: prompt}))
        plain = segmenter.segment(Frame(frames[2]), [Prompt(box)])[0].mask_hw
        assert np.array_equal(target[2] > 0, plain) == (name == "")
        client.reset_interactions()  # the next structure in the image
        client.add_point_interaction([2, 85, 100], True)
        point = Prompt(None, ((100, 85),), (1,), name=prompt.name)
        [right] = segmenter.segment(Frame(frames[2]), [point])
        assert axis == 0 or np.array_equal(target[2] > 0, right.mask_hw)


def test_what_cannot_be_said_of_an_image_is_refused(client: nnInteractiveRemoteInferenceSession) -> None:
    for said, message in (
        ({"box_fit": "snug"}, "give tight"),
        ({"box_fit": ["tight"]}, "give tight"),
        ({"label": "a\\b"}, "can't name a structure"),
        ({"label": 7}, "is not text"),
    ):
        with pytest.raises(Exception, match="400 Bad Request") as refused:
            client.set_image(picture()[None, None], said)
        assert message in refused.value.response.json()["detail"]  # type: ignore[attr-defined]


def test_scribble_lasso_and_a_segmentation_to_go_on_from(client: nnInteractiveRemoteInferenceSession) -> None:
    target = show(client, picture()[None])
    x0, y0, x1, y1 = BOX
    scribble = np.zeros((1, 3, 41), np.uint8)
    scribble[0, 1] = 1
    where = [[0, 1], [84, 87], [85, 126]]
    assert client.add_scribble_interaction(scribble, True, interaction_bbox=where) is not None
    assert target[0, 85, 105]
    client.reset_interactions()
    assert not target.any()
    lasso = np.zeros_like(target)
    lasso[0, y0 : y1 + 1, x0 : x1 + 1] = 1
    client.add_lasso_interaction(lasso, True)
    by_lasso = target.copy()
    client.reset_interactions()
    client.add_bbox_interaction([[0, 1], [y0, y1 + 1], [x0, x1 + 1]], True)
    assert np.array_equal(target, by_lasso)
    client.reset_interactions()
    client.add_initial_seg_interaction(by_lasso)
    assert np.array_equal(target, by_lasso)
    client.add_point_interaction([0, 85, 105], True)
    overlap = 2 * (target & by_lasso).sum() / (int(target.sum()) + int(by_lasso.sum()))
    assert overlap > 0.9


def test_leases_end_and_are_counted(
    client: nnInteractiveRemoteInferenceSession, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.ping()
    assert client.heartbeat() > 100
    assert client.lease_status()["remaining_seconds"] > 100
    monkeypatch.setattr(nninteractive, "MAX_LEASES", 1)
    full = httpx.post(f"{address}/claim")  # the client, refused, leaves its connection open
    assert (full.status_code, "leases are taken" in full.json()["detail"]) == (503, True)
    monkeypatch.setattr(nninteractive, "IDLE_S", -1.0)
    with pytest.raises(SessionExpiredError, match="connect again"):
        client.add_point_interaction([0, 0, 0], True)


def ask(
    address: str, path: str, lease: str, body: bytes = b"", meta: str = "{}", **more: str
) -> httpx.Response:
    binary = {"content-type": "application/octet-stream", "X-Meta": meta} if body[:4] == b"NNIA" else {}
    return httpx.post(f"{address}/{path}", content=body, headers={"X-Lease-Token": lease, **binary, **more})


def test_hostile_requests_are_refused_and_leave_the_image_usable(
    client: nnInteractiveRemoteInferenceSession, address: str
) -> None:
    lease = client._lease_token
    assert lease is not None
    point = json.dumps({"coordinates": [0, 1, 1], "include_interaction": True}).encode()
    assert "no image yet" in ask(address, "add_point_interaction", lease, point).json()["detail"]
    target = show(client, picture()[None])
    good = pack_array(np.zeros((1, 1, 9, 9), np.uint8))
    cases = {
        "set_image": [
            good[:-3],
            good[:9],
            b"NNIA",
            b"NNIA" + bytes(50),
            pack_array(np.zeros((9, 9), np.uint8)),
        ],
        "add_point_interaction": [
            b"",
            b"[]",
            b"{",
            b'{"coordinates": [0, 1e9, 1], "include_interaction": true}',
        ],
        "add_bbox_interaction": [
            b'{"bbox_coords": [[0, 1]], "include_interaction": true}',
            b'{"bbox_coords": 3}',
        ],
        "add_scribble_interaction": [
            pack_array(np.zeros((1, 5, 5), np.uint8)),
            pack_array(np.ones((9,) * 3)),
        ],
        "add_initial_seg_interaction": [pack_array(np.ones((1, 5, 5), np.uint8))],
        "set_target_buffer": [b'{"shape": [1, 2, 3]}'],
    }
    for path, bodies in cases.items():
        for body in bodies:
            answer = ask(address, path, lease, body, '{"include_interaction": true}')
            assert (answer.status_code, "detail" in answer.json()) == (400, True), (path, body[:40])
    bad_token = ask(address, "undo", "guessed", b"{}")
    assert bad_token.status_code == 410
    assert ask(address, "undo", lease, b"{}", Host="evil.example").status_code == 403
    assert ask(address, "claim", "", Origin="http://evil.example").status_code == 403
    assert not client.undo()
    client.add_point_interaction([0, 85, 105], True)
    assert target.any()


def test_memory_is_bounded(segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
    state = VolumePrompts(segmenter)
    state.set_image(picture()[None, None])
    monkeypatch.setattr(volume_prompts, "UNDO_BYTES", 4 * picture().size)
    for x in (100, 105, 110):
        state.add_point([0, 85, x], True)
    assert [state.undo()[0] for _ in range(3)] == [True, True, False]
    monkeypatch.setattr(volume_prompts, "MOST_VOXELS", picture().size - 1)
    with pytest.raises(PromptError, match="send fewer frames"):
        state.set_image(picture()[None, None])


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_arrays_go_both_ways(dtype: str) -> None:
    array = np.arange(2 * 30 * 40).reshape(2, 30, 40).astype(dtype)
    assert np.array_equal(unpack(pack_array(array)), array)
    assert np.array_equal(unpack_array(pack(array)), array)


def test_an_array_that_promises_too_much_is_refused_before_it_is_unpacked() -> None:
    small = bytearray(pack_array(np.zeros((1, 9, 9), np.uint8)))
    at = 8 + len("uint8")
    small[at : at + 8] = (2**40).to_bytes(8, "little")
    with pytest.raises(PromptError, match="the limit is 512 MB"):
        unpack(bytes(small))


def test_small_answers_are_sent_at_once() -> None:
    """With Nagle's algorithm an answer's body waits until its head is acknowledged: 40 ms more each time."""
    with listening_socket(ServeSettings(port=0)) as listening:
        assert listening.proto == socket.IPPROTO_TCP
