"""The main entry point in Python: frames and prompts in, masks out.

    segmenter = Segmenter.load()
    [mask] = segmenter.segment(frame, [Prompt(box_xyxy=(40, 60, 200, 190))])

`segment` runs a second pass on a crop around the structure, which gives a small model many more pixels an
object at the same cost. Where only clicks are given, a first pass finds out where that crop is. It sees the
whole frame; where what it leads to isn't trusted, by its confidence and by how far passes agree, another one
looks closer at the clicks, and the more trusted answer is returned. Clicks outside, and clicks beside a box,
are answered in turns, each on the mask before (`click_views.turns`).

`refine` is one step of an interaction, for whoever keeps the embedding: a page's next click, a tracker's next
frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from uniultra.backends.onnx import OnnxBackend
from uniultra.backends.open import open_backend
from uniultra.backends.protocol import Backend
from uniultra.click_views import closer_view, passes_on, turns
from uniultra.decoding import Answer, decoded, with_box_answers
from uniultra.errors import PromptError
from uniultra.geometry import (
    ModelMap,
    embedding_of,
    region_around,
    scale_of,
    stays_within,
    whole,
)
from uniultra.model_facts import ModelFacts
from uniultra.pixel_scale import Box
from uniultra.postprocess import (
    distinct,
    of_box,
    of_nothing,
    overlap,
    preferred,
    quality_of_passes,
    trust,
    under_clicks,
)
from uniultra.prompt_arrays import found_box, known_box, pointing
from uniultra.prompt_checks import check_frame, check_prompts
from uniultra.registry import DEFAULT
from uniultra.types import Embedding, Frame, Mask, Prompt, Region

KEPT_MARGIN = 0.02
"""A crop is kept while the structure stays this share of its side away from its edges."""
MOST_ALTERNATIVES = 3
Mapped = Callable[..., Iterable[Mask]]
KEPT_ZOOM = 2.0
"""A crop is kept while it is at most this many times as large as the one that would be made anew."""


@dataclass(frozen=True)
class Segmenter:
    """Segments what prompts point at. Holds the model and nothing else; safe to share between threads.

    Attributes:
        backend: the model.
        threads: for what uses it, a tracker: how many it may take; None for as many as there are cores.
        by_prompt: whether qualities are corrected (`quality`); a tracker compares the decoder's own.
    """

    backend: Backend
    threads: int | None = None
    by_prompt: bool = True

    @classmethod
    def load(cls, model: str | Path = DEFAULT, threads: int | None = None) -> Segmenter:
        """A published model by name, or a model folder; see `backends.open.open_backend` for arguments and
        errors.
        """
        return cls(open_backend(model, threads), threads)

    @property
    def facts(self) -> ModelFacts:
        return self.backend.facts

    @property
    def name(self) -> str:
        return self.facts.name

    @property
    def version(self) -> str:
        return self.facts.version

    def one_threaded(self) -> Segmenter:
        """The same, each call on the caller's thread alone where the engine can do that: for whoever makes
        several at once. Answers may differ in the last bits.
        """
        engine = self.backend
        if not isinstance(engine, OnnxBackend):
            return self
        return replace(self, backend=engine.one_threaded, threads=1)

    def encode(self, frame: Frame, region: Region | None = None) -> Embedding:
        """Encodes one region of a frame (default: all of it); serves any number of prompts.

        Raises:
            FileError: an array in place of a Frame.
        """
        check_frame(frame)
        region = region or whole((frame.height, frame.width))
        view = ModelMap(region, self.facts.input_size).sample(frame.pixels_hw)
        return embedding_of(self.backend.encode(view[None]), frame, region)

    def decode(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Mask]:
        """One mask per prompt, in order. The answer is background outside the embedding's region; its quality
        is 0, and a note says why, where that is of one even grey.

        Raises:
            PromptError: a prompt lies outside the frame, or its previous mask has another size.
        """
        check_prompts(prompts, embedding.frame_hw)
        return self._pasted(embedding, prompts, decoded(self.backend, embedding, prompts))

    def _pasted(
        self, embedding: Embedding, prompts: Sequence[Prompt], answers: Sequence[Answer]
    ) -> list[Mask]:
        """The masks on the frame that the model's grids say."""
        to_model, masks = ModelMap(embedding.region, self.facts.input_size), []
        for prompt, answer in zip(prompts, answers, strict=True):
            logits_hw = to_model.paste_logits(answer.grid_hw, embedding.frame_hw)
            scale = scale_of(embedding.calibration, logits_hw > 0, prompt)
            mask = Mask(logits_hw > 0, logits_hw, float(np.clip(answer.quality, 0.0, 1.0)), scale)
            masks.append(of_nothing(mask) if embedding.featureless else mask)
        return masks

    def segment(self, frame: Frame, prompts: Sequence[Prompt], mapped: Mapped = map) -> list[Mask]:
        """One mask per prompt, in order: from a crop around its box, or around what is found at its clicks
        where it has none. Clicks outside, and clicks beside a box, are answered in turns
        (`click_views.turns`).

        The model is given a box that reaches beyond the frame as it is; the command line, the server and
        `results.segment_frame` clip it first, and say so. With an executor's `map` its threads work.

        Raises:
            PromptError: a prompt outside the frame, or a previous mask of another size. FileError: no Frame.
        """
        check_frame(frame)
        check_prompts(prompts, (frame.height, frame.width))
        regions = [self.region_for(prompt, (frame.height, frame.width)) for prompt in prompts]
        whole_frame = self.encode(frame) if None in regions else None
        return list(mapped(partial(self._in_turns, frame, whole_frame), prompts))

    def alternatives(self, frame: Frame, prompt: Prompt, most: int = 3) -> list[Mask]:
        """What clicks may mean: up to `most` masks that differ, the answer of `segment` first, then by
        confidence.

        The further ones come from views closer to the clicks, where a part of a structure looks like a whole
        one. A prompt with a box or a previous mask means one thing, and has one answer.

        Raises:
            PromptError: as `segment`, or `most` is not from 1 to 3.
        """
        if not 1 <= most <= MOST_ALTERNATIVES:
            raise PromptError(f"{most} alternatives were requested; give 1 to {MOST_ALTERNATIVES}")
        check_frame(frame)
        check_prompts([prompt], (frame.height, frame.width))
        if most == 1 or self.region_for(prompt, (frame.height, frame.width)) is not None:
            return self.segment(frame, [prompt])
        passes = self.facts.passes
        hw, share = (frame.height, frame.width), passes.close_view
        closer = [closer_view(prompt, hw, passes, part) for part in (share, share / 2)]
        whole_frame = self.encode(frame)
        far = self._followed(frame, prompt, whole_frame)
        near = [self._followed(frame, prompt, self.encode(frame, view)) for view in filter(None, closer)]
        chosen = preferred(far, near[0] if near else None, passes_on(passes, hw))
        ranked = [chosen, *sorted((far, *near), key=trust, reverse=True)]
        answers = (self._of_passes(each, prompt) for each in ranked)
        scaled = [replace(m, scale=scale_of(frame.calibration, m.mask_hw, prompt)) for m in answers]
        in_turns = [self._in_turns(frame, whole_frame, prompt)] if len(turns(prompt, passes)) > 1 else []
        return distinct([*in_turns, *scaled], most)

    def region_for(self, prompt: Prompt, frame_hw: tuple[int, int]) -> Region | None:
        """The crop for a prompt's box or previous mask; None where it has neither, so that the structure must
        be found first.
        """
        box = known_box(prompt, frame_hw)
        return None if box is None else self._crop(box)

    def refine(self, embedding: Embedding, prompt: Prompt, previous: Mask | None = None) -> Refined:
        """One pass on an embedding: the mask, and the region to encode before the next pass.

        Args:
            embedding: of the whole frame or of a crop.
            prompt: everything that points at the structure so far, earlier clicks included.
            previous: the last answer, given to the model as a mask; None, or a mask in the prompt, which
                wins.

        Returns:
            The mask, and a region: the embedding's own while the structure stays within it and fills enough
            of it, so that it needn't be encoded again; else the crop around what was found.

        Raises:
            PromptError: the prompt lies outside the frame, or a previous mask has another size.
        """
        if previous is not None and prompt.mask_hw is None and previous.mask_hw.any():
            prompt = replace(prompt, mask_hw=previous.mask_hw)
        [mask] = self.refine_all(embedding, [prompt])
        region = self._next_region(embedding.region, mask, prompt)
        return Refined(mask if prompt.mask_hw is None else self._rated(mask, prompt), region)

    def refine_all(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Mask]:
        """One pass on an embedding for several structures: the masks of `refine`. Raises PromptError."""
        check_prompts(prompts, embedding.frame_hw)
        shown, masks = [pointing(prompt) for prompt in prompts], []
        first = decoded(self.backend, embedding, shown)
        answers = with_box_answers(self.backend, embedding, prompts, first)
        for prompt, answer in zip(prompts, self._pasted(embedding, shown, answers), strict=True):
            if prompt.box_xyxy is None and prompt.mask_hw is None:
                mask = under_clicks(answer, prompt, self.facts.passes.max_hole)
            else:
                mask = of_box(answer, prompt, self.facts)
            masks.append(replace(mask, scale=scale_of(embedding.calibration, mask.mask_hw, prompt)))
        return masks

    def _next_region(self, region: Region, mask: Mask, prompt: Prompt) -> Region:
        box = found_box(mask.mask_hw, prompt)
        crop = self._crop(box)
        small_enough = max(region.width, region.height) <= KEPT_ZOOM * max(crop.width, crop.height)
        return region if small_enough and stays_within(region, box, KEPT_MARGIN, mask.mask_hw.shape) else crop

    def _crop(self, box_xyxy: Box) -> Region:
        """The region around a box, in the shape that the model was trained on."""
        return region_around(box_xyxy, self.facts.passes.crop_scale, self.facts.focus_stretch)

    def _in_turns(self, frame: Frame, whole_frame: Embedding | None, prompt: Prompt) -> Mask:
        """The last turn's answer: in the region around a box or the mask before, each region encoded once;
        without one by the clicks, for which the whole frame was encoded.
        """
        mask, seen = None, None
        for turn in turns(prompt, self.facts.passes):
            current = turn if mask is None or not mask.mask_hw.any() else replace(turn, mask_hw=mask.mask_hw)
            region = self.region_for(current, (frame.height, frame.width))
            if region is None and whole_frame is not None:
                mask = self._from_clicks(frame, current, whole_frame)
                continue
            if seen is None or seen.region != region:
                seen = self.encode(frame, region)
            mask = self.refine(seen, current).mask
        assert mask is not None, "there is always a turn"
        return replace(mask, scale=scale_of(frame.calibration, mask.mask_hw, prompt))

    def _from_clicks(self, frame: Frame, prompt: Prompt, whole_frame: Embedding) -> Mask:
        """The whole frame's first pass, followed to the structure that holds the clicks; a closer one's where
        that is trusted less.
        """
        far, near = self._followed(frame, prompt, whole_frame), None
        passes = passes_on(self.facts.passes, (frame.height, frame.width))
        closer = closer_view(prompt, (frame.height, frame.width), passes, passes.close_view)
        if closer is not None and trust(far) <= passes.sure:
            near = self._followed(frame, prompt, self.encode(frame, closer))
        chosen = preferred(far, near, passes)
        return self._of_passes(chosen, prompt)

    def _of_passes(self, masks: list[Mask], prompt: Prompt) -> Mask:
        """The answer that several passes on clicks led to."""
        answer = replace(masks[-1], first_quality=masks[0].quality)
        return self._rated(replace(answer, quality=quality_of_passes(masks)), prompt)

    def _rated(self, mask: Mask, prompt: Prompt) -> Mask:
        """An answer with its quality corrected, once no pass is compared with it any more."""
        return self.facts.rated(mask, prompt) if self.by_prompt else mask

    def _followed(self, frame: Frame, prompt: Prompt, view: Embedding) -> list[Mask]:
        """What a first pass finds under the clicks, and what each pass on a crop makes of it, until two
        agree.
        """
        masks = [under_clicks(self.decode(view, [prompt])[0], prompt, self.facts.passes.max_hole)]
        for _ in range(self.facts.passes.click_crops):
            box = found_box(masks[-1].mask_hw, prompt)
            [mask] = self.decode(self.encode(frame, self._crop(box)), [replace(prompt, box_xyxy=box)])
            masks.append(under_clicks(mask, prompt, self.facts.passes.max_hole))
            if overlap(masks[-2].mask_hw, masks[-1].mask_hw) > self.facts.passes.agreed:
                break
        return masks


@dataclass(frozen=True)
class Refined:
    """The answer of one pass, and the region of the frame that the next pass should see."""

    mask: Mask
    region: Region
