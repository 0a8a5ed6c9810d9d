"""`uniultra demo`: a handful of bundled real ultrasound images, segmented, on one contact sheet."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uniultra.cli.terminal.text import say
from uniultra.registry import DEFAULT
from uniultra.text import command

if TYPE_CHECKING:
    import numpy as np

    from uniultra.segmenter import Segmenter

EXAMPLES = Path(__file__).parents[1] / "examples"


def demo(
    out: Annotated[Path, typer.Option(help="Folder for contact_sheet.png.")] = Path("uniultra-demo"),
    model: Annotated[str, typer.Option(help="A published model, or a model folder.")] = DEFAULT,
) -> None:
    """Segment bundled images of several organs, from boxes and clicks, and draw them on one picture."""
    from uniultra.io.contact_sheet import contact_sheet
    from uniultra.io.output import check_free, write_png
    from uniultra.segmenter import Segmenter

    sheet = out / "contact_sheet.png"
    check_free([sheet], force=True)
    segmenter = Segmenter.load(model)
    print(f"{segmenter.name} {segmenter.version}, on this machine's processor, offline")
    examples = json.loads((EXAMPLES / "examples.json").read_text(encoding="utf-8"))
    tiles, captions = zip(*(_one(segmenter, example) for example in examples), strict=True)
    write_png(sheet, contact_sheet(tiles, captions, columns=3), force=True)
    say("", f"Results: {sheet.resolve()}")
    print("Not a medical device. The images' sources: uniultra/examples/ATTRIBUTION.md")
    say("Try it: change the box, or the image for one of yours, in", f"  {try_it(out)}")


def try_it(out: Path) -> str:
    """A command that segments one of the images, as this machine's shell takes it."""
    import shutil
    import sys

    folder = Path(sys.executable).parent
    program = shutil.which("uniultra", path=str(folder)) or shutil.which("uniultra") or "uniultra"
    if shutil.which("uniultra") == program:
        program = "uniultra"
    words = [_near(program), "segment", _near(EXAMPLES / "malignant_183.jpg"), "--box", "116,40,398,318"]
    words += ["--out", str(out), "--force"]
    return command(*words)


def _near(path: Path | str) -> str:
    """A path below the working folder relative to it; any other, and the name of a program, as it is."""
    return str(Path(path).relative_to(Path.cwd())) if Path(path).is_relative_to(Path.cwd()) else str(path)


def _one(segmenter: Segmenter, example: dict[str, object]) -> tuple[np.ndarray, str]:
    """A tile and its caption; prints a line."""
    from dataclasses import replace

    from uniultra.io.annotations import draw_overlay
    from uniultra.io.images import read_frame
    from uniultra.measure import area
    from uniultra.pixel_scale import Calibration
    from uniultra.prompts.objects import prompt_of

    frame = read_frame(EXAMPLES / str(example["image"]))
    if "spacing_mm" in example:
        side = float(example["spacing_mm"])  # type: ignore[arg-type]
        frame = replace(frame, calibration=Calibration.uniform((side, side)))
    prompts = [prompt_of(item) for item in example["objects"]]  # type: ignore[attr-defined]
    began = time.perf_counter()
    masks = segmenter.segment(frame, prompts)
    milliseconds = 1000 * (time.perf_counter() - began)
    sizes = ", ".join(
        f"{area(mask).value:.0f} {area(mask).unit}, quality {mask.quality:.2f}" for mask in masks
    )
    print(f"  {example['organ']:<15} {example['prompt']:<25} {sizes:<48} {milliseconds:4.0f} ms")
    return draw_overlay(frame, masks, prompts), f"{example['organ']}, {example['prompt']}\n{sizes}"
