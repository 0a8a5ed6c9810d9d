"""What is timed: a contestant has steps to call, and our own models are such, on onnxruntime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.backends.onnx import DECODER, ENCODER, OnnxBackend
from uniultra.backends.open import open_backend, weights_sha256
from uniultra.errors import ModelError
from uniultra.geometry import ModelMap, prompt_points
from uniultra.io.images import read_frame
from uniultra.pixel_scale import Box
from uniultra.prompt_checks import check_prompt
from uniultra.registry import MODELS, find
from uniultra.segmenter import Segmenter
from uniultra.text import command
from uniultra.types import Prompt

ENCODE, DECODE, FIRST, FIRST_CLICK, FURTHER = (
    "encoder",
    "decoder",
    "file to first mask",
    "file to mask of a click",
    "further click",
)
STEPS = (ENCODE, DECODE, FIRST, FIRST_CLICK, FURTHER)
"""One image encoded; one prompt decoded on it; from the file on disk to the mask of a box,
or of a click; one more click on what is encoded."""
OWN, RANDOM = "its own", "random"


@dataclass(frozen=True)
class Task:
    """What all contestants are asked: a box on an image, then a click inside it."""

    image: Path
    box_xyxy: Box

    @property
    def click_xy(self) -> tuple[float, float]:
        """The middle of the box."""
        x0, y0, x1, y1 = self.box_xyxy
        return (x0 + x1) / 2, (y0 + y1) / 2


@dataclass(frozen=True)
class Contestant:
    """One model, ready to be called.

    Attributes:
        name: shown in tables, and what `--accuracy` calls it.
        engine: what runs it.
        input_px: side of its square input.
        weights: `OWN`, or `RANDOM` where they can't be had: times don't depend on them.
        disk_bytes: of the files that it is loaded from, or that its weights would take as fp32.
        parameters: numbers in it; None where the files don't say.
        steps: name of the step -> call, for those of `STEPS` that it has.
        made_with: the hash of its weights and how they are prompted; None for peers.
    """

    name: str
    engine: str
    input_px: int
    weights: str
    disk_bytes: int
    parameters: int | None
    steps: Mapping[str, Callable[[], object]]
    made_with: tuple[str, dict[str, Any]] | None = None


def our_model(model: str, task: Task, threads: int) -> Contestant:
    """A published model or a folder of ONNX files, with its own sessions.

    Raises:
        ModelError: there is none, or it isn't ONNX.
        FileError, PromptError: the task's image can't be read, or its box isn't on it.
    """
    backend = open_backend(model, threads)
    if not isinstance(backend, OnnxBackend):
        raise ModelError(
            f"'{model}' holds no ONNX files; export it first: "
            f"{command('uniultra', 'export', '--model', model)} --out FOLDER --name NAME"
        )
    segmenter = Segmenter(backend)
    folder = folder_of(model)
    disk = sum((folder / file).stat().st_size for file in (ENCODER, DECODER))
    return Contestant(
        label(model, backend),
        "onnxruntime",
        backend.facts.input_size,
        OWN,
        disk,
        None,
        _steps(segmenter, task),
        (weights_sha256(model), backend.facts.prompting),
    )


def label(model: str, backend: OnnxBackend) -> str:
    """A published model's name; a folder's own name for another, since two exports may call themselves the
    same.
    """
    return backend.facts.name if any(entry.name == model for entry in MODELS) else Path(model).resolve().name


def folder_of(model: str) -> Path:
    """Where a model's files lie."""
    return find(model).folder if any(entry.name == model for entry in MODELS) else Path(model)


def _steps(segmenter: Segmenter, task: Task) -> dict[str, Callable[[], object]]:
    frame = read_frame(task.image)
    box = Prompt(box_xyxy=task.box_xyxy)
    check_prompt(box, (frame.height, frame.width))
    backend = segmenter.backend
    region = segmenter.region_for(box, (frame.height, frame.width))
    assert region is not None, "a box has a crop"
    to_model = ModelMap(region, backend.facts.input_size)
    view = to_model.sample(frame.pixels_hw)[None]
    embedding = segmenter.encode(frame, region)
    points, labels = (array[None] for array in prompt_points(box, to_model))
    grid = backend.facts.input_size // 4
    no_mask = np.zeros((1, 1, grid, grid), np.float32), np.zeros(1, np.float32)
    click = Prompt(points_xy=(task.click_xy,), point_labels=(1,))
    further = replace(
        box,
        points_xy=(task.click_xy,),
        point_labels=(1,),
        mask_hw=segmenter.decode(embedding, [box])[0].mask_hw,
    )
    return {
        ENCODE: lambda: backend.encode(view),
        DECODE: lambda: backend.decode(embedding.features, points, labels, *no_mask),
        FIRST: lambda: segmenter.segment(read_frame(task.image), [box]),
        FIRST_CLICK: lambda: segmenter.segment(read_frame(task.image), [click]),
        FURTHER: lambda: segmenter.refine(embedding, further).mask,
    }
