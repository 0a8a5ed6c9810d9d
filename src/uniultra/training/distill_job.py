"""What a distillation works on: read by `distill` and its stages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uniultra.data.loading import contents_sha256
from uniultra.data.manifest import Manifest, Row
from uniultra.data.splits import SelectionSplit, permissive, selection_split
from uniultra.models.adapted import weights_sha256
from uniultra.models.promptable import PromptableModel
from uniultra.training.checkpoints import FILES_HASH


@dataclass(frozen=True)
class DistillJob:
    """What a distillation works on; how is in the config.

    Attributes:
        teacher: a published model, a folder, a run of `adapt`, or a hub name.
        manifest: with rows of `train` and `val`.
        out: the run folder.
        unlabelled: cines, videos, images or folders of images whose frames join the feature stage.
        only_permissive: learn from, and look at, images alone whose licence allows commercial use; see
            `splits.permissive`.
        device, report_to: as in `loop.Plan`.
        cache_folder: where the teacher's maps lie if cache.views is set; by default in `out`.
    """

    teacher: str | Path
    manifest: Manifest
    out: Path
    unlabelled: tuple[Path, ...] = ()
    only_permissive: bool = False
    device: str = "auto"
    report_to: tuple[str, ...] = ()
    cache_folder: Path | None = None

    @property
    def cache(self) -> Path:
        """Where the teacher's maps lie; runs of one teacher on the same views can share it."""
        return self.cache_folder or self.out / "cache"

    def val(self) -> SelectionSplit:
        """What is looked at while learning. Raises DataError where there is none."""
        val = selection_split(self.manifest)
        return permissive(val) if self.only_permissive else val

    def made_of(self, teacher: PromptableModel, seed: int, rows: Iterable[Row]) -> dict[str, Any]:
        """What the teacher's maps of views of these rows depend on, beside how views are drawn."""
        return {
            "teacher_sha256": weights_sha256(teacher),
            "manifest_sha256": self.manifest.sha256,
            FILES_HASH: contents_sha256(rows),
            "seed": seed,
            "only_permissive": self.only_permissive,
        }
