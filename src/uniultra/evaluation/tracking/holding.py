"""What it takes to hold a clip: how often a person has to prompt anew, so that every frame can be left as it
is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from uniultra.evaluation.metrics import dice
from uniultra.evaluation.tracking.followers import Followed, Tracker, true_prompt
from uniultra.evaluation.tracking.scores import ACCEPTED
from uniultra.types import Frame


def prompts_to_hold(
    tracker: Tracker,
    frames: Sequence[Frame],
    truths: Sequence[np.ndarray],
    first_run: Sequence[Followed],
    true_mask: bool = False,
) -> int:
    """How many prompts, the first one included, hold a clip at a Dice of ACCEPTED: whoever watches
    prompts anew on the first frame below it, and so on from there. Frames without the target need nothing.

    Args:
        truths: bool (H, W), the first with the target.
        first_run: what the tracker answered from the prompt of the first frame.
        true_mask: prompts are true masks; else exact boxes.
    """
    prompts, begun, answers = 1, 0, iter(first_run)
    while True:
        failed = next(
            (
                begun + place
                for place, answer in enumerate(answers)
                if place
                and truths[begun + place].any()
                and dice(answer.mask_hw, truths[begun + place]) < ACCEPTED
            ),
            None,
        )
        if failed is None:
            return prompts
        prompt = true_prompt(truths[failed], true_mask)
        assert prompt is not None, "the target is there"
        prompts, begun = prompts + 1, failed
        answers = tracker.follow(frames[failed:], prompt)
