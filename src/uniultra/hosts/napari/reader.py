"""napari's reader: a file becomes an image layer with its millimetres, a label map a labels layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from uniultra.errors import FileError
from uniultra.hosts.napari.layers import OURS, image_layer
from uniultra.io.images import kind_of
from uniultra.io.input_file import InputFile
from uniultra.io.label_maps import READERS

Layer = tuple[Any, dict[str, Any], str]
LABELS = (".seg.nrrd",)


def get_reader(path: str | list[str]) -> Callable[[Any], list[Layer]] | None:
    """What reads this path; None where it is several, or no file of a known kind."""
    if not isinstance(path, str):
        return None
    try:
        kind_of(path)
    except FileError:
        return None
    return read


def read(path: str) -> list[Layer]:
    """The layers of a file. Raises FileError."""
    source = InputFile(Path(path), kind_of(path))
    if source.kind in READERS and path.lower().endswith(LABELS):
        ids, calibration = READERS[source.kind](path)
        down, right = calibration.whole_mm_yx or (1.0, 1.0)
        unit = "millimeter" if calibration.whole_mm_yx else "pixel"
        attributes = {"name": source.stem, "scale": (down, right), "units": (unit, unit)}
        return [(ids, attributes | {"metadata": {OURS: {"path": path}}}, "labels")]
    return [image_layer(source.cine, source.stem, path)]
