"""`uniultra bench`: how long our models take, how much they need, and how that compares to peers, in one
run.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uniultra.cli.terminal.progress import progress
from uniultra.cli.terminal.text import printable_lines, say, tell
from uniultra.errors import PromptError
from uniultra.registry import DEFAULT

if TYPE_CHECKING:
    from uniultra.bench.runner import Plan

COMMAND = "uniultra.cli.main"
EXAMPLE = Path(__file__).parents[1] / "examples" / "malignant_183.jpg"
EXAMPLE_BOX = "116,40,398,318"
FILES = ("bench.json", "bench.md", "bench.svg")
PEERS_HELP = "Peers to time beside them, separated by commas, or 'none'. They need uniultra[train]."
ACCURACY_HELP = (
    "A report of `uniultra evaluate` for a model of this run, for the plot of accuracy against time; repeat "
    "for more."
)


def bench(
    out: Annotated[
        Path, typer.Option(help="Folder for bench.json, bench.md, and bench.svg where there is an accuracy.")
    ],
    model: Annotated[
        list[str], typer.Option(help="A published model or a folder of ONNX files; repeat for more.")
    ] = [DEFAULT],  # noqa: B006
    peers: Annotated[str, typer.Option(metavar="NAMES", help=PEERS_HELP)] = "sam2-tiny,edgetam,litemedsam",
    threads: Annotated[
        str | None, typer.Option(metavar="N,N", help="Numbers of threads to time.  [default: 1,2]")
    ] = None,
    rounds: Annotated[
        int, typer.Option(metavar="N", help="Rounds through all models and steps in turn.")
    ] = 9,
    image: Annotated[
        Path | None, typer.Option(help="Use this image instead of the bundled one; needs --box.")
    ] = None,
    box: Annotated[str | None, typer.Option(metavar="X0,Y0,X1,Y1", help="A box on it.")] = None,
    accuracy: Annotated[list[str], typer.Option(metavar="NAME=FILE", help=ACCURACY_HELP)] = [],  # noqa: B006
    kind: Annotated[str, typer.Option(help="The kind of prompt whose accuracy is plotted.")] = "box",
    quick: Annotated[
        bool, typer.Option("--quick", help="Make only a few calls, to see that everything runs.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing results.")] = False,
) -> None:
    """Time models, cold start and memory next to peers, interleaved. Needs a quiet machine, and warns if it
    isn't.
    """
    from uniultra.bench.accuracy import read_accuracies
    from uniultra.bench.report import to_markdown, to_svg
    from uniultra.bench.runner import check_plan, run_bench
    from uniultra.evaluation.report.run_report import plain
    from uniultra.io.output import check_free, staged, write_text

    if (image is None) != (box is None):
        raise PromptError(
            f"--{'box' if image is None else 'image'} needs --{'image' if image is None else 'box'} beside "
            "it; give both"
        )
    plan = _plan(tuple(model), peers, threads, rounds, image or EXAMPLE, box or EXAMPLE_BOX, quick)
    check_plan(plan)
    accuracies = read_accuracies(accuracy, kind)
    check_free([out / file for file in FILES], force)
    with progress("Timing") as advance:
        report = plain(run_bench(plan, accuracies, lambda share: advance(share, 1.0)))
    markdown, plot = to_markdown(report), to_svg(report)
    contents = {
        "bench.json": json.dumps(report, indent=2, allow_nan=False) + "\n",
        "bench.md": markdown,
        **({} if plot is None else {"bench.svg": plot}),
    }
    with staged({file: out / file for file in contents}, force) as parts:
        for file, text in contents.items():
            write_text(parts[file], text)
    print(printable_lines(markdown))
    for warning in report["warnings"]:
        tell([f"warning: {warning}"])
    say(f"Results in {out}/")


def _plan(
    models: tuple[str, ...], peers: str, threads: str | None, rounds: int, image: Path, box: str, quick: bool
) -> Plan:
    from uniultra.bench.candidates import Task
    from uniultra.bench.runner import Plan
    from uniultra.bench.timing import QUICK, Pace
    from uniultra.machine import usable_cores
    from uniultra.prompts.grouping import parse_typed

    try:
        counts = (
            (1, 2)[: usable_cores()]
            if threads is None
            else tuple(dict.fromkeys(int(number) for number in threads.split(",")))
        )
    except ValueError:
        raise PromptError(f"--threads '{threads}' is not a list of numbers; give it as in 1,2") from None
    box_xyxy = parse_typed([box], [], [], False).boxes[0]
    requested = () if peers == "none" else tuple(dict.fromkeys(peers.split(",")))
    pace = QUICK if quick else replace(Pace(), rounds=rounds)
    return Plan(
        models, requested, Task(image, box_xyxy), counts, pace, COMMAND, fresh=1 if quick else 5, quick=quick
    )
