"""`uniultra params`: the paper's parameter counts, reproduced by building the models."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from uniultra.cli.terminal.extras import need


def params(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count parameters: SAM 2-L, its CH-Adapters, the mini; and what training on still images actually
    updates.

    Both denominators are given. Needs uniultra[train].
    """
    need("train", "torch", "transformers")
    rows = table()
    if as_json:
        print(
            json.dumps(
                [{"quantity": name, "value": value, "note": note} for name, value, note in rows], indent=2
            )
        )
        return
    from rich.console import Console
    from rich.table import Table

    shown = Table(title="Parameters (arXiv 2511.15771), counted on models built here")
    for column, side in (("quantity", "left"), ("value", "right"), ("how", "left")):
        shown.add_column(column, justify=side)  # type: ignore[arg-type]
    for name, value, note in rows:
        shown.add_row(name, f"{value:.2%}" if isinstance(value, float) else f"{value:,}", note)
    Console().print(shown)


def table() -> list[tuple[str, int | float, str]]:
    """Rows of (quantity, count or share, how it was found)."""
    from uniultra.model_facts import read_structures
    from uniultra.models.build import DecoderSize
    from uniultra.models.params import count, count_still, moved_by_stills
    from uniultra.registry import DEFAULT, find, verified_folder

    plain, large, mini, bare = count("large", None), count("large"), count("mini"), count("mini", None)
    stills, names = moved_by_stills("large"), read_structures(verified_folder(find(DEFAULT)))
    return [
        ("SAM 2-L, whole", plain.whole, "image encoder, prompt encoder, mask decoder, video memory"),
        ("SAM 2-L, image encoder", plain.encoder, "Hiera-L and neck"),
        ("SAM 2-L with CH-Adapters", large.whole, "one adapter per block, one edge stem"),
        ("  trainable", large.trainable, "adapters, edge stem, and all but the image encoder"),
        ("  trainable share", large.trainable_share, "of the adapted whole: the paper's 8.91 %"),
        (
            "  moved by still images",
            stills,
            "received a gradient in a backward pass; the memory modules get none",
        ),
        ("  moved share", stills / large.whole, "of the adapted whole"),
        ("mini, image encoder", mini.encoder, "Hiera-mini, adapters and neck"),
        ("mini, image encoder without adapters", bare.encoder, ""),
        ("mini, whole with memory", mini.whole, ""),
        ("mini, for still images", count_still("mini"), "without memory"),
        (
            "mini, for still images, decoder of 128",
            count_still("mini", decoder=DecoderSize(128, 128, 48), structures=names),
            "what uniultra-mini ships",
        ),
        (
            "fewer: mini whole / SAM 2-L encoder",
            1 - mini.whole / plain.encoder,
            "the paper's 94.08 %: different parts are compared",
        ),
        ("fewer: whole / whole", 1 - mini.whole / plain.whole, "like for like"),
        ("fewer: encoder / encoder", 1 - mini.encoder / plain.encoder, "like for like"),
    ]
