"""`uniultra data`: public sets and own folders to a manifest, a manifest checked, and frames and cines
simulated.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from uniultra.cli.agreement import agreement, agreements_within, contradictions
from uniultra.cli.review import review
from uniultra.cli.terminal.help_text import LiteralCommand, LiteralGroup
from uniultra.cli.terminal.progress import progress
from uniultra.cli.terminal.text import list_problems, say, tell
from uniultra.errors import DataError
from uniultra.text import command, count_of, number_of

NAMELESS = {
    "coco": "not each annotation has a category whose name is text, or an image shows more than 32 objects",
    **dict.fromkeys(
        ("labelme", "seg"), "not each label can be a name, or an image shows more than 32 objects"
    ),
    "results": "not each structure was named, or an image shows more than 32 objects",
    "nnunet": "dataset.json calls no id from 1 to 255 by a name",
}
"""Why sets that may say what their ids are called don't."""

data = typer.Typer(
    name="data",
    cls=LiteralGroup,
    help="Make a manifest from a public data set or your own images, check one, simulate one.",
    no_args_is_help=True,
)


@data.command("import", cls=LiteralCommand)
def import_(
    name: Annotated[
        str,
        typer.Argument(
            metavar="SET",
            help="busi, mmotu, hc18, ddti, cca, muscle_apo, camus, tn3k, ... or your own: folder, coco, "
            "nnunet, labelme, seg (DICOM), results (of segment, track or batch); see the docs.",
        ),
    ],
    path: Annotated[
        Path, typer.Argument(help="The data set as unpacked from its archive; for coco, the JSON file.")
    ],
    out: Annotated[Path, typer.Option(help="A new folder: manifest.csv, hashes.csv, images/, masks/.")],
    fractions: Annotated[
        str, typer.Option(help="Split fractions, by number of images; clusters are kept together.")
    ] = "train=0.7,val=0.1,test=0.2",
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    longest: Annotated[
        int | None, typer.Option(help="Shrink to this longest side in pixels; pixel_mm follows.")
    ] = None,
    published_splits: Annotated[
        bool, typer.Option("--published-splits", help="Keep the set's own splits where it has them.")
    ] = False,
    splits: Annotated[
        str,
        typer.Option(
            help="uniultra: rebuild the splits of our tables, images matched by content; in place of "
            "--fractions."
        ),
    ] = "",
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Skip files with problems, and list them.")
    ] = False,
    dataset: Annotated[str, typer.Option(help="Name of your own images in the manifest.")] = "",
    organ: Annotated[str, typer.Option(help="What your own images show.")] = "",
    licence: Annotated[str, typer.Option(help="Licence of your own images.")] = "",
    subject: Annotated[
        str,
        typer.Option(
            help="Regular expression whose first group is the patient, searched in the image's id: its "
            "file name without suffix (with its folders, joined by _)."
        ),
    ] = "",
    structures: Annotated[
        str,
        typer.Option(
            help='What the masks\' ids are called: "1=left ventricle, 2=left atrium", or one name for all; '
            "by default as categories (coco) or labels (nnunet, labelme, seg) say."
        ),
    ] = "",
    pieces: Annotated[
        bool, typer.Option("--pieces", help="Make each separate piece of an id a structure of its own.")
    ] = False,
    images: Annotated[
        str,
        typer.Option(
            help="What the folders of your own images are called, at any depth (folder); or the folder that "
            "the images lie in (results)."
        ),
    ] = "images",
    masks: Annotated[
        str, typer.Option(help="What the folders of your own masks are called, at any depth (folder).")
    ] = "masks",
) -> None:
    """Write a manifest of a set: splits by patient and near-duplicate cluster, a SHA-256 of every file."""
    from uniultra.cli.work.importing import import_notes, names_of_other_ids
    from uniultra.data.importers.registry import input_file
    from uniultra.data.manifest import SPLITS
    from uniultra.data.set_import import ImportSettings, import_set

    settings = ImportSettings(
        parse_fractions(fractions),
        seed,
        longest,
        skip_bad,
        published_splits,
        dataset,
        organ,
        licence,
        subject,
        splits,
        structures,
        pieces,
    )
    with progress(f"import {name}") as advance:
        imported = import_set(input_file(name, images, masks), path, out, settings, advance)
    list_problems(imported.problems)
    if not imported.written:
        raise DataError(
            f"{count_of(len(imported.problems), 'problem')}, so nothing was written; fix what is listed, or "
            "pass --skip-bad"
        )
    tell(import_notes(name, imported, settings))
    found = Counter(row["split"] for row in imported.rows)
    counts = {split: found[split] for split in SPLITS if split in found}
    groups = len({row["group"] for row in imported.rows})
    shares = ", ".join(f"{count} {split}" for split, count in counts.items())
    say(
        f"{out / 'manifest.csv'}: {count_of(len(imported.rows), 'image')} in {count_of(groups, 'group')} "
        f"({shares}); {count_of(len(imported.problems), 'problem')} skipped"
    )
    if imported.names:
        said = (name if number is None else f"{number} {name}" for number, name in imported.names.items())
        say(f"Names of structures, in {out / 'structures.csv'}: {', '.join(said)}")
        tell(names_of_other_ids(imported.names, imported.ids))
    elif name in NAMELESS:
        say(f"Note: the masks' ids have no names, since {NAMELESS[name]}; --structures gives them.")
    sheet = out.with_name(f"{out.name}.png")
    say(f"Next: {command('uniultra', 'data', 'check', out / 'manifest.csv', '--sheet', sheet)}")


@data.command("check", cls=LiteralCommand)
def check(
    manifest: Annotated[Path, typer.Argument(help="The manifest: a CSV, one row per image.")],
    sheet: Annotated[
        Path | None,
        typer.Option(help="Also draw up to 20 of the images with their masks, as a PNG to look at."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing picture.")] = False,
) -> None:
    """Check a manifest and its files: every problem, by row and column."""
    from uniultra.data.data_sheet import draw_rows
    from uniultra.data.loading import check_manifest, split_by_image
    from uniultra.data.manifest import read_manifest
    from uniultra.data.wrong_masks import left_out
    from uniultra.io.output import check_free, write_png

    if sheet is not None:
        check_free([sheet], force)
    with progress("check") as advance:
        checked = check_manifest(manifest, advance)
    list_problems(checked.problems)
    if checked.problems:
        found = count_of(len(checked.problems), "problem")
        raise DataError(f"manifest '{manifest}' has {found}; fix what is listed")
    by_image = split_by_image(manifest)
    if by_image:
        said = (
            f"splits are by image in {', '.join(by_image)}: two images of one patient may be in two splits; "
            "give the column subject where you know the patient, and split by it"
        )
        tell([said])
    tell(left_out(read_manifest(manifest)))
    tell(contradictions(agreements_within(checked), manifest))
    if sheet is not None:
        write_png(sheet, draw_rows(read_manifest(manifest).rows), force)
        say(f"{sheet}: images with their masks, to look at")
    say(f"{manifest}: OK")


data.command("agreement", cls=LiteralCommand)(agreement)
data.command("review", cls=LiteralCommand)(review)


@data.command("simulate", cls=LiteralCommand)
def simulate(
    out: Annotated[Path, typer.Argument(help="A new folder: manifest.csv, images/, masks/.")],
    images: Annotated[int, typer.Option(help="Number of frames.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed draws the same frames.")] = 0,
    split: Annotated[str, typer.Option(help="Split given in the manifest.")] = "train",
    scene: Annotated[
        str, typer.Option(help="mixed: cysts, lesions, bands and more; heart: the left heart from the apex.")
    ] = "mixed",
) -> None:
    """Simulate frames with exact masks, of cysts, lesions, chambers, bands, hearts and more, and write their
    manifest.
    """
    from uniultra.data.simulation.frames import simulate_set

    with progress("simulate") as advance:
        manifest = simulate_set(out, images, seed, split, scene, advance)
    say(f"{manifest}: {images} simulated frames")


@data.command("simulate-cine", cls=LiteralCommand)
def simulate_cine(
    manifest: Annotated[Path, typer.Argument(help="A manifest of the stills to animate.")],
    out: Annotated[Path, typer.Argument(help="A new folder: manifest.csv, images/, masks/.")],
    split: Annotated[str, typer.Option(help="Split of the stills, and of their cines.")] = "train",
    cines: Annotated[int, typer.Option(help="Number of cines, from evenly spaced stills; 0: all.")] = 0,
    frames: Annotated[int, typer.Option(help="Frames of each cine.")] = 100,
    events: Annotated[
        str,
        typer.Option(
            help="none, leaves, cut, slip, freeze, fades, gain or zoom; "
            "a comma-separated list is cycled through."
        ),
    ] = "none",
    seed: Annotated[int, typer.Option(help="The same seed makes the same cines.")] = 0,
) -> None:
    """Simulate cines of a manifest's stills: each one's largest object in motion, with the exact mask of
    every frame, for `evaluate --protocol track`.
    """
    from uniultra.data.simulation.cine_set import CineSettings, simulate_cine_set
    from uniultra.evaluation.tracking.clips import LEAST_FRAMES as FOLLOWED

    chosen = tuple(event.strip() for event in events.split(","))
    settings = CineSettings(split, cines, frames, seed, chosen)  # type: ignore[arg-type]
    with progress("simulate-cine") as advance:
        found = simulate_cine_set(manifest, out, settings, advance)
    say(f"{out / 'manifest.csv'}: {count_of(found.made, 'cine')} of {frames} frames")
    if frames < FOLLOWED:
        tell([f"`evaluate --protocol track` follows clips of {FOLLOWED} frames or more, and no shorter ones"])
    if cines > found.made + found.left_out:
        tell([f"{cines} cines requested, but the split has {count_of(sum(found), 'still')}, each used once"])
    if found.left_out:
        left = f"{found.left_out} of {count_of(sum(found), 'still')}"
        tell([f"{left} left out: no object in it, or a mask that is another picture's (docs/data.md)"])


def parse_fractions(text: str) -> dict[str, float]:
    """`train=0.7,val=0.1,test=0.2` as a dict. Raises DataError."""
    from uniultra.data.manifest import SPLITS

    fractions = {}
    for part in text.split(","):
        split, _, share = part.strip().partition("=")
        if split in fractions:
            raise DataError(f"fractions '{text}' name {split} twice; give each split once")
        fractions[split] = number_of(share)
        if split not in SPLITS or not 0 <= fractions[split] <= 1:
            raise DataError(
                f"fraction '{part}' is not usable; write train=0.7,val=0.1,test=0.2, of splits "
                f"{', '.join(SPLITS)}"
            )
    return fractions
