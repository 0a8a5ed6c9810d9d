"""`uniultra evaluate`: tables on stdout, the bar on stderr, the file whole or not at all."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from commands import script
from phantom_manifest import Phantom, write_manifest
from uniultra.backends.open import weights_sha256
from uniultra.cli.evaluate import evaluate
from uniultra.data.manifest import read_manifest
from uniultra.errors import DataError, ModelError, OutputError, PromptError
from uniultra.model_facts import read_passes
from uniultra.registry import find

TABLES = Path(__file__).parents[2] / "benchmarks" / "tables.py"
PHANTOMS = (
    Phantom("a", objects=2),
    Phantom("b", organ="ovary", objects=3, group="1"),
    Phantom("c", objects=0),
    Phantom("d", split="test", group="2", objects=0),
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_manifest(tmp_path, PHANTOMS)


def _run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(evaluate)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_baseline_is_scored_on_boxes(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "ellipse.json"
    result = _run("--data", data, "--model", "ellipse", "--out", out)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("ellipse on val: 2 images with objects, 1 without.")
    assert "over the ellipse in the box.\n\n| organ | box | box10 | box20 |" in result.stdout
    assert "\\" not in result.stdout
    assert "| box20 | mean over organs | 5 | 2 |" in result.stdout
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["kinds"] == ["box", "box10", "box20"]
    assert (report["model"], report["split"], report["images_without_objects"]) == ("ellipse", "val", 1)
    assert len(report["records"]) == 5 * (1 + 3 + 3)


@pytest.mark.parametrize(
    ("more", "said", "drawn"),
    [
        ((), ", 2 of each data set, drawn by seed. Dice", True),
        (("--first",), ", the first 2 of each data set. Dice", None),
    ],
)
def test_a_limit_is_recorded_and_told(
    data: Path, tmp_path: Path, more: tuple[str, ...], said: str, drawn: bool | None
) -> None:
    out = tmp_path / "r.json"
    one = ("--data", data, "--model", "ellipse", "--kinds", "box", "--limit", "2", *more)
    assert said in _run(*one, "--out", out).stdout
    report = json.loads(out.read_text(encoding="utf-8"))
    assert (report["limit"], report.get("drawn")) == (2, drawn)


def test_seeds_give_their_deviation(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    result = _run(
        "--data",
        data,
        "--model",
        "ellipse",
        "--kinds",
        "box,sam2box,loose30",
        "--seeds",
        "42,2026,1337",
        "--out",
        out,
    )
    assert result.exit_code == 0, result.output
    assert "| prompt | organ | seeds | Dice | standard deviation |" in result.stdout
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["seeds"] == [42, 2026, 1337]
    assert list(report["spread"]) == ["sam2box"]
    own = [
        record for record in report["records"] if record["kind"] == "sam2box" and record["organ"] == "breast"
    ]
    means = {
        seed: sum(r["dice"] for r in own if r["draw"] == int(seed)) / 2 for seed in ("42", "1337", "2026")
    }
    assert report["spread"]["sam2box"]["breast"]["dice"] == pytest.approx(means, abs=1e-5)
    assert len(report["records"]) == 5 * (1 + 3 + 1)


def test_names_have_rows_of_their_own_and_are_told_on_request(data: Path, tmp_path: Path) -> None:
    (tmp_path / "structures.csv").write_text("dataset,id,structure\nphantoms,1,left atrium\nphantoms,,cyst\n")
    for named in (False, True):
        out = tmp_path / f"named-{named}"
        result = _run("--data", data, "--model", "ellipse", "--out", out, *(("--named",) if named else ()))
        assert result.exit_code == 0, result.output
        assert "| structure | box | box10 | box20 |" in result.stdout
        report = json.loads((out / "report.json").read_text(encoding="utf-8"))
        assert report.get("named", False) is named
        assert list(report["structures"]["box"]) == [
            f"{organ}: {name}" for organ in ("breast", "ovary") for name in ("cyst", "left atrium")
        ]
        assert report["structures"]["box"]["ovary: cyst"]["objects"] == 2
        assert set(report["summary"]["box"]) == {"breast", "ovary", "mean over organs"}
        assert "ovary: left atrium" in (out / "report.html").read_text(encoding="utf-8")
        assert "ovary: left atrium" in (out / "report.csv").read_text(encoding="utf-8")
    resumed = _run("--data", data, "--model", "ellipse", "--out", tmp_path / "named-True")
    assert isinstance(resumed.exception, OutputError)


def test_names_that_no_prompt_can_say_are_noted(data: Path, tmp_path: Path) -> None:
    asked = ("--data", data, "--model", "uniultra-mini", "--kinds", "click1", "--named")
    nameless = _run(*asked)
    assert nameless.exit_code == 0, nameless.output
    assert "--named changes nothing: no object has a name" in nameless.stderr
    (tmp_path / "structures.csv").write_text("dataset,id,structure\nphantoms,1,left atrium\nphantoms,,cyst\n")
    partly = _run(*asked, "--against", "uniultra-mini-permissive")
    assert partly.exit_code == 0, partly.output
    for model in ("uniultra-mini", "uniultra-mini-permissive"):
        assert f"{model} doesn't know cyst: prompts for these say no name to it\n" in partly.stderr
    assert "no name" not in _run(*asked[:-1]).stderr


def test_a_stopped_run_goes_on_with_the_same_seeds_alone(data: Path, tmp_path: Path) -> None:
    same = ("--data", data, "--model", "ellipse", "--kinds", "sam2box", "--out", tmp_path / "out")
    assert _run(*same, "--seeds", "42").exit_code == 0
    (tmp_path / "out" / "report.json").unlink()
    refused = _run(*same, "--seeds", "43")
    assert isinstance(refused.exception, DataError)
    assert "belongs to a run with different --seeds;" in str(refused.exception)
    assert _run(*same, "--seeds", "42").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            ("--model", "ellipse", "--kinds", "click1"),
            PromptError,
            "takes boxes only; give --kinds some of box,box10,box20",
        ),
        (("--model", "ellipse", "--kinds", "boxx"), PromptError, "'boxx' are not usable"),
        (
            ("--model", "ellipse", "--split", "train"),
            DataError,
            "split 'train' can't be scored; use val, test or external",
        ),
        (("--model", "ellipse", "--split", "external"), DataError, "has no rows of split 'external'"),
        (("--model", "ellipse", "--split", "test"), DataError, "shows no object"),
        (("--model", "ellipse", "--limit", "0"), PromptError, "limit is 0"),
        (("--model", "ellipse", "--draws", "0"), PromptError, "draws is 0"),
        (("--model", "ellipse", "--seeds", "42,x"), PromptError, "seeds '42,x' are not whole numbers"),
        (("--model", "ellipse", "--seeds", "42,42"), PromptError, "seeds '42,42' are not usable"),
        (
            ("--model", "ellipse", "--seeds", "42", "--draws", "2"),
            PromptError,
            "--draws 2 and --seeds 42 both say how often",
        ),
        (
            ("--model", "ellipse", "--kinds", "uclick1"),
            PromptError,
            "takes boxes only; give --kinds some of box,box10,box20",
        ),
    ],
)
def test_what_a_user_got_wrong_is_named(
    data: Path, tmp_path: Path, arguments: tuple[str, ...], error: type, message: str
) -> None:
    out = tmp_path / "r.json"
    result = _run("--data", data, "--out", out, *arguments)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
    assert not out.exists()


def test_an_existing_file_is_refused_before_any_work(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    out.write_text("mine", encoding="utf-8")
    result = _run("--data", tmp_path / "missing.csv", "--model", "ellipse", "--out", out)
    assert isinstance(result.exception, OutputError)
    assert out.read_text(encoding="utf-8") == "mine"


def test_two_baselines_are_compared_pair_by_pair(data: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "ellipse.json", tmp_path / "grabcut.json"
    boxes = ("--data", data, "--kinds", "box,box20")
    assert _run(*boxes, "--model", "ellipse", "--out", first).exit_code == 0
    live = _run(*boxes, "--model", "grabcut", "--against", "ellipse", "--out", second)
    assert live.exit_code == 0, live.output
    assert "| prompt | organ | objects | grabcut | ellipse | difference [95 %] | verdict |" in live.stdout
    against = json.loads(second.read_text(encoding="utf-8"))["against"]
    assert against["model"] == "ellipse"
    assert against["comparison"]["box"]["mean over organs"]["objects"] == 5
    assert _run(*boxes, "--model", "grabcut", "--against", first).stdout == live.stdout
    assert _run(*boxes, "--model", "ellipse", "--against", "ellipse").stdout.count("| not judged |") == 6


def test_what_was_corrected_since_an_earlier_run_is_left_out(data: Path, tmp_path: Path) -> None:
    """A mask that is corrected in its place leaves the manifest as it is: without that check a model differs
    from itself.
    """
    report = tmp_path / "before.json"
    asked = ("--data", data, "--kinds", "box,box20", "--model", "grabcut")
    assert _run(*asked, "--out", report).exit_code == 0
    masks = sorted({row.mask for row in read_manifest(data) if row.split == "val"})
    shown = [mask for mask in masks if np.array(Image.open(mask)).any()]
    for done, mask in enumerate(shown, start=1):
        ids = np.array(Image.open(mask))
        ids[: ids.shape[0] // 2] = 0
        Image.fromarray(ids).save(mask)
        result = _run(*asked, "--against", report, "--out", tmp_path / f"{done}.json")
        assert result.exit_code == 0
        assert f"uniultra: {done} of {len(shown)} images have other masks" in result.stderr
        stored = json.loads((tmp_path / f"{done}.json").read_text(encoding="utf-8"))
        assert ("against" in stored) == (done < len(shown))
        if done < len(shown):
            assert stored["against"]["comparison"]["box"]["mean over organs"]["difference"] == 0.0


def test_a_corrected_mask_is_seen_by_reports_of_clicks_and_rough_masks_alone(
    data: Path, tmp_path: Path
) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    asked = ("--data", data, "--kinds", "uclick1,mask", "--draws", "1", "--model", "uniultra-mini")
    assert _run(*asked, "--out", before).exit_code == 0
    masks = sorted({row.mask for row in read_manifest(data) if row.split == "val"})
    shown = [mask for mask in masks if np.array(Image.open(mask)).any()]
    Image.fromarray(np.roll(np.array(Image.open(shown[0])), 2, axis=1)).save(shown[0])
    result = _run(*asked, "--against", before, "--out", after)
    assert result.exit_code == 0, result.output
    assert f"uniultra: 1 of {len(shown)} images have other masks" in result.stderr
    compared = json.loads(after.read_text(encoding="utf-8"))["against"]["comparison"]
    assert {cell["difference"] for kind in compared.values() for cell in kind.values()} == {0.0}
    joined = script(TABLES, f"a={after}", f"b={before}")
    assert joined.returncode == 2
    assert "tables: 'a' and 'b' have other masks on 1 images" in joined.stderr


def test_a_comparison_of_a_part_or_of_prompts_with_names_says_so(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    asked = ("--data", data, "--model", "grabcut")
    assert _run(*asked, "--kinds", "box,box20", "--draws", "1", "--out", run).exit_code == 0
    same = _run(*asked, "--kinds", "box,box20", "--draws", "1", "--against", run)
    assert "are compared" not in same.stderr
    more = _run(*asked, "--kinds", "box,box10,box20", "--draws", "2", "--against", run)
    assert "uniultra: 10 of 25 answers are compared, on the prompts that the earlier run " in more.stderr
    assert "; it has no box10" in more.stderr
    named = _run(*asked, "--kinds", "box", "--named", "--against", run)
    assert "uniultra: this run's prompts alone say what the objects are called" in named.stderr


def test_what_has_no_prompt_in_common_is_refused_before_anything_is_computed(
    data: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    asked = ("--data", data, "--model", "ellipse")
    assert _run(*asked, "--kinds", "box20", "--seeds", "7", "--out", run).exit_code == 0
    for given, reported in (
        (("--kinds", "box20"), "has other images or draws, so no prompt in common; give the --limit,"),
        (
            ("--kinds", "box,box10"),
            "in common with --kinds box,box10; its kinds are box20: give some of them",
        ),
    ):
        refused = _run(*asked, *given, "--against", run, "--out", tmp_path / "new")
        assert isinstance(refused.exception, DataError)
        assert reported in str(refused.exception)
        assert not (tmp_path / "new").exists()


def test_a_report_of_other_data_is_refused(data: Path, tmp_path: Path) -> None:
    report = tmp_path / "ellipse.json"
    _run("--data", data, "--kinds", "box", "--model", "ellipse", "--out", report)
    other = write_manifest(tmp_path / "other", PHANTOMS[:2])
    result = _run("--data", other, "--kinds", "box", "--model", "ellipse", "--against", report)
    assert isinstance(result.exception, DataError)
    assert "is of another manifest, so" in str(result.exception)
    content = json.loads(report.read_text(encoding="utf-8"))
    report.write_text(json.dumps({**content, "split": "test"}), encoding="utf-8")
    result = _run("--data", data, "--kinds", "box", "--model", "ellipse", "--against", report)
    assert "is of split 'test' and not 'val', so" in str(result.exception)
    report.write_text("{}", encoding="utf-8")
    assert "is not a report of" in str(
        _run("--data", data, "--model", "ellipse", "--against", report).exception
    )


def test_a_folder_gets_everything(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = _run("--data", data, "--model", "ellipse", "--workers", "2", "--out", folder)
    assert result.exit_code == 0, result.output
    assert {path.name for path in folder.iterdir()} == {
        "records.jsonl",
        "report.json",
        "report.md",
        "report.csv",
        "report.tex",
        "report.html",
        "timing.json",
    }
    assert (folder / "report.html").read_text(encoding="utf-8").count(
        "<img "
    ) == 6  # best, median and worst of two organs
    assert _run("--data", data, "--model", "grabcut", "--kinds", "box", "--against", folder).exit_code == 0
    assert isinstance(_run("--data", data, "--model", "ellipse", "--out", folder).exception, OutputError)
    assert _run("--data", data, "--model", "ellipse", "--out", folder, "--force").exit_code == 0


def test_bad_rows_end_the_run_or_are_left_out(data: Path, tmp_path: Path) -> None:
    (tmp_path / "masks/b.png").write_bytes(b"no picture")
    arguments = ("--data", data, "--model", "ellipse", "--kinds", "box", "--out", tmp_path / "run")
    refused = _run(*arguments)
    assert isinstance(refused.exception, DataError)
    assert (
        "has 1 problem; fix them, or leave these rows out with --skip-bad:\n  row 3, mask: 'masks/b.png'"
        in str(refused.exception)
    )
    assert not (tmp_path / "run").exists()
    assert (refused.stdout, refused.stderr) == ("", "")
    result = _run(*arguments, "--skip-bad")
    assert result.exit_code == 0, result.output
    assert "Left out (1):\n\n| row | image | problem |" in result.stdout
    report = json.loads((tmp_path / "run/report.json").read_text(encoding="utf-8"))
    assert [(each["row"], each["id"]) for each in report["skipped"]] == [(3, "b")]
    assert (report["model_version"], report["weights_sha256"]) == (None, None)


def test_the_report_says_which_weights(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    assert _run("--data", data, "--kinds", "box", "--limit", "2", "--out", out).exit_code == 0
    report = json.loads(out.read_text(encoding="utf-8"))
    assert (report["model"], report["model_version"]) == ("uniultra-mini", find("uniultra-mini").version)
    assert report["weights_sha256"] == weights_sha256("uniultra-mini")
    assert report["prompting"]["passes"] == asdict(read_passes(find("uniultra-mini").folder))


@pytest.mark.parametrize("version", [1, 2])
def test_an_old_report_is_compared_to(data: Path, tmp_path: Path, version: int) -> None:
    now, old = tmp_path / "now.json", tmp_path / "old.json"
    _run("--data", data, "--model", "ellipse", "--kinds", "box", "--out", now)
    report = json.loads(now.read_text(encoding="utf-8"))
    for key in (
        "model_version",
        "weights_sha256",
        "skipped",
        *(("reliability", "empty_images") if version == 1 else ()),
    ):
        del report[key]
    if version == 1:
        for record in report["records"]:
            for key in ("hd95_px", "hd95_mm", "nsd", "start_dice", "curve"):
                del record[key]
    old.write_text(json.dumps({**report, "schema_version": version}), encoding="utf-8")
    result = _run("--data", data, "--model", "ellipse", "--kinds", "box", "--against", old)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("| not judged |") == 3


def test_what_is_compared_to_is_refused_before_anything_is_computed(data: Path, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    clicks = tmp_path / "clicks.json"
    arguments = ("--data", data, "--model", "ellipse", "--kinds", "box", "--out", tmp_path / "run")
    assert _run("--data", data, "--kinds", "click1", "--draws", "1", "--out", clicks).exit_code == 0
    for other, error, says in (
        (tmp_path / "other.json", DataError, "is not a report .* it has no 'schema_version'$"),
        (tmp_path / "none.json", DataError, "is not a report .* No such file or directory$"),
        ("nobody", ModelError, "model 'nobody' is unknown"),
        (clicks, DataError, "has no prompt in common with --kinds box; its kinds are click1"),
    ):
        refused = _run(*arguments, "--against", other)
        assert isinstance(refused.exception, error)
        assert re.search(says, str(refused.exception)), refused.exception
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("protocol", ["standard", "paper", "damaged"])
def test_a_run_is_not_resumed_on_other_files(data: Path, tmp_path: Path, protocol: str) -> None:
    """Of images that are scored already; the journals of all that a folder holds."""
    more = {"standard": (), "paper": ("--protocol", "paper"), "damaged": ("--robustness",)}[protocol]
    kinds = () if protocol == "paper" else ("--kinds", "box")
    arguments = ("--data", data, "--model", "ellipse", *kinds, *more, "--out", tmp_path / "run")
    assert _run(*arguments).exit_code == 0
    (tmp_path / "run/report.json").unlink()  # as if it had been stopped
    if protocol == "damaged":
        records = tmp_path / "run/records.jsonl"
        records.write_text(records.read_text().partition("\n")[0] + "\n")
    mask = tmp_path / "masks/b.png"
    sound = mask.read_bytes()
    mask.write_bytes((tmp_path / "masks/a.png").read_bytes())
    refused = _run(*arguments)
    assert isinstance(refused.exception, DataError)
    assert "different image, mask or names of structures ('b' of 'phantoms'); give what" in str(
        refused.exception
    )
    mask.write_bytes(sound)
    (tmp_path / "structures.csv").write_text("dataset,id,structure\nphantoms,,cyst\n")
    assert "names of structures" in str(_run(*arguments).exception)
    (tmp_path / "structures.csv").unlink()
    assert _run(*arguments).exit_code == 0


def test_a_run_of_a_version_that_recorded_no_names_is_resumed(data: Path, tmp_path: Path) -> None:
    arguments = ("--data", data, "--model", "ellipse", "--kinds", "box", "--out", tmp_path / "run")
    assert _run(*arguments).exit_code == 0
    (tmp_path / "run/report.json").unlink()
    journal = tmp_path / "run/records.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines[1:]:
        assert line["files"].count(" ") == 2
        line["files"] = line["files"].rpartition(" ")[0]
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert _run(*arguments).exit_code == 0


def test_masks_that_were_empty_can_be_scored_once_they_are_drawn(tmp_path: Path) -> None:
    data = write_manifest(tmp_path, [Phantom("a", objects=0)])
    arguments = ("--data", data, "--model", "ellipse", "--kinds", "box", "--out", tmp_path / "run")
    assert "shows no object" in str(_run(*arguments).exception)
    assert not (tmp_path / "run").exists()
    write_manifest(tmp_path, [Phantom("a")])
    assert _run(*arguments).exit_code == 0


def test_a_model_is_no_better_than_its_own_earlier_run(tmp_path: Path) -> None:
    """A report has five decimals: what it leaves out is no difference."""
    data = write_manifest(tmp_path, [Phantom(f"p{i}", group=f"{i}", objects=1 + i % 3) for i in range(7)])
    arguments = ("--data", data, "--model", "ellipse", "--kinds", "box,box10", "--draws", "1")
    assert _run(*arguments, "--out", tmp_path / "first.json").exit_code == 0
    again = _run(*arguments, "--against", tmp_path / "first.json")
    assert again.stdout.count("+0.000 [+0.000, +0.000] | no difference shown |") == 2
