"""Tracks in a computing process: a slice at a time, given up when the client has gone, and the same again."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.web.cine_desk import CineDesk
from uniultra.web.cine_messages import FollowCine, FramePromptRequest, NeedsData, Part
from uniultra.web.messages import CineFile, JobError, PromptRequest

HW = (64, 96)


def gif() -> bytes:
    buffer = BytesIO()
    frames = [speckled(ellipse(HW, (40 + n, 30), (16, 12)), n) for n in range(8)]
    first, *rest = (Image.fromarray(frame.pixels_hw) for frame in frames)
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=100)
    return buffer.getvalue()


FILE = CineFile("a", gif(), None, 10**6, 10**7)
JOB = FollowCine(
    FILE, "a/1/0", (FramePromptRequest(1, 3, 1, PromptRequest((22, 16, 60, 44))),), (0, 7), False, 0, 60.0
)


def part(desk: CineDesk, job: FollowCine) -> Part:
    found = desk.run(job)
    assert isinstance(found, Part)
    return found


def test_slices_join_to_the_whole() -> None:
    whole = part(CineDesk(DarkIsInside(), lambda: False), JOB)
    assert whole.ended
    assert [one.frame for one in whole.found] == [3, 4, 5, 6, 7, 2, 1, 0]
    desk, found, ended = CineDesk(DarkIsInside(), lambda: False), [], False
    while not ended:
        answer = part(desk, replace(JOB, at=len(found), slice_s=0.0))
        assert len(answer.found) <= 1
        found += answer.found
        ended = answer.ended
    assert tuple(found) == whole.found


def test_a_client_that_has_gone_stops_the_work_and_the_answers_stay_the_same() -> None:
    requested = iter([False, False, True])
    desk = CineDesk(DarkIsInside(), lambda: next(requested, False))
    with pytest.raises(JobError, match="has gone"):
        desk.run(JOB)
    assert part(desk, JOB) == part(CineDesk(DarkIsInside(), lambda: False), JOB)


def test_a_cine_that_is_not_open_is_asked_for_and_one_that_is_gone_is_closed() -> None:
    desk = CineDesk(DarkIsInside(), lambda: False)
    without = replace(JOB, cine=replace(FILE, data=None))
    assert desk.run(without) == NeedsData()
    part(desk, JOB)
    assert part(desk, replace(without, at=6)).ended
    desk.forget(("a", "unknown"))
    assert desk.run(without) == NeedsData()
