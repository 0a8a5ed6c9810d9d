"""onnxruntime on the CPU: the engine of the core install. Reads encoder.onnx and decoder.onnx of one
folder.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import onnxruntime

from uniultra.errors import ModelError
from uniultra.model_facts import (
    MODEL_JSON,
    ModelFacts,
    read_box_fits,
    read_passes,
    read_quality,
    read_structures,
)
from uniultra.text import first_line, number_of
from uniultra.types import Features

ENCODER, DECODER = "encoder.onnx", "decoder.onnx"
FORMAT = "1"
"""Version of the files' inputs, outputs and metadata; a reader refuses another."""
SLOPE, OFFSET = "uniultra.quality_slope", "uniultra.quality_offset"
"""Metadata of a decoder: the calibration of the predicted IoU that is in its graph; 1 and 0 for none."""
SMALL = 32 << 20
"""Bytes up to which a model's files are opened a second time for calls of one thread."""
LIGHT_BYTES, LIGHT_SIDE = 4 << 20, 256
"""An encoder's file and the side of its input up to which calls take one thread unless told otherwise: its
operators end before a second thread has begun (docs/bench.md).
"""
PROVIDERS = ["CPUExecutionProvider"]
IDENTITY = ("uniultra.format", "uniultra.name", "uniultra.version", "uniultra.input_size")
"""Metadata that both files carry and that must agree."""


@dataclass(frozen=True)
class OnnxBackend:
    """Two onnxruntime sessions; `InferenceSession.run` is safe to call from several threads.

    Attributes:
        threads: threads a call may use; None for all cores.
        content: of both files, where they are small and calls may use several threads.
    """

    encoder: onnxruntime.InferenceSession
    decoder: onnxruntime.InferenceSession
    facts: ModelFacts
    threads: int | None = None
    content: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def open(cls, folder: Path, threads: int | None = None) -> OnnxBackend:
        """Opens a folder with both files.

        Args:
            folder: holds encoder.onnx and decoder.onnx.
            threads: threads a call may use; None for one where the encoder is light, up to LIGHT_BYTES and
                LIGHT_SIDE, and all cores where it isn't.

        Raises:
            ModelError: a file is missing, is not a model, or has another format.
        """
        paths = folder / ENCODER, folder / DECODER
        if threads is None and _is_light(paths[0]):
            light = cls.open(folder, threads=1)
            if light.facts.input_size <= LIGHT_SIDE:
                return light
        encoder, decoder = (_session(path, threads) for path in paths)
        facts = encoder.get_modelmeta().custom_metadata_map
        _check_format(facts, folder / ENCODER)
        others = decoder.get_modelmeta().custom_metadata_map
        if any(facts.get(key) is None or facts.get(key) != others.get(key) for key in IDENTITY):
            raise ModelError(
                f"'{folder}' holds an encoder and a decoder of different models; export the model again"
            )
        size = encoder.get_inputs()[0].shape[-1]
        if str(size) != facts["uniultra.input_size"]:
            raise ModelError(
                f"'{folder / ENCODER}' says {facts['uniultra.input_size']} px and takes {size}; export the "
                "model again"
            )
        fit = others.get(SLOPE), others.get(OFFSET)
        own = ModelFacts(
            facts["uniultra.name"],
            facts["uniultra.version"],
            int(size),
            _stretch(facts, folder),
            read_passes(folder),
            read_quality(folder / MODEL_JSON),
            quality_calibrated=None if None in fit else fit != ("1.0", "0.0"),
            box_fits=read_box_fits(folder),
            structures=read_structures(folder),
        )
        kept = threads != 1 and sum(path.stat().st_size for path in paths) <= SMALL
        return cls(encoder, decoder, own, threads, tuple(path.read_bytes() for path in paths if kept))

    @cached_property
    def one_threaded(self) -> OnnxBackend:
        """The same model with calls of one thread each, opened on first use and kept; itself where its calls
        are so already, or its files are large.
        """
        if self.threads == 1 or not self.content:
            return self
        encoder, decoder = (session(each, 1) for each in self.content)
        return OnnxBackend(encoder, decoder, self.facts, threads=1)

    def encode(self, images_bhw: np.ndarray) -> Features:
        return Features(
            *self.encoder.run(["image_embed", "high_res_feats_0", "high_res_feats_1"], {"images": images_bhw})
        )

    def decode(
        self,
        features: Features,
        points: np.ndarray,
        labels: np.ndarray,
        masks: np.ndarray,
        has_mask: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        inputs = decoder_inputs(features, points, labels, masks, has_mask)
        logits, quality = self.decoder.run(["low_res_masks", "iou_predictions"], inputs)
        return logits, quality


def decoder_inputs(
    features: Features, points: np.ndarray, labels: np.ndarray, masks: np.ndarray, has_mask: np.ndarray
) -> dict[str, np.ndarray]:
    """What a decoder's graph is fed with, by name; arguments are those of `Backend.decode`."""
    return {
        "image_embed": features.image_embed,
        "high_res_feats_0": features.high_res_feats_0,
        "high_res_feats_1": features.high_res_feats_1,
        "point_coords": points.astype(np.float32),
        "point_labels": labels.astype(np.int64),
        "mask_input": masks.astype(np.float32),
        "has_mask_input": has_mask.astype(np.float32),
    }


def _check_format(facts: dict[str, str], encoder: Path) -> None:
    """Raises ModelError unless `export` wrote the graph, in the format that is read here."""
    found = facts.get("uniultra.format")
    if found is None:
        raise ModelError(
            f"'{encoder}' is not of a folder that `uniultra export` wrote: its metadata has no "
            f"uniultra.format, which must be {FORMAT}; give such a folder, or export the model again"
        )
    if found != FORMAT:
        raise ModelError(
            f"'{encoder}' has format {found}; this version reads {FORMAT}. Export the model again"
        )


def _stretch(facts: dict[str, str], folder: Path) -> float:
    """The shape of focused views; files of version 0.1.0 don't say it and mean squares."""
    text = facts.get("uniultra.focus_stretch", "1")
    stretch = number_of(text)
    if not 1.0 <= stretch < math.inf:
        raise ModelError(
            f"'{folder / ENCODER}' says focus_stretch {text[:40]!a}, which must be 1 or more; export the "
            "model again"
        )
    return stretch


def session(model: str | bytes, threads: int | None = None) -> onnxruntime.InferenceSession:
    """A graph, by its path or its content, ready to run on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Threads that spin while they wait take the cores from what else runs there, and from each other:
    # docs/LOG.md.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if threads is not None:
        options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model, options, providers=PROVIDERS)


def _is_light(encoder: Path) -> bool:
    try:
        return encoder.stat().st_size <= LIGHT_BYTES
    except OSError:  # said where it is opened
        return False


def _session(path: Path, threads: int | None) -> onnxruntime.InferenceSession:
    if not path.is_file():
        raise ModelError(f"'{path}' is missing; a model folder holds {ENCODER} and {DECODER}")
    try:
        return session(str(path), threads)
    except (
        Exception
    ) as error:  # onnxruntime raises bare RuntimeError subclasses of its own, one a failure kind
        raise ModelError(
            f"'{path}' is not an ONNX model that onnxruntime can open: {first_line(error)}"
        ) from error
