"""A small decoder learns from a large one on the same image encoder: what costs most is computed once.

The start is the teacher's decoder, narrowed (`models.narrow`). Then the neck and the decoder learn from true
masks and from the teacher's answers to the same prompts, while the encoder stays: so of a view that recurs
the encoder's maps and the teacher's first answer are read from disk, and a step costs little more than the
small decoder itself. With `dskd.corrections` the teacher answers each correction, too, and with
`decoder.unnamed` on regions that no label names: what a click does on structures that neither has seen.
`retune` follows, in which all may learn.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import Tensor

from uniultra.data.dataset import PromptDataset
from uniultra.data.distill_dataset import RecurringViews
from uniultra.data.splits import TrainSplit
from uniultra.errors import ModelError
from uniultra.models.build import DecoderSize, decoder_size, load, with_decoder
from uniultra.models.narrow import narrow
from uniultra.models.promptable import PromptableModel
from uniultra.models.stored import save_folder
from uniultra.training.checkpoints import has_checkpoint, has_result
from uniultra.training.config import DistillConfig, DSKDSettings, LossSettings
from uniultra.training.distill_job import DistillJob
from uniultra.training.dskd import Distiller, soft_error
from uniultra.training.interactive_loss import Round, decoded
from uniultra.training.loop import Plan, is_first_process, run
from uniultra.training.supervised import parse_favour, sample_spec
from uniultra.training.teacher_cache import AnswerCache, TeacherCache, report, size_of_cache

START = "start"


def start(
    config: DistillConfig, job: DistillJob, teacher: PromptableModel, learning: TrainSplit
) -> PromptableModel:
    """The teacher with a decoder of the size that the config says, fitted to its own; kept in `out`/start,
    and read from there once there is a checkpoint, which `describe` holds to the same settings and data.

    Raises:
        ModelError: a size that doesn't fit.
    """
    size = DecoderSize(config.decoder.width, config.decoder.mlp, config.decoder.quality)
    begun = has_checkpoint(job.out) or has_result(job.out)
    if begun and (job.out / START / "config.json").is_file():
        return _kept(job.out / START, size)
    torch.manual_seed(config.optim.seed)
    student = with_decoder(teacher.config, size)
    prompted = PromptDataset(learning, sample_spec(config.data, teacher), config.optim.seed)
    weights = prompted.weights(parse_favour(config.data.favour))
    views = RecurringViews(prompted, weights, config.decoder.fit, config.decoder.unnamed)
    examples = [views[row] for row in range(len(views))]
    images, *prompt = (
        torch.stack([example[name] for example in examples])
        for name in ("image", "points", "labels", "mask", "has_mask")
    )
    narrow(teacher.eval(), student, images, (prompt[0], prompt[1], prompt[2], prompt[3]))
    if is_first_process():
        save_folder(student, job.out / START)
    return student


def check(config: DistillConfig, job: DistillJob) -> None:
    """Raises ModelError on settings that would have no effect: beside `decoder.width`, or without it."""
    if not config.decoder.width:
        for name, value in (
            ("dskd.corrections", config.dskd.corrections),
            ("decoder.unnamed", config.decoder.unnamed),
        ):
            if value:
                raise ModelError(
                    f"{name} = {value:g} has no effect without a smaller decoder; set decoder.width, such as "
                    f"128, or {name}=0"
                )
        return
    if config.dskd.corrections and config.loss.rounds < 2:
        raise ModelError(
            f"dskd.corrections = {config.dskd.corrections:g} has no effect with loss.rounds=1, which "
            "corrects nothing; raise loss.rounds to 2 or more, or set it to 0"
        )
    if not (config.dskd.mask or config.dskd.soft):
        raise ModelError("nothing teaches the decoder: dskd.mask and dskd.soft are both 0; raise one of them")
    if config.decoder.unnamed and not (config.dskd.soft or config.dskd.corrections):
        raise ModelError(
            f"decoder.unnamed = {config.decoder.unnamed:g} has no effect: of regions without a name the "
            "teacher alone knows; raise dskd.soft or dskd.corrections, or set it to 0"
        )
    if config.student.start_from:
        raise ModelError(
            f"student.start_from '{config.student.start_from}' has no effect with decoder.width: the student "
            "is the teacher with a smaller decoder; omit --student"
        )
    if job.unlabelled:
        raise ModelError(
            "frames without masks can't train a decoder; omit --unlabelled, or set decoder.width=0"
        )


def _kept(folder: Path, size: DecoderSize) -> PromptableModel:
    student = load(folder)
    found = decoder_size(student)
    if found != size:
        raise ModelError(
            f"'{folder}' has a decoder of width {found.width}, mlp {found.mlp} and quality {found.quality}; "
            "keep these to resume it, or give a new --out"
        )
    return student


def learn(
    config: DistillConfig,
    job: DistillJob,
    student: PromptableModel,
    teacher: PromptableModel,
    learning: TrainSplit,
) -> None:
    """Neck, prompt encoder and mask decoder learn; the backbone stays the teacher's."""
    for name, parameter in student.named_parameters():
        parameter.requires_grad_(not name.startswith("vision_encoder.backbone."))
    prompted = PromptDataset(learning, sample_spec(config.data, student), config.optim.seed)
    views = config.decoder.views
    weights = prompted.weights(parse_favour(config.data.favour))
    data = RecurringViews(prompted, weights, views, config.decoder.unnamed)
    size = (size_of_cache(teacher, views, with_parts=False) + views * student.input_size**2 / 8) / 1e9
    report(f"What the teacher says of {views} views takes {size:.1f} GB in {job.cache}")
    made_of = job.made_of(teacher, config.optim.seed, learning) | {
        "data": dataclasses.asdict(config.data) | dataclasses.asdict(prompted.spec),
        "unnamed": config.decoder.unnamed,
    }
    maps = TeacherCache(job.cache, teacher, views, made_of, with_parts=False)
    answers = AnswerCache(job.cache, views, student.input_size // 4)
    learner = DecoderDistiller(student, teacher, config.dskd, config.loss, maps, answers)
    run(
        Plan(
            student,
            config.optim,
            config.loss,
            data,
            torch.ones(views).numpy(),
            job.val(),
            job.out / "decoder",
            job.device,
            job.report_to,
            learner,
        )
    )


class DecoderDistiller(Distiller):
    """A student and its frozen teacher, of one image encoder. The forward pass takes a batch of
    `RecurringViews` and returns {"loss": ()}.
    """

    def __init__(
        self,
        student: PromptableModel,
        teacher: PromptableModel,
        dskd: DSKDSettings,
        loss: LossSettings,
        maps: TeacherCache,
        answers: AnswerCache,
    ) -> None:
        super().__init__(student, teacher, dskd, loss)
        self.maps, self.answers = maps, answers

    def forward(  # type: ignore[override]
        self, image: Tensor, view: Tensor, **prompt: Tensor
    ) -> dict[str, Tensor]:
        """`view` (B,) is the row in the cache, `known` (B,) 0 where only the teacher knows the target; the
        rest as in `InteractiveTrainer`.
        """
        with torch.no_grad():
            stages = self.maps.stages(image, view).wholes
        answer = self.prompted.rounds(self.student.from_stages(stages), **prompt)
        terms = {"mask": answer.loss} | self._distances(answer.rounds, stages, view, prompt["known"])
        for name, value in (terms | {n: getattr(answer, n) for n in ("dice_first", "dice_last")}).items():
            self.tally[name].append(float(value.detach()))
        return {"loss": sum((getattr(self.dskd, n) * v for n, v in terms.items()), start=image.new_zeros(()))}

    def _distances(
        self, rounds: tuple[Round, ...], stages: tuple[Tensor, ...], view: Tensor, known: Tensor
    ) -> dict[str, Tensor]:
        """How far the answers are from the teacher's to the same prompts: to the first, and to those that
        correct the student, mask and quality.
        """
        if not self.dskd.corrections:
            return (
                {"soft": soft_error(rounds[0].logits, self._first(stages, view, rounds[0]))}
                if self.dskd.soft
                else {}
            )
        with torch.no_grad():
            features = self.teacher.from_stages(stages)
            theirs = [decoded(self.teacher, features, *each.prompt, by_name=each.by_name) for each in rounds]
        errors = [
            soft_error(each.logits, logits)  # without a name no truth says what the mask is worth
            + ((each.quality - quality).square() * (1.0 - known)).mean()
            for each, (logits, quality) in zip(rounds, theirs, strict=True)
        ]
        later = {"corrections": torch.stack(errors[1:]).mean()} if errors[1:] else {}
        return {"soft": errors[0]} | later

    @torch.no_grad()
    def _first(self, stages: tuple[Tensor, ...], view: Tensor, first: Round) -> Tensor:
        """The teacher's logits (B, S/4, S/4) for the first prompts."""
        if not self.answers.has(view):
            features = self.teacher.from_stages(stages)
            computed, _ = decoded(self.teacher, features, *first.prompt, by_name=first.by_name)
            self.answers.put(view, computed)
        return self.answers.get(view)  # as kept, in fp16: the first time, too
