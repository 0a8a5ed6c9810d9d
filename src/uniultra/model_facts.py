"""What a model says of itself, so that Python, JavaScript and training prompt it the same way.

A published folder's `model.json` holds it; what an older file leaves out has the defaults below, which that
model was published with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from uniultra.errors import ModelError
from uniultra.named import checked_structures, known_name
from uniultra.quality import AS_DECODED, KINDS, PromptQuality, QualityTerms, is_number
from uniultra.types import Mask, Prompt

MODEL_JSON = "model.json"
UNKNOWN_LICENCE = "unknown"
_LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+()/-]{0,63}")
MOST_TERM = 100
"""Of a term of the quality."""


@dataclass(frozen=True)
class Passes:
    """How prompts become masks in several passes; chosen on val (docs/LOG.md).

    Attributes:
        crop_scale: longer side of a crop over the longer side of the box that it is made around.
        click_crops: passes on crops after the first one where only clicks are given; each centres on what the
            last one found.
        close_view: side of the closer of two first views around clicks, over the frame's longer side
            (of a panorama, over twice its shorter side: `geometry.field_side`).
        min_part: connected parts below this share of the largest one are dropped.
        max_hole: holes below this share of the mask's area are filled.
        agreed: above this IoU with the pass before, no further crop is looked at.
        sure: above this trust (`postprocess.trust`) in what the whole frame's view led to, the closer one is
            left out.
        closer_by: by so much more trust the closer view's answer is preferred to the whole frame's.
        span_cost: what a cut of a tight box's mask costs a logit away from 0, against the IoU of the mask's
            box with that box (`postprocess.spanning`); 0 cuts all masks at 0.
        box_agreed: clicks on a last mask are answered by the mean of what they give with that mask and with
            its box, where both agree above this IoU (`decoding.with_box_answers`); 0 leaves the box out.
        in_turns: 1 where clicks that are given at once, without a mask, are answered one after the other
            (`click_views.turns`); 0 where all are in one prompt.

    The defaults of the last seven are what models had before they were there: holes as they are, every pass,
    whichever is trusted more, masks of tight boxes as of others, one answer to clicks on a mask, and one to
    all clicks.
    """

    crop_scale: float = 1.6
    click_crops: int = 2
    close_view: float = 0.4
    min_part: float = 0.05
    max_hole: float = 0.0
    agreed: float = 1.0
    sure: float = 1.0
    closer_by: float = 0.0
    span_cost: float = 0.0
    box_agreed: float = 0.0
    in_turns: int = 0


_LEGAL = {
    "crop_scale": (1.0, 10.0),
    "click_crops": (1, 10),
    "close_view": (0.01, 1.0),
    "min_part": (0.0, 1.0),
    "max_hole": (0.0, 1.0),
    "agreed": (0.0, 1.0),
    "sure": (0.0, 1.0),
    "closer_by": (0.0, 1.0),
    "span_cost": (0.0, 1.0),
    "box_agreed": (0.0, 1.0),
    "in_turns": (0, 1),
}

_LATER = ("span_cost", "box_agreed", "in_turns")
"""Those that older reports and journals don't state, and that are 0 where a model doesn't have them."""


@dataclass(frozen=True)
class ModelFacts:
    """What a loaded model is called and how it is to be prompted.

    Attributes:
        name: published name, or the folder's.
        version: of the weights.
        input_size: side of the square input in pixels.
        focus_stretch: how much longer than wide a crop may be; see `geometry.region_around`.
        passes: the passes from a prompt to a mask.
        quality: what the quality is corrected by; nothing in a model that doesn't say.
        quality_calibrated: whether the predicted IoU was calibrated; None where the files don't say.
        box_fits: whether it tells tight and loose boxes from those of which nothing is said.
        structures: the names that it has learned, so that a prompt may say which structure it points at.
    """

    name: str
    version: str
    input_size: int
    focus_stretch: float = 1.0
    passes: Passes = Passes()
    quality: PromptQuality = AS_DECODED
    quality_calibrated: bool | None = None
    box_fits: bool = False
    structures: tuple[str, ...] = ()

    @property
    def prompting(self) -> dict[str, Any]:
        """How it is prompted: what an answer follows from beside the weights, as plain values; the quality's
        terms, the boxes' fits, the names, the cost of a cut, second answers and turns only where there are
        any, since older reports and journals lack them.
        """
        values: dict[str, Any] = {
            "input_size": self.input_size,
            "focus_stretch": self.focus_stretch,
            "passes": {
                name: value for name, value in asdict(self.passes).items() if value or name not in _LATER
            },
        }
        if self.box_fits:
            values["box_fits"] = True
        if self.structures:
            values["structures"] = list(self.structures)
        return values | ({"quality": self.quality.stated} if self.quality.stated else {})

    def rated(self, mask: Mask, prompt: Prompt) -> Mask:
        """An answer with its quality corrected."""
        return self.quality.rated(mask, prompt, bool(known_name(prompt.name, self.structures)))


def read_passes(folder: Path) -> Passes:
    """The passes of a model folder's `model.json`; the defaults where there is no such file or it doesn't
    say.

    Raises:
        ModelError: the file isn't JSON, or a value is out of range.
    """
    path = folder / MODEL_JSON
    known = _known(path, Passes, "passes")
    for name, value in known.items():
        if wrong := _wrong(name, value):
            raise ModelError(f"'{path}' says {name} {value!r:.40}; {wrong}; export the model again")
    return Passes(**known)


def read_licence(folder: Path) -> str:
    """The licence of the weights as a published or an exported folder's `model.json` says it, else
    `UNKNOWN_LICENCE`: what weights learned from may have terms of its own.
    """
    try:
        said = json.loads((folder / MODEL_JSON).read_text(encoding="utf-8"))["licence"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        said = None
    return said if isinstance(said, str) and legal_licence(said) else UNKNOWN_LICENCE


def legal_licence(text: str) -> bool:
    """Whether a licence is one plain line, as hosts and readers of `model.json` show it."""
    return _LICENCE.fullmatch(text) is not None


def passes_json(passes: Passes) -> str:
    """A `model.json` that says the passes alone, for a folder of weights without graphs."""
    return json.dumps({"passes": asdict(passes)}, indent=2) + "\n"


def states_passes(folder: Path) -> bool:
    """Whether a model folder's `model.json` says the passes itself. Raises ModelError where it isn't JSON."""
    return "passes" in _known(folder / MODEL_JSON, ModelFacts)


def read_box_fits(folder: Path) -> bool:
    """Whether a model folder's `model.json` says that its model tells tight and loose boxes apart.

    Raises:
        ModelError: the file isn't JSON, or says something else than true or false.
    """
    path = folder / MODEL_JSON
    said = _known(path, ModelFacts).get("box_fits", False)
    if not isinstance(said, bool):
        raise ModelError(
            f"'{path}' says box_fits {said!r:.40}; it must be true or false; export the model again"
        )
    return said


def read_structures(folder: Path) -> tuple[str, ...]:
    """The names of structures that a model folder's `model.json` says its model has learned.

    Raises:
        ModelError: the file isn't JSON, or says something else than a list of different names.
    """
    path = folder / MODEL_JSON
    return checked_structures(_known(path, ModelFacts).get("structures", []), f"'{path}'")


def read_quality(path: Path) -> PromptQuality:
    """The quality's terms in a `model.json`, or in what `uniultra calibrate --by-prompt` wrote; none where
    there is no such file or it doesn't say.

    Raises:
        ModelError: the file isn't JSON, or a term isn't a number from -100 to 100.
    """
    found: dict[str, QualityTerms | None] = {}
    for kind in KINDS:
        known = _known(path, QualityTerms, "quality", kind)
        for name, value in known.items():
            if not is_number(value) or not -MOST_TERM <= value <= MOST_TERM:
                raise ModelError(
                    f"'{path}' says {kind}.{name} {value!r:.40}; it must be a number from {-MOST_TERM} to "
                    f"{MOST_TERM}; export the model again"
                )
        found[kind] = QualityTerms(**known) if known else None
    return PromptQuality(**found)


def _known(path: Path, of: type, *keys: str) -> dict[str, Any]:
    """The fields of a dataclass that a JSON file has under these keys, one within the other; none without the
    file. Raises ModelError.
    """
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        for key in keys:
            said = said.get(key, {})
        if not isinstance(said, dict):
            raise TypeError(f"{said!r:.40} in place of names and values")
        return {field.name: said[field.name] for field in fields(of) if field.name in said}
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise ModelError(f"'{path}' is not a model's facts ({error}); export the model again") from error


def changed_passes(passes: Passes, changes: Sequence[str]) -> Passes:
    """The passes with "name=value" changes, as `uniultra export --pass` takes them.

    Raises:
        ModelError: an unknown name, or a value out of range.
    """
    values: dict[str, Any] = {}
    for change in changes:
        name, _, text = change.partition("=")
        if name not in _LEGAL:
            raise ModelError(
                f"pass setting '{change}' is unknown; give NAME=VALUE with one of {', '.join(_LEGAL)}"
            )
        value = _number(text, whole=isinstance(_LEGAL[name][0], int))
        if wrong := _wrong(name, value):
            raise ModelError(f"pass setting '{change}': {wrong}")
        values[name] = value
    return replace(passes, **values)


def _number(text: str, whole: bool) -> float | None:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return None


def _wrong(name: str, value: Any) -> str:
    """What a value must be, where it isn't that."""
    low, high = _LEGAL[name]
    whole = isinstance(low, int)
    if is_number(value) and isinstance(value, int if whole else int | float) and low <= value <= high:
        return ""
    return f"it must be {'a whole number' if whole else 'a number'} from {low:g} to {high:g}"
