"""Deep-supervised knowledge distillation (DSKD): the student's levels are held against the teacher's, whole
and in parts.

Stage 2 of UniUltra (arXiv 2511.15771): at S/4, S/8 and S/16 after the neck the mean squared error of the sum,
of the Hiera part alone and of the adapter part alone. Beyond the paper, and settable: errors relative to the
teacher's own energy, the last level alone, and the prompted mask's loss at the same time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uniultra.models.levels import LEVELS, Level, decoder_features, levels_of, neck_levels, stage_maps
from uniultra.models.promptable import Features, PromptableModel
from uniultra.training.config import DSKDSettings, LossSettings
from uniultra.training.interactive_loss import InteractiveTrainer, decoded, says_name
from uniultra.training.teacher_cache import TeacherCache


class Distiller(nn.Module):
    """A student that learns and its frozen teacher. The forward pass takes a batch of `DistillDataset` and
    returns {"loss": (), ...}.

    The batch may be drawn at the teacher's larger input side; the student sees it shrunk.
    """

    accepts_loss_kwargs = False  # `**prompt` is the batch; the trainer has nothing of its own to pass

    def __init__(
        self,
        student: PromptableModel,
        teacher: PromptableModel,
        dskd: DSKDSettings,
        loss: LossSettings,
        cache: TeacherCache | None = None,
    ) -> None:
        super().__init__()
        self.prompted = InteractiveTrainer(student, loss)
        self.teacher = teacher.requires_grad_(False)
        self.dskd = dskd
        self.cache = cache
        self.tally: dict[str, list[float]] = defaultdict(list)

    @property
    def student(self) -> PromptableModel:
        return self.prompted.model

    def train(self, mode: bool = True) -> Distiller:
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, image: Tensor, known: Tensor, view: Tensor, **prompt: Tensor) -> dict[str, Tensor]:
        """`known` (B,) is 1 where there is a mask to learn from, `view` (B,) the row in the cache; the rest
        as in `InteractiveTrainer`.
        """
        labelled = known > 0
        theirs = self._levels_of_teacher(image, view) if self.dskd.weight or self.dskd.soft else ()
        target = (
            self._answers_of_teacher(theirs, prompt, labelled)
            if self.dskd.soft and bool(labelled.any())
            else None
        )
        image, prompt = shrunk(image, prompt, self.student.input_size)
        ours = neck_levels(self.student, image)
        terms = dskd_terms(ours, theirs, self.dskd) if self.dskd.weight else {}
        loss = self.dskd.weight * sum(
            (getattr(self.dskd, name.partition(" ")[0]) * value for name, value in terms.items()),
            start=ours[0].whole.new_zeros(()),
        )
        if (self.dskd.mask or self.dskd.soft) and bool(labelled.any()):
            answer = self.prompted.rounds(
                _chosen(decoder_features(self.student, ours), labelled), **_of(prompt, labelled)
            )
            loss = loss + self.dskd.mask * answer.loss
            terms |= {
                "mask": answer.loss,
                "dice_first": answer.dice_first,
                "dice_last": answer.dice_last,
            }
            if target is not None:
                terms["soft"] = soft_error(answer.rounds[0].logits, target)
                loss = loss + self.dskd.soft * terms["soft"]
        for name, value in terms.items():
            self.tally[name].append(float(value.detach()))
        return {"loss": loss}

    @torch.no_grad()
    def _levels_of_teacher(self, image: Tensor, view: Tensor) -> tuple[Level, ...]:
        stages = stage_maps(self.teacher, image) if self.cache is None else self.cache.stages(image, view)
        return levels_of(self.teacher, stages)

    @torch.no_grad()
    def _answers_of_teacher(
        self, levels: tuple[Level, ...], prompt: dict[str, Tensor], labelled: Tensor
    ) -> Tensor:
        """The teacher's logits (b, T/4, T/4) for the first prompts of the labelled examples."""
        requested = _of(prompt, labelled)
        fine, middle, coarse = levels
        features = _chosen(decoder_features(self.teacher, (fine, middle, coarse)), labelled)
        prompted = [requested[name] for name in ("points", "labels", "mask", "has_mask")]
        return decoded(self.teacher, features, *prompted, by_name=says_name(requested["labels"]))[0]

    def reported(self) -> dict[str, float]:
        """The mean of every term since the last call, for the log; empties the tally."""
        means = {name: sum(values) / len(values) for name, values in self.tally.items()}
        self.tally.clear()
        return means


def _of(prompt: dict[str, Tensor], chosen: Tensor) -> dict[str, Tensor]:
    return {name: value[chosen] for name, value in prompt.items()}


def _chosen(features: Features, chosen: Tensor) -> Features:
    embed, fine, middle = features
    return embed[chosen], fine[chosen], middle[chosen]


def soft_error(logits: Tensor, target: Tensor) -> Tensor:
    """How far the student's mask is from the teacher's, as the teacher believes it: () mean over cells of the
    KL divergence of Bernoullis.

    logits (b, S/4, S/4) and wanted (b, T/4, T/4); a larger teacher's are averaged down.
    """
    if target.shape[-1] != logits.shape[-1]:
        target = F.interpolate(target.unsqueeze(1), size=logits.shape[-2:], mode="area").squeeze(1)
    target = target.float()
    believed = target.sigmoid()
    own_entropy = F.binary_cross_entropy_with_logits(target, believed)
    return F.binary_cross_entropy_with_logits(logits.float(), believed) - own_entropy


def dskd_terms(ours: Sequence[Level], theirs: Sequence[Level], settings: DSKDSettings) -> dict[str, Tensor]:
    """Each term by "part level", such as "hiera S/8"; parts whose factor is 0, or that one of the two lacks,
    are left out.

    Maps of another side than the student's are averaged down to it.
    """
    terms: dict[str, Tensor] = {}
    for name, own, other in zip(LEVELS, ours, theirs, strict=True):
        if settings.levels == "last" and name != LEVELS[-1]:
            continue
        pairs: tuple[tuple[str, Tensor, Tensor | None], ...] = (("whole", own.whole, other.whole),)
        if own.adapter is not None and other.adapter is not None:
            pairs = (*pairs, ("hiera", own.hiera, other.hiera), ("adapter", own.adapter, other.adapter))
        for part, found, target in pairs:
            if getattr(settings, part):
                terms[f"{part} {name}"] = _error(found, target, settings.normalise)
    return terms


def _error(found: Tensor, target: Tensor | None, normalise: bool) -> Tensor:
    assert target is not None
    if target.shape[-1] != found.shape[-1]:
        target = F.interpolate(target, size=found.shape[-2:], mode="area")
    error = F.mse_loss(found.float(), target.float())
    return error / target.float().square().mean().clamp(min=1e-8) if normalise else error


def shrunk(image: Tensor, prompt: dict[str, Tensor], size: int) -> tuple[Tensor, dict[str, Tensor]]:
    """A batch drawn at a larger input side, at `size`: pixels averaged, points moved, previous masks made
    smaller; targets stay.
    """
    drawn = image.shape[-1]
    if drawn == size:
        return image, prompt
    smaller: dict[str, Any] = dict(prompt)
    smaller["points"] = (prompt["points"] + 0.5) * (size / drawn) - 0.5
    smaller["mask"] = F.interpolate(prompt["mask"], size=(size // 4, size // 4), mode="area")
    return F.interpolate(image.float().unsqueeze(1), size=(size, size), mode="area").squeeze(1), smaller
