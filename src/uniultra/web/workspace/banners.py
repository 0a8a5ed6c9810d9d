"""Where a scanner burns names into its pictures: boxes that are covered in everything that is exported with
pixels, remembered by scanner model and size of picture.

    banners.json      of the project folder
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from uniultra.io.input_file import InputFile
from uniultra.io.output import write_json
from uniultra.text import printable
from uniultra.types import Frame
from uniultra.web.problems import Problem
from uniultra.web.schemas import Box, Strict
from uniultra.web.workspace.project_files import bytes_of, fault_in, os_errors

FILE = "banners.json"
SCHEMA = "uniultra.banners/1"
MOST_BANNERS, MOST_SCANNERS = 20, 1000
Boxes = Annotated[list[Box], Field(max_length=MOST_BANNERS)]
Edges = tuple[float, float, float, float]


class BannersIn(Strict):
    """All boxes that are covered on pictures of an image's scanner."""

    boxes: Boxes


class _File(Strict):
    schema_: Annotated[Literal["uniultra.banners/1"], Field(alias="schema")]
    scanners: Annotated[dict[str, Boxes], Field(max_length=MOST_SCANNERS)]


@dataclass(frozen=True)
class Banners:
    """A project's banners. Its methods block; whoever writes holds the project's lock."""

    folder: Path

    def of(self, scanner: str) -> list[list[float]]:
        """Boxes x0,y0,x1,y1 of a scanner's pictures. Raises Problem: project, so that nothing is exported
        uncovered.
        """
        return self._read().get(scanner, [])

    def keep(self, scanner: str, boxes: list[list[float]]) -> None:
        """Remembers a scanner's boxes; none forgets them. Raises Problem: project, output."""
        known = self._read()
        known.pop(scanner, None)
        if boxes:
            known[scanner] = boxes
        with os_errors():
            write_json(self.folder / FILE, {"schema": SCHEMA, "scanners": known}, force=True)

    def _read(self) -> dict[str, list[list[float]]]:
        data = bytes_of(self.folder / FILE)
        if data is None:
            return {}
        try:
            return dict(_File.model_validate(json.loads(data)).scanners)
        except (ValidationError, ValueError, RecursionError) as error:
            raise Problem("project", f"{FILE}: {fault_in(error)}; move it away to start again") from None


def scanner_of(file: InputFile, frame_hw: tuple[int, int]) -> str:
    """What names a scanner and its layout: manufacturer, model and size of DICOM, else kind and size."""
    size = f"{frame_hw[1]} x {frame_hw[0]}"
    if not file.is_dicom:
        return f"{file.kind} {size}"
    from uniultra.io.dicom.attributes import text

    dataset = file.header.dataset
    said = (text(dataset, name, 64) for name in ("Manufacturer", "ManufacturerModelName"))
    return " ".join([*(printable(one.strip()) for one in said if one), size])


def covered(frame: Frame, banners: tuple[Edges, ...]) -> Frame:
    """The frame with every pixel that a box touches black."""
    if not banners:
        return frame
    pixels = frame.pixels_hw.copy()
    cover(pixels, banners)
    return replace(frame, pixels_hw=pixels)


def cover(pixels: np.ndarray, banners: tuple[Edges, ...]) -> None:
    """Makes every pixel that a box touches 0, in place: (H, W) or (H, W, 3)."""
    for x0, y0, x1, y1 in banners:
        top, left = (max(0, math.floor(edge + 0.5)) for edge in (y0, x0))
        pixels[top : max(0, math.ceil(y1 + 0.5)), left : max(0, math.ceil(x1 + 0.5))] = 0
