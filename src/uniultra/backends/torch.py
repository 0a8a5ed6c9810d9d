"""torch: the engine for models in training, and the reference that the exported files are held against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from uniultra.model_facts import MODEL_JSON, ModelFacts, Passes, passes_json, read_passes
from uniultra.models.adapted import base_location, base_of, open_model
from uniultra.models.promptable import PromptableModel
from uniultra.types import Features


class TorchBackend:
    """A `PromptableModel` in eval mode on one device."""

    def __init__(
        self,
        model: PromptableModel,
        name: str,
        version: str = "unpublished",
        device: str = "cpu",
        passes: Passes | None = None,
    ) -> None:
        self.model = model.to(device).eval()
        self.device = device
        self.facts = ModelFacts(
            name,
            version,
            model.input_size,
            model.focus_stretch,
            passes or Passes(),
            quality_calibrated=False,
            box_fits=model.box_fits,
            structures=model.structures,
        )

    @classmethod
    def open(cls, folder: Path, device: str = "cpu") -> TorchBackend:
        """Opens a folder with config.json and model.safetensors, or a run of `adapt`; raises ModelError where
        that fails.
        """
        return cls(open_model(folder), name=folder.name, device=device, passes=passes_of(folder))

    @torch.inference_mode()
    def encode(self, images_bhw: np.ndarray) -> Features:
        return Features(
            *(
                maps.numpy(force=True)
                for maps in self.model.encode(torch.from_numpy(images_bhw).to(self.device))
            )
        )

    @torch.inference_mode()
    def decode(
        self,
        features: Features,
        points: np.ndarray,
        labels: np.ndarray,
        masks: np.ndarray,
        has_mask: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        maps = (features.image_embed, features.high_res_feats_0, features.high_res_feats_1)
        on_device = tuple(torch.from_numpy(m).to(self.device) for m in maps)
        prompt = (
            torch.from_numpy(a).to(self.device)
            for a in (points.astype(np.float32), labels.astype(np.int64), masks, has_mask)
        )
        logits, quality, _ = self.model.decode(on_device, *prompt)  # type: ignore[arg-type]
        return logits.numpy(force=True), quality.numpy(force=True)


def passes_of(folder: Path) -> Passes:
    """How a folder's model is prompted: as its model.json says, or the base of its adapter does. Raises
    ModelError.
    """
    base = None if (folder / MODEL_JSON).is_file() else base_of(folder)
    return read_passes(base if isinstance(base, Path) else folder)


def known_passes(source: str | Path) -> Passes:
    """How a model, or the base of what was adapted, is prompted; the defaults where nothing says it. Raises
    ModelError.
    """
    place = base_location(source)
    return passes_of(place) if isinstance(place, Path) else Passes()


def passes_beside(source: str | Path) -> dict[str, str]:
    """What a folder of weights that began as `source` says in its model.json, by that name, so that it is
    prompted alike. Raises ModelError.
    """
    return {MODEL_JSON: passes_json(known_passes(source))}
