"""A structure followed some frames a call: what can't be read is left out, as by `uniultra track`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from phantoms import ellipse, speckled
from uniultra.errors import FileError
from uniultra.io.coco import compressed, run_lengths
from uniultra.segmenter import Segmenter
from uniultra.types import Cine, Frame, Prompt
from uniultra.web.messages import Rle
from uniultra.web.workspace.follow import Follower
from uniultra.web.workspace.jobs import Track

FRAMES = [speckled(ellipse((240, 320), (170, 110), (50 + n, 40)), n) for n in range(6)]
BOX = Prompt(box_xyxy=(105, 65, 235, 155))


def followed(broken: tuple[int, ...], in_order: bool = False, backwards: bool = False) -> list[int]:
    def read(number: int) -> Frame:
        if number in broken:
            raise FileError(f"a.dcm: frame {number} is damaged; export it again")
        return FRAMES[number]

    def stream() -> Iterator[Frame]:
        return map(read, range(len(FRAMES)))

    cine = Cine("a.dcm", (240, 320), len(FRAMES), read, stream, in_order=in_order)
    segmenter, start = Segmenter.load(threads=1), 5 if backwards else 0
    counts = compressed(run_lengths(segmenter.segment(FRAMES[start], [BOX])[0].mask_hw))
    job = Track(
        "a.dcm",
        None,
        object=1,
        start=start,
        mask=Rle(counts, (240, 320)),
        backwards=backwards,
        frames=3,
    )
    return [one.number for one in Follower().follow(job, segmenter, read, lambda _: BOX, cine)]


def test_an_unreadable_frame_is_left_out_and_as_many_are_found() -> None:
    assert followed(()) == [1, 2, 3]
    assert followed((2,)) == [1, 3, 4]
    assert followed((3, 4), backwards=True) == [2, 1, 0]


def test_beyond_a_broken_frame_of_a_video_there_is_nothing() -> None:
    assert followed((2,), in_order=True) == [1]
    with pytest.raises(FileError, match="frame 1 is damaged"):
        followed((1,), in_order=True)
    with pytest.raises(FileError, match="frame 1 is damaged"):
        followed((1, 2, 3, 4, 5))
