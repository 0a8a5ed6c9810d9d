"""The page's own modules: their maths against Python's, through Node; and what a page may weigh and say."""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import subprocess
from typing import Any

import cv2
import numpy as np
import pytest

from phantoms import ellipse
from uniultra.io.coco import compressed, run_lengths
from uniultra.measure.measured import as_json, measure_mask
from uniultra.pixel_scale import Calibration, Scale, ScanRegion
from uniultra.postprocess import spanning, without_holes
from uniultra.types import Mask, Prompt
from uniultra.web.workspace.offers import KINDS
from uniultra.web.workspace.routes import _calibration
from uniultra.web.workspace.static_files import STATIC, static_files

MOST_BYTES = 300_000
"""Of all that a browser loads, without the model."""
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def node(script: str, given: Any) -> Any:
    """What a script prints as JSON; it finds `given` and the module folder `core`."""
    head = f"""
        import {{ readFileSync }} from "node:fs";
        const given = JSON.parse(readFileSync(0)), core = "{(STATIC / "core").as_uri()}";"""
    command = ["node", "--input-type=module", "-e", head + script]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_node
def test_run_lengths_are_those_of_python() -> None:
    random = np.random.default_rng(3)
    masks = [ellipse((40, 53), (20, 22), (12, 9)), random.random((17, 9)) > 0.5]
    masks += [np.zeros((8, 9), bool), np.ones((8, 9), bool), np.eye(11, dtype=bool)]
    given = [
        {"counts": compressed(run_lengths(mask)), "width": mask.shape[1], "height": mask.shape[0]}
        for mask in masks
    ]
    script = """
        const { areaOf, decode, encode } = await import(`${core}/rle.mjs`);
        const told = (mask, one) => [[...mask], encode(mask, one), areaOf(one.counts)];
        const out = given.map((one) => told(decode(one.counts, one), one));
        let refused = "";
        try { decode("99", { width: 3, height: 3 }); } catch (error) { refused = error.message; }
        console.log(JSON.stringify([out, refused]));"""
    found, refused = node(script, given)
    for mask, one, (pixels, again, area) in zip(masks, given, found, strict=True):
        assert np.array_equal(np.array(pixels, bool).reshape(mask.shape), mask)
        assert again == one["counts"]
        assert area == mask.sum()
    assert "fit its image" in refused


@needs_node
def test_holes_are_filled_as_in_python() -> None:
    random = np.random.default_rng(5)
    cases, expected = [], []
    for at in range(40):
        mask_hw = random.random((19, 26)) < random.uniform(0.4, 0.9)
        most, outside = float(random.choice([0.0, 0.01, 0.05, 1.0])), (float(at % 26), float(at % 19))
        prompt = Prompt(box_xyxy=(0, 0, 26, 19), points_xy=(outside,), point_labels=(0,))
        found = Mask(mask_hw, np.where(mask_hw, 1.0, -1.0).astype(np.float32), 0.5)
        cases.append({"mask": mask_hw.astype(int).ravel().tolist(), "negatives": [outside], "most": most})
        expected.append(without_holes(found, prompt, most).mask_hw.astype(int).ravel().tolist())
    script = """
        const { withoutHoles } = await import(`${core}/masks.mjs`), size = { width: 26, height: 19 };
        console.log(JSON.stringify(given.map(({ mask, negatives, most }) =>
            [...withoutHoles(Uint8Array.from(mask), size, negatives, most)])));"""
    assert node(script, cases) == expected
    assert sum(case["mask"] != filled for case, filled in zip(cases, expected, strict=True)) > 20


@needs_node
def test_tight_boxes_are_spanned_as_in_python() -> None:
    random = np.random.default_rng(7)
    cases: list[dict[str, Any]] = []
    expected = []
    for cost in (0.0, 0.01, 0.03, 0.2) * 10:
        logits = cv2.GaussianBlur(random.normal(-0.5, 9.0, (19, 26)).astype(np.float32), (0, 0), 3.0)
        x0, y0 = random.uniform(-0.5, 8.0, 2)
        box = (float(x0), float(y0), float(random.uniform(14, 25.5)), float(random.uniform(11, 18.5)))
        found = Mask(logits > 0, logits, 0.5)
        spanned = spanning(found, box, cost)
        cases.append({"logits": logits.ravel().tolist(), "box": box, "cost": cost})
        expected.append(None if spanned is found else spanned.mask_hw.astype(int).ravel().tolist())
    script = """
        const { spanning } = await import(`${core}/masks.mjs`), size = { width: 26, height: 19 };
        console.log(JSON.stringify(given.map(({ logits, box: [x0, y0, x1, y1], cost }) => {
            const mask = Uint8Array.from(logits, (value) => (value > 0 ? 1 : 0));
            const found = spanning(mask, Float32Array.from(logits), size, { x0, y0, x1, y1 }, cost);
            return found && [...found[0]];
        })));"""
    assert node(script, cases) == expected
    assert 10 < sum(one is None for one in expected) < 35


@needs_node
def test_outlines_close_and_hold_the_masks_area() -> None:
    ring = ellipse((60, 60), (30, 30), (22, 18)) & ~ellipse((60, 60), (30, 30), (8, 6))
    ring[2, 2] = ring[3, 3] = True  # two pixels that touch at a corner are one part
    script = """
        const { outlines } = await import(`${core}/outline.mjs`);
        console.log(JSON.stringify(outlines(Uint8Array.from(given.mask), given)));"""
    loops = node(script, {"mask": ring.astype(int).ravel().tolist(), "width": 60, "height": 60})
    assert len(loops) == 3
    areas = []
    for loop in loops:
        points = np.array(loop)
        assert np.abs(np.diff(np.vstack([points, points[:1]]), axis=0)).max() <= 1.0
        x, y = points.T
        areas.append(0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)))
    assert sorted(area > 0 for area in areas) == [False, True, True]
    assert sum(areas) == pytest.approx(ring.sum(), rel=0.03)


@needs_node
def test_the_scale_of_a_line_is_pythons() -> None:
    """Random boxes on random screens: the same millimetres, or the same reason why there are none."""
    random = np.random.default_rng(11)
    kinds = [("2D", ("cm", "cm")), ("2D", ("cm", "cm")), ("M-mode", ("seconds", "cm"))]
    screens = [Calibration(), Calibration(pixel_aspect=1.5), Calibration.uniform((0.2, 0.3))]
    for _ in range(40):
        regions = []
        for _ in range(random.integers(1, 4)):
            x0, y0 = random.integers(0, 60, 2)
            shape, units = kinds[random.integers(len(kinds))]
            box = (x0 - 0.5, y0 - 0.5, x0 + random.integers(20, 70) + 0.5, y0 + random.integers(20, 70) + 0.5)
            delta = float(random.choice([0.02, 0.05, 0.0]))
            low = bool(random.random() < 0.3)
            number = 2 * len(regions) + 2  # as in a file with regions that are ignored
            sizes = (delta, delta)
            regions.append(
                ScanRegion(tuple(map(float, box)), shape, "tissue", units, sizes, low, number=number)
            )
        fallbacks = (("PixelSpacing", (0.2, 0.2)),) if random.random() < 0.5 else ()
        screens.append(Calibration(tuple(regions), fallbacks, pixel_aspect=float(random.choice([1.0, 1.5]))))
    cases, expected = [], []
    for screen in screens:
        for _ in range(8):
            x0, y0 = (float(v) for v in random.integers(0, 80, 2))
            box = [x0, y0, x0 + float(random.integers(1, 50)), y0 + float(random.integers(1, 50))]
            scale = screen.at((box[0], box[1], box[2], box[3]))
            cases.append({"calibration": _calibration(screen), "box": box})
            mm = None if scale.spacing_mm_yx is None else list(scale.spacing_mm_yx)
            expected.append([mm, scale.reason, list(scale.notes), scale.pixel_aspect])
    script = """
        const { scaleAt } = await import(`${core}/scale.mjs`);
        const told = ({ calibration, box }) => {
            const { mm, reason, notes, aspect } = scaleAt(calibration, box);
            return [mm, reason, notes, aspect ?? 1]; };
        console.log(JSON.stringify(given.map(told)));"""
    found = node(script, cases)
    assert found == expected
    assert len({reason for _, reason, *_ in expected}) > 8
    assert {aspect for *_, aspect in expected} == {1.0, 1.5}


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [":root {", ':root[data-theme="light"] {'])
def test_words_stand_out_from_what_lies_beneath(theme: str) -> None:
    """WCAG AA, 4.5 to 1, for every colour of text on every surface of panels and dialogs."""
    css = static_files()["style.css"][0].decode()
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", css.partition(theme)[2].partition("}")[0]))
    pairs = [
        (text, surface)
        for text in ("text", "muted", "accent", "good", "warn", "bad")
        for surface in ("panel", "raised", "bg")
    ]
    for text, surface in [*pairs, ("on-accent", "accent")]:
        light, dark = sorted((luminance(colours[text]), luminance(colours[surface])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, surface)


@needs_node
def test_a_contour_of_few_points_holds_the_same_pixels() -> None:
    """Simplified and filled again: all but the edge, holes included; a line on pixel centres closes."""
    ring = ellipse((90, 120), (60, 45), (50, 35)) & ~ellipse((90, 120), (60, 45), (20, 12))
    given = {"mask": ring.astype(int).ravel().tolist(), "width": 120, "height": 90}
    script = """
        const { outlines } = await import(`${core}/outline.mjs`);
        const { filled, simplified, toSegment } = await import(`${core}/polygon.mjs`);
        const loops = outlines(Uint8Array.from(given.mask), given);
        const few = loops.map((loop) => simplified(loop, 0.7));
        const square = filled([[[1.5, 1.5], [5.5, 1.5], [5.5, 4.5], [1.5, 4.5]]], { width: 8, height: 6 });
        const outside = filled([[[-5, -5], [20, -5], [20, 2.5], [-5, 2.5]]], { width: 8, height: 6 });
        console.log(JSON.stringify({ pixels: [...filled(few, given)], exact: [...filled(loops, given)],
            counts: [loops.map((loop) => loop.length), few.map((loop) => loop.length)],
            square: [...square], outside: [...outside], near: toSegment([3, 4], [0, 0], [10, 0]) }));"""
    found = node(script, given)
    many, few = found["counts"]
    assert all(less < most / 5 and less >= 8 for less, most in zip(few, many, strict=True))
    pixels, exact = (np.array(found[key], bool).reshape(90, 120) for key in ("pixels", "exact"))
    assert 2 * (pixels & ring).sum() / (pixels.sum() + ring.sum()) > 0.98
    assert 2 * (exact & ring).sum() / (exact.sum() + ring.sum()) > 0.98
    square = np.array(found["square"], bool).reshape(6, 8)
    assert square.sum() == 4 * 3
    assert square[2:5, 2:6].all()
    outside = np.array(found["outside"], bool).reshape(6, 8)
    assert outside[:3].all()
    assert not outside[3:].any()
    assert found["near"] == [4, [3, 0]]


def test_modules_are_sent_without_comments_and_indentation_on_the_lines_of_the_source() -> None:
    """Within a text, what looks like a comment would be lost: no text of several lines is open at any. A
    module with a text of several lines keeps its spaces.
    """
    assert "/*" not in static_files()["style.css"][0].decode()
    for name, (sent, _) in static_files().items():
        if not name.endswith(".mjs"):
            continue
        source = (STATIC / name).read_text(encoding="utf-8").splitlines()
        lines, open_text = sent.decode("utf-8").splitlines(), False
        assert len(lines) == len(source), name
        if not any(one.replace("\\`", "").count("`") % 2 for one in source):
            source = [one.lstrip() for one in source]
        for line, given in zip(lines, source, strict=True):
            comment = given.lstrip().startswith("//")
            trimmed = not comment and line != given
            if trimmed:
                assert given.startswith(line), name
                assert re.fullmatch(r" +// .*", given[len(line) :]), name
                assert not set(line) & set("\"'`/"), f"{name}: what looks like a comment may be none: {given}"
            else:
                assert line == ("" if comment else given), name
            assert not ((comment or trimmed) and open_text), f"{name}: a comment within a text: {given}"
            if not comment:
                open_text ^= given.replace("\\`", "").count("`") % 2 == 1


MODULE = r"""["'](\.{1,2}/[^"']+)["']"""
AT_ONCE = re.compile(rf"(?:from|import)\s*{MODULE}")
ASKED_FOR = re.compile(rf"import\(\s*{MODULE}")


def modules_from(name: str, files: dict[str, tuple[bytes, str]], *kinds: re.Pattern[str]) -> set[str]:
    """A module and all that it imports in these ways, by their paths."""
    found, next_ones = {name}, [name]
    while next_ones:
        module = next_ones.pop()
        text = files[module][0].decode("utf-8")
        for there in (one for kind in kinds for one in kind.findall(text)):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(module), there))
            if path not in found:
                found.add(path)
                next_ones.append(path)
    return found


def test_the_page_is_light_and_loads_nothing_from_elsewhere() -> None:
    files = static_files()
    catalogues = {name for name in files if name.endswith(".po")}  # each loaded with its language alone
    at_once = modules_from("main.mjs", files, AT_ONCE)
    assert not [name for name in at_once if name.startswith("local/")], "that is of the page without a server"
    page = {"index.html", "style.css", "icon.svg"}
    loaded = modules_from("main.mjs", files, AT_ONCE, ASKED_FOR) | page | catalogues
    assert sum(len(files[name][0]) for name in loaded) <= MOST_BYTES
    unused = [name for name in files if not name.startswith("local/") and name not in loaded]
    assert all(name.startswith("core/") for name in unused), unused
    for name, (data, _) in files.items():
        text = data.decode("utf-8")
        addresses = set(re.findall(r"https?://[^\s\"'`)]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not addresses, name
        for sink in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
        ):
            assert sink not in text, f"{name} has {sink}"


@needs_node
@pytest.mark.parametrize("mm", [None, [0.2, 0.3]])
def test_measures_in_the_tab_are_close_to_pythons(mm: list[float] | None) -> None:
    random = np.random.default_rng(5)
    masks = [ellipse((160, 200), (100, 80), (half, half * 0.6)) for half in (12, 30, 70)]
    yy, xx = np.mgrid[:160, :200]
    for angle in random.uniform(0, np.pi, 5):
        u = (xx - 100) * np.cos(angle) + (yy - 80) * np.sin(angle)
        v = -(xx - 100) * np.sin(angle) + (yy - 80) * np.cos(angle)
        masks.append((u / 60) ** 2 + (v / 25) ** 2 <= 1 + 0.1 * np.sin(3 * np.arctan2(v, u)))
    ring = ellipse((160, 200), (120, 90), (50, 30)) & ~ellipse((160, 200), (120, 90), (20, 20))
    masks.append(ring | ellipse((160, 200), (30, 30), (15, 15)))  # a hole, and two parts
    given = [{"mask": m.astype(int).ravel().tolist(), "width": 200, "height": 160, "mm": mm} for m in masks]
    script = """
        const { measureMask } = await import(`${core}/measure.mjs`);
        const one = (item) => measureMask(Uint8Array.from(item.mask), item, item.mm);
        const empty = measureMask(new Uint8Array(6), { width: 3, height: 2 }, null);
        console.log(JSON.stringify([...given.map(one), empty]));"""
    *found, empty = node(script, given)
    assert empty == {}
    pixel = max(mm or [1.0])
    spacing = None if mm is None else (mm[0], mm[1])
    for mask, measured in zip(masks, found, strict=True):
        expected = as_json(measure_mask(mask, Scale(spacing, "test" if mm else "", "" if mm else "none")))
        assert measured.pop("centroid_xy") == pytest.approx(expected["centroid_xy"], abs=0.01)
        for name, one in measured.items():
            assert one["unit"] == expected[name]["unit"]
            assert one["value"] == pytest.approx(expected[name]["value"], rel=0.02, abs=pixel), name
            off = pytest.approx(expected[name]["uncertainty"], rel=0.05, abs=pixel / 20)
            assert one["uncertainty"] == off, name


@needs_node
def test_every_text_is_there_in_every_language() -> None:
    script = """
        const { CALLED, LANGUAGES, loadLanguage } = await import(`${core}/../languages.mjs`);
        for (const code of Object.keys(CALLED)) await loadLanguage(code);
        const shape = (table) => Object.entries(table).map(([key, text]) => [key, typeof text,
            text.length * (key === "keys")]);
        const named = Object.entries(CALLED).every(([code, name]) => LANGUAGES[code].language === name);
        console.log(JSON.stringify(named ? Object.values(LANGUAGES).map(shape) : []));"""
    first, *others = node(script, {})
    assert others
    names = {name for name, _, _ in first} | {"csv"}  # whose name is csvKind
    assert set(KINDS) - {"fractional"} <= names
    assert all(sorted(other) == sorted(first) for other in others)
