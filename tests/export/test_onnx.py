"""The exported files answer as the model does in torch: one export of a short mini, shared by all tests
here. A whole mini is exported in test_model_folder.py.
"""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import onnx
import pytest

from networks import heard, short
from uniultra.backends.onnx import OnnxBackend
from uniultra.backends.torch import TorchBackend
from uniultra.errors import ModelError
from uniultra.evaluation.metrics import dice
from uniultra.evaluation.quality import calibrate
from uniultra.export.onnx import Graphs, ModelFacts, QualityCalibration, trace_graphs, write_graphs
from uniultra.export.parity import check_parity, graph_facts, random_prompts, speckle_image
from uniultra.models.promptable import PromptableModel
from uniultra.types import Features

SIZE = 256
"""At which windows nest, so that they are fused."""
CALIBRATION = QualityCalibration(slope=1.5, offset=-0.25)


@pytest.fixture(scope="module")
def traced() -> tuple[PromptableModel, Graphs]:
    model = heard(short(SIZE), "bias")
    return model, trace_graphs(model, CALIBRATION)


@pytest.fixture(scope="module")
def exported(
    traced: tuple[PromptableModel, Graphs], tmp_path_factory: pytest.TempPathFactory
) -> tuple[PromptableModel, Path]:
    folder = tmp_path_factory.mktemp("exported")
    _write(traced, folder)
    return traced[0], folder


def _write(traced: tuple[PromptableModel, Graphs], folder: Path, precision: str = "fp32") -> None:
    write_graphs(
        copy.deepcopy(traced[1]),
        folder,
        ModelFacts("test-mini", "1.2", precision=precision),
        traced[0],
        CALIBRATION,
    )


def test_logits_and_quality_equal_torchs(exported: tuple[PromptableModel, Path]) -> None:
    report = check_parity(*exported, CALIBRATION, cases=4)
    assert report["max_logit_difference"] < 1e-4
    assert report["max_quality_difference"] < 1e-4
    assert report["pixel_agreement"] > 0.9999
    assert report["dice_agreement"] > 0.999


def test_the_files_hold_standard_operators_alone(exported: tuple[PromptableModel, Path]) -> None:
    for file in ("encoder.onnx", "decoder.onnx"):
        graph = onnx.load(str(exported[1] / file))
        assert {node.domain for node in graph.graph.node} == {""}
        assert [(entry.domain, entry.version) for entry in graph.opset_import] == [("", 18)]
        kinds = [node.op_type for node in graph.graph.node]
        assert not {"GatherND", "ConvTranspose", "MaxPool"} & set(kinds)
    assert "Gemm" in kinds


def test_masks_that_nobody_asks_for_are_gone(exported: tuple[PromptableModel, Path]) -> None:
    names = {tensor.name for tensor in onnx.load(str(exported[1] / "decoder.onnx")).graph.initializer}
    assert any("output_hypernetworks_mlps.0." in name for name in names)
    assert not any(f"output_hypernetworks_mlps.{number}." in name for name in names for number in (1, 2, 3))


@pytest.mark.parametrize(("prompts", "points"), [(1, 1), (1, 7), (9, 2)])
def test_any_number_of_prompts_and_points(
    exported: tuple[PromptableModel, Path], prompts: int, points: int
) -> None:
    model, folder = exported
    rng = np.random.default_rng(1)
    features = OnnxBackend.open(folder).encode(speckle_image(SIZE, rng))
    xy = rng.uniform(0, SIZE, (prompts, points, 2)).astype(np.float32)
    labels = rng.integers(-1, 2, (prompts, points))
    masks = rng.normal(size=(prompts, 1, SIZE // 4, SIZE // 4)).astype(np.float32)
    has_mask = np.ones(prompts, np.float32)
    ours, quality = OnnxBackend.open(folder).decode(features, xy, labels, masks, has_mask)
    theirs, raw = TorchBackend(model, "torch").decode(features, xy, labels, masks, has_mask)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    np.testing.assert_allclose(quality, calibrate(raw, CALIBRATION.slope, CALIBRATION.offset), atol=1e-4)


def test_a_batch_of_images_is_encoded_as_one_by_one(exported: tuple[PromptableModel, Path]) -> None:
    backend = OnnxBackend.open(exported[1])
    rng = np.random.default_rng(2)
    images = np.concatenate([speckle_image(SIZE, rng) for _ in range(3)])
    together = backend.encode(images)
    alone = backend.encode(images[1:2])
    np.testing.assert_allclose(together.image_embed[1:2], alone.image_embed, atol=1e-4)


def test_the_files_say_what_they_are(exported: tuple[PromptableModel, Path]) -> None:
    backend = OnnxBackend.open(exported[1])
    assert (backend.facts.name, backend.facts.version, backend.facts.input_size) == ("test-mini", "1.2", SIZE)
    graph = onnx.load(str(exported[1] / "decoder.onnx"))
    facts = {p.key: p.value for p in graph.metadata_props}
    assert (facts["uniultra.focus_stretch"], facts["uniultra.precision"]) == ("1", "fp32")
    assert {
        "uniultra.point_coords",
        "uniultra.point_labels",
        "uniultra.mask_input",
        "uniultra.licence",
    } <= set(facts)
    assert str(Path.cwd()) not in str(graph.SerializeToString())


def test_the_shape_of_focused_views_goes_along(
    traced: tuple[PromptableModel, Graphs], exported: tuple[PromptableModel, Path], tmp_path: Path
) -> None:
    model, folder = exported
    model.config.focus_stretch = 2.5
    try:
        _write(traced, tmp_path)
    finally:
        model.config.focus_stretch = 1.0
    assert (OnnxBackend.open(tmp_path).facts.focus_stretch, OnnxBackend.open(folder).facts.focus_stretch) == (
        2.5,
        1.0,
    )
    for file in ("encoder.onnx", "decoder.onnx"):
        graph = onnx.load(str(tmp_path / file))
        next(p for p in graph.metadata_props if p.key == "uniultra.focus_stretch").value = "wide"
        onnx.save(graph, str(tmp_path / file))
    with pytest.raises(
        ModelError, match=r"says focus_stretch 'wide', which must be 1 or more; export the model again"
    ):
        OnnxBackend.open(tmp_path)


@pytest.mark.parametrize(("precision", "share"), [("fp16", 0.6), ("w8", 0.4)])
def test_weights_in_fewer_bits_hardly_move_the_answer(
    traced: tuple[PromptableModel, Graphs],
    exported: tuple[PromptableModel, Path],
    tmp_path: Path,
    precision: str,
    share: float,
) -> None:
    model, folder = exported
    _write(traced, tmp_path, precision)
    sizes = [sum(file.stat().st_size for file in where.iterdir()) for where in (folder, tmp_path)]
    assert sizes[1] < share * sizes[0]
    report = check_parity(model, tmp_path, CALIBRATION, cases=4)
    assert report["pixel_agreement"] > 0.98
    assert report["p999_logit_difference"] <= report["max_logit_difference"]


def test_the_calibration_can_be_read_back(exported: tuple[PromptableModel, Path], tmp_path: Path) -> None:
    assert QualityCalibration.of_graph(exported[1] / "decoder.onnx") == CALIBRATION
    assert QualityCalibration.of_graph(tmp_path / "decoder.onnx") is None
    (tmp_path / "decoder.onnx").write_bytes(b"not a graph")
    assert QualityCalibration.of_graph(tmp_path / "decoder.onnx") is None


def test_graphs_are_counted(exported: tuple[PromptableModel, Path]) -> None:
    facts = graph_facts(exported[1] / "encoder.onnx")
    assert facts["bytes"] == (exported[1] / "encoder.onnx").stat().st_size
    assert facts["nodes"] == sum(facts["operators"].values())
    assert {"MatMul", "Conv", "Softmax"} <= set(facts["operators"])


def test_dice_of_masks() -> None:
    full, empty = np.ones((2, 2), bool), np.zeros((2, 2), bool)
    assert (dice(full, full), dice(empty, empty), dice(full, empty)) == (1.0, 1.0, 0.0)


def test_the_decoder_ignores_padding(exported: tuple[PromptableModel, Path]) -> None:
    backend = OnnxBackend.open(exported[1])
    rng = np.random.default_rng(3)
    encoded = backend.encode(speckle_image(SIZE, rng))
    points, labels, masks, has_mask = random_prompts(SIZE, rng)
    moved = points.copy()
    moved[labels == -1] = 7.0
    ours, theirs = (backend.decode(encoded, xy, labels, masks, has_mask)[0] for xy in (points, moved))
    np.testing.assert_array_equal(ours, theirs)


def test_missing_foreign_and_old_files(exported: tuple[PromptableModel, Path], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"encoder\.onnx' is missing"):
        OnnxBackend.open(tmp_path)
    (tmp_path / "encoder.onnx").write_bytes(b"not a model")
    (tmp_path / "decoder.onnx").write_bytes((exported[1] / "decoder.onnx").read_bytes())
    with pytest.raises(ModelError, match="is not an ONNX model that onnxruntime can open"):
        OnnxBackend.open(tmp_path)
    old = onnx.load(str(exported[1] / "encoder.onnx"))
    next(p for p in old.metadata_props if p.key == "uniultra.format").value = "0"
    onnx.save(old, str(tmp_path / "encoder.onnx"))
    with pytest.raises(ModelError, match="has format 0; this version reads 1"):
        OnnxBackend.open(tmp_path)


def test_features_are_named_as_in_sam2s_files() -> None:
    assert list(Features.__dataclass_fields__) == ["image_embed", "high_res_feats_0", "high_res_feats_1"]
