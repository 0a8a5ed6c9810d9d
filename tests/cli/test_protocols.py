"""`uniultra evaluate --robustness`, `--protocol paper` and `--protocol track`: together with the rest, or
refused in one line.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from phantom_manifest import Phantom, write_manifest
from test_segmenter import DarkIsInside
from uniultra.cli import track_protocol
from uniultra.cli.evaluate import evaluate
from uniultra.cli.work import evaluation
from uniultra.data.simulation.cine_set import CineSettings, simulate_cine_set
from uniultra.errors import DataError, OutputError, PromptError
from uniultra.evaluation.tracking import protocol
from uniultra.segmenter import Segmenter

PHANTOMS = (
    Phantom("a", objects=2),
    Phantom("b", organ="ovary", objects=3, group="1"),
    Phantom("c", group="2"),
    Phantom("d", objects=0),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_manifest(tmp_path / "data", PHANTOMS)


def _run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(evaluate)
    return CliRunner().invoke(app, [str(argument) for argument in ("--model", "ellipse", *arguments)])


def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model without weights, for what follows clips, which no baseline of boxes does."""
    monkeypatch.setattr(Segmenter, "load", lambda *given: Segmenter(DarkIsInside()))
    monkeypatch.setattr(evaluation, "weights_sha256", lambda model: "0" * 64)


def test_robustness_comes_with_the_usual(data: Path, tmp_path: Path) -> None:
    out, folder = tmp_path / "r.json", tmp_path / "run"
    result = _run("--data", data, "--kinds", "box", "--robustness", "--robustness-limit", "2", "--out", out)
    assert result.exit_code == 0, result.output
    assert "| organ | box |" in result.stdout
    assert "2 images, at most 2 a data set" in result.stdout
    assert "| corruption | level | objects | Dice [95 %] |" in result.stdout
    assert (
        _run(
            "--data", data, "--kinds", "box", "--robustness", "--robustness-limit", "2", "--out", folder
        ).exit_code
        == 0
    )
    one, two = (json.loads(path.read_text(encoding="utf-8")) for path in (out, folder / "report.json"))
    assert one["robustness"] == two["robustness"]
    assert one["robustness"]["images"] == 2
    assert one["images"] == 3
    assert len((folder / "robustness.jsonl").read_text(encoding="utf-8").splitlines()) == 1 + 2


def test_a_stopped_run_ends_with_the_same_bytes(data: Path, tmp_path: Path) -> None:
    arguments = ("--data", data, "--kinds", "box", "--robustness", "--out")
    assert _run(*arguments, tmp_path / "whole").exit_code == 0
    assert _run(*arguments, tmp_path / "stopped", "--workers", "3").exit_code == 0
    journal = tmp_path / "stopped" / "robustness.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    journal.write_text("".join(lines[:2]), encoding="utf-8")
    for name in ("report.json", "report.md", "report.html"):
        (tmp_path / "stopped" / name).unlink()
    assert _run(*arguments, tmp_path / "stopped").exit_code == 0
    assert (tmp_path / "stopped" / "report.json").read_bytes() == (
        tmp_path / "whole" / "report.json"
    ).read_bytes()
    (tmp_path / "stopped" / "report.json").unlink()
    other = _run(*arguments, tmp_path / "stopped", "--robustness-limit", "1")
    assert isinstance(other.exception, DataError)
    assert "belongs to a run with different --robustness-limit;" in str(other.exception)
    assert _run(*arguments, tmp_path / "stopped", "--robustness-limit", "1", "--force").exit_code == 0


def test_the_papers_protocol(data: Path, tmp_path: Path) -> None:
    out, folder = tmp_path / "p.json", tmp_path / "paper"
    result = _run("--data", data, "--protocol", "paper", "--out", folder)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("# ellipse on val, by the paper's protocol")
    assert {path.name for path in folder.iterdir()} == {"records.jsonl", "report.json", "report.md"}
    assert (folder / "report.md").read_text(encoding="utf-8") == result.stdout
    assert _run("--data", data, "--protocol", "paper", "--out", out, "--workers", "2").exit_code == 0
    assert out.read_bytes() == (folder / "report.json").read_bytes()
    assert isinstance(_run("--data", data, "--protocol", "paper", "--out", out).exception, OutputError)
    assert isinstance(_run("--data", data, "--protocol", "paper", "--out", folder).exception, OutputError)
    mixed = _run("--data", data, "--kinds", "box", "--against", out)
    assert isinstance(mixed.exception, DataError)
    assert "is a report of --protocol paper, which has prompts of its own" in str(mixed.exception)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--protocol", "papers"), "protocol 'papers' is unknown; use standard, paper or track"),
        (("--protocol", "paper", "--kinds", "box"), "exact boxes; leave out --kinds, or the protocol"),
        (
            ("--protocol", "paper", "--draws", "5", "--against", "grabcut"),
            "leave out --draws, --against, or the protocol",
        ),
        (("--protocol", "paper", "--robustness"), "leave out --robustness, or the protocol"),
        (("--protocol", "track", "--against", "a"), "first frame; leave out --against, or the protocol"),
        (
            ("--true-mask",),
            "--true-mask is the first frame's of a clip; add --protocol track, or leave it out",
        ),
        (("--protocol", "paper", "--true-mask"), "add --protocol track, or leave it out"),
        (("--protocol", "paper", "--workers", "0"), "workers is 0; it must be at least 1"),
        (
            ("--robustness-limit", "3"),
            "--robustness-limit 3 has nothing to limit; add --robustness, or leave it out",
        ),
        (("--first",), "--first has nothing to choose; add --limit N, or leave it out"),
        (("--limit", "0"), "limit is 0; it must be at least 1 per data set"),
        (("--protocol", "track", "--limit", "0"), "limit is 0; it must be at least 1 per data set"),
        (("--protocol", "track", "--limit", "1", "--first"), "leave out --first, or the protocol"),
        (("--protocol", "track", "--workers", "3"), "leave out --workers, or the protocol"),
        (("--robustness", "--robustness-limit", "0"), "robustness limit is 0; it must be at least 1"),
    ],
)
def test_nonsense_is_refused_in_one_line(
    data: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = _run("--data", data, "--out", tmp_path / "run", *arguments)
    assert isinstance(result.exception, PromptError)
    assert message in str(result.exception)
    assert not (tmp_path / "run").exists()


def test_bad_rows_are_left_out_of_both(data: Path, tmp_path: Path) -> None:
    (data.parent / "images" / "c.png").write_bytes(b"no picture")
    assert isinstance(_run("--data", data, "--protocol", "paper").exception, DataError)
    paper = _run("--data", data, "--protocol", "paper", "--skip-bad", "--out", tmp_path / "p.json")
    assert "2 images; 1 more has no mask and can't be prompted; 1 was left out." in paper.stdout
    assert [
        each["id"] for each in json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))["skipped"]
    ] == ["c"]
    damaged = _run("--data", data, "--kinds", "box", "--robustness", "--skip-bad", "--out", tmp_path / "run")
    assert damaged.exit_code == 0, damaged.output
    assert (
        json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))["robustness"]["images"]
        == 2
    )
    (tmp_path / "run" / "report.json").unlink()
    assert (
        _run(
            "--data", data, "--kinds", "box", "--robustness", "--skip-bad", "--out", tmp_path / "run"
        ).exit_code
        == 0
    )


def test_a_frame_that_cannot_be_read_is_left_out_of_its_clip_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_manifest(tmp_path / "data", [Phantom(f"v1_{n}", dataset="cines") for n in range(7)])
    (data.parent / "images" / "v1_3.png").write_bytes(b"no picture")
    _stand_in(monkeypatch)
    arguments, out = ("--data", data, "--protocol", "track"), tmp_path / "t.json"
    result = _run(*arguments, "--out", out)
    assert result.exit_code == 2, result.output
    assert "| uniultra track | 1 |" in result.stdout
    assert "cines/v1_3" in result.stdout
    report = json.loads(out.read_text(encoding="utf-8"))
    assert [each["id"] for each in report["skipped"]] == ["v1_3"]
    assert [one["frames"] for own in report["trackers"].values() for one in own] == [6] * 5
    expected = _run(*arguments, "--skip-bad")
    assert expected.exit_code == 0, expected.output
    assert expected.stdout.splitlines()[-1] == result.stdout.splitlines()[-1]


def test_clips_too_short_to_follow_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = simulate_cine_set(
        write_manifest(tmp_path / "data", PHANTOMS[:2]), tmp_path / "cines", CineSettings("val", frames=4)
    )
    assert made.made == 2
    _stand_in(monkeypatch)
    monkeypatch.setattr(track_protocol, "CINE_FRAMES", 5)
    result = _run("--data", tmp_path / "cines/manifest.csv", "--protocol", "track", "--limit", "1")
    assert result.exit_code == 0, result.output
    assert "2 clips not followed: fewer than 5 frames" in result.stderr


def test_clips_are_followed_from_the_true_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tracker has it on the first frame, the baselines too."""
    data = write_manifest(tmp_path / "data", [Phantom(f"v1_{n}", dataset="cines") for n in range(6)])
    _stand_in(monkeypatch)
    reports = {}
    for more in ((), ("--true-mask",)):
        out = tmp_path / f"t{len(more)}.json"
        result = _run("--data", data, "--protocol", "track", *more, "--out", out)
        assert result.exit_code == 0, result.output
        reports[more] = json.loads(out.read_text(encoding="utf-8"))
    box, mask = reports.values()
    assert (box["prompt"], mask["prompt"]) == ("box", "mask")
    assert list(mask["trackers"]) == list(box["trackers"])
    assert [own[0]["first"] for own in mask["trackers"].values()] == [1.0] * 5
    assert all(own[0]["first"] < 1.0 for own in box["trackers"].values())


def test_a_stopped_run_of_clips_scores_the_others_and_says_what_it_is_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both groups have a clip of one name."""
    phantoms = [Phantom(f"v1_{n}", dataset="cines", group=str(n // 5)) for n in range(10)]
    data = write_manifest(tmp_path / "data", phantoms)
    _stand_in(monkeypatch)
    followed: list[str] = []
    score = protocol._scored
    monkeypatch.setattr(
        protocol, "_scored", lambda clip, *rest: followed.append(clip.group) or score(clip, *rest)
    )
    out = tmp_path / "run"
    arguments = ("--data", data, "--protocol", "track", "--out", out)
    done = _run(*arguments)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0].endswith("on val, tracking from the exact box of the first frame.")
    assert followed == ["cines/0", "cines/1"]
    report = (out / "tracking.json").read_text(encoding="utf-8")
    stated = json.loads(report)
    assert (stated["split"], stated["weights_sha256"], stated["cines_a_set"]) == ("val", "0" * 64, 6)
    assert stated["manifest_sha256"]
    (out / "tracking.json").unlink()
    journal = (out / "tracking.jsonl").read_bytes().splitlines(keepends=True)
    (out / "tracking.jsonl").write_bytes(b"".join(journal[:-1]) + journal[-1][:40])
    assert _run(*arguments).exit_code == 0
    assert followed == ["cines/0", "cines/1", "cines/1"]
    again = json.loads((out / "tracking.json").read_text(encoding="utf-8"))
    for given in (stated, again):
        for one in [one for own in given["trackers"].values() for one in own]:
            del one["seconds"]
    assert again == stated
    (out / "tracking.json").unlink()
    assert "belongs to a run with different" in str(_run(*arguments, "--true-mask").exception)
    limited = _run(*arguments, "--limit", "1").exception
    assert isinstance(limited, DataError)
    assert "--limit 1 is of cines that are simulated from stills, and every image" in str(limited)
    ids = np.array(Image.open(data.parent / "masks" / "v1_7.png"))
    ids[:30] = 0
    Image.fromarray(ids).save(data.parent / "masks" / "v1_7.png")
    assert "different images_and_masks_sha256" in str(_run(*arguments).exception)
    assert _run(*arguments, "--force").exit_code == 0
