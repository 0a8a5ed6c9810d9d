"""`uniultra train`: supervised training of a model from a config and a manifest; resumes by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uniultra.cli.terminal.ending import resumable
from uniultra.cli.terminal.extras import need, only_permissive
from uniultra.cli.terminal.text import say
from uniultra.text import command


def train(
    data: Annotated[Path, typer.Option(help="The manifest (CSV).")],
    out: Annotated[Path, typer.Option(help="The run folder; an interrupted run there is resumed.")],
    config: Annotated[
        Path | None, typer.Option(help="A TOML file, such as configs/uniultra-mini.toml.")
    ] = None,
    licence: Annotated[
        str,
        typer.Option(help="any, or permissive: use only images marked CC BY, CC0, Apache or MIT."),
    ] = "any",
    set_: Annotated[
        list[str],
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Change one setting; repeatable."),
    ] = [],  # noqa: B006
) -> None:
    """Train a model on simulated prompts: boxes, clicks, corrections. Needs uniultra[train]."""
    need("train", "torch", "transformers", "accelerate")
    from uniultra.cli.work.training import manifest_to_learn_from
    from uniultra.training.checkpoints import has_checkpoint
    from uniultra.training.config_io import load_config
    from uniultra.training.supervised import train as run

    settings = load_config(config, tuple(set_))
    manifest_to_learn_from(data)
    with resumable(begun=lambda: has_checkpoint(out)):
        folder = run(settings, data, out, only_permissive(licence))
    say(f"Averaged weights in {folder}; use them with {command('--model', folder)}")
