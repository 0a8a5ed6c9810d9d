"""The moving average of the learned weights: what a run keeps, and what says that a checkpoint is whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import TrainerCallback

from uniultra.errors import ModelError
from uniultra.models.methods import learned_names
from uniultra.models.stored import write_tensors

EMA_FILE = "ema.safetensors"
"""Written into a checkpoint last of all: where it lies, nothing of the checkpoint is missing."""


class WeightAverage(TrainerCallback):
    """Averages the parameters that learn after every step; saved beside each checkpoint and read back on
    resume.

    The decay rises from 0 towards `decay` as (1 + step) / (10 + step), so that the first random weights are
    forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = model
        self.decay = decay
        self.names = learned_names(model)
        self.average = {name: value.detach().clone() for name, value in self._own().items()}

    def _own(self) -> dict[str, Tensor]:
        own = dict(self.model.named_parameters())
        return {name: own[name] for name in self.names}

    def restore(self, checkpoint: Path) -> None:
        """Reads the average that was saved with a checkpoint."""
        device = next(self.model.parameters()).device
        stored = load_file(str(checkpoint / EMA_FILE), device=str(device))
        self.average = {name: stored[name] for name in self.names}

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step:
            self.restore(Path(args.output_dir) / f"checkpoint-{state.global_step}")
        device = next(self.model.parameters()).device
        self.average = {name: value.to(device) for name, value in self.average.items()}

    @torch.no_grad()
    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        decay = min(self.decay, (1 + state.global_step) / (10 + state.global_step))
        for name, value in self._own().items():
            self.average[name].lerp_(value, 1.0 - decay)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        broken = next(
            (name for name, value in self.average.items() if not bool(torch.isfinite(value).all())), None
        )
        if broken:
            raise ModelError(
                f"weight '{broken}' is not finite (NaN or Inf) at step {state.global_step}; lower "
                "optim.encoder_lr and optim.decoder_lr"
            )
        write_tensors(Path(args.output_dir) / f"checkpoint-{state.global_step}" / EMA_FILE, self.average)

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """`with average.swapped():` runs with the averaged weights in the model's place."""
        own = self._own()
        kept = {name: value.detach().clone() for name, value in own.items()}
        put(own, self.average)
        try:
            yield
        finally:
            put(own, kept)


@torch.no_grad()
def put(parameters: dict[str, Tensor], values: dict[str, Tensor]) -> None:
    """Copies values into parameters of the same names, in place."""
    for name, parameter in parameters.items():
        parameter.copy_(values[name])
