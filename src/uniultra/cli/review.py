"""`uniultra data review`: the masks of a set to look at first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uniultra.cli.terminal.progress import progress
from uniultra.cli.terminal.text import say, tell
from uniultra.errors import DataError
from uniultra.registry import DEFAULT
from uniultra.text import count_of


def review(
    manifest: Annotated[Path, typer.Argument(help="The manifest: a CSV, one row per image.")],
    sheet: Annotated[
        Path | None,
        typer.Option(
            help="Draw the 20 masks that agree least, with the model's outlines, as a PNG to look at."
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write a row per structure as CSV, in that order.")] = None,
    model: Annotated[str, typer.Option(help="A published model or a model folder.")] = DEFAULT,
    split: Annotated[str, typer.Option(help="train, val, test or external; by default all.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Find wrong masks: list first those with which a model agrees least, although it was given their box."""
    from uniultra.atomic import check_free, staged
    from uniultra.cli.work.evaluation import segmenter_of
    from uniultra.data.manifest import SPLITS, read_manifest
    from uniultra.data.wrong_masks import has_wrong_mask, left_out
    from uniultra.evaluation.report.tables import markdown_table
    from uniultra.evaluation.review import HEADER, MOST_DRAWN, csv_rows, draw
    from uniultra.evaluation.review import review as reviewed_by
    from uniultra.io.output import write_png
    from uniultra.io.tables import write_csv

    if split and split not in SPLITS:
        raise DataError(f"split '{split}' is unknown; use {', '.join(SPLITS)}, or none for all")
    targets = {name: path for name, path in (("csv", csv), ("sheet", sheet)) if path is not None}
    check_free(targets.values(), force)
    rows = [row for row in read_manifest(manifest) if split in ("", row.split)]
    tell(left_out(rows))
    segmenter = segmenter_of(model)
    with progress("review") as advance:
        found = reviewed_by(segmenter, [row for row in rows if not has_wrong_mask(row)], advance)
    if not found:
        of = f"split '{split}' of '{manifest}'" if split else f"'{manifest}'"
        raise DataError(f"{of} shows no object, so there is nothing to review; check its masks")
    if targets:
        with staged(targets, force) as parts:
            if csv is not None:
                write_csv(parts["csv"], HEADER, csv_rows(found))
            if sheet is not None:
                write_png(parts["sheet"], draw(segmenter, found))
    lines = [
        [each.row.id, each.row.split, f"{each.structure or each.row.organ} {each.number}", f"{each.dice:.3f}"]
        for each in found[:MOST_DRAWN]
    ]
    say(*markdown_table(["image", "split", "structure", "Dice"], lines, left=3).splitlines())
    say(
        f"{count_of(len(found), 'structure')} reviewed; the first are those to look at, not necessarily wrong"
    )
    for path in targets.values():
        say(f"Written: {path}")
