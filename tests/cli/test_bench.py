"""`uniultra bench`: a quick run of our model alone, and one line for each mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from phantom_manifest import Phantom, write_manifest
from uniultra.cli.bench import bench
from uniultra.cli.evaluate import evaluate
from uniultra.errors import DataError, FileError, ModelError, OutputError, PromptError
from uniultra.machine import usable_cores


def _run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(bench)
    return CliRunner().invoke(
        app, [str(argument) for argument in ("--quick", "--threads", "1", "--peers", "none", *arguments)]
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation of the ellipse, for an accuracy."""
    folder = tmp_path_factory.mktemp("evaluated")
    data = write_manifest(folder / "data", (Phantom("a", objects=2), Phantom("b", organ="ovary", group="1")))
    app = typer.Typer()
    app.command()(evaluate)
    arguments = ["--model", "ellipse", "--data", data, "--kinds", "box", "--out", folder / "report.json"]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return folder / "report.json"


def test_a_quick_run(tmp_path: Path, report: Path) -> None:
    out = tmp_path / "bench"
    result = _run("--out", out, "--accuracy", f"uniultra-mini={report}")
    assert result.exit_code == 0, result.output
    content = json.loads((out / "bench.json").read_text(encoding="utf-8"))
    assert {(row["contestant"], row["threads"]) for row in content["times"]} == {("uniultra-mini", 1)}
    assert [row["step"] for row in content["times"]] == [
        "encoder",
        "decoder",
        "file to first mask",
        "file to mask of a click",
        "further click",
    ]
    assert all(0 < row["p10_ms"] <= row["median_ms"] <= row["p90_ms"] for row in content["times"])
    times = {row["step"]: row["median_ms"] for row in content["times"]}
    assert times["file to first mask"] > times["encoder"]
    [fresh] = content["fresh"]
    assert fresh["cold_ms"] > times["file to first mask"]
    assert content["contestants"][0]["accuracy"]["dice"] == pytest.approx(
        json.loads(report.read_text(encoding="utf-8"))["summary"]["box"]["mean over organs"]["dice"], abs=1e-4
    )
    assert (out / "bench.md").read_text(encoding="utf-8") in result.stdout
    assert (out / "bench.svg").read_text(encoding="utf-8").startswith("<svg")
    again = _run("--out", out)
    assert isinstance(again.exception, OutputError)
    assert "exists; pass --force to overwrite" in str(again.exception)


MISTAKES = {
    "no such model": (("--model", "mono"), ModelError, "model 'mono' is unknown"),
    "no such peer": (
        ("--peers", "sam9"),
        PromptError,
        "peer 'sam9' is unknown; use sam2-tiny, edgetam, litemedsam, or none",
    ),
    "too many threads": (("--threads", "4096"), PromptError, f"give numbers from 1 to {usable_cores()}"),
    "no threads": (
        ("--threads", "two"),
        PromptError,
        "--threads 'two' is not a list of numbers; give it as in 1,2",
    ),
    "an image without a box": (("--image", "a.png"), PromptError, "--image needs --box beside it"),
    "no such image": (("--image", "nowhere.png", "--box", "1,2,30,40"), FileError, "nowhere.png"),
    "a box outside": (
        ("--image", "EXAMPLE", "--box", "9000,9000,9100,9100"),
        PromptError,
        "less than a pixel on the image",
    ),
    "no report": (
        ("--accuracy", "uniultra-mini"),
        PromptError,
        "is not NAME=FILE; give it as in uniultra-mini=report.json",
    ),
    "a report of nothing": (
        ("--accuracy", "uniultra-mini=nowhere.json"),
        DataError,
        "is not a report of `uniultra evaluate --out`",
    ),
    "an accuracy of nobody": (
        ("--accuracy", "sam9=REPORT"),
        PromptError,
        "names 'sam9', which isn't timed here",
    ),
    "one name twice": (("--accuracy", "a=REPORT", "--accuracy", "a=REPORT"), PromptError, "names 'a' twice"),
    "another kind": (
        ("--accuracy", "uniultra-mini=REPORT", "--kind", "box10"),
        DataError,
        "has no answers to 'box10'; its kinds are box",
    ),
}


@pytest.mark.parametrize(("arguments", "error", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line(
    tmp_path: Path, report: Path, arguments: tuple[str, ...], error: type[Exception], message: str
) -> None:
    example = Path(str(bench.__globals__["EXAMPLE"]))
    given = [text.replace("REPORT", str(report)).replace("EXAMPLE", str(example)) for text in arguments]
    result = _run("--out", tmp_path / "bench", *given)
    assert isinstance(result.exception, error), result.output
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert not (tmp_path / "bench").exists()
