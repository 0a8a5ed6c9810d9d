from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from commands import uniultra
from uniultra.backends.open import weights_sha256
from uniultra.errors import DataError
from uniultra.evaluation.metrics import expected_calibration_error
from uniultra.evaluation.quality import calibrate, fit_quality, fit_terms, read_answers, read_by_prompt
from uniultra.evaluation.records import report_file
from uniultra.evaluation.report.run_report import read_report
from uniultra.model_facts import read_quality
from uniultra.quality import QualityTerms, corrected, evidence
from uniultra.registry import DEFAULT


def test_the_fit_finds_a_known_distortion() -> None:
    raw = np.random.default_rng(0).uniform(0.05, 0.95, 2000)
    fit = fit_quality(raw, calibrate(raw, 2.0, -0.7))
    assert fit.slope == pytest.approx(2.0, abs=1e-3)
    assert fit.offset == pytest.approx(-0.7, abs=1e-3)


def test_the_fit_lowers_the_calibration_error_of_noisy_answers() -> None:
    rng = np.random.default_rng(1)
    true = rng.beta(8, 2, 3000)
    raw = np.clip(true * 0.7 + rng.normal(0, 0.08, 3000), 0.01, 0.99)
    fit = fit_quality(raw, true)
    assert expected_calibration_error(raw, true) > 0.15
    assert expected_calibration_error(calibrate(raw, fit.slope, fit.offset), true) < 0.03


def test_a_fit_needs_answers() -> None:
    with pytest.raises(DataError, match="3 answers are too few"):
        fit_quality(np.full(3, 0.5), np.full(3, 0.5))


def test_only_val_calibrates(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    record = {"dataset": "lab", "quality": 0.5, "iou": 0.6}
    file.write_text(
        json.dumps({"split": "val", "records": [record, {"dataset": "lab", "quality": None, "iou": 0.1}]})
    )
    quality, iou = read_answers(file)
    assert (quality.tolist(), iou.tolist()) == ([0.5], [0.6])
    assert read_answers(tmp_path)[0].tolist() == [0.5]  # a run's folder
    file.write_text(json.dumps({"split": "test", "records": [record]}))
    with pytest.raises(DataError, match="is of split 'test'; only val may choose"):
        read_answers(file)
    file.write_text(json.dumps({"split": "val", "records": []}))
    with pytest.raises(DataError, match="no predicted quality"):
        read_answers(file)
    for text, reported in (
        ("{}", "is not a report"),
        ("[]", "is not a report"),
        ('{"protocol": "paper", "split": "val", "records": []}', "is a report of --protocol paper, which"),
    ):
        file.write_text(text)
        for read in (read_answers, read_report):
            with pytest.raises(DataError, match=reported):
                read(file)


def test_the_answers_of_chosen_sets_alone_may_count(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    records = [
        {"dataset": name, "quality": quality, "iou": 0.6}
        for name, quality in (("busi", 0.5), ("ddti", 0.7), ("cca", 0.9))
    ]
    file.write_text(json.dumps({"split": "val", "records": records}))
    assert read_answers(file, ("busi", "cca"))[0].tolist() == [0.5, 0.9]
    with pytest.raises(DataError, match="has no answers of a set 'busy'; its sets are busi, cca, ddti"):
        read_answers(file, ("busi", "busy"))


def test_a_model_that_is_calibrated_already_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    records = [{"dataset": "lab", "quality": 0.5, "iou": 0.6}] * 20
    report = {"split": "val", "model": DEFAULT, "weights_sha256": weights_sha256(DEFAULT)}
    file.write_text(json.dumps(report | {"records": records}))
    assert len(read_answers(file)[0]) == 20
    done = uniultra("calibrate", file, "--out", "fit.json", cwd=tmp_path)
    assert (done.returncode, (tmp_path / "fit.json").exists()) == (2, False)
    assert f"is of {DEFAULT}, whose quality is calibrated already; `export --calibration`" in done.stderr


def test_a_calibrated_model_of_ones_own_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    records = [{"dataset": "lab", "quality": i / 20, "iou": i / 20} for i in range(20)]
    for calibrated, code in ((True, 2), (False, 0), (None, 0)):
        report = {"split": "val", "model": "mine", "weights_sha256": "ab", "quality_calibrated": calibrated}
        file.write_text(json.dumps(report | {"records": records}))
        done = uniultra("calibrate", file, "--out", f"{calibrated}.json", cwd=tmp_path)
        assert (done.returncode, "is of mine, whose quality is calibrated already" in done.stderr) == (
            code,
            calibrated is True,
        )


def test_an_uncalibrated_model_may_have_a_published_ones_name(tmp_path: Path) -> None:
    """The recipes of the published models calibrate what they then publish."""
    file = tmp_path / "report.json"
    records = [{"dataset": "lab", "quality": i / 20, "iou": i / 20} for i in range(20)]
    report = {"split": "val", "model": DEFAULT, "weights_sha256": "ab"}
    file.write_text(json.dumps(report | {"records": records}))
    assert uniultra("calibrate", file, "--out", "fit.json", cwd=tmp_path).returncode == 0


TERMS = QualityTerms(0.5, 0.7, 0.8)


def answered(count: int = 400, kind: str = "click1", **more: object) -> list[dict[str, object]]:
    """Records whose true IoU is what TERMS make of the first pass's quality and of the stability."""
    rng = np.random.default_rng(3)
    first, stable = rng.uniform(0.1, 0.95, (2, count))
    truth = corrected(evidence(first, stable), TERMS)
    return [
        {"dataset": "lab", "kind": kind, "quality": 0.5, "iou": iou, "stability": s, "first_quality": f}
        | more
        for f, s, iou in zip(first.tolist(), stable.tolist(), truth.tolist(), strict=True)
    ]


def report_of(path: Path, records: list[dict[str, object]], **more: object) -> Path:
    path.write_text(json.dumps({"split": "val", "model": "mine", "records": records} | more))
    return path


def test_terms_are_found_again(tmp_path: Path) -> None:
    found = read_by_prompt(report_of(tmp_path / "r.json", answered()))
    assert [*found] == ["clicks"]
    terms = fit_terms(found["clicks"])
    assert (terms.slope, terms.offset, terms.stability) == pytest.approx((0.5, 0.7, 0.8), abs=1e-3)


def test_boxes_and_what_saw_nothing_do_not_count(tmp_path: Path) -> None:
    """With a box the quality stays; of further clicks, which come with the last mask, it is the answer's."""
    records = [
        *answered(30),
        *answered(30, "box", first_quality=None),
        *answered(30, "box10then1", first_quality=None),
        *answered(30, "click3", first_quality=None, quality=0.6),
        *answered(30, quality=0.0),
    ]
    found = read_by_prompt(report_of(tmp_path / "r.json", records))
    assert {kind: len(answers.iou) for kind, answers in found.items()} == {"clicks": 30, "mask": 30}
    assert found["mask"].seen[:, 0] == pytest.approx(np.log(0.6 / 0.4))
    assert (found["mask"].quality == 0.6).all()
    assert (found["clicks"].quality == 0.5).all()


def test_clicks_that_said_a_known_name_are_a_kind_of_their_own(tmp_path: Path) -> None:
    """Known to the model, and said: a report without --named says none, whatever its objects are called."""
    records = [
        *answered(30, structure="Left Atrium"),
        *answered(40, structure="cyst"),
        *answered(50, structure=""),
        *answered(20, "click3", first_quality=None, structure="left atrium"),
    ]
    prompting = {"structures": ["left atrium"]}
    prompting["quality"] = {"clicks": {}}  # type: ignore[assignment]  # the first pass's quality never is corrected
    for named, expected in (
        (True, {"named": 30, "clicks": 90, "mask": 20}),
        (False, {"clicks": 120, "mask": 20}),
    ):
        path = report_of(tmp_path / "r.json", records, prompting=prompting, named=named)
        assert {kind: len(answers.iou) for kind, answers in read_by_prompt(path).items()} == expected


def test_a_folder_of_a_tracking_run_is_called_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "tracking.json").write_text("{}")
    with pytest.raises(DataError, match="holds a report of --protocol track, which has scores of its own"):
        report_file(tmp_path)
    (tmp_path / "report.json").write_text("{}")
    assert report_file(tmp_path) == tmp_path / "report.json"


@pytest.mark.parametrize(
    ("change", "report", "says"),
    [
        (
            {"first_quality": None, "kind": "mask"},
            {"prompting": {"quality": {"mask": {}}}},
            "whose quality of masks is corrected by prompt already; remove",
        ),
        ({"stability": None}, {}, "was written by an earlier version, without the answers' stability"),
        ({"kind": "box"}, {}, "has boxes alone; evaluate with --kinds click1,uclick1,click3,mask"),
        ({"stability": "high"}, {}, "is not a report of .*'high' is not a number"),
        ({"iou": None}, {}, "is not a report of .*None is not a number"),
        ({}, {"split": "test"}, "is of split 'test'; only val may choose"),
    ],
)
def test_by_prompt_refuses_what_it_cannot_fit_on(
    tmp_path: Path, change: dict[str, object], report: dict[str, object], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        read_by_prompt(report_of(tmp_path / "r.json", answered(30, **change), **report))  # type: ignore[arg-type]


def test_the_command_fits_a_published_model_by_prompt(tmp_path: Path) -> None:
    """Its decoder's calibration stays, so that it isn't refused as for that."""
    report_of(tmp_path / "r.json", answered(), weights_sha256=weights_sha256(DEFAULT))
    done = uniultra("calibrate", "r.json", "--by-prompt", "--out", "fit.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (
        "clicks: slope +0.5000, offset +0.7000, stability +0.8000 on 400 answers of val; ECE" in done.stdout
    )
    found = json.loads((tmp_path / "fit.json").read_text())["quality"]["clicks"]
    assert (found["answers"], found["ece_after"]) == (400, pytest.approx(0, abs=1e-4))
    ious = [record["iou"] for record in answered()]
    before = expected_calibration_error([0.5] * 400, ious)  # type: ignore[arg-type]
    assert found["ece_before"] == pytest.approx(before, abs=1e-4), "of the quality as it was given"
    assert read_quality(tmp_path / "fit.json").clicks is not None
    few = report_of(tmp_path / "few.json", answered(3))
    done = uniultra("calibrate", few, "--by-prompt", "--out", "no.json", cwd=tmp_path)
    assert (done.returncode, (tmp_path / "no.json").exists()) == (2, False)
    assert "3 answers are too few to calibrate on" in done.stderr
    assert "clicks: 3 answers are too few" in done.stderr


def test_a_kind_with_too_few_answers_is_named_and_left_out(tmp_path: Path) -> None:
    records = [*answered(60), *answered(7, "click3", first_quality=None)]
    report = report_of(tmp_path / "r.json", records)
    done = uniultra("calibrate", report, "--by-prompt", "--out", "fit.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [*json.loads((tmp_path / "fit.json").read_text())["quality"]] == ["clicks"]
    assert done.stderr.startswith("uniultra: mask: 7 answers are too few to calibrate on; it takes at least")
    assert done.stderr.endswith("left out, so that its quality stays as the model has it\n")


@pytest.mark.parametrize("by_prompt", [False, True])
def test_a_fit_that_enlarges_the_error_is_said_to(tmp_path: Path, by_prompt: bool) -> None:
    """Least cross-entropy: where two of three groups were right, the fit mends the third at theirs."""
    iou = [0.3] * 10 + [0.7] * 10 + [0.9] * 10
    right, low = [0.3] * 10 + [0.5] * 10 + [0.9] * 10, [0.1] * 10 + [0.4] * 10 + [0.6] * 10
    for qualities, says in ((right, True), (low, False)):
        records = [
            {"dataset": "a", "kind": "click1", "quality": q, "first_quality": q, "stability": 0.9, "iou": i}
            for q, i in zip(qualities, iou, strict=True)
        ]
        options = ["--by-prompt"] if by_prompt else []
        report = report_of(tmp_path / "r.json", records)  # type: ignore[arg-type]
        done = uniultra("calibrate", report, *options, "--out", "fit.json", "--force", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        found = json.loads((tmp_path / "fit.json").read_text())
        found = found["quality"]["clicks"] if by_prompt else found
        assert (found["ece_after"] > found["ece_before"]) is says, found
        assert ("the error is larger with this fit" in done.stderr) is says
