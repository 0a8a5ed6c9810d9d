"""What a record says of the objects of an input, and their lines in results.csv."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from uniultra.batch.storage import Store
from uniultra.measure.measured import remarks
from uniultra.prompts.objects import prompt_text
from uniultra.results import FrameResult

RESULT_COLUMNS = (
    *(
        "input",
        "frame",
        "sha256",
        "object",
        "name",
        "prompt",
        "area_px",
        "area_mm2",
        "quality",
        "x0",
        "y0",
        "x1",
        "y1",
    ),
    *("mask", "model", "version", "status", "confidence", "note"),
)


def result_rows(record: dict[str, Any], store: Store) -> Iterable[list[Any]]:
    """One row per object; one that says 0 for a frame without any."""
    by_frame: dict[Any, list[dict[str, Any]]] = {picture["frame"]: [] for picture in record["frames"]}
    for found in record["objects"]:
        by_frame[found["frame"]].append(found)
    for picture in record["frames"]:
        about = [record["input"], blank(picture["frame"]), record["sha256"]]
        maker = [store.written(picture["mask"]), record["model"], record["version"]]
        for found in by_frame[picture["frame"]]:
            box = found["box_xyxy"] or [""] * 4
            yield [
                *about,
                *(
                    found["id"],
                    found.get("name", ""),
                    found["prompt"],
                    found["area_px"],
                    blank(found["area_mm2"]),
                    found["quality"],
                ),
                *box,
                *maker,
                *(blank(found.get(key)) for key in ("status", "confidence", "note")),
            ]
        if not by_frame[picture["frame"]]:
            yield [*about, 0, "", "", 0, *[""] * 6, *maker, "", "", ""]


def blank(value: Any) -> Any:
    """A value as a table has it: nothing for None."""
    return "" if value is None else value


def object_records(result: FrameResult) -> list[dict[str, Any]]:
    """One entry per object: its prompt as text, its area in pixels and, where the scale is known, mm2, and
    its quality, and what is to be known about them; of a tracked one its status and confidence.
    """
    return [
        {
            "frame": result.number,
            "id": found.number,
            "name": found.name,
            "prompt": prompt_text(found.prompt),
            "area_px": found.area_px,
            "area_mm2": found.area_mm2,
            "quality": round(found.mask.quality, 4),
            "box_xyxy": found.mask.box_xyxy,
            "note": remarks(found.scale, (*found.mask.notes, *found.notes)),
            **({"status": found.status, "confidence": found.confidence} if result.tracked else {}),
        }
        for found in result.objects
    ]
