"""What an evaluation asks of a segmenter: the table of prompt kinds, and the few numbers of a run. Imports
nothing heavy.

Adding a kind of prompt is adding a row to `KINDS`.
"""

from __future__ import annotations

from dataclasses import dataclass

from uniultra.errors import PromptError
from uniultra.hashes import stable_seed as stable_seed
from uniultra.text import comma_parts

GOAL_DICE = 0.9
"""Good enough: clicks are counted until this."""
DAMAGED_IMAGES = 20
"""How many images of a data set are damaged by default; see `robustness`."""


@dataclass(frozen=True)
class PromptKind:
    """One way of pointing at an object: a box, a number of clicks, or a rough previous mask.

    Attributes:
        name: as the command line and the report write it.
        jitter: how far each edge of the box moves at most, as a share of the side along it; 0 is the exact
            box.
        margin: how far all edges of the box lie outwards, as a share of the side along them; below 0 inwards.
        fit: what is said of the box: tight or loose; "" for nothing.
        boxes: the kind whose boxes, to the bit, these are, if another's; clicks then correct the answer to
            that box, which stays given.
        sam2: the box is drawn as SAM 2's training draws it; see `prompts.sam2_box`.
        clicks: how many clicks at most, the first in the object's depth, each further one on the largest
            error; of a box (`corrects`) all of them. 0 for others.
        anywhere: the first click falls on any pixel of the object, all alike, instead.
        stroke: the first clicks are the places along a short stroke through the object, given at once; see
            `prompts.scribble`.
        goal: clicks end at this Dice; 0 for as many as `clicks` says.
        at_once: each answer is to the box and all clicks so far, given at once, not to the last mask.
        rough: a previous mask, made of the truth by `rough_mask`, and nothing else.
    """

    name: str
    jitter: float = 0.0
    margin: float = 0.0
    sam2: bool = False
    clicks: int = 0
    anywhere: bool = False
    stroke: bool = False
    goal: float = 0.0
    rough: bool = False
    fit: str = ""
    boxes: str = ""
    at_once: bool = False

    @property
    def is_box(self) -> bool:
        return self.clicks == 0 and not self.rough

    @property
    def corrects(self) -> bool:
        """Whether its clicks follow a box."""
        return self.clicks > 0 and bool(self.boxes)

    @property
    def answers(self) -> int:
        """How many answers a run has at most: one for each click, and one for the box that they follow."""
        return self.clicks + self.corrects

    @property
    def is_drawn(self) -> bool:
        """Whether chance has a part in it, so that it is asked once a draw."""
        return self.jitter > 0 or self.sam2 or self.anywhere or self.stroke


KINDS: dict[str, PromptKind] = {
    kind.name: kind
    for kind in (
        PromptKind("box"),
        PromptKind("box10", jitter=0.1),
        PromptKind("box20", jitter=0.2),
        PromptKind("click1", clicks=1),
        PromptKind("click3", clicks=3),
        PromptKind("click5", clicks=5),
        PromptKind("to90", clicks=10, goal=GOAL_DICE),
        PromptKind("mask", rough=True),
        PromptKind("loose15", margin=0.15),
        PromptKind("loose30", margin=0.30),
        PromptKind("tight10", margin=-0.10),
        PromptKind("sam2box", sam2=True),
        PromptKind("uclick1", clicks=1, anywhere=True),
        PromptKind("scribble", clicks=1, stroke=True),
        PromptKind("box4", jitter=0.04),
        PromptKind("saidtight", fit="tight", boxes="box"),
        PromptKind("saidtight4", jitter=0.04, fit="tight", boxes="box4"),
        PromptKind("saidloose15", margin=0.15, fit="loose", boxes="loose15"),
        PromptKind("saidloose30", margin=0.30, fit="loose", boxes="loose30"),
        PromptKind("box10then1", jitter=0.1, clicks=1, boxes="box10"),
        PromptKind("box10then3", jitter=0.1, clicks=3, boxes="box10"),
        PromptKind("loose30then1", margin=0.30, clicks=1, boxes="loose30"),
        PromptKind("click3atonce", clicks=3, at_once=True),
        PromptKind("click5atonce", clicks=5, at_once=True),
        PromptKind("box10with1", jitter=0.1, clicks=1, boxes="box10", at_once=True),
        PromptKind("box10with3", jitter=0.1, clicks=3, boxes="box10", at_once=True),
    )
}
STANDARD_KINDS = ("box", "box10", "box20", "click1", "click3", "click5", "to90", "mask")
"""What is asked where nothing else is said."""
MOST_SEED = 2**32 - 1


@dataclass(frozen=True)
class EvaluationSettings:
    """The numbers of one run.

    Attributes:
        kinds: names of `KINDS`.
        draws: how often an object is asked by a kind that chance has a part in, each time with its own seed;
            by others once.
        workers: threads, each with images of its own; changes no result.
        skip_bad: whether a row whose own files can't be used is left out and listed; else it ends the run.
        seeds: the draws' numbers in place of 0, 1, ...; then `draws` counts for nothing.
        named: whether prompts say what the objects are called, where `data.structure_names` knows it.

    Raises:
        PromptError: no kinds, an unknown or repeated one, a count below 1, or a seed that is repeated or not
            from 0 to MOST_SEED.
    """

    kinds: tuple[str, ...] = STANDARD_KINDS
    draws: int = 3
    workers: int = 1
    skip_bad: bool = False
    seeds: tuple[int, ...] = ()
    named: bool = False

    def __post_init__(self) -> None:
        wrong = [f"'{name}' is unknown" for name in self.kinds if name not in KINDS]
        wrong += [f"'{name}' is given twice" for name in KINDS if self.kinds.count(name) > 1]
        if wrong or not self.kinds:
            given, why = ",".join(self.kinds), f": {wrong[0]}" if wrong else ""
            raise PromptError(
                f"prompt kinds '{given}' are not usable{why}; give some of {','.join(KINDS)}, each once, "
                "separated by commas"
            )
        for name, value in (("draws", self.draws), ("workers", self.workers)):
            if value < 1:
                raise PromptError(f"{name} is {value}; it must be at least 1")
        if len(set(self.seeds)) < len(self.seeds) or any(not 0 <= seed <= MOST_SEED for seed in self.seeds):
            given = ",".join(str(seed) for seed in self.seeds)
            raise PromptError(
                f"seeds '{given}' are not usable; give whole numbers from 0 to {MOST_SEED}, each once, such "
                "as 42,2026,1337"
            )

    def draws_of(self, kind: PromptKind) -> tuple[int, ...]:
        """The numbers of a kind's draws."""
        if not kind.is_drawn:
            return (0,)
        return self.seeds or tuple(range(self.draws))

    @property
    def boxes(self) -> tuple[PromptKind, ...]:
        return tuple(KINDS[name] for name in self.kinds if KINDS[name].is_box)

    @property
    def clicks(self) -> tuple[PromptKind, ...]:
        return tuple(KINDS[name] for name in self.kinds if KINDS[name].clicks)

    @property
    def masks(self) -> tuple[PromptKind, ...]:
        return tuple(KINDS[name] for name in self.kinds if KINDS[name].rough)


def parse_kinds(text: str) -> tuple[str, ...]:
    """The names in "box,click1"; spaces don't matter. `EvaluationSettings` checks them."""
    return comma_parts(text)


def parse_seeds(text: str) -> tuple[int, ...]:
    """The numbers in "42,2026,1337"; `EvaluationSettings` checks their range. Raises PromptError for what is
    no whole number.
    """
    try:
        return tuple(int(part) for part in comma_parts(text))
    except ValueError as error:
        raise PromptError(
            f"seeds '{text}' are not whole numbers; give some separated by commas, such as 42,2026,1337"
        ) from error
