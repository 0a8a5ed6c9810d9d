"""The repository folder: what `Segmenter.load` opens, the graphs as transformers.js feeds them (read from its
4.3.2, `Sam2Model.forward`), and the card as huggingface_hub reads it.
"""

from __future__ import annotations

import json
from pathlib import Path

import huggingface_hub
import numpy as np
import onnxruntime
import pytest
from typer.testing import CliRunner

from phantoms import speckled
from uniultra import Segmenter
from uniultra.backends.hub import sums_of
from uniultra.cli.main import app
from uniultra.evaluation.metrics import dice
from uniultra.export.hub_folder import write_hub_folder
from uniultra.geometry import ModelMap
from uniultra.hashes import file_sha256
from uniultra.named import name_labels
from uniultra.prompt_arrays import prompt_arrays
from uniultra.registry import DEFAULT, find
from uniultra.types import Frame, Prompt

SIDE, GRID = 256, 64


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hub") / "model"
    run = CliRunner().invoke(app, ["export", "--model", DEFAULT, "--for", "huggingface", "--out", str(out)])
    assert run.exit_code == 0, run.output
    return out


def test_a_copy_of_it_is_the_model(folder: Path) -> None:
    segmenter = Segmenter.load(folder, threads=1)
    assert (segmenter.name, segmenter.facts) == (DEFAULT, Segmenter.load().facts)
    sums = sums_of(folder / "SHA256SUMS")
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == {*sums, "SHA256SUMS"}
    assert all(file_sha256(folder / file) == found for file, found in sums.items())


def test_the_card_says_what_the_hub_shows(folder: Path) -> None:
    card = huggingface_hub.ModelCard.load(folder / "README.md")
    assert (card.data.license, card.data.pipeline_tag) == ("apache-2.0", "mask-generation")
    assert "arxiv:2511.15771" in card.data.tags
    assert set(card.data.datasets) >= {"busi", "hc18", "camus2"}
    assert "Not a medical device" in card.text


def test_transformers_js_gets_the_masks_of_one_pass(folder: Path) -> None:
    encoder, decoder = (
        onnxruntime.InferenceSession(
            str(folder / "onnx" / f"{half}.onnx"), providers=["CPUExecutionProvider"]
        )
        for half in ("vision_encoder", "prompt_encoder_mask_decoder")
    )
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    pixels = speckled((columns - 0.49) ** 2 + (rows - 0.47) ** 2 <= 0.19**2).pixels_hw
    said = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    assert said["size"] == {"height": SIDE, "width": SIDE}
    mean, std = (np.array(said[f"image_{name}"], np.float32)[:, None, None] for name in ("mean", "std"))
    rgb = (np.repeat(pixels[None].astype(np.float32), 3, axis=0) * said["rescale_factor"] - mean) / std
    maps = encoder.run(None, {"pixel_values": rgb[None].astype(np.float32)})
    features = {f"image_embeddings.{i}": value for i, value in enumerate(maps)}
    segmenter = Segmenter.load(threads=1)
    embedding = segmenter.encode(Frame(pixels))
    to_model = ModelMap(embedding.region, SIDE)
    box, click, out = (75.0, 65.0, 180.0, 175.0), (126.0, 120.0), (20.0, 20.0)
    asks: dict[str, tuple[list[Prompt], list[object], list[object], list[object]]] = {
        "boxes": ([Prompt(box), Prompt((10, 10, 90, 90))], [[]], [[], []], [[*box], [10, 10, 90, 90]]),
        "clicks": (
            [
                Prompt(points_xy=(click, out), point_labels=(1, 0)),
                Prompt(points_xy=(out, click), point_labels=(1, 1)),
            ],
            [[click, out], [out, click]],
            [[1, 0], [1, 1]],
            [],
        ),
        "both": ([Prompt(box, (out,), (0,))], [[out]], [[0]], [[*box]]),
        "said": (
            [Prompt(box, name="left ventricular myocardium", box_fit="loose")],
            [[box[:2], box[2:], *[(0, 0)] * 4]],
            [[6, 7, *name_labels(1)]],
            [],
        ),
    }
    for name, (prompts, points, labels, boxes) in asks.items():
        fed = features | {
            "input_points": np.array([points], np.float32).reshape(1, len(points), -1, 2),
            "input_labels": np.array([labels], np.int64).reshape(1, len(labels), -1),
            "input_boxes": np.array([boxes], np.float32).reshape(1, len(boxes), 4),
        }
        quality, masks = decoder.run(["iou_scores", "pred_masks"], fed)
        assert (quality.shape, masks.shape) == ((1, len(prompts), 1), (1, len(prompts), 1, GRID, GRID)), name
        rights = segmenter.decode(embedding, prompts)
        for index, right in enumerate(rights):
            assert quality[0, index, 0] == pytest.approx(right.quality, abs=1e-3)
            whole = np.kron(masks[0, index, 0] > 0, np.ones((4, 4), bool))
            assert dice(whole, right.mask_hw) > 0.95, name
        # Alone, a prompt's answer is the same: nothing is padded.
        logits, _ = segmenter.backend.decode(
            embedding.features,
            *prompt_arrays(prompts[:1], to_model, True, segmenter.facts.structures),
        )
        np.testing.assert_allclose(masks[0, 0, 0], logits[0], atol=2e-3)


def test_nothing_is_left_of_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uniultra.export.hub_folder._card", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError, match="division"):
        write_hub_folder(find(DEFAULT).folder, tmp_path / "x")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
