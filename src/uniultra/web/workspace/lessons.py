"""What a model learned from a project's accepted images, as plain files.

    learn/NAME/lesson.json            the kind of structure, the images, those left out
    learn/NAME/data/manifest.csv      what `uniultra adapt` reads, with copies of images and masks beside it
    learn/NAME/adapter.safetensors    and what else a run folder has: `--model` takes the folder

A folder is what it is by its files: without an adapter it is unfinished, and is resumed by the same command.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from uniultra.data.manifest_text import COLUMNS
from uniultra.io.output import write_json
from uniultra.io.tables import write_csv
from uniultra.web.problems import Problem
from uniultra.web.workspace.project_files import bytes_of, free_folder, safe_name

FOLDER = "learn"
SCHEMA = "uniultra.lesson/1"
LEAST_IMAGES, TWO_LEFT_OUT = 5, 8
"""Accepted images that a lesson takes; from how many on two are left out and not one."""
MOST_IMAGES, MOST_FRAMES = 60, 3
"""Images of a lesson, and frames of each."""
STEPS, STEPS_A_SAMPLE = 340, 27
"""Of a lesson at most, and for each sample: what `uniultra adapt --minute` itself takes where each shows one
structure.
"""
KINDS = (("box", "box10"), ("click", "click1"))
"""The prompts of gain.json by their names, and by those that `uniultra adapt` gave them before."""
_MOST_BYTES = 2_000_000


@dataclass(frozen=True)
class Sample:
    """One frame that a lesson is from: its file (`group`), and names of its picture and mask below `data`."""

    group: str
    image: str
    mask: str


class LessonFile(BaseModel):
    """lesson.json."""

    schema_: Annotated[Literal["uniultra.lesson/1"], Field(alias="schema")]
    kind: Annotated[str, Field(max_length=80)]
    base: Annotated[str, Field(max_length=500)]
    images: Annotated[list[str], Field(max_length=MOST_IMAGES)]
    left_out: Annotated[list[str], Field(max_length=MOST_IMAGES)]
    steps: Annotated[int, Field(ge=1, le=100_000)]


class Gained(BaseModel):
    """Mean Dice on the images left out, by kind of prompt: before, after."""

    objects: int
    box: tuple[float, float]
    click: tuple[float, float]


class Lesson(BaseModel):
    """A lesson as the page shows it. `status`: running, stopped, ready."""

    id: str
    kind: str
    images: list[str]
    left_out: list[str]
    status: Literal["running", "stopped", "ready"]
    step: int
    steps: int
    gained: Gained | None = None
    problem: str = ""


def settings(steps: int) -> tuple[str, ...]:
    """What `uniultra adapt --minute` is told beside: the steps that the page shows, checkpoints to go on
    from, and boxes as hands draw them, since a lesson is of one kind (`training.config.MARGIN_SHARE`).
    """
    return f"optim.steps={steps}", "optim.save_every=50", "data.margin_share=0.35"


def left_out(groups: Sequence[str]) -> list[str]:
    """One of fewer than eight files, else two: by a hash of their names, so that nobody picks them."""
    ordered = sorted(set(groups), key=lambda name: hashlib.blake2b(name.encode()).digest())
    return ordered[: 2 if len(ordered) >= TWO_LEFT_OUT else 1]


def next_folder(root: Path, kind: str) -> Path:
    """The folder of a kind's next lesson: below `root`, KIND-1, KIND-2, ..."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", safe_name(kind))[:40].strip("-") or "structure"
    return free_folder(root, stem)


def manifest_row(**said: Any) -> list[Any]:
    """A line of a manifest of a project's own images; what isn't said is empty."""
    known = {"dataset": "project", "licence": "the project's own"} | said
    return [known.get(column, "") for column in COLUMNS]


def write_lesson(folder: Path, kind: str, base: str, samples: Sequence[Sample]) -> None:
    """Writes the manifest and lesson.json of samples whose pictures are there. Raises OutputError."""
    out = left_out([sample.group for sample in samples])
    rows = [
        manifest_row(
            id=Path(sample.image).stem,
            organ=kind,
            split="val" if sample.group in out else "train",
            image=sample.image,
            mask=sample.mask,
            group=sample.group,
        )
        for sample in samples
    ]
    write_csv(folder / "data" / "manifest.csv", COLUMNS, rows, force=True)
    said = {"schema": SCHEMA, "notice": "not a medical device", "kind": kind, "base": base}
    images = sorted({sample.group for sample in samples})
    learned = sum(sample.group not in out for sample in samples)
    steps = max(1, min(STEPS, STEPS_A_SAMPLE * learned))
    write_json(
        folder / "lesson.json", {**said, "images": images, "left_out": out, "steps": steps}, force=True
    )


def read_lesson(folder: Path, running: bool, problem: str = "") -> Lesson | None:
    """What a lesson's folder says; None where it is none, or can't be used."""
    try:
        said = LessonFile.model_validate_json(bytes_of(folder / "lesson.json", _MOST_BYTES) or b"")
        gained = _gained(folder)
    except (Problem, ValidationError, ValueError):
        return None
    done = gained is not None and (folder / "adapter.safetensors").is_file() and not running
    unfinished: Literal["running", "stopped"] = "running" if running else "stopped"
    return Lesson(
        id=folder.name,
        kind=said.kind,
        images=said.images,
        left_out=said.left_out,
        status="ready" if done else unfinished,
        step=said.steps if done else min(said.steps, _step(folder)),
        steps=said.steps,
        gained=gained if done else None,
        problem="" if done else problem,
    )


def _gained(folder: Path) -> Gained | None:
    """What gain.json says; None where it isn't there. Raises ValueError."""
    text = bytes_of(folder / "gain.json", _MOST_BYTES)
    if text is None:
        return None
    try:
        own: dict[str, Any] = json.loads(text)["own"]
        box, click = (own[kind if kind in own else earlier]["mean over organs"] for kind, earlier in KINDS)
        pairs = [(float(one["other_dice"]), float(one["dice"])) for one in (box, click)]
        return Gained(objects=int(box["objects"]), box=pairs[0], click=pairs[1])
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("gain.json") from error


def _step(folder: Path) -> int:
    """The last step in the log; 0 before the first."""
    try:
        lines = (bytes_of(folder / "log.jsonl", _MOST_BYTES) or b"").decode("utf-8", "replace").splitlines()
        return max(0, int(json.loads(lines[-1])["step"]))
    except (Problem, ValueError, TypeError, KeyError, IndexError, RecursionError):
        return 0
