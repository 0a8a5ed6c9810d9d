"""A journal: a run that was ended goes on from it and finds the same; what it can't use it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.errors import OutputError
from uniultra.results import FrameResult
from uniultra.segmenter import Segmenter
from uniultra.tracking import begin, track
from uniultra.tracking.journal import SAVE_EVERY, TrackJournal, about_call
from uniultra.types import Cine, Prompt

SEGMENTER = Segmenter(DarkIsInside())
HW = (120, 200)
FRAMES = [
    speckled(ellipse(HW, (50 + 1.5 * n, 60), (22, 18)) | ellipse(HW, (150, 25), (16, 10)), n, 0.2)
    for n in range(64)
]
CINE = Cine("cine", HW, 64, lambda number: FRAMES[number], lambda: iter(FRAMES))
PROMPTS = {3: {1: Prompt((28.0, 38.0, 82.0, 82.0))}, 30: {2: Prompt((130.0, 10.0, 170.0, 40.0))}}
ABOUT = about_call(CINE, PROMPTS, range(64), SEGMENTER.facts)


def said(results: list[FrameResult]) -> list[object]:
    return [
        (
            result.number,
            one.number,
            one.status,
            one.confidence,
            one.mask.mask_hw.tobytes(),
            one.scale,
            one.prompt,
        )
        for result in results
        for one in result.objects
    ]


def ended(path: Path, after: int) -> list[FrameResult]:
    """A run that is ended after some frames."""
    journal = TrackJournal.open(path, ABOUT)
    found = []
    for result in track(SEGMENTER, CINE, PROMPTS, journal=journal):
        found.append(result)
        if result.number == after:
            break
    journal.close()
    return found


@pytest.fixture(scope="module")
def whole() -> list[FrameResult]:
    return list(track(SEGMENTER, CINE, PROMPTS))


@pytest.mark.parametrize("after", [4, 40, 63])
def test_a_run_that_was_ended_goes_on_and_finds_the_same(
    tmp_path: Path, whole: list[FrameResult], after: int
) -> None:
    path = tmp_path / "out" / "journal"
    ended(path, after)
    journal = TrackJournal.open(path, ABOUT)
    assert journal.after == (after + 1) // SAVE_EVERY * SAVE_EVERY - 1
    results = list(track(SEGMENTER, CINE, PROMPTS, journal=journal))
    journal.close()
    assert said(results) == said(whole)


def test_what_is_known_is_not_tracked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    ended(path, 55)
    journal = TrackJournal.open(path, ABOUT)
    seen: list[int] = []
    refine_all = Segmenter.refine_all
    monkeypatch.setattr(Segmenter, "refine_all", lambda *args: seen.append(1) or refine_all(*args))
    assert len(list(track(SEGMENTER, CINE, PROMPTS, journal=journal))) == 64
    journal.close()
    resumed = len(seen)
    seen.clear()
    assert len(list(track(SEGMENTER, CINE, PROMPTS))) == 64
    assert len(seen) - resumed >= 40  # of 50 known frames


@pytest.mark.parametrize("cut", [1, 700, 9000])
def test_a_journal_that_ends_in_the_middle_of_a_line_is_used_up_to_its_last_state(
    tmp_path: Path, whole: list[FrameResult], cut: int
) -> None:
    path = tmp_path / "journal"
    ended(path, 55)
    path.write_bytes(path.read_bytes()[:-cut])  # 9000: into the last state or beyond it
    journal = TrackJournal.open(path, ABOUT)
    assert said(list(track(SEGMENTER, CINE, PROMPTS, journal=journal))) == said(whole)
    journal.close()


def test_rubbish_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"\x00\xff{]\n" * 9)
    journal = TrackJournal.open(path, ABOUT)
    assert journal.after == -1
    journal.close()


def test_a_journal_of_another_call_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    ended(path, 4)
    before = path.read_bytes()
    other = about_call(CINE, {3: {1: Prompt((28.0, 38.0, 82.0, 83.0))}}, range(60), SEGMENTER.facts)
    with pytest.raises(OutputError, match=r"different frames, prompts; repeat that call, or remove the file"):
        TrackJournal.open(path, other)
    assert path.read_bytes() == before


def test_a_journal_of_other_passes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    ended(path, 4)
    facts = SEGMENTER.facts
    other = replace(facts, passes=replace(facts.passes, crop_scale=facts.passes.crop_scale + 0.1))
    with pytest.raises(OutputError, match=r"belongs to a run with different model; repeat that call"):
        TrackJournal.open(path, about_call(CINE, PROMPTS, range(64), other))


def test_a_confirmed_mask_is_part_of_the_call() -> None:
    masks = [ellipse(HW, (50, 60), (22, half)) for half in (18, 18, 17)]
    one, same, other = (
        about_call(CINE, {0: {1: Prompt(mask_hw=mask)}}, range(9), SEGMENTER.facts) for mask in masks
    )
    assert one == same != other


def test_a_journal_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"can't be written .*leave out --resume"):
        TrackJournal.open(tmp_path / "file" / "journal", ABOUT)


def test_what_was_learnt_of_a_structure_is_kept_to_the_bit(tmp_path: Path) -> None:
    _, state = begin(SEGMENTER, FRAMES[3], PROMPTS[3])
    learnt = state.objects[0].target
    assert learnt is not None
    journal = TrackJournal.open(tmp_path / "part.jsonl", ABOUT)
    for number in range(SAVE_EVERY):
        journal.save(number, state)
    journal.close()
    again = TrackJournal.open(tmp_path / "part.jsonl", ABOUT)
    again.close()
    assert again.state is not None
    kept = again.state.objects[0].target
    assert kept is not None
    assert all(np.array_equal(a, b) for a, b in zip(kept.arrays, learnt.arrays, strict=True))
