"""The graphs that X-AnyLabeling and cornerstone3D are given: names, shapes and order as those programs feed
them, and the masks of `Segmenter`.

How they feed them was read from x-anylabeling-cvhub 4.2.1 (`SAM2ImageEncoder`, `SAM2ImageDecoder`) and
@cornerstonejs/ai 4.19.0 (`ONNXSegmentationController`). docs/hosts.md has runs of the programs' own code.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image
from typer.testing import CliRunner

from at_once import without_turns
from phantoms import speckled
from uniultra import Segmenter
from uniultra.cli.main import app
from uniultra.errors import ModelError, UniUltraError
from uniultra.evaluation.metrics import dice
from uniultra.export.decoder_hints import hints_for
from uniultra.export.graph_builder import GraphBuilder
from uniultra.export.host_files import write_host
from uniultra.model_facts import ModelFacts
from uniultra.registry import DEFAULT, exported_folder, find
from uniultra.types import Frame, Prompt

BOX = (300.0, 260.0, 720.0, 700.0)
WIDE = (200.0, 160.0, 820.0, 800.0)
"""A box that what is said of it matters for."""
CENTRE = (505.0, 480.0)


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out = {host: tmp_path_factory.mktemp(host) / "files" for host in ("x-anylabeling", "ohif")}
    for host, folder in out.items():
        write_host(host, exported_folder(DEFAULT), folder)
    return out


def opened(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def picture(side: int) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side] / side
    return speckled((columns - 0.49) ** 2 + (rows - 0.47) ** 2 <= 0.19**2).pixels_hw


def ask_x_anylabeling(
    folder: Path, pixels: np.ndarray, points: list[tuple[float, float]], labels: list[int]
) -> tuple[np.ndarray, float]:
    """As the program feeds the graphs: RGB as ImageNet's, and seven values by their places."""
    encoder, decoder = (opened(folder / f"{half}coder.onnx") for half in ("en", "de"))
    side = len(pixels)
    assert encoder.get_inputs()[0].shape == [1, 3, side, side]
    rgb = np.repeat(pixels[None].astype(np.float32) / 255, 3, axis=0)
    mean, std = (
        np.array(v, np.float32)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    fine, middle, embed = encoder.run(None, {encoder.get_inputs()[0].name: ((rgb - mean) / std)[None]})
    grid = np.zeros((1, 1, side // 4, side // 4), np.float32)
    marks, none = np.array([labels], np.float32), np.zeros(1, np.float32)
    values = (embed, fine, middle, np.array([points], np.float32), marks, grid, none)
    feed = {put.name: value for put, value in zip(decoder.get_inputs(), values, strict=True)}
    masks, quality = decoder.run(None, feed)
    found = cv2.resize(masks[0, int(np.argmax(quality[0]))], (side, side), interpolation=cv2.INTER_LINEAR) > 0
    return found, float(quality[0, 0])


def test_x_anylabeling_is_fed_by_place_and_gets_the_mask_of_one_pass(
    folders: dict[str, Path], segmenter: Segmenter
) -> None:
    side = segmenter.facts.input_size
    pixels = picture(side)  # of the model's own side: nothing is resized, so that the masks must be the same
    box = tuple(side * edge / 1024 for edge in BOX)
    points = [box[:2], box[2:], (20.0, 20.0)]  # 0 is the edge of the first pixel
    found, quality = ask_x_anylabeling(folders["x-anylabeling"], pixels, points, [2, 3, 0])
    prompt = Prompt(tuple(edge - 0.5 for edge in box), ((19.5, 19.5),), (0,))
    [right] = segmenter.decode(segmenter.encode(Frame(pixels)), [prompt])
    assert right.mask_hw.any()
    assert dice(found, right.mask_hw) > 0.999
    assert quality == pytest.approx(right.quality, abs=1e-3)


WALL = "left ventricular myocardium"


@pytest.mark.parametrize(
    ("name", "fit"), [(WALL.upper(), "loose"), ("", "tight"), ("left atrium", "")], ids=str
)
def test_a_graph_holds_one_name_and_one_fit(
    tmp_path: Path, folders: dict[str, Path], segmenter: Segmenter, name: str, fit: str
) -> None:
    """Every prompt of it is that of `segment` with them; the fit is said of the user's boxes alone."""
    write_host("x-anylabeling", exported_folder(DEFAULT), tmp_path / "x", name=name, box_fit=fit)
    side = segmenter.facts.input_size
    pixels = picture(side)
    box = tuple(side * edge / 1024 for edge in WIDE)
    centred = tuple(edge - 0.5 for edge in box)
    seen = segmenter.encode(Frame(pixels))
    [right] = segmenter.decode(seen, [Prompt(centred, name=name, box_fit=fit)])
    [plain] = segmenter.decode(seen, [Prompt(centred)])
    found, quality = ask_x_anylabeling(tmp_path / "x", pixels, [box[:2], box[2:]], [2, 3])
    assert dice(found, right.mask_hw) > 0.999
    assert abs(quality - right.quality) < 1e-4 < 5e-4 < abs(quality - plain.quality)
    ohif, canvas = tmp_path / "ohif", picture(1024)
    write_host("ohif", exported_folder(DEFAULT), ohif, name=name, box_fit=fit)
    prompt = Prompt(WIDE, ((330, 300),), (0,), name=name, box_fit=fit)
    [right] = without_turns(segmenter).segment(Frame(canvas), [prompt])
    marks = [WIDE[:2], WIDE[2:], (330.0, 300.0)]
    found, quality = ask_ohif(ohif, canvas, marks, [2, 3, 0])
    assert dice(found, right.mask_hw) > 0.995
    assert quality == pytest.approx(right.quality, abs=0.015)
    assert abs(quality - ask_ohif(folders["ohif"], canvas, marks, [2, 3, 0])[1]) > 5e-4
    write_host("ohif", exported_folder(DEFAULT), tmp_path / "named", name=name)
    clicked = [ask_ohif(folder, canvas, [CENTRE], [1]) for folder in (ohif, tmp_path / "named")]
    assert clicked[0][1] == clicked[1][1]  # of a fit nothing is said where there is no box of the user's
    assert (ohif / "decoder.onnx").stat().st_size < 1.05 * (folders["ohif"] / "decoder.onnx").stat().st_size


def test_files_of_one_structure_are_kept_apart(tmp_path: Path) -> None:
    for host in ("x-anylabeling", "ohif"):
        write_host(host, exported_folder(DEFAULT), tmp_path / host, name=WALL, box_fit="loose")
    lines = (tmp_path / "x-anylabeling" / "uniultra.yaml").read_text(encoding="utf-8").splitlines()
    said = {key: json.loads(value) for key, value in (line.split(": ", 1) for line in lines)}
    assert said["name"].endswith("-left-ventricular-myocardium-loose")
    assert said["display_name"].endswith(f", {WALL}, loose boxes)")
    [(name, parts)] = json.loads((tmp_path / "ohif" / "models.json").read_text(encoding="utf-8")).items()
    assert name == f"{DEFAULT}-left-ventricular-myocardium-loose"
    assert [part["url"] for part in parts] == [f"/{name}/encoder.onnx", f"/{name}/decoder.onnx"]
    facts = ModelFacts("own", "1", 256, structures=("Herz", "心臓"))
    assert (hints_for(facts, "herz").suffix, hints_for(facts, "心臓").suffix) == ("-herz", "-structure-2")


def test_what_a_model_does_not_know_is_not_exported(tmp_path: Path) -> None:
    ask = ["export", "--model", DEFAULT, "--out", str(tmp_path / "x")]
    for more, message in (
        (
            ["--for", "ohif", "--label", "cyst"],
            "'cyst' is not a name that uniultra-mini knows; give left ventr",
        ),
        (["--for", "ohif", "--label", "a\\b"], "can't name a structure"),
        (["--for", "huggingface", "--label", "cyst"], "a prompt says them; leave them out"),
        (["--for", "huggingface", "--box-fit", "tight"], "a prompt says them; leave them out"),
        (["--name", "x", "--label", "cyst"], "--label applies to --for x-anylabeling and --for ohif only"),
        (["--name", "x", "--box-fit", "tight"], "--box-fit applies to --for x-anylabeling and"),
    ):
        with pytest.raises(UniUltraError, match=message):
            raise CliRunner().invoke(app, [*ask, *more]).exception or AssertionError
    assert CliRunner().invoke(app, [*ask, "--for", "ohif", "--box-fit", "snug"]).exit_code == 2
    assert not (tmp_path / "x").exists()
    plain = ModelFacts("plain", "1", 256)
    with pytest.raises(ModelError, match="plain knows; leave it out"):
        hints_for(plain, "liver")
    with pytest.raises(ModelError, match="plain doesn't tell tight and loose boxes apart; leave it out"):
        hints_for(plain, "", "tight")


def test_x_anylabeling_decodes_a_grid_of_clicks_in_one_batch(folders: dict[str, Path]) -> None:
    decoder = opened(folders["x-anylabeling"] / "decoder.onnx")
    sides = {put.name: [d if isinstance(d, int) else 5 for d in put.shape] for put in decoder.get_inputs()}
    sides["point_coords"], sides["point_labels"] = [5, 1, 2], [5, 1]
    feed = {name: np.ones(side, np.float32) for name, side in sides.items()}
    feed["has_mask_input"] = np.zeros(1, np.float32)  # one for all, as SAM 2's demo sends it
    masks, quality = decoder.run(None, feed)
    assert (masks.shape, quality.shape) == ((5, 1, 64, 64), (5, 1))


def test_x_anylabelings_file_names_its_neighbours(folders: dict[str, Path]) -> None:
    lines = (folders["x-anylabeling"] / "uniultra.yaml").read_text(encoding="utf-8").splitlines()
    said = {key: json.loads(value) for key, value in (line.split(": ", 1) for line in lines)}
    assert said["type"] == "segment_anything_2"
    assert {said["encoder_model_path"], said["decoder_model_path"]} == {"encoder.onnx", "decoder.onnx"}
    assert said["padding_ratio"] == 0.3


def ask_ohif(
    folder: Path, pixels: np.ndarray, points: list[tuple[float, float]], labels: list[int]
) -> tuple[np.ndarray, float]:
    """What the controller does: RGB from 0 to 1, three inputs that say nothing, and all over 64 of 255."""
    encoder, decoder = (opened(folder / f"{half}coder.onnx") for half in ("en", "de"))
    rgb = np.repeat(pixels[None, None].astype(np.float32) / 255, 3, axis=1)
    [picture] = encoder.run(["image_embeddings"], {"input_image": rgb})
    feed = {
        "image_embeddings": picture,
        "point_coords": np.array([points], np.float32),
        "point_labels": np.array([labels], np.float32),
        "mask_input": np.zeros((1, 1, 256, 256), np.float32),
        "has_mask_input": np.zeros(1, np.float32),
        "orig_im_size": np.array([1024, 1024], np.float32),
    }
    masks, quality = decoder.run(["masks", "iou_predictions"], feed)
    assert masks.shape == (1, 1, 1024, 1024)
    return np.rint(np.clip(255 * masks[0, 0], 0, 255)) > 64, float(quality[0, 0])


def test_ohif_with_a_box_gets_the_mask_of_segment(folders: dict[str, Path], segmenter: Segmenter) -> None:
    pixels = picture(1024)
    prompt = Prompt(BOX, ((330.0, 300.0),), (0,))
    [right] = without_turns(segmenter).segment(Frame(pixels), [prompt])  # the graph sees all at once
    click = (330.0, 300.0)
    found, quality = ask_ohif(folders["ohif"], pixels, [BOX[:2], BOX[2:], click], [2, 3, 0])
    assert right.mask_hw.any()
    assert dice(found, right.mask_hw) > 0.998
    assert quality == pytest.approx(right.quality, abs=0.01)
    corners = [(BOX[2], BOX[1]), (BOX[0], BOX[3]), click]  # drawn from the upper right to the lower left
    assert np.array_equal(found, ask_ohif(folders["ohif"], pixels, corners, [2, 3, 0])[0])


def test_ohif_follows_clicks_as_segment_does(folders: dict[str, Path], segmenter: Segmenter) -> None:
    pixels = picture(1024)
    [right] = segmenter.segment(Frame(pixels), [Prompt(points_xy=(CENTRE,), point_labels=(1,))])
    found, quality = ask_ohif(folders["ohif"], pixels, [CENTRE], [1])
    assert dice(found, right.mask_hw) > 0.97
    assert quality == pytest.approx(right.quality, abs=0.1)
    only_out, _ = ask_ohif(folders["ohif"], pixels, [CENTRE], [0])
    assert not only_out[480, 505]


def test_ohifs_graphs_are_small_and_of_a_format_that_its_runtime_reads(folders: dict[str, Path]) -> None:
    paths = [folders["ohif"] / name for name in ("encoder.onnx", "decoder.onnx")]
    assert sum(path.stat().st_size for path in paths) < 7e6
    assert {onnx.load(str(path)).ir_version for path in paths} == {9}  # onnxruntime-web 1.17
    said = json.loads((folders["ohif"] / "models.json").read_text(encoding="utf-8"))
    assert [entry["key"] for entry in said[DEFAULT]] == ["encoder", "decoder"]


def test_the_command_writes_all_or_nothing_and_says_what_is_wrong(tmp_path: Path) -> None:
    ask = ["export", "--model", DEFAULT, "--out", str(tmp_path / "x")]
    run = CliRunner().invoke(app, [*ask, "--for", "x-anylabeling"])
    assert run.exit_code == 0, run.output
    assert {path.name for path in (tmp_path / "x").iterdir()} == {
        "encoder.onnx",
        "decoder.onnx",
        "uniultra.yaml",
    }
    assert "pass --force" in str(CliRunner().invoke(app, [*ask, "--for", "ohif"]).exception)
    for more, message in (
        (["--for", "weasis"], "use one of x-anylabeling, ohif"),
        (["--for", "ohif", "--size", "512"], "export it with --size to a folder first"),
        (
            ["--for", "ohif", "--version", "2", "--precision", "fp16"],
            "export it with --version, --precision to",
        ),
        (["--for", "huggingface", "--pass", "sure=0.5", "--seed", "0"], "export it with --seed, --pass to a"),
        ([], "--name is missing"),
    ):
        with pytest.raises(ModelError, match=message):
            raise CliRunner().invoke(app, [*ask, *more]).exception or AssertionError
    with pytest.raises(ModelError, match=r"has no encoder\.onnx; run `.* --name NAME --out DIR` first"):
        exported_folder(str(tmp_path))


def test_a_graph_included_twice_has_its_weights_once() -> None:
    source = onnx.load(str(find(DEFAULT).folder / "encoder.onnx")).graph
    build = GraphBuilder()
    first, second = (build.include("encoder", source, {"images": name}) for name in ("a", "b"))
    assert first["image_embed"] != second["image_embed"]
    assert len(build.weights) == len(source.initializer)


def test_the_pictures_that_come_with_the_package(folders: dict[str, Path], segmenter: Segmenter) -> None:
    """Real ultrasound on a canvas, as cornerstone3D draws it: as large as it fits, on dark blue."""
    folder = find(DEFAULT).folder.parents[1] / "examples"
    image = Image.open(folder / "malignant_183.jpg").convert("L")
    zoom = 1024 / max(image.size)
    drawn = np.asarray(image.resize([round(zoom * side) for side in image.size], Image.Resampling.BILINEAR))
    top = (1024 - drawn.shape[0]) // 2
    pixels = np.full((1024, 1024), 6, np.uint8)
    pixels[top : top + drawn.shape[0], : drawn.shape[1]] = drawn
    box = tuple(
        zoom * edge + offset for edge, offset in zip((116, 40, 398, 318), (0, top, 0, top), strict=True)
    )
    found, _ = ask_ohif(folders["ohif"], pixels, [box[:2], box[2:]], [2, 3])
    [right] = segmenter.segment(Frame(np.asarray(image)), [Prompt((116, 40, 398, 318))])
    back = cv2.resize(found[top : top + drawn.shape[0]].astype(np.float32), image.size) > 0.5
    assert dice(back, right.mask_hw) > 0.98


def test_a_published_name_wins_over_a_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / DEFAULT).mkdir()
    (tmp_path / DEFAULT / "encoder.onnx").write_bytes(b"of another program")
    assert exported_folder(DEFAULT) == find(DEFAULT).folder
    assert exported_folder(f"./{DEFAULT}") == Path(DEFAULT)
