"""`uniultra adapt`: a SAM 2, or our own model, learns a lab's images through few parameters. `uniultra
merge`: one plain folder of it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uniultra.cli.terminal.ending import resumable
from uniultra.cli.terminal.extras import loggers, need
from uniultra.cli.terminal.text import say
from uniultra.errors import DataError, ModelError
from uniultra.registry import DEFAULT
from uniultra.text import command

if TYPE_CHECKING:
    from uniultra.evaluation.report.compare import Comparison
    from uniultra.training.adapt import AdaptJob
    from uniultra.training.config import AdaptConfig


def adapt(
    data: Annotated[
        Path, typer.Option(help="The manifest (CSV) of your images; `uniultra data import` writes one.")
    ],
    out: Annotated[Path, typer.Option(help="The run folder; an interrupted run there is resumed.")],
    base: Annotated[
        str | None,
        typer.Option(help=f"A published model, a folder, or a hub name of SAM 2; by default {DEFAULT}."),
    ] = None,
    method: Annotated[str | None, typer.Option(help="ch-adapter, lora, decoder or full.")] = None,
    shots: Annotated[
        int | None,
        typer.Option(
            help="Learn from only this many images of each organ (1 or more), and use as many of val."
        ),
    ] = None,
    minute: Annotated[
        bool,
        typer.Option(
            "--minute",
            help="Learn from a few images in about a minute: the decoder alone, on views encoded once.",
        ),
    ] = False,
    replay: Annotated[
        Path | None, typer.Option(help="A manifest of other organs, mixed in so that they are not forgotten.")
    ] = None,
    named: Annotated[
        bool,
        typer.Option(
            "--named",
            help="Also learn what the objects are called (structures.csv), so that `--label` can say which "
            "one is meant.",
        ),
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="A TOML file, such as configs/adapt/sam2-large.toml.")
    ] = None,
    set_: Annotated[
        list[str],
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Change one setting; repeatable."),
    ] = [],  # noqa: B006
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    report_to: Annotated[
        str, typer.Option(help="Also log to tensorboard, wandb or mlflow; separated by commas.")
    ] = "",
) -> None:
    """Adapt a model to your own images: small adapters in a frozen encoder. Needs uniultra[train]."""
    need("train", "torch", "transformers", "accelerate", "peft")
    from uniultra.cli.work.training import manifest_to_learn_from
    from uniultra.data.manifest import read_manifest
    from uniultra.training.adapt import AdaptJob, with_names
    from uniultra.training.adapt import adapt as run
    from uniultra.training.callbacks import PICTURES
    from uniultra.training.checkpoints import has_checkpoint
    from uniultra.training.config import AdaptConfig
    from uniultra.training.config_io import configured
    from uniultra.training.loop import is_first_process
    from uniultra.training.minute import minute as in_a_minute

    changes = tuple(
        f"base.{key}='{value}'" for key, value in (("name", base), ("method", method)) if value is not None
    )
    start = in_a_minute() if minute else AdaptConfig()
    settings = configured(start, config, (*changes, *set_))
    job = AdaptJob(
        manifest_to_learn_from(data),
        out,
        shots,
        None if replay is None else read_manifest(replay),
        device,
        loggers(report_to),
    )
    if named:
        settings = with_names(settings, job)
        say(f"Names to learn: {settings.base.structures}")
    began = time.monotonic()
    with resumable(begun=lambda: has_checkpoint(out)):  # with the gain, which takes a while, too
        file = run(settings, job)
        if not is_first_process():
            return
        say(
            f"Adapted weights in {file} ({file.stat().st_size / 1e6:.1f} MB, "
            f"{(time.monotonic() - began) / 60:.1f} minutes in this call); use it with "
            + command("--model", out)
        )
        pictures = sorted((out / PICTURES).glob("*.png"))
        if pictures:
            say(f"Answers on val (blue) beside the truth (yellow): {pictures[-1]}")
        _report_gain(settings, job)


def merge(
    adapter: Annotated[Path, typer.Option(help="A run folder of `uniultra adapt`.")],
    out: Annotated[
        Path,
        typer.Option(
            help="The new folder: config.json and model.safetensors, which `from_pretrained` opens."
        ),
    ],
    base: Annotated[str | None, typer.Option(help="Where the base is now, if it has moved.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing model.")] = False,
) -> None:
    """Put an adapter into its base, as one plain model folder. Needs uniultra[train]."""
    need("train", "torch", "transformers", "peft")
    from uniultra.backends.torch import passes_beside
    from uniultra.io.output import check_free
    from uniultra.model_facts import MODEL_JSON
    from uniultra.models.adapted import ADAPTER_FILE, open_adapted, save_plain

    if not (adapter / ADAPTER_FILE).is_file():
        raise ModelError(f"'{adapter}' has no {ADAPTER_FILE}; give the --out of a finished `uniultra adapt`")
    check_free([out / file for file in ("config.json", "model.safetensors", MODEL_JSON)], force)
    save_plain(open_adapted(adapter, base), out, force, passes_beside(adapter if base is None else base))
    say(f"Merged model in {out}")


def _report_gain(settings: AdaptConfig, job: AdaptJob) -> None:
    """Base and adapted model on val, their difference, and what to be wary of; also as gain.json."""
    from rich.console import Console

    from uniultra.data.splits import selection_split
    from uniultra.io.output import write_json
    from uniultra.models.adapted import base_location, open_adapted
    from uniultra.models.build import load
    from uniultra.training.adapt import splits_for
    from uniultra.training.gain import measure_gain

    _, val = splits_for(job.manifest, settings, job.shots)
    if val is None:
        say(f"No val split, so the gain is not measured; {_how_to_see(settings, job)}")
        return
    others = None
    if job.replay is not None:
        try:
            others = selection_split(job.replay)
        except DataError:
            say(f"'{job.replay.path}' has no val rows, so other organs are not evaluated")
    adapted = open_adapted(job.out)
    with Console(stderr=True).status("comparing with the base on val"):
        before = load(base_location(settings.base.name), image_size=adapted.input_size)
        gain = measure_gain(before, adapted, val, others, settings.data.named_share > 0)
    write_json(
        job.out / "gain.json",
        {
            "split": "val",
            "measure": "one pass per prompt, as val in log.jsonl",
            "own": gain.own,
            "others": gain.others,
            "unnamed": gain.unnamed,
            "warnings": gain.warnings,
        },
        force=True,
    )
    chose = ", which also chose the checkpoint" if settings.optim.keep == "best" else ""
    print(f"On val{chose}, with one pass per prompt, as in log.jsonl.")
    if _has_test(job):
        say(f"For figures to report, with all passes: {_evaluation(settings, job)}")
    own = "your data" if gain.unnamed is None else "your data, by name"
    comparisons = ((own, gain.own), ("your data, no name said", gain.unnamed), ("replay", gain.others))
    for title, comparison in comparisons:
        for line in _lines(comparison or {}):
            say(f"  {title}: {line}")
    for warning in gain.warnings:
        say(f"Warning: {warning}")


def _has_test(job: AdaptJob) -> bool:
    return any(row.split == "test" for row in job.manifest)


def _how_to_see(settings: AdaptConfig, job: AdaptJob) -> str:
    """How to learn what a run gained that had nothing to choose by."""
    if _has_test(job):
        return f"see it with: {_evaluation(settings, job)}"
    return (
        "no test split either: keep images of some patients out of train to see it, as with --fractions of "
        "`uniultra data import`"
    )


def _evaluation(settings: AdaptConfig, job: AdaptJob) -> str:
    """The command that evaluates the adapted model for a report, beside its base where `evaluate` can."""
    from uniultra.cli.work.training import against

    words = ("uniultra", "evaluate", "--data", job.manifest.path, "--split", "test", "--model", job.out)
    named = ("--named",) if settings.data.named_share else ()
    return command(*words, *named, *against(settings.base.name), "--out", job.out / "report")


def _lines(comparison: Comparison) -> list[str]:
    """One line per kind and organ: both Dices, and the difference with its interval."""
    lines = []
    for kind, organs in comparison.items():
        for organ, found in list(organs.items())[
            : 1 if len(organs) == 2 else None
        ]:  # of one organ the mean over organs is the same
            span = "" if found.interval is None else f" [{found.interval[0]:+.3f}, {found.interval[1]:+.3f}]"
            lines.append(
                f"{kind}/{organ}: Dice {found.other_dice:.3f} -> {found.dice:.3f} "
                f"({found.difference:+.3f}{span})"
            )
    return lines
