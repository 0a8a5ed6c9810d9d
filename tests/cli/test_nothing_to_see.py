"""A frame of one even grey, and a pixel that is both inside and outside: said alike in every path."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from phantoms import ellipse, speckled
from uniultra import Frame, Prompt, Segmenter
from uniultra.cli.main import app
from uniultra.postprocess import NOTHING_TO_SEE
from uniultra.prompt_checks import clipped
from uniultra.results import segment_ambiguous, segment_frame
from uniultra.tracking import begin, track
from uniultra.types import Cine

BOX, CLICK = Prompt((20, 20, 60, 50)), Prompt(points_xy=((40, 35),))
BOTH = "point 40,35 is given both as inside and as outside; leave one of them out"


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


def grey(value: int = 128) -> Frame:
    return Frame(np.full((70, 90), value, np.uint8))


@pytest.mark.parametrize("prompt", [BOX, CLICK])
@pytest.mark.parametrize("value", [0, 128])
def test_an_even_grey_has_no_quality_and_a_note(segmenter: Segmenter, prompt: Prompt, value: int) -> None:
    result = segment_frame(segmenter, grey(value), [prompt])
    assert round(result.masks[0].quality, 4) == 0
    assert result.notes == (NOTHING_TO_SEE,)
    assert segment_ambiguous(segmenter, grey(value), [prompt], 3).notes == (NOTHING_TO_SEE,)


def test_one_step_of_an_interaction_says_so_too(segmenter: Segmenter) -> None:
    mask = segmenter.refine(segmenter.encode(grey()), BOX).mask
    assert (mask.quality, mask.notes) == (0.0, (NOTHING_TO_SEE,))


def test_grey_beside_a_picture_is_told_from_it(segmenter: Segmenter) -> None:
    pixels = np.full((200, 300), 40, np.uint8)
    pixels[:, 200:] = np.random.default_rng(0).integers(0, 255, (200, 100))
    boxes = [Prompt((20, 20, 60, 60)), Prompt((210, 20, 290, 90))]
    on_grey, on_picture = segmenter.segment(Frame(pixels), boxes)
    assert on_grey.notes == (NOTHING_TO_SEE,)
    assert (on_picture.notes, on_picture.quality > 0) == ((), True)


def test_three_grey_values_apart_is_something(segmenter: Segmenter) -> None:
    pixels = np.full((70, 90), 100, np.uint8)
    pixels[30:40, 30:40] = 102
    assert segmenter.segment(Frame(pixels), [BOX])[0].notes == (NOTHING_TO_SEE,)
    pixels[30:40, 30:40] = 103
    assert segmenter.segment(Frame(pixels), [BOX])[0].notes == ()


def test_a_pixel_inside_and_outside_is_noted() -> None:
    prompts = [Prompt(points_xy=((40, 35), (40.3, 35.2), (50, 35)), point_labels=(1, 0, 0)), CLICK]
    assert clipped(prompts, (70, 90)) == (prompts, (BOTH,))


def test_a_structure_that_the_mask_image_loses_is_named(segmenter: Segmenter) -> None:
    frame = speckled(ellipse((70, 90), (40, 35), (20, 14)))
    lost = "structure 2 lies wholly under another one: the mask image has no pixel of it"
    assert segment_frame(segmenter, frame, [BOX, BOX]).notes == (lost,)
    assert segment_ambiguous(segmenter, frame, [BOX, BOX], 2).notes == (lost,)
    cine = Cine("a.gif", (70, 90), 1, lambda number: frame, lambda: iter([frame]))
    [tracked] = track(segmenter, cine, {0: {1: BOX, 2: BOX}})
    assert tracked.notes == (lost,)


def test_tracking_is_not_sure_of_it_and_clips_boxes(segmenter: Segmenter) -> None:
    [answer], _ = begin(segmenter, grey(), {1: BOX})
    assert answer.status in ("unsure", "lost")
    frames = [grey(), grey()]
    cine = Cine("a.gif", (70, 90), 2, frames.__getitem__, lambda: iter(frames))
    first, _ = track(segmenter, cine, {0: {1: Prompt((20, 20, 160, 50))}})
    assert first.notes == (
        "box 20,20,160,50 reaches beyond the image of 90 x 70 pixels and is clipped to it",
        NOTHING_TO_SEE,
    )
    [clipped_mask] = segmenter.segment(grey(), [Prompt((20, 20, 89.5, 50))])
    np.testing.assert_array_equal(first.masks[0].mask_hw, clipped_mask.mask_hw)


def test_segment_and_track_print_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(grey().pixels_hw).save("scan.png")
    clicks = ["--point", "40,35", "--negative", "40,35"]
    done = CliRunner().invoke(app, ["segment", "scan.png", *clicks])
    assert done.exit_code == 0, done.output
    assert f"note: {NOTHING_TO_SEE}" in done.stdout
    assert f"note: {BOTH}" in done.stdout
    report = json.loads(Path("uniultra-out/scan.json").read_text())
    assert report["notes"] == [BOTH, NOTHING_TO_SEE]
    assert report["objects"][0]["quality"] == 0
    done = CliRunner().invoke(app, ["track", "scan.png", "--box", "20,20,160,50", "--write", "none"])
    assert done.exit_code == 0, done.output
    assert "note: frame 0: box 20,20,160,50 reaches beyond the image" in done.stdout
    assert f"note: frame 0: {NOTHING_TO_SEE}" in done.stdout
