"""Small archives of phantoms for tests of batches, and the prompts that fit them."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from phantoms import ellipse, speckled

SHAPE = 96, 128
CENTRE, HALF = (64.0, 48.0), (30.0, 22.0)
TRUE = ellipse(SHAPE, CENTRE, HALF)
BOX = (33.0, 25.0, 95.0, 71.0)


def save_phantom(path: Path, seed: int = 0) -> Path:
    """A speckled ellipse whose box is BOX."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(speckled(TRUE, seed).pixels_hw).save(path)
    return path


def save_archive(folder: Path, count: int) -> list[str]:
    """Phantoms in two sub-folders; their names."""
    names = [f"{'ab'[number % 2]}/scan{number}.png" for number in range(count)]
    for number, name in enumerate(names):
        save_phantom(folder / name, number)
    return names


def save_prompts(path: Path, names: list[str]) -> Path:
    """A box for each name."""
    rows = [f"{name},{','.join(map(str, BOX))}" for name in names]
    path.write_text("\n".join(["file,x0,y0,x1,y1", *rows]) + "\n", encoding="utf-8")
    return path
