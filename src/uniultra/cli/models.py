"""`uniultra models`: what is published, and where its card is."""

from __future__ import annotations


def models() -> None:
    """List the published models, their size on disk, licence and model card."""
    from uniultra.registry import DEFAULT, MODELS, verified_folder

    for entry in MODELS:
        size = sum(file.stat().st_size for file in verified_folder(entry).iterdir()) / 1e6
        mark = "  (default)" if entry.name == DEFAULT else ""
        print(
            f"{entry.name} {entry.version}{mark}: input {entry.input_size} px, {size:.1f} MB, "
            f"{entry.licence}, card {entry.card}"
        )
