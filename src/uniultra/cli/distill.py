"""`uniultra distill`: an adapted model teaches a small one that runs on a laptop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uniultra.cli.terminal.ending import resumable
from uniultra.cli.terminal.extras import loggers, need, only_permissive
from uniultra.cli.terminal.text import say
from uniultra.text import command


def distill(
    teacher: Annotated[
        str,
        typer.Option(
            help="A run folder of `adapt` or `train`, a model folder, a published model or a hub name."
        ),
    ],
    data: Annotated[Path, typer.Option(help="The manifest (CSV), with rows of train and val.")],
    out: Annotated[Path, typer.Option(help="The run folder; an interrupted run there is resumed.")],
    student: Annotated[
        str | None, typer.Option(help="A size, such as mini, with fresh weights; or a model to start from.")
    ] = None,
    unlabelled: Annotated[
        list[Path],
        typer.Option(help="A cine, video, image or folder without masks to learn from; repeatable."),
    ] = [],  # noqa: B006
    licence: Annotated[
        str,
        typer.Option(help="any, or permissive: use only images marked CC BY, CC0, Apache or MIT."),
    ] = "any",
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the teacher's feature maps if cache.views is set; by default in --out."
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="A TOML file, such as configs/distill/dskd.toml.")
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
    """Distil a teacher into a small model (DSKD), then tune its decoder. Needs uniultra[train]."""
    need("train", "torch", "transformers", "accelerate", "peft")
    from uniultra.cli.work.training import against, manifest_to_learn_from
    from uniultra.models.build import CONV_SIZES, SIZES
    from uniultra.training.checkpoints import has_checkpoint
    from uniultra.training.config import DistillConfig
    from uniultra.training.config_io import configured
    from uniultra.training.distill import DistillJob
    from uniultra.training.distill import distill as run
    from uniultra.training.loop import is_first_process

    changes = []
    if student is not None:
        field = "size" if student in (*SIZES, *CONV_SIZES) else "start_from"
        changes.append(f"student.{field}='{student}'")
    if student in CONV_SIZES:
        changes.append("student.adapters=false")
    settings = configured(DistillConfig(), config, (*changes, *set_))
    job = DistillJob(
        teacher,
        manifest_to_learn_from(data),
        out,
        tuple(unlabelled),
        only_permissive(licence),
        device,
        loggers(report_to),
        cache,
    )
    with resumable(begun=lambda: has_checkpoint(out)):
        folder = run(settings, job)
    if is_first_process():
        named = ("--named",) if settings.data.named_share else ()
        words = ("evaluate", "--model", folder, *against(teacher), "--data", data, *named)
        say(f"The student is in {folder}; see it with: {command('uniultra', *words)}")
