"""The client in JavaScript gives Python's masks; skipped where Node or what it installs isn't there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from at_once import without_turns
from uniultra import Prompt, Segmenter, read_frame
from uniultra.io.output import write_json, write_png
from uniultra.model_facts import Passes
from uniultra.postprocess import NOTHING_TO_SEE
from uniultra.prompt_checks import unheard
from uniultra.registry import find, verified_folder

CLIENT = Path(__file__).parents[2] / "examples" / "node"
EXAMPLES = Path(__file__).parents[2] / "src" / "uniultra" / "examples"
IMAGE = np.tile(np.arange(40, dtype=np.uint8), (30, 1))


@pytest.fixture(scope="module", autouse=True)
def node() -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if not (CLIENT / "node_modules" / "onnxruntime-web").is_dir():
        pytest.skip("examples/node/node_modules is absent: run `make node-client`")


SERVED = """
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const client = pathToFileURL(process.argv[2]);
let answered, runs = 0;
console.log = (text) => answered({ stdout: text + "\\n", stderr: "" });
console.error = (text) => answered({ stdout: "", stderr: text + "\\n" });
for await (const line of createInterface({ input: process.stdin })) {
  process.argv.splice(2, Infinity, ...JSON.parse(line));
  process.exitCode = 0;
  const said = await new Promise((done) => { answered = done; import(`${client}?${runs++}`); });
  await new Promise(setImmediate);
  process.stdout.write(JSON.stringify({ returncode: process.exitCode, ...said }) + "\\n");
}
"""
"""Runs the client again and again, by arguments in lines of JSON: the runtime is compiled once."""
Served = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def served(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """As `_run`, in one process: of the seconds of a run, most are the runtime's beginning."""
    script = tmp_path_factory.mktemp("served") / "served.mjs"
    script.write_text(SERVED, encoding="utf-8")
    command = ["node", str(script), str(CLIENT / "segment.mjs")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answers = process.stdin, process.stdout

        def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
            asked.write(json.dumps([*map(str, arguments)]) + "\n")
            asked.flush()
            return subprocess.CompletedProcess(arguments, **json.loads(answers.readline()))

        yield run
        asked.close()


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["node", str(CLIENT / "segment.mjs"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_masks_of_the_example_images_are_pythons() -> None:
    result = subprocess.run(
        [sys.executable, str(CLIENT / "compare.py")], capture_output=True, text=True, timeout=900
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("Dice ") == 7


def test_one_mask_is_pythons(tmp_path: Path) -> None:
    script = "import json, sys; sys.path.insert(0, sys.argv[1]); import compare; from pathlib import Path\n" \
        "scratch = Path(sys.argv[2]); model = compare.client_folder('uniultra-mini', scratch / 'model')\n" \
        "example = json.loads((compare.EXAMPLES / 'examples.json').read_text())[1]\n" \
        "sys.exit(compare.compare(model, example, scratch))"  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-c", script, str(CLIENT), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "a rough box" in result.stdout


def test_the_quality_of_a_click_is_corrected_as_in_python(tmp_path: Path, served: Served) -> None:
    folder = tmp_path / "model"
    shutil.copytree(verified_folder(find("uniultra-mini")), folder)
    facts = json.loads((folder / "model.json").read_text())
    terms = {"clicks": {"slope": 0.5, "offset": -0.7, "stability": 0.8}}
    terms["named"] = {"slope": 0.4, "offset": 1.5, "stability": 0.1}
    write_json(folder / "model.json", facts | {"quality": terms}, force=True)
    image = tmp_path / "image.png"
    write_png(image, read_frame(EXAMPLES / "benign_182.jpg").pixels_hw)
    click = Prompt(points_xy=((335.0, 87.0),), point_labels=(1,))
    corrected = Segmenter.load(folder, threads=1)
    ours, plain = (
        segmenter.segment(read_frame(image), [click])[0].quality
        for segmenter in (corrected, replace(corrected, by_prompt=False))
    )
    done = served("--model", folder, "--image", image, "--out", tmp_path / "mask.png", "--point", "335,87")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["quality"] == pytest.approx(ours, abs=1e-4)
    assert abs(ours - plain) > 0.05
    named = replace(click, name="left ventricle")
    said = corrected.segment(read_frame(image), [named])[0].quality
    files = ("--model", folder, "--image", image, "--out", tmp_path / "named.png")
    done = served(*files, "--point", "335,87", "--label", "left ventricle")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["quality"] == pytest.approx(said, abs=1e-4)
    alike = replace(corrected.facts, quality=replace(corrected.facts.quality, named=None))
    other = Segmenter(replace(corrected.backend, facts=alike)).segment(read_frame(image), [named])[0].quality
    assert abs(said - other) > 0.05


def test_a_previous_mask_is_gone_on_from_as_in_python(tmp_path: Path, served: Served) -> None:
    """With clicks, with a box, and with a click outside alone, for which one is put into the mask's depth; on
    an image that is larger than the model's view, and on one that is smaller.
    """
    model = verified_folder(find("uniultra-mini"))
    segmenter, grey = Segmenter.load(threads=1), read_frame(EXAMPLES / "benign_182.jpg").pixels_hw
    apart = []
    for scale in (1, 3):
        image, mask = tmp_path / f"{scale}.png", tmp_path / f"mask-{scale}.png"
        write_png(image, np.kron(grey[::2, ::2] if scale == 1 else grey, np.ones((scale, scale), np.uint8)))
        frame, part = read_frame(image), scale if scale > 1 else 0.5
        x, y = round(335 * part), round(87 * part)
        [first] = segmenter.segment(frame, [Prompt(points_xy=((x, y),), point_labels=(1,))])
        write_png(mask, np.where(first.mask_hw, 255, 0).astype(np.uint8))
        x0, y0, x1, y1 = first.box_xyxy
        aside, box = (round(x0 + 3), round(0.5 * (y0 + y1))), (x0 - 4, y0 - 4, x1 + 4, y1 + 4)
        inside, outside = ("--point", f"{x},{y}"), ("--negative", f"{aside[0]},{aside[1]}")
        cases: list[tuple[tuple[str, ...], dict[str, Any]]] = [
            ((*inside, *outside), {"points_xy": ((x, y), aside), "point_labels": (1, 0)}),
            (outside, {"points_xy": (aside,), "point_labels": (0,)}),
            ((), {}),
            (
                ("--box", ",".join(map(str, box)), *outside),
                {"box_xyxy": box, "points_xy": (aside,), "point_labels": (0,)},
            ),
        ]
        for options, said in cases if scale == 3 else cases[:2]:
            [ours] = segmenter.segment(frame, [Prompt(**said, mask_hw=first.mask_hw)])
            files = ("--image", image, "--mask", mask, "--out", tmp_path / "out.png", "--force")
            done = served("--model", model, *files, *options)
            assert done.returncode == 0, done.stderr
            theirs = np.array(Image.open(tmp_path / "out.png")) > 0
            assert np.count_nonzero(theirs != ours.mask_hw) <= 0.002 * np.count_nonzero(ours.mask_hw) + 2
            assert json.loads(done.stdout)["quality"] == pytest.approx(ours.quality, abs=2e-3)
            apart.append(np.count_nonzero(ours.mask_hw != first.mask_hw))
    assert min(apart) > 0, "each prompt changes the mask"


def test_clicks_at_once_are_answered_in_turns_as_in_python(tmp_path: Path, served: Served) -> None:
    image, frame = tmp_path / "image.png", read_frame(EXAMPLES / "benign_182.jpg")
    write_png(image, frame.pixels_hw)
    prompt = Prompt(points_xy=((320, 101), (335, 87), (360, 95)), point_labels=(0, 1, 1))
    segmenter = Segmenter.load(threads=1)
    [ours] = segmenter.segment(frame, [prompt])
    clicks = ("--negative", "320,101", "--point", "335,87", "--point", "360,95")
    model, out = verified_folder(find("uniultra-mini")), tmp_path / "mask.png"
    for box in ((), (300, 55, 375, 120)):
        asked = replace(prompt, box_xyxy=box or None)
        [ours], [at_once] = (one.segment(frame, [asked]) for one in (segmenter, without_turns(segmenter)))
        told = ("--box", ",".join(map(str, box))) if box else ()
        done = served("--model", model, "--image", image, "--out", out, "--force", *told, *clicks)
        assert done.returncode == 0, done.stderr
        theirs = np.array(Image.open(out)) > 0
        assert np.count_nonzero(theirs != ours.mask_hw) <= 0.002 * np.count_nonzero(ours.mask_hw) + 2
        assert json.loads(done.stdout)["quality"] == pytest.approx(ours.quality, abs=2e-3)
        assert np.count_nonzero(ours.mask_hw != at_once.mask_hw) > 0, "turns change the mask"


def test_a_mask_that_is_not_the_images_is_refused(tmp_path: Path) -> None:
    model = verified_folder(find("uniultra-mini"))
    for name, pixels_hw in (("image", IMAGE), ("small", IMAGE[:20]), ("empty", 0 * IMAGE)):
        Image.fromarray(pixels_hw).save(tmp_path / f"{name}.png")
    for name, says in (("small", "is 40 x 20 and the image 40 x 30"), ("empty", "is empty; give the last")):
        files = ("--image", tmp_path / "image.png", "--mask", tmp_path / f"{name}.png")
        done = _run("--model", model, *files, "--out", tmp_path / "out.png")
        assert (done.returncode, says in done.stderr) == (2, True), done.stderr
        assert not (tmp_path / "out.png").exists()


def test_what_is_odd_about_a_prompt_is_noted_as_in_python(tmp_path: Path, served: Served) -> None:
    model = verified_folder(find("uniultra-mini"))
    Image.fromarray(np.full((30, 40), 90, np.uint8)).save(tmp_path / "even.png")
    clicks = ("--point", "20,15", "--negative", "20.2,15")
    files = ("--image", tmp_path / "even.png", "--out", tmp_path / "mask.png")
    done = served("--model", model, *files, *clicks)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["notes"] == [
        "point 20,15 is given both as inside and as outside; leave one of them out",
        NOTHING_TO_SEE,
    ]
    assert round(report["quality"], 4) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--box", "5,5,20,20"), "'absent/model.json' is missing; a model folder holds it"),
        (("--box", "5,5,20"), "--box 5,5,20: give 4 numbers separated by commas"),
        (("--point", "5,5", "--box-fit", "loose"), "'absent/model.json' is missing; a model folder holds it"),
        (("--point", "5,x"), "--point 5,x: give 2 numbers separated by commas"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    Image.fromarray(IMAGE).save(tmp_path / "image.png")
    result = _run(
        "--model", "absent", "--image", tmp_path / "image.png", "--out", tmp_path / "mask.png", *options
    )
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "mask.png").exists()


def test_bad_images_and_folders(tmp_path: Path) -> None:
    Image.fromarray(np.dstack([IMAGE, IMAGE, IMAGE + 1])).save(tmp_path / "colour.png")
    Image.fromarray(np.dstack([IMAGE, IMAGE, IMAGE, IMAGE | 1])).save(tmp_path / "clear.png")
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "short.pgm").write_bytes(b"P5 40 30 255\n" + bytes(10))
    for name, message in (
        ("colour.png", "is in colour"),
        ("clear.png", "has transparent pixels; give a grey PNG or PGM without"),
        ("text.png", "is not a PNG or PGM"),
        ("short.pgm", "no whole 8-bit binary PGM"),
    ):
        result = _run(
            "--model",
            "absent",
            "--image",
            tmp_path / name,
            "--out",
            tmp_path / "mask.png",
            "--box",
            "1,1,9,9",
        )
        assert (result.returncode, message in result.stderr) == (2, True), result.stderr
    (tmp_path / "image.pgm").write_bytes(b"P5\n# a comment\n40 30\n255\n" + IMAGE.tobytes())
    facts: dict[str, object] = {
        "format": "1",
        "input_size": 64,
        "focus_stretch": 1,
        "passes": asdict(Passes()),
    }
    facts["sha256"] = {"encoder.onnx": "0" * 64, "decoder.onnx": "0" * 64}
    write_json(tmp_path / "model.json", facts)
    (tmp_path / "encoder.onnx").write_bytes(b"another file")
    result = _run(
        "--model",
        tmp_path,
        "--image",
        tmp_path / "image.pgm",
        "--out",
        tmp_path / "mask.png",
        "--box",
        "1,1,9,9",
    )
    assert "isn't the file that model.json names; export the model again" in result.stderr
    write_json(tmp_path / "model.json", facts | {"format": "2"}, force=True)
    result = _run(
        "--model",
        tmp_path,
        "--image",
        tmp_path / "image.pgm",
        "--out",
        tmp_path / "mask.png",
        "--box",
        "1,1,9,9",
    )
    assert "has format 2; this client reads 1" in result.stderr
    assert json.loads((tmp_path / "model.json").read_text())["format"] == "2"
    write_json(tmp_path / "model.json", facts | {"passes": None}, force=True)
    result = _run(
        "--model",
        tmp_path,
        "--image",
        tmp_path / "image.pgm",
        "--out",
        tmp_path / "mask.png",
        "--box",
        "1,1,9,9",
    )
    assert (
        "doesn't say in model.json how prompts become masks (passes); export the model again" in result.stderr
    )


def test_what_is_said_of_a_box_is_heard_as_in_python(tmp_path: Path, served: Served) -> None:
    model = verified_folder(find("uniultra-mini"))
    image, box = tmp_path / "image.png", (116.0, 40.0, 398.0, 318.0)
    frame = read_frame(EXAMPLES / "malignant_183.jpg")
    Image.fromarray(frame.pixels_hw).save(image)
    files = ("--model", model, "--image", image, "--box", "116,40,398,318")
    areas = {}
    for fit in ("", "tight", "loose"):
        mask = tmp_path / f"{fit}.png"
        done = served(*files, "--out", mask, *(("--box-fit", fit) if fit else ()))
        assert done.returncode == 0, done.stderr
        [ours] = Segmenter.load(threads=1).segment(frame, [Prompt(box, box_fit=fit)])
        found = np.asarray(Image.open(mask)) > 0
        assert 2 * (found & ours.mask_hw).sum() / (found.sum() + ours.mask_hw.sum()) > 0.995
        areas[fit] = found.sum()
    assert 1.04 * areas["loose"] < areas[""] < areas["tight"] / 1.04
    wrong = served(*files, "--out", tmp_path / "no.png", "--box-fit", "snug")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "box fit 'snug' is unknown; give tight or loose, or leave it out" in wrong.stderr


def test_a_name_is_heard_as_in_python(tmp_path: Path, served: Served) -> None:
    model, name = verified_folder(find("uniultra-mini")), "left ventricular myocardium"
    image, box = tmp_path / "image.png", (116.0, 40.0, 398.0, 318.0)
    frame = read_frame(EXAMPLES / "malignant_183.jpg")
    Image.fromarray(frame.pixels_hw).save(image)
    prompts = {
        "box": (("--box", "116,40,398,318"), {"box_xyxy": box}),
        "point": (("--point", "250,180"), {"points_xy": ((250.0, 180.0),)}),
    }
    for kind, (given, ours) in prompts.items():
        found = {}
        for label in ("", name.title(), "cyst"):
            out = tmp_path / f"{kind}{label}.png"
            done = served("--model", model, "--image", image, *given, "--out", out, "--label", label)
            assert done.returncode == 0, done.stderr
            said = unheard([Prompt(**ours, name=label)], Segmenter.load(threads=1).facts)
            assert json.loads(done.stdout)["notes"] == [*said]
            assert bool(said) is (label == "cyst")
            [expected] = Segmenter.load(threads=1).segment(frame, [Prompt(**ours, name=label)])
            found[label] = np.asarray(Image.open(out)) > 0
            both = (found[label] & expected.mask_hw).sum()
            assert 2 * both / (found[label].sum() + expected.mask_hw.sum()) > 0.995
        assert (found[""] != found[name.title()]).sum() > 300
        np.testing.assert_array_equal(found[""], found["cyst"])


def test_a_name_that_no_result_can_carry_is_refused(tmp_path: Path) -> None:
    model, image = verified_folder(find("uniultra-mini")), EXAMPLES / "malignant_183.jpg"
    for label in ("a\x07b", "a\\b", "x" * 65):
        given = ("--box", "1,1,9,9", "--label", label)
        refused = _run("--model", model, "--image", image, *given, "--out", tmp_path / "no.png")
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        assert "can't name a structure" in refused.stderr


def test_a_jpeg_is_refused_for_what_it_is(tmp_path: Path) -> None:
    model, image = verified_folder(find("uniultra-mini")), EXAMPLES / "malignant_183.jpg"
    refused = _run("--model", model, "--image", image, "--box", "1,1,9,9", "--out", tmp_path / "no.png")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "is not a PNG or PGM that can be read" in refused.stderr
    assert "megapixels" not in refused.stderr
