"""The tracker of the page without a server, core/track.mjs, against uniultra.tracking, through Node."""

from __future__ import annotations

import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

from drifting import drifted, prompts, scene, truth
from page_core import node, sent
from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.geometry import inscribed_centre
from uniultra.io.coco import mask_of
from uniultra.pixel_scale import NO_SCALE
from uniultra.results import TrackStatus
from uniultra.segmenter import Segmenter
from uniultra.tracking import begin
from uniultra.tracking.anchor import registered
from uniultra.tracking.beginning import _new_track
from uniultra.tracking.confidence import Evidence, appearance, holds_on, likeness, said_of
from uniultra.tracking.looks import crop_of, within_reach
from uniultra.tracking.motion import flow_between, motion_to, view_of, was_cut
from uniultra.tracking.state import agreement, grid_of, logits_of
from uniultra.tracking.step import step
from uniultra.tracking.tissue import resemblance, tissue_of
from uniultra.tracking.track_state import TrackState
from uniultra.types import Embedding, Features, Frame, Mask, Prompt, Region

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
HW = (150, 200)


def texture(seed: int, hw: tuple[int, int] = HW) -> np.ndarray:
    """Smooth speckle, uint8 (H, W)."""
    field = cv2.GaussianBlur(np.random.default_rng(seed).random(hw).astype(np.float32), (0, 0), 2.0)
    return np.rint((field - field.min()) / np.ptp(field) * 255).astype(np.uint8)


def moved(pixels_hw: np.ndarray, x: float, y: float, scale: float = 1.0) -> np.ndarray:
    """The picture moved to the right and down, and scaled around its middle."""
    cx, cy = pixels_hw.shape[1] / 2, pixels_hw.shape[0] / 2
    matrix = np.array([[scale, 0, x + cx * (1 - scale)], [0, scale, y + cy * (1 - scale)]], np.float32)
    return cv2.warpAffine(pixels_hw, matrix, pixels_hw.shape[::-1], borderMode=cv2.BORDER_REFLECT)


def test_resampling_is_that_of_python() -> None:
    frame = Frame.from_array(texture(1))
    boxes = [(40.0, 30.0, 140.0, 110.0), (20.5, 20.5, 34.5, 60.5), (150.0, 100.0, 199.5, 149.5)]
    masks = [ellipse((96, 96), (40, 50), (30, 12)), ellipse((96, 96), (5, 90), (20, 20))]
    script = """
        const { appearance, likeness, viewOf } = await import(`${core}/track.mjs`);
        const { innermost } = await import(`${core}/resample.mjs`);
        const frame = image(given.frame), first = appearance(frame, given.boxes[0]);
        const patches = given.boxes.map((box) => appearance(frame, box));
        console.log(JSON.stringify({ view: [...viewOf(frame).pixels],
            patches: patches.map(({ pixels }) => [...pixels]),
            like: patches.map((one) => likeness(one, first)),
            inner: given.masks.map((mask) => innermost(image(mask).pixels, 96, 96)) }));"""
    given = {
        "frame": sent(frame.pixels_hw),
        "boxes": [dict(zip(("x0", "y0", "x1", "y1"), box, strict=True)) for box in boxes],
        "masks": [sent(mask.astype(np.uint8)) for mask in masks],
    }
    found = node(script, given)
    assert np.abs(view_of(frame).ravel().astype(int) - found["view"]).max() <= 1
    patches = [appearance(frame, box) for box in boxes]
    for ours, theirs in zip(patches, found["patches"], strict=True):
        assert np.abs(ours.ravel().astype(int) - theirs).max() <= 2
    assert found["like"] == pytest.approx([likeness(one, patches[0]) for one in patches], abs=0.01)
    for mask, (x, y) in zip(masks, found["inner"], strict=True):
        assert (x, y) == pytest.approx(inscribed_centre(mask), abs=1)


@pytest.mark.parametrize("step_xy", [(0.0, 0.0), (0.4, -0.3), (3.0, 1.5), (-5.0, 4.0)])
def test_motion_is_found_as_in_python(step_xy: tuple[float, float]) -> None:
    before = texture(2, (96, 128))
    now = moved(before, *step_xy)
    script = """
        const { flowBetween } = await import(`${core}/flow.mjs`);
        const { dx, dy } = flowBetween(image(given[0]), image(given[1]));
        console.log(JSON.stringify([[...dx], [...dy]]));"""
    found = np.array(node(script, [sent(now), sent(before)])).reshape(2, 96, 128)[:, 16:80, 16:112]
    ours = np.moveaxis(flow_between(now, before), -1, 0)[:, 16:80, 16:112]
    for axis in range(2):
        assert np.median(found[axis]) == pytest.approx(-step_xy[axis], abs=0.05)
        assert np.percentile(np.abs(found[axis] - ours[axis]), 95) < 0.25


def test_a_track_is_that_of_python() -> None:
    """A cyst that moves and grows, then stands still: the same masks and status, without the model."""
    inside = ellipse(HW, (90, 70), (34, 24))
    still = speckled(inside, seed=4).pixels_hw
    steps = [(1.5 * n, 0.8 * n, 1 + 0.008 * n) for n in range(7)] + [(9.0, 4.8, 1.048)] * 2
    frames = [Frame.from_array(moved(still, x, y, scale)) for x, y, scale in steps]
    segmenter = Segmenter.load(threads=1)
    logits = np.where(inside, np.float32(8), np.float32(-8))
    mask = Mask(inside, logits, 0.9, NO_SCALE)
    box = mask.box_xyxy
    assert box is not None
    crop = crop_of(segmenter, frames[0], box)
    first = _new_track(
        frames[0],
        1,
        mask,
        box,
        crop,
        (registered(frames[0], crop, view_of(frames[0])), segmenter.encode(frames[0], crop)),
    )
    state = TrackState(HW, view_of(frames[0]), (first,))
    script = """
        const { begin, step } = await import(`${core}/track.mjs`);
        const { encode } = await import(`${core}/rle.mjs`);
        const { regionAround } = await import(`${core}/geometry.mjs`);
        const segmenter = { cropOf: (box) => regionAround(box, given.scale, given.stretch),
            features: (_, region) =>
                ({ levels: [{ data: new Float32Array(8), depth: 2, side: 2 }], region }),
            refined: async (frame, { box }) => {
                if (frame !== frames[0]) throw new Error("the first frame explains all of them");
                asked.push(box);
                return { quality: 0.9 }; } };
        const frames = given.frames.map(image), out = [], asked = [];
        let state = await begin(segmenter, frames[0], image(given.mask).pixels);
        const begun = [asked, state.anchor.quality];
        for (const frame of frames.slice(1)) {
            const [answer, next] = await step(segmenter, state, frame);
            const { mask, status, confidence } = answer;
            out.push([encode(mask, frame), status, confidence, next.anchor.likeness]);
            state = next;
        }
        let refused = "";
        await step(segmenter, state, { width: 9, height: 9 }).catch((error) => { refused = error.message; });
        console.log(JSON.stringify([out, refused, begun]));"""
    given = {
        "frames": [sent(frame.pixels_hw) for frame in frames],
        "mask": sent(inside.astype(np.uint8)),
        "scale": segmenter.facts.passes.crop_scale,
        "stretch": segmenter.facts.focus_stretch,
    }
    found, refused, [[asked], quality] = node(script, given)
    assert "frames of one size" in refused
    assert quality == 0.9, "the decoder's own, not one that was told"
    assert list(asked.values()) == pytest.approx(box, abs=1)
    for frame, (counts, status, confidence, like), place in zip(frames[1:], found, steps[1:], strict=True):
        [answer], state = step(segmenter, state, frame)
        theirs = mask_of(counts, HW)
        assert status == answer.status == "sure"
        assert confidence == pytest.approx(answer.confidence, abs=0.02)
        assert like == pytest.approx(state.objects[0].anchor.likeness, abs=0.02)
        truth = moved(inside.astype(np.uint8), *place) > 0
        for other in (answer.mask.mask_hw, truth):
            assert 2 * (theirs & other).sum() / (theirs.sum() + other.sum()) > 0.97


def test_a_track_that_has_drifted_comes_back_as_in_python() -> None:
    """By motion from the confirmed frame: what is followed lies 50 px below it, where the model sees
    nothing; in another picture it stays lost.
    """
    segmenter = Segmenter(DarkIsInside(), 1)
    frames = [scene(1), scene(1, 2, 1), scene(1, 4, 2), scene(2, 4, 2, size=6)]
    [answer], state = begin(segmenter, frames[0], {1: prompts()[1]})
    first = answer.mask.mask_hw
    state = replace(state, objects=(drifted(state.objects[0]),))
    script = """
        const { begin, step } = await import(`${core}/track.mjs`);
        const { moved } = await import(`${core}/grid.mjs`);
        const { encode } = await import(`${core}/rle.mjs`);
        const { regionAround } = await import(`${core}/geometry.mjs`);
        const frames = given.frames.map(image), size = frames[0].width * frames[0].height;
        const nothing = { mask: new Uint8Array(size), logits: new Float32Array(size).fill(-9) };
        const segmenter = { cropOf: (box) => regionAround(box, given.scale, given.stretch),
            features: (_, region) => ({ levels: [{ data: new Float32Array(8), depth: 2, side: 2 }], region }),
            refined: async (frame) => ({ ...nothing, quality: frame === frames[0] ? 0.9 : 0 }) };
        let state = await begin(segmenter, frames[0], image(given.mask).pixels);
        const { anchor } = state, grid = moved(state.grid, 0, 50), back = { ...anchor.back };
        back.dy = back.dy.map((step) => step - 50);
        state = { ...state, grid, sureGrid: grid, anchor: { ...anchor, at: grid.region, back } };
        const out = [];
        for (const frame of frames.slice(1)) {
            const [{ mask, status, confidence }, next] = await step(segmenter, state, frame);
            out.push([encode(mask, frame), status, confidence]);
            state = next;
        }
        console.log(JSON.stringify(out));"""
    found = node(
        script,
        {
            "frames": [sent(frame.pixels_hw) for frame in frames],
            "mask": sent(first.astype(np.uint8)),
            "scale": segmenter.facts.passes.crop_scale,
            "stretch": segmenter.facts.focus_stretch,
        },
    )
    for number, (frame, (counts, status, confidence)) in enumerate(zip(frames[1:], found, strict=True), 1):
        [answer], state = step(segmenter, state, frame)
        theirs = mask_of(counts, first.shape)
        assert status == answer.status
        if number == 3:
            assert status == "lost"
            continue
        assert confidence == pytest.approx(answer.confidence, abs=0.03)
        for other in (answer.mask.mask_hw, truth(1, 2 * number, number)):
            assert 2 * (theirs & other).sum() / (theirs.sum() + other.sum()) > 0.92


def test_evidence_gives_the_confidence_that_it_gives_in_python() -> None:
    good = Evidence(0.9, 0.9, 0.8, 0.85, 0.9)
    changes = (
        {},
        {"growth": 1.45},
        {"growth": 1.55},
        {"growth": 2.6},
        {"changed": 3.1},
        {"like_first": 0.3},
        {"resembles": 0.45},
        {"contrast": 0.4},
        {"contrast": 0.1, "stable": 0.95},
        {"contrast": 0.4, "absent": True, "stable": 0.7},
        {"contrast": 0.4, "growth": 2.6},
        {"contrast": 0.4, "resembles": 0.59, "like_first": 0.29},
        {"contrast": 0.4, "resembles": 0.59, "like_first": 0.31},
    )
    cases = [replace(good, **change) for change in changes]
    script = """
        const { chance, standingOf } = await import(`${core}/track.mjs`);
        console.log(JSON.stringify(given.map((one) => [chance(one), standingOf(one)])));"""
    names = {"first_quality": "firstQuality", "like_first": "likeFirst"}
    given = [{names.get(key, key): value for key, value in vars(case).items()} for case in cases]
    chances, standings = zip(*node(script, given), strict=True)
    assert chances == pytest.approx([case.confidence for case in cases], abs=1e-9)
    ours = [case.standing for case in cases]
    assert [one is None for one in standings] == [one is None for one in ours]
    known = [(a, b) for a, b in zip(standings, ours, strict=True) if b is not None]
    assert len(known) == 6
    assert [a for a, _ in known] == pytest.approx([b for _, b in known], abs=1e-9)


def test_tissue_is_told_as_in_python() -> None:
    rng = np.random.default_rng(5)
    region = Region(20.0, 10.0, 180.0, 130.0)
    grids = [
        grid_of(np.where(ellipse(HW, at, radii), np.float32(8), np.float32(-8)), region)
        for at, radii in (((90, 70), (34, 24)), ((110, 80), (40, 12)), ((90, 60), (50, 4)))
    ]
    frames = rng.normal(size=(2, 1, 6, 16, 16)).astype(np.float32)
    features = [Embedding(Features(one, one, one), region, HW) for one in frames]
    script = """
        const { partsInside, resemblance, tissueOf } = await import(`${core}/tissue.mjs`);
        const { Grid } = await import(`${core}/grid.mjs`);
        const { region } = given, found = given.grids.map((logits, i) => {
            const view = { levels: [{ data: given.features[i % 2], depth: 6, side: 16 }], region };
            const grid = new Grid(region, logits);
            return tissueOf(view, grid, partsInside(view, grid));
        });
        console.log(JSON.stringify([found.map((one) => [[...one.inside], [...one.around]]),
            found.map((one) => resemblance(one, found[0])),
            resemblance(null, found[0]), resemblance(found[0], null)]));"""
    given = {
        "region": {"x0": 20, "y0": 10, "x1": 180, "y1": 130},
        "grids": [grid.logits_hw.ravel().tolist() for grid in grids],
        "features": [one.ravel().tolist() for one in frames],
    }
    means, alike, unseen, unknown = node(script, given)
    ours = [tissue_of(features[i % 2], grid) for i, grid in enumerate(grids)]
    for theirs, one in zip(means, ours, strict=True):
        assert one is not None
        np.testing.assert_allclose(theirs, [one.inside, one.around], atol=2e-3)
    assert alike == pytest.approx([resemblance(one, ours[0]) for one in ours], abs=2e-3)
    assert alike[0] == 1
    assert [unseen, unknown] == [resemblance(None, ours[0]), resemblance(ours[0], None)] == [0, 0.5]


def test_masks_are_cut_as_in_python() -> None:
    inside = ellipse(HW, (90, 70), (50, 40))
    boxes = [(39.5, 29.5, 140.0, 110.0), (60.2, 29.5, 100.7, 71.3), (-0.5, -0.5, 80.0, 60.0)]
    script = """
        const { withinReach } = await import(`${core}/track.mjs`);
        const frame = image(given.mask), logits = Float32Array.from(frame.pixels, (v) => (v ? 3 : -3));
        const cut = given.boxes.map(([x0, y0, x1, y1]) =>
            withinReach({ mask: frame.pixels, logits, quality: 0.9 }, { x0, y0, x1, y1 }, frame));
        console.log(JSON.stringify(cut.map((one) => [[...one.mask], [...one.logits], one.quality])));"""
    found = node(script, {"mask": sent(inside.astype(np.uint8)), "boxes": boxes})
    mask = Mask(inside, np.where(inside, np.float32(3), np.float32(-3)), 0.9, NO_SCALE)
    for (theirs, logits, quality), box in zip(found, boxes, strict=True):
        ours = within_reach(mask, Prompt(box))
        assert np.array_equal(np.reshape(theirs, HW), ours.mask_hw)
        assert np.array_equal(np.reshape(logits, HW), ours.logits_hw)
        assert quality == 0.9


def test_frames_hold_on_as_in_python() -> None:
    good = Evidence(0.9, 0.9, 0.5, 0.85)
    cases = [
        (replace(good, **change), steady, agreed)
        for change in (
            {},
            {"quality": 0.8},
            {"growth": 1.4},
            {"like_first": 0.0},
            {"growth": 1.8},
            {"resembles": 0.65},
            {"resembles": 0.45},
            {"resembles": 0.45, "quality": 0.86},
            {"resembles": 0.45, "like_first": 0.25},
            {"resembles": 0.45, "growth": 1.25},
            {"growth": 1.4, "resembles": 0.65},
            {"growth": 1.4, "like_first": 0.39},
            {"growth": 1.4, "like_first": 0.39, "resembles": 0.65},
            {"growth": 1.55, "like_first": 0.39, "resembles": 0.65},
            {"contrast": 0.3, "resembles": 0.7, "like_first": 0.4},
            {"contrast": 0.3, "resembles": 0.7, "like_first": 0.4, "stable": 0.7},
        )
        for steady, agreed in ((0.96, 0.96), (0.96, 0.0), (0.85, 0.85), (0.7, 0.75))
    ]
    script = """
        const { holdsOn } = await import(`${core}/track.mjs`);
        const { agreement, gridOf } = await import(`${core}/grid.mjs`);
        const held = given.cases.map(([found, quality, ...agreed]) =>
            holdsOn(found, { anchor: { quality } }, ...agreed));
        const grids = given.masks.map((mask) => {
            const { pixels, ...size } = image(mask);
            return gridOf(Float32Array.from(pixels, (value) => (value ? 8 : -8)), size, given.region);
        });
        console.log(JSON.stringify([held, agreement(...grids)]));"""
    masks = [ellipse(HW, (90, 70), (34, 24)), ellipse(HW, (96, 70), (34, 24))]
    region = Region(40, 30, 140, 110)
    listed = [
        [
            {"quality": e.quality, "growth": e.growth, "confidence": e.confidence, "resembles": e.resembles}
            | {"likeFirst": e.like_first, "standing": e.standing},
            e.first_quality,
            *agreed,
        ]
        for e, *agreed in cases
    ]
    given = {
        "cases": listed,
        "masks": [sent(mask.astype(np.uint8)) for mask in masks],
        "region": {"x0": 40, "y0": 30, "x1": 140, "y1": 110},
    }
    held, agreed = node(script, given)
    assert held == [holds_on(*case) for case in cases]
    assert 4 < sum(held) < len(held)
    grids = [grid_of(np.where(mask, np.float32(8), np.float32(-8)), region) for mask in masks]
    assert agreed == pytest.approx(agreement(*grids), abs=0.005)
    assert agreed < 0.95


def test_what_is_said_of_a_frame_is_as_in_python() -> None:
    good = Evidence(0.9, 0.9, 0.9, 0.9, 0.9, resembles=0.95)
    changes: tuple[dict[str, float], ...] = (
        {},
        {"quality": 0.74},
        {"quality": 0.74, "explained": 0.96},
        {"quality": 0.84},
        {"quality": 0.86},
        {"changed": 1.7},
        {"changed": 1.7, "explained": 0.84},
        {"growth": 1.6},
        {"resembles": 0.85},
        {"like_first": 0.3},
        {"contrast": 0.5},
        {"contrast": 0.19},
        {"contrast": 0.19, "explained": 0.96},
        {"contrast": 0.1, "stable": 0.65, "like_first": 0.4},
    )
    cases: list[tuple[TrackStatus, Evidence, float]] = [
        (status, replace(good, **change), agreed)
        for change in changes
        for status in ("sure", "unsure")
        for agreed in (0.96, 0.94)
    ]
    script = """
        const { said } = await import(`${core}/track.mjs`);
        const answers = given.map(([status, found, quality, agreed]) =>
            said(status, found, { anchor: { quality } }, agreed));
        console.log(JSON.stringify(answers.map(({ status, confidence }) => [status, confidence])));"""
    keys = ("confidence", "quality", "explained", "changed", "growth", "resembles", "contrast", "standing")
    given = [
        [status, {key: getattr(e, key) for key in keys}, e.first_quality, agreed]
        for status, e, agreed in cases
    ]
    ours = [said_of(*case) for case in cases]
    found = node(script, given)
    assert [status for status, _ in found] == [status for status, _ in ours]
    assert [confidence for _, confidence in found] == pytest.approx([confidence for _, confidence in ours])
    kept = [status == case[0] for case, (status, _) in zip(cases, ours, strict=True)]
    assert 8 <= kept.count(False) <= 28
    assert "lost" in dict(ours)


def test_a_cut_is_noticed_as_in_python() -> None:
    first = texture(6)
    frames = [
        first,
        moved(first, 0.4, -0.3),
        texture(7),
        np.zeros(HW, np.uint8),
        (first * 0.5 + 30).astype(np.uint8),
    ]
    frames += [np.rint(0.6 * first + 0.4 * texture(8)).astype(np.uint8)]
    script = """
        const { viewOf, wasCut } = await import(`${core}/track.mjs`);
        const [first, ...others] = given.map(image).map(viewOf);
        const both = (view) => [wasCut(view, first), wasCut(first, view)];
        console.log(JSON.stringify([first, ...others].map(both)));"""
    views = [view_of(Frame(one)) for one in frames]
    ours = [
        [was_cut(motion_to(Frame(now), before)) for now, before in ((one, views[0]), (first, view))]
        for one, view in zip(frames, views, strict=True)
    ]
    assert node(script, [sent(one) for one in frames]) == ours
    assert [one for one, _ in ours[:5]] == [False, False, True, True, False]


def test_a_mask_without_doubt_has_the_logits_of_python() -> None:
    """A thin tilted band, and one that runs out of the frame."""
    down, across = np.mgrid[0:150, 0:200]
    masks = [np.abs(down - 60 - 0.2 * across) < 2, (across > 150) & (down > 90)]
    regions = [Region(-20.5, 30.0, 219.0, 150.0), Region(130.2, 70.0, 230.0, 170.0)]
    script = """
        const { gridOf, logitsOf } = await import(`${core}/grid.mjs`);
        console.log(JSON.stringify(given.map(([mask, region]) => {
            const frame = image(mask), logits = logitsOf(frame.pixels, frame, region);
            return [[...logits], [...gridOf(logits, frame, region).logits]]; })));"""
    given = [
        [sent(mask.astype(np.uint8)), {"x0": at.x0, "y0": at.y0, "x1": at.x1, "y1": at.y1}]
        for mask, at in zip(masks, regions, strict=True)
    ]
    for (logits, cells), mask, region in zip(node(script, given), masks, regions, strict=True):
        ours = logits_of(mask, region)
        assert np.array_equal(ours > 0, mask)
        assert np.array_equal(np.reshape(logits, HW) > 0, mask)
        assert np.reshape(cells, (96, 96)) == pytest.approx(grid_of(ours, region).logits_hw, abs=0.02)
