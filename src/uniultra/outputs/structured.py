"""Results as JSON: one form for a prompt, an object, a frame and a cine, wherever they are written."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

from uniultra import __version__
from uniultra.errors import FileError
from uniultra.io.coco import compressed, run_lengths
from uniultra.measure import area_px
from uniultra.measure.drawn_caliper import caliper_json
from uniultra.measure.measured import as_json
from uniultra.model_facts import ModelFacts
from uniultra.prompts.objects import prompt_json
from uniultra.results import FrameResult, ObjectResult, made_by
from uniultra.structures import structure
from uniultra.types import Cine, Mask

NOTICE = "not a medical device"
LIBRARIES = {
    "onnxruntime": "onnxruntime",
    "torch": "torch",
    "opencv": "cv2",
    "numpy": "numpy",
    "pydicom": "pydicom",
    "pyav": "av",
    "nibabel": "nibabel",
}
"""What pixels and masks depend on, by its name and its module's."""


def object_json(found: ObjectResult) -> dict[str, Any]:
    """One structure: its prompt, box, areas, quality, and all its measures; its alternatives, where
    requested; of a tracked one also its status, and its confidence where that is known; whether a person
    corrected or drew it.
    """
    tracked = {"status": found.status, "confidence": found.confidence}
    report: dict[str, Any] = {
        "id": found.number,
        **_called(found.name),
        "prompt": None if found.prompt is None else prompt_json(found.prompt),
        "box_xyxy": found.mask.box_xyxy,
        "area_px": found.area_px,
        "area_mm2": found.area_mm2,
        "quality": found.quality,
        **({"by_hand": found.by_hand} if found.by_hand else {}),
        **{key: value for key, value in tracked.items() if value is not None},
        "measures": as_json(found.measured),
    }
    if found.alternatives is not None:
        report["alternatives"] = [alternative_json(mask) for mask in found.alternatives]
    return report


def origin_json(found: ObjectResult, model: ModelFacts) -> dict[str, Any]:
    """What COCO says of a mask beside its pixels: the quality as its score, the model that made it, and what
    a person did to it.
    """
    said = {"score": found.quality, "model": made_by(found, model) or None, "by_hand": found.by_hand}
    return {key: value for key, value in said.items() if value is not None}


def _called(name: str) -> dict[str, Any]:
    """The name of a structure and its codes, as DICOM results carry them; {} where it has none."""
    if not name:
        return {}
    one = structure(name)
    codes = {"category": one.category, "type": one.kind, "region": one.region, "laterality": one.side}
    return {"name": name, "codes": {key: asdict(code) for key, code in codes.items() if code is not None}}


def alternative_json(mask: Mask) -> dict[str, Any]:
    """A mask that isn't drawn, with its pixels as COCO run lengths."""
    size = [int(side) for side in mask.mask_hw.shape]
    return {
        "box_xyxy": mask.box_xyxy,
        "area_px": area_px(mask),
        "quality": round(mask.quality, 4),
        "rle": {"size": size, "counts": compressed(run_lengths(mask.mask_hw))},
    }


def frame_json(image: str, result: FrameResult) -> dict[str, Any]:
    """One frame of the image with this name."""
    return {
        "schema": "uniultra.segment/1",
        "image": image,
        "frame": result.number,
        "width": result.frame.width,
        "height": result.frame.height,
        "spacing_mm_yx": result.frame.spacing_mm_yx,
        "model": model_json(result.model),
        "uniultra": __version__,
        "libraries": libraries(),
        "objects": [object_json(found) for found in result.objects],
        **_calipers(result),
        "notes": list(result.notes),
        "notice": NOTICE,
    }


def _calipers(result: FrameResult) -> dict[str, Any]:
    """What a person measured beside the structures; {} where nobody did."""
    return {"calipers": [caliper_json(one) for one in result.calipers]} if result.calipers else {}


def cine_head_json(image: str, cine: Cine, model: ModelFacts, tracked: bool) -> dict[str, Any]:
    """What the JSON of a cine says before its list of frames."""
    return {
        "schema": "uniultra.segment-frames/1",
        "image": image,
        "width": cine.frame_hw[1],
        "height": cine.frame_hw[0],
        "frames_in_file": cine.count,
        "tracked": tracked,
        "model": model_json(model),
        "uniultra": __version__,
        "libraries": libraries(),
        "notice": NOTICE,
    }


def cine_frame_json(image: str, result: FrameResult) -> dict[str, Any]:
    """One entry of a cine's list of frames."""
    report = frame_json(image, result) | {"time_s": result.time_s}
    kept = ("frame", "time_s", "spacing_mm_yx", "objects", "calipers", "notes")
    return {key: report[key] for key in kept if key in report}


def fault_json(cine: Cine, number: int, error: FileError) -> dict[str, Any]:
    """The entry of a frame that can't be read, with the keys of the others: no objects, and the reason."""
    time_s = None if cine.times_s is None else round(cine.times_s[number], 6)
    place = {"frame": number, "time_s": time_s, "spacing_mm_yx": None}
    return place | {"objects": [], "notes": [], "error": str(error)}


def libraries() -> dict[str, str]:
    """The versions of the libraries that took part in a result: those of `LIBRARIES` that this process has
    loaded.
    """
    return {
        name: str(sys.modules[module].__version__)
        for name, module in LIBRARIES.items()
        if module in sys.modules
    }


def model_json(model: ModelFacts) -> dict[str, str]:
    return {"name": model.name, "version": model.version}
