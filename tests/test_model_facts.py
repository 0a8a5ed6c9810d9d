"""What model.json says of the passes, and what it may not say."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from uniultra.errors import ModelError
from uniultra.model_facts import Passes, changed_passes, read_passes
from uniultra.registry import MODELS
from uniultra.segmenter import Segmenter


def test_a_folder_without_facts_has_the_defaults(tmp_path: Path) -> None:
    assert read_passes(tmp_path) == Passes()
    (tmp_path / "model.json").write_text(json.dumps({"format": "1"}))
    assert read_passes(tmp_path) == Passes()


@pytest.mark.parametrize("entry", MODELS, ids=lambda entry: entry.name)
def test_published_models_say_their_passes(entry: object) -> None:
    said = json.loads((entry.folder / "model.json").read_text())["passes"]  # type: ignore[attr-defined]
    assert {"crop_scale", "click_crops", "close_view", "min_part"} <= set(said)
    assert asdict(Passes()) | said == asdict(Segmenter.load(entry.name).facts.passes)  # type: ignore[attr-defined]


def test_what_a_folder_says_counts(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(json.dumps({"passes": {"crop_scale": 2.0, "later": 1}}))
    assert read_passes(tmp_path) == Passes(crop_scale=2.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '{"passes": {"crop_scale": 0.5}}',
            "says crop_scale 0.5; it must be a number from 1 to 10; export the model again",
        ),
        ('{"passes": {"click_crops": 1.5}}', "says click_crops 1.5; it must be a whole number from 1 to 10"),
        ('{"passes": {"close_view": "far"}}', "says close_view 'far'; it must be a number from 0.01 to 1"),
        ('{"passes": {"min_part": NaN}}', "says min_part nan; it must be a number from 0 to 1"),
        ('{"passes": {"min_part": true}}', "says min_part True"),
        (
            '{"passes": {"sure": 1.5}}',
            "says sure 1.5; it must be a number from 0 to 1; export the model again",
        ),
        ('{"passes": {"agreed": null}}', "says agreed None; it must be a number from 0 to 1"),
        ('{"passes": {"closer_by": -0.1}}', "says closer_by -0.1; it must be a number from 0 to 1"),
        ('{"passes": 7}', "is not a model's facts"),
        ("[]", "is not a model's facts"),
        ("{", "is not a model's facts"),
    ],
)
def test_nonsense_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(ModelError, match=says):
        read_passes(tmp_path)


def test_passes_are_changed_one_by_one() -> None:
    assert changed_passes(Passes(), ()) == Passes()
    assert changed_passes(Passes(min_part=0.1), ("sure=0.5", "click_crops=1")) == Passes(
        min_part=0.1, sure=0.5, click_crops=1
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            "shure=0.5",
            "pass setting 'shure=0.5' is unknown; give NAME=VALUE with one of crop_scale, click_crops",
        ),
        ("sure", "pass setting 'sure': it must be a number from 0 to 1"),
        ("sure=high", "pass setting 'sure=high': it must be a number from 0 to 1"),
        ("sure=nan", "pass setting 'sure=nan': it must be a number from 0 to 1"),
        ("click_crops=1.5", "pass setting 'click_crops=1.5': it must be a whole number from 1 to 10"),
    ],
)
def test_changes_that_make_no_sense_are_refused(change: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        changed_passes(Passes(), (change,))
