"""Our contestant answers what it says it answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from uniultra.backends.open import weights_sha256
from uniultra.bench.candidates import DECODE, ENCODE, FIRST, FIRST_CLICK, FURTHER, Task, our_model
from uniultra.io.images import read_frame
from uniultra.registry import find
from uniultra.segmenter import Segmenter
from uniultra.types import Features, Mask, Prompt

EXAMPLE = Path(__file__).parents[2] / "src" / "uniultra" / "examples" / "malignant_183.jpg"
TASK = Task(EXAMPLE, (116.0, 40.0, 398.0, 318.0))


def test_each_step_does_its_work() -> None:
    contestant = our_model("uniultra-mini", TASK, threads=1)
    answers = {step: call() for step, call in contestant.steps.items()}
    assert isinstance(answers[ENCODE], Features)
    logits, quality = answers[DECODE]  # type: ignore[misc]
    assert (logits.shape, quality.shape) == ((1, 64, 64), (1,))
    [mask] = Segmenter.load(threads=1).segment(read_frame(EXAMPLE), [Prompt(box_xyxy=TASK.box_xyxy)])
    [first] = answers[FIRST]  # type: ignore[misc]
    np.testing.assert_array_equal(first.mask_hw, mask.mask_hw)
    [clicked] = answers[FIRST_CLICK]  # type: ignore[misc]
    further = answers[FURTHER]
    assert isinstance(further, Mask)
    for found in (clicked, further):
        assert found.mask_hw[179, 257]  # the click, the middle of the box
        assert found.mask_hw.shape == mask.mask_hw.shape


def test_a_folder_goes_by_its_own_name() -> None:
    folder = find("uniultra-mini").folder
    contestant = our_model(f"{folder}/../{folder.name}", TASK, threads=1)
    assert (contestant.name, contestant.input_px) == ("uniultra-mini", 256)
    facts = Segmenter.load("uniultra-mini").facts
    assert contestant.made_with == (weights_sha256("uniultra-mini"), facts.prompting)
    assert contestant.disk_bytes == sum(
        (folder / file).stat().st_size for file in ("encoder.onnx", "decoder.onnx")
    )
