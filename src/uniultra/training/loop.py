"""The loop that training from the ground and adapting share: transformers' Trainer, an average, looks at val,
and a way back in.

A run folder holds config.json, log.jsonl, checkpoint-N (of the weights that learn), pictures of val, and
best.safetensors. Run again with the same settings, it goes on from the last whole checkpoint, and ends as if
it had never stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import Dataset, Sampler
from transformers import PrinterCallback, Trainer, TrainingArguments

from uniultra.data.draw_sampler import DrawSampler
from uniultra.data.splits import SelectionSplit
from uniultra.errors import ModelError
from uniultra.models.methods import learned_names
from uniultra.models.promptable import PromptableModel
from uniultra.models.stored import write_tensors
from uniultra.text import printable
from uniultra.training.callbacks import BEST_FILE, Journal, ProgressBar
from uniultra.training.checkpoints import step_of, what_is_kept, whole_checkpoint
from uniultra.training.config import LossSettings, OptimSettings
from uniultra.training.ema import WeightAverage, put
from uniultra.training.interactive_loss import InteractiveTrainer
from uniultra.training.limits import one_line
from uniultra.training.validation import views_of

WEIGHTS_FILE = "model.safetensors"


@dataclass(frozen=True)
class Plan:
    """Everything that a run of the loop needs.

    Attributes:
        model: on the CPU; what has `requires_grad` learns.
        optim, loss: the settings.
        data: the examples.
        weights: how often each object is drawn, relative.
        val: what is looked at, or None.
        out: the run folder.
        device: auto, cpu or cuda.
        report_to: further loggers of transformers', such as tensorboard; none by default.
        learner: what turns a batch into a loss, around `model`; by default `InteractiveTrainer`. What it has
            `reported()` goes into the log.
        named: val's prompts say what the objects are called, which the model learns.
        prepare: what the examples need before the first step; not called where none is left to take.
    """

    model: PromptableModel
    optim: OptimSettings
    loss: LossSettings
    data: Dataset
    weights: Any
    val: SelectionSplit | None
    out: Path
    device: str = "auto"
    report_to: tuple[str, ...] = ()
    learner: nn.Module | None = None
    named: bool = False
    prepare: Callable[[], None] = lambda: None


def run(plan: Plan) -> Journal:
    """Trains, or goes on; afterwards the model holds the weights that `optim.keep` names. Returns the run's
    journal.

    Raises:
        ModelError: no memory, a loss that is not finite, a device or precision that isn't there.
        OutputError: the disk is full, or the run folder can't be written.
    """
    settings = plan.optim
    arguments = _arguments(plan)
    checkpoint = whole_checkpoint(plan.out, clean=arguments.process_index == 0)
    average = WeightAverage(plan.model, settings.ema)
    views = views_of(plan.val, plan.model.input_size, plan.model.focus_stretch) if plan.val else []
    journal = Journal(plan.out, plan.model, average, views, settings.patience, plan.named)
    if checkpoint is None or not journal.ended(step_of(checkpoint), settings.steps):
        plan.prepare()
        bar = ProgressBar(settings.steps)
        trainer = PromptTrainer(
            draws=DrawSampler(
                plan.weights,
                settings.seed,
                least=20 * settings.batch_size * settings.accumulate * arguments.world_size,
            ),
            model=plan.learner or InteractiveTrainer(plan.model, plan.loss),
            args=arguments,
            train_dataset=plan.data,
            optimizers=_optimizer(plan.model, settings),
            callbacks=[journal, average, bar],  # the average after the look: it marks a checkpoint as whole
        )
        trainer.remove_callback(
            PrinterCallback
        )  # it prints dicts to stdout; the bar and the log say the same
        with one_line(plan.out, settings, plan.model.input_size), bar:
            trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    else:
        average.restore(checkpoint)
    _keep(plan, average)
    return journal


class PromptTrainer(Trainer):
    """Draws as `draws` says, checkpoints what learns and nothing else, and stops at the first loss that is
    not finite.

    What is drawn within a step (how often it corrects, which masks are cut) follows from the seed and the
    step: the loader's processes take from torch's generator when they start, which a run that goes on does
    at another step.
    """

    def __init__(self, draws: DrawSampler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.draws = draws
        self.seeded_for = -1

    def _get_train_sampler(self, *args: Any, **kwargs: Any) -> Sampler:
        return self.draws

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        step = self.state.global_step
        if step != self.seeded_for:  # the first of `optim.accumulate` batches
            torch.manual_seed(int(np.random.SeedSequence((self.args.seed, step)).generate_state(1)[0]))
            self.seeded_for = step
        loss = super().training_step(*args, **kwargs)
        if not bool(torch.isfinite(loss)):
            out = Path(str(self.args.output_dir))
            raise ModelError(
                f"the loss is not finite (NaN or Inf) at step {self.state.global_step + 1} of "
                f"'{printable(str(out))}'; {what_is_kept(out)}. Lower optim.encoder_lr and optim.decoder_lr, "
                "or set optim.precision=fp32"
            )
        return loss

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        reported = getattr(self.accelerator.unwrap_model(self.model), "reported", None)
        super().log(logs | reported() if reported is not None and "loss" in logs else logs, *args, **kwargs)

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        assert output_dir is not None and self.model is not None
        names = set(learned_names(self.model))
        learned = {name: p for name, p in self.model.named_parameters() if name in names}
        write_tensors(Path(output_dir) / WEIGHTS_FILE, learned, {"format": "pt"})

    def _issue_warnings_after_load(self, load_result: Any) -> None:
        if load_result.unexpected_keys:
            raise ModelError(
                f"the checkpoint has a weight '{load_result.unexpected_keys[0]}' that this model lacks; "
                "give a new --out"
            )


def is_first_process() -> bool:
    """True for the process that writes; under torchrun there are several."""
    return (
        not (torch.distributed.is_available() and torch.distributed.is_initialized())
        or torch.distributed.get_rank() == 0
    )


def _keep(plan: Plan, average: WeightAverage) -> None:
    own = {name: p for name, p in plan.model.named_parameters() if name in set(average.names)}
    best = plan.out / BEST_FILE
    kept = load_file(str(best)) if plan.optim.keep == "best" and best.is_file() else average.average
    put(own, {name: value.to(own[name].device) for name, value in kept.items()})


def _optimizer(model: PromptableModel, settings: OptimSettings) -> tuple[torch.optim.Optimizer, Any]:
    encoder = [
        p for name, p in model.named_parameters() if name.startswith("vision_encoder.") and p.requires_grad
    ]
    others = [
        p
        for name, p in model.named_parameters()
        if not name.startswith("vision_encoder.") and p.requires_grad
    ]
    pairs = [
        (parameters, rate)
        for parameters, rate in ((encoder, settings.encoder_lr), (others, settings.decoder_lr))
        if parameters
    ]
    groups = [{"params": parameters, "lr": rate} for parameters, rate in pairs]
    optimizer = torch.optim.AdamW(groups, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=[rate for _, rate in pairs],
        total_steps=settings.steps,
        pct_start=settings.warmup,
        cycle_momentum=False,
    )
    return optimizer, schedule


def _arguments(plan: Plan) -> TrainingArguments:
    settings, cuda = plan.optim, torch.cuda.is_available() and plan.device != "cpu"
    if plan.device not in ("auto", "cpu", "cuda"):
        raise ModelError(f"device '{plan.device}' is unknown; use auto, cpu or cuda")
    if plan.device == "cuda" and not cuda:
        raise ModelError(
            "device 'cuda' was requested, but torch finds no CUDA here; use --device cpu, or install a CUDA "
            "build of torch"
        )
    if settings.precision == "fp16" and not cuda:
        raise ModelError("optim.precision 'fp16' needs CUDA; on a CPU use bf16 or fp32")
    if settings.recompute:
        plan.model.activation_checkpointing_enable({"use_reentrant": False})
    arguments = TrainingArguments(
        output_dir=str(plan.out),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.accumulate,
        bf16=settings.precision == "bf16",
        fp16=settings.precision == "fp16",
        use_cpu=not cuda,
        ddp_find_unused_parameters=True,  # a batch without a mask prompt leaves the mask embedding out
        dataloader_num_workers=settings.workers,
        dataloader_drop_last=True,
        dataloader_pin_memory=cuda,
        dataloader_persistent_workers=settings.workers > 0,
        remove_unused_columns=False,
        max_grad_norm=settings.clip,
        seed=settings.seed,
        logging_steps=max(1, min(20, settings.save_every)),
        save_steps=settings.save_every,
        save_total_limit=2,
        report_to=list(plan.report_to) or "none",
        disable_tqdm=True,
    )
    arguments._n_gpu = min(
        arguments.n_gpu, 1
    )  # several GPUs by torchrun alone: DataParallel would split the batch behind our back
    return arguments
