"""The evaluation of tracks, with trackers whose scores are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.data.manifest import Row
from uniultra.evaluation.tracking.clips import Clip, real_clips, short_clips, simulated_clips
from uniultra.evaluation.tracking.followers import Followed, baselines, true_prompt
from uniultra.evaluation.tracking.holding import prompts_to_hold
from uniultra.evaluation.tracking.protocol import evaluate_tracking, tracking_markdown, tracking_report
from uniultra.evaluation.tracking.scores import outline_f, score_clip
from uniultra.segmenter import Segmenter
from uniultra.types import Frame, Prompt, mask_box

HW = (120, 160)
TRUTHS = [ellipse(HW, (60 + 2 * n, 60), (24, 18)) for n in range(12)]
GONE = np.zeros(HW, np.bool_)


def scored(masks: Sequence[np.ndarray], truths: Sequence[np.ndarray], lost: Sequence[bool] = ()) -> object:
    flags = lost or [False] * len(masks)
    answers = [Followed(mask, mask, flag) for mask, flag in zip(masks, flags, strict=True)]
    return score_clip(("clip", "none", "group"), answers, truths, 1.2)


def test_the_truth_scores_one() -> None:
    scores = scored(TRUTHS, TRUTHS)
    assert (scores.j, scores.f, scores.dice, scores.last, scores.accepted) == (1, 1, 1, 1, 1)
    assert (scores.half_life, scores.lost, scores.flagged, scores.over) == (12, 0, 0, None)
    assert scores.seconds == pytest.approx(0.1)
    assert scores.roughness == pytest.approx(0)


def test_a_copy_drifts_and_its_half_life_says_when() -> None:
    scores = scored([TRUTHS[0]] * 12, TRUTHS)
    dices = [2 * (TRUTHS[0] & truth).sum() / (TRUTHS[0].sum() + truth.sum()) for truth in TRUTHS]
    assert scores.half_life == next(n for n, score in enumerate(dices) if score < 0.8)
    assert scores.dice == pytest.approx(np.mean(dices))
    assert scores.last == pytest.approx(dices[-1])
    assert scores.accepted == pytest.approx(np.mean([score >= 0.9 for score in dices]))


def test_a_target_that_left_counts_as_lost_and_a_mask_shown_meanwhile_as_over() -> None:
    truths = [*TRUTHS[:6], GONE, GONE, GONE, GONE]
    masks = [*TRUTHS[:6], TRUTHS[5], TRUTHS[5], GONE, GONE]
    scores = scored(masks, truths, [False] * 5 + [True] * 2 + [False] + [True] * 2)
    assert (scores.lost, scores.flagged, scores.hits, scores.over) == (4, 4, 3, 0.5)


def test_frames_that_are_said_to_be_unsure_or_lost_warn_of_lost_ones() -> None:
    flags = [(False, False)] * 6 + [(True, False), (False, True), (False, False), (False, True)]
    flags[1] = False, True
    truths = [*TRUTHS[:6], GONE, GONE, GONE, GONE]
    answers = [Followed(TRUTHS[n], TRUTHS[n], *own) for n, own in enumerate(flags)]
    scores = score_clip(("clip", "leaves", "group"), answers, truths, 1.0)
    assert (scores.lost, scores.flagged, scores.hits) == (4, 1, 1)
    assert (scores.doubted, scores.noticed) == (4, 3)
    [head, row] = tracking_markdown({"one": [scores]}).splitlines()[2::2]
    said = dict(enumerate(cell.strip() for cell in row.split("|")))
    place = [cell.strip() for cell in head.split("|")].index("unsure or lost: recall")
    assert [said[place - 2], said[place - 1]] == ["0.25 of 4", "1.00"]
    assert [said[place], said[place + 1]] == ["0.75 of 4", "0.75"]


def test_an_outline_within_reach_is_right_and_one_beyond_is_not() -> None:
    true = ellipse((500, 500), (250, 250), (100, 100))
    assert outline_f(np.roll(true, 3, axis=1), true) == 1.0
    assert outline_f(np.roll(true, 60, axis=1), true) < 0.4
    assert outline_f(np.zeros_like(true), true) == 0.0
    assert outline_f(np.zeros_like(true), np.zeros_like(true)) == 1.0


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    """A clip of 12 numbered rows, and three stills of another set."""
    found = []
    for number in (10, 2, 11, *range(2), *range(3, 10)):
        found.append(row(tmp_path, f"v1_{number}", "cines", "v1", TRUTHS[number], number))
    return found + [row(tmp_path, f"still{n}", "stills", f"s{n}", TRUTHS[0], 50 + n) for n in range(3)]


def row(folder: Path, name: str, dataset: str, group: str, inside: np.ndarray, seed: int) -> Row:
    image, mask = folder / f"{name}.png", folder / f"{name}.mask.png"
    Image.fromarray(speckled(inside, seed).pixels_hw).save(image)
    Image.fromarray(inside.astype(np.uint8)).save(mask)
    return Row(name, dataset, "organ", "val", image, mask, None, group, "Apache-2.0", root=folder)


def test_clips_come_in_the_order_of_their_numbers_and_stills_are_none(rows: list[Row]) -> None:
    [clip] = real_clips(rows)
    assert (clip.name, clip.kind) == ("cines/v1", "real")
    frames, truths = clip.read()
    assert all(np.array_equal(a, b) for a, b in zip(truths, TRUTHS, strict=True))
    assert np.array_equal(frames[3].pixels_hw, speckled(TRUTHS[3], 3).pixels_hw)


def test_stills_become_cines_the_same_each_time(rows: list[Row]) -> None:
    stills = [one for one in rows if one.dataset == "stills"]
    clips = simulated_clips(stills, 2, 8)
    assert [clip.kind for clip in clips] == ["none", "leaves"]
    first, again = clips[0].read(), simulated_clips(stills, 2, 8)[0].read()
    assert len(first[0]) == 8
    assert all(np.array_equal(a.pixels_hw, b.pixels_hw) for a, b in zip(first[0], again[0], strict=True))
    other = simulated_clips(stills, 2, 8, seed=1)[0].read()
    assert not np.array_equal(first[1][-1], other[1][-1])


@dataclass(frozen=True)
class Knows:
    """Answers with truths that it was given."""

    truths: tuple[np.ndarray, ...]
    name: str = "knows"

    def follow(self, frames: Sequence[Frame], prompt: Prompt) -> Iterator[Followed]:
        yield from (Followed(truth, truth) for truth in self.truths)


def test_trackers_are_compared_on_the_same_clips(rows: list[Row]) -> None:
    [clip] = real_clips(rows)
    known = Knows(tuple(TRUTHS))
    trackers = [known, *baselines(Segmenter(DarkIsInside()))]
    ticks: list[int] = []
    scores = evaluate_tracking([clip, replace(clip, group="other")], trackers, lambda: ticks.append(1))
    assert list(scores) == ["knows", "copy", "flow", "previous box", "previous box + click"]
    assert len(ticks) == 2
    assert scores["knows"][0].dice == 1.0
    assert scores["copy"][0].last < 0.5 < scores["previous box"][0].last
    table = tracking_markdown(scores)
    assert "## Real clips" in table
    assert "Simulated" not in table
    assert "| knows | 2 | 1.000 | 1.000 | 1.000 | 1.000-1.000 |" in table
    report = tracking_report(scores)["trackers"]
    assert report["copy"][0]["clip"] == "cines/v1"


def test_a_manifest_may_name_clip_and_frame(rows: list[Row]) -> None:
    named = [replace(one, id=f"x{n}", clip="own", frame=20 - n) for n, one in enumerate(rows[:12])]
    [clip] = real_clips(named)
    assert clip.name == "cines/own"
    [last] = [one for one in named if one.frame == 9]
    frames, _ = clip.read()
    assert np.array_equal(frames[0].pixels_hw, np.array(Image.open(last.image)))
    assert [short_clips(named[:count]) for count in (0, 1, 4, 5)] == [0, 1, 1, 0]
    assert short_clips(rows[:4]) == 0  # that these are a clip is only guessed by their ids


def test_a_clip_that_begins_without_its_target_is_left_out() -> None:
    frames = [speckled(truth) for truth in TRUTHS[:3]]
    clip = Clip("empty", "organ", "g", "none", lambda: (frames, [GONE, *TRUTHS[1:3]]))
    scores = evaluate_tracking([clip], [Knows(tuple(TRUTHS[:3]))])
    assert scores == {"knows": []}


@dataclass(frozen=True)
class Drifts:
    """Right for some frames after each prompt, then a pixel further off a frame."""

    holds: int
    name: str = "drifts"

    def follow(self, frames: Sequence[Frame], prompt: Prompt) -> Iterator[Followed]:
        box = prompt.box_xyxy if prompt.mask_hw is None else mask_box(prompt.mask_hw)
        assert box is not None
        begun = round((box[0] - 36 + 0.5) / 2)
        for place in range(len(frames)):
            mask = np.roll(TRUTHS[begun + place], 4 * max(place - self.holds + 1, 0), axis=0)
            yield Followed(mask, mask)


@pytest.mark.parametrize("true_mask", [False, True])
@pytest.mark.parametrize(("holds", "times"), [(12, 1), (5, 3), (1, 12)])
def test_prompts_that_hold_a_clip(holds: int, times: int, true_mask: bool) -> None:
    frames = [speckled(truth, seed) for seed, truth in enumerate(TRUTHS)]
    tracker = Drifts(holds)
    prompt = true_prompt(TRUTHS[0], true_mask)
    assert prompt is not None
    first = list(tracker.follow(frames, prompt))
    assert prompts_to_hold(tracker, frames, TRUTHS, first, true_mask) == times


def test_what_a_first_mask_has_too_much_and_the_course_of_dice() -> None:
    wide = ellipse(HW, (60, 60), (30, 18))
    scores = scored([wide, *TRUTHS[1:]], TRUTHS)
    assert scores.excess == pytest.approx(6 / 24, abs=0.03)
    assert scores.course[1:] == (1.0,) * 11
    assert scores.course[0] == pytest.approx(scores.first, abs=1e-4)
