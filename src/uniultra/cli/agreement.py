"""`uniultra data agreement`: how far the masks of two readers, or of pictures held twice, agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uniultra.cli.terminal.progress import progress
from uniultra.cli.terminal.text import list_problems, say, tell
from uniultra.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uniultra.data.loading import CheckedManifest
    from uniultra.evaluation.agreement import Agreement


def agreement(
    manifest: Annotated[Path, typer.Argument(help="The manifest: a CSV, one row per image.")],
    second: Annotated[
        Path | None,
        typer.Option(
            help="A second reader's manifest of the same images: the same dataset and id, other masks."
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Also write a row per structure as CSV.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Also draw where both masks differ most, as a PNG to look at.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Compare two masks of each picture: those of a second reader, or of pictures that a set holds twice."""
    from uniultra.atomic import check_free, staged
    from uniultra.evaluation.agreement import spreads
    from uniultra.evaluation.agreement_report import HEADER, csv_rows, draw, table
    from uniultra.io.output import write_png
    from uniultra.io.tables import write_csv

    targets = {name: path for name, path in (("csv", csv), ("sheet", sheet)) if path is not None}
    check_free(targets.values(), force)
    found = _read_by_two(manifest, second) if second is not None else _held_twice(manifest)
    if not any(each.both or each.contradict for each in found):
        fix = "" if second else "; give a second reader's masks of the same images with --second"
        raise DataError(f"no structure of '{manifest}' is outlined twice{fix}")
    if targets:
        with staged(targets, force) as parts:
            if csv is not None:
                write_csv(parts["csv"], HEADER, csv_rows(found))
            if sheet is not None:
                write_png(parts["sheet"], draw(found))
    say(*table(spreads(found)).splitlines())
    tell(contradictions(found, manifest, second))
    for path in targets.values():
        say(f"Written: {path}")


def contradictions(found: Sequence[Agreement], manifest: Path, second: Path | None = None) -> list[str]:
    """A line that names the pictures whose two masks have nothing in common; none where there are none."""
    from uniultra.text import command

    pairs = [each for each in found if each.contradict]
    if not pairs:
        return []
    named = ", ".join(" and ".join(dict.fromkeys((pair.one.id, pair.other.id))) for pair in pairs[:3])
    more = f", and {len(pairs) - 3} more" if len(pairs) > 3 else ""
    noun = "picture has two masks" if len(pairs) == 1 else "pictures have two masks each"
    options = () if second is None else ("--second", second)
    sheet = manifest.with_name("agreement.png")
    look = command("uniultra", "data", "agreement", manifest, *options, "--sheet", sheet)
    return [f"{len(pairs)} {noun} that have nothing in common ({named}{more}); look at them: {look}"]


def agreements_within(checked: CheckedManifest) -> list[Agreement]:
    """Of the pictures that a manifest holds twice."""
    from uniultra.data.same_picture import held_twice
    from uniultra.data.wrong_masks import has_wrong_mask
    from uniultra.evaluation.agreement import agreement_of

    near = (pair for pair in checked.near if not any(map(has_wrong_mask, pair)))
    return [agreement_of(pair) for pair in held_twice(near)]


def _held_twice(path: Path) -> list[Agreement]:
    from uniultra.data.loading import check_manifest
    from uniultra.data.manifest import read_manifest
    from uniultra.data.wrong_masks import left_out

    with progress("look for pictures held twice") as advance:
        checked = check_manifest(path, advance)
    list_problems(checked.problems)
    if checked.problems:
        raise DataError(f"manifest '{path}' has problems; fix what is listed")
    tell(left_out(read_manifest(path)))
    return agreements_within(checked)


def _read_by_two(path: Path, second: Path) -> list[Agreement]:
    from uniultra.data.manifest import read_manifest
    from uniultra.data.same_picture import read_twice
    from uniultra.data.wrong_masks import has_wrong_mask, left_out
    from uniultra.evaluation.agreement import agreement_of

    manifest, other = read_manifest(path), read_manifest(second)
    tell(left_out(manifest))
    rows = [row for row in manifest if not has_wrong_mask(row)]
    with progress("compare") as advance:
        return [agreement_of(pair) for pair in read_twice(rows, other.rows, advance)]
