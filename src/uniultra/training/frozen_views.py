"""Views that are encoded once: where the image encoder doesn't learn, each step costs the decoder alone.

The views and their prompts are those of `PromptDataset`, so many of each object, and recur. What the
encoder's answer passes through on its way out (the neck's last convolutions, the embedding added to it) is
part of what is kept, so it doesn't learn either.
"""

from __future__ import annotations

from math import prod

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import Dataset

from uniultra.data.dataset import PromptDataset
from uniultra.errors import ModelError
from uniultra.models.promptable import PromptableModel
from uniultra.training.interactive_loss import InteractiveTrainer

AT_ONCE = 8
"""Views encoded in one call."""
MOST_BYTES = 4e9
AFTER_ENCODER = ("no_memory_embedding", "mask_decoder.conv_s0", "mask_decoder.conv_s1")
"""What learns beside the encoder elsewhere, and makes part of its answer."""
MAPS = ((1, 16), (8, 4), (4, 8))
"""The decoder's width over the channels, and the input's side over the map's, of what
`PromptableModel.encode` gives.
"""


class FrozenViews(Dataset):
    """`views` encoded views of each object, in memory as half floats (about 0.5 MB a view at 256 px).

    They are encoded by `encode`, which comes first. Takes the keys of `DrawSampler`, as `PromptDataset` does,
    and gives its items with `features` in place of the image: the encoder's three maps, flat, one after the
    other, (D S^2 / 64,) where D is the decoder's width.
    """

    def __init__(self, data: PromptDataset, model: PromptableModel, views: int) -> None:
        """Nothing is encoded before `encode`.

        Raises:
            ModelError: they take more than `MOST_BYTES`.
        """
        self.count, self.views = len(data), views
        needed = 2.0 * self.count * views * model.hidden_dim * model.input_size**2 / 64
        if needed > MOST_BYTES:
            raise ModelError(
                f"cache.views={views} of {self.count} objects take {needed / 1e9:.0f} GB of memory; give at "
                f"most {int(MOST_BYTES / needed * views)}, or 0 to encode each time"
            )
        self.data, self.model = data, model
        self.items: list[dict[str, Tensor]] = []

    def encode(self) -> None:
        """Encodes all views, with a bar on a terminal; again, nothing."""
        if self.items:
            return
        keys = [
            (view * self.count + index) * self.count + index
            for view in range(self.views)
            for index in range(self.count)
        ]
        console = Console(stderr=True)
        groups = [keys[at : at + AT_ONCE] for at in range(0, len(keys), AT_ONCE)]
        title = f"encoding {self.views} views of each object"
        for group in track(groups, title, console=console, disable=not console.is_terminal):
            self.items += _encoded(self.data, self.model, group)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, key: int) -> dict[str, Tensor]:
        draw, index = divmod(key, self.count)
        return self.items[draw % self.views * self.count + index]


@torch.inference_mode()
def _encoded(data: PromptDataset, model: PromptableModel, keys: list[int]) -> list[dict[str, Tensor]]:
    examples = [data[key] for key in keys]
    maps = model.encode(torch.stack([example.pop("image") for example in examples]))
    packed = torch.cat([each.half().flatten(1) for each in maps], dim=1)
    return [example | {"features": own.clone()} for example, own in zip(examples, packed, strict=True)]


class FrozenLearner(InteractiveTrainer):
    """`InteractiveTrainer` for a batch of `FrozenViews`."""

    def forward(  # type: ignore[override]
        self, features: Tensor, target: Tensor, points: Tensor, labels: Tensor, mask: Tensor, has_mask: Tensor
    ) -> dict[str, Tensor]:
        """features (B, D S^2 / 64) half, as `FrozenViews` keeps them; else as in `InteractiveTrainer`."""
        maps = _unpacked(features.float(), target.shape[-1], self.model.hidden_dim)
        return {"loss": self.rounds(maps, target, points, labels, mask, has_mask).loss}


def _unpacked(features: Tensor, side: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """The three maps (B, D, S/16, S/16), (B, D/8, S/4, S/4), (B, D/4, S/8, S/8) of a batch."""
    sizes = [(width // share, side // step, side // step) for share, step in MAPS]
    parts = features.split([prod(size) for size in sizes], dim=1)
    embed, fine, middle = (part.unflatten(1, size) for part, size in zip(parts, sizes, strict=True))
    return embed, fine, middle


def freeze_after_encoder(model: nn.Module) -> None:
    """Keeps what stands between the encoder and the kept features as it is, in place."""
    for name, parameter in model.named_parameters():
        if name.startswith(AFTER_ENCODER):
            parameter.requires_grad_(False)
