"""The linear model of a structure in the page, core/target.mjs, against uniultra.tracking, through Node."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pytest

from page_core import CLIENT, node, sent
from phantoms import ellipse, speckled
from uniultra.io.coco import mask_of
from uniultra.pixel_scale import NO_SCALE
from uniultra.registry import find, verified_folder
from uniultra.segmenter import Segmenter
from uniultra.tracking import step
from uniultra.tracking.anchor import registered
from uniultra.tracking.beginning import _new_track
from uniultra.tracking.looks import crop_of
from uniultra.tracking.motion import view_of
from uniultra.tracking.state import MaskGrid, grid_of
from uniultra.tracking.target_model import TargetModel, cells_of, learnt
from uniultra.tracking.track_state import TrackState
from uniultra.types import Embedding, Features, Frame, Mask, Region

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
HW = (150, 200)
REGION = Region(20.0, 10.0, 180.0, 130.0)
LEVELS = ((16, 12), (32, 4), (64, 3))
"""Side and depth of each, the coarsest first."""


def grid(inside: np.ndarray) -> MaskGrid:
    return grid_of(np.where(inside, np.float32(8), np.float32(-8)), REGION)


def encoded(inside: MaskGrid, seed: int, strength: float) -> Embedding:
    """Noise, in which what is inside differs."""
    random = np.random.default_rng(seed)
    shown = (inside.logits_hw > 0).astype(np.float32)

    def level(side: int, depth: int) -> np.ndarray:
        at = np.arange(side) * 96 // side
        planes = random.normal(0, 1, (1, depth, side, side)) + strength * shown[at][:, at]
        return planes.astype(np.float32)

    coarse, finer, finest = (level(*one) for one in LEVELS)
    return Embedding(Features(coarse, finest, finer), REGION, HW)


def levels(embedding: Embedding) -> list[list[float]]:
    shown = embedding.features
    planes = shown.image_embed, shown.high_res_feats_1, shown.high_res_feats_0
    return [one.ravel().tolist() for one in planes]


def test_a_structure_is_learnt_and_told_as_in_python() -> None:
    """Prompted, then two sure frames, of which the second has other features; asked about each, about what
    lies beside the structure, and about a mask at the edge of the view."""
    there, aside, edge = (
        grid(ellipse(HW, *one)) for one in (((90, 70), (34, 24)), ((120, 80), (30, 20)), ((30, 16), (40, 30)))
    )
    frames = [encoded(there, seed, 1.5 if seed < 2 else -1.0) for seed in range(3)]
    asked = [(0, there), (1, there), (2, there), (1, aside), (2, edge)]
    none, all_of_it = grid(np.zeros(HW, np.bool_)), grid(np.ones(HW, np.bool_))
    script = """
        const { cellsOf, contrastOf, learnt, withSure } = await import(`${core}/target.mjs`);
        const { partsInside } = await import(`${core}/tissue.mjs`);
        const { Grid } = await import(`${core}/grid.mjs`);
        const { region } = given, views = given.frames.map((planes) => ({ region,
            levels: planes.map((data, i) =>
                ({ data, side: given.levels[i][0], depth: given.levels[i][1] })) }));
        const cells = ([frame, logits]) => {
            const view = views[frame], grid = new Grid(region, logits);
            return cellsOf(view, partsInside(view, grid));
        };
        const asked = given.asked.map(cells), [first, second, third] = asked, models = [learnt(first)];
        for (const one of [second, third]) models.push(withSure(models.at(-1), one));
        const broken = { ...first, features: first.features.map(() => NaN) };
        const size = Object.values(models[2]).reduce((sum, one) => sum + one.byteLength, 0);
        const lists = (...arrays) => arrays.map((one) => [...one]);
        console.log(JSON.stringify({
            cells: asked.map((one) => lists(one.features, one.inside, one.rim)),
            weights: models.map(({ weights }) => [...weights]), size,
            contrasts: models.map((model) => asked.map((one) => contrastOf(model, one))),
            nothing: [...given.nothing.map((one) => cells([0, one])), learnt(null), learnt(broken)],
            same: withSure(models[0], broken) === models[0] }));"""
    given = {
        "region": {"x0": REGION.x0, "y0": REGION.y0, "x1": REGION.x1, "y1": REGION.y1},
        "levels": LEVELS,
        "frames": [levels(one) for one in frames],
        "asked": [(frame, one.logits_hw.ravel().tolist()) for frame, one in asked],
        "nothing": [one.logits_hw.ravel().tolist() for one in (none, all_of_it)],
    }
    found = node(script, given)
    ours = [cells_of(frames[frame], one) for frame, one in asked]
    for theirs, cells in zip(found["cells"], ours, strict=True):
        assert cells is not None
        np.testing.assert_allclose(np.reshape(theirs[0], (256, 19)), cells.features, atol=1e-5)
        np.testing.assert_allclose(theirs[1], cells.inside, atol=0.07)  # a part of 16, by rounding
        np.testing.assert_allclose(theirs[2], cells.rim, atol=0.07)
        assert np.abs(np.subtract(theirs[1], cells.inside)).mean() < 1e-3
    models = [learnt(ours[0])]
    for cells in ours[1:3]:
        models.append(models[-1].with_sure(cells))  # type: ignore[union-attr, arg-type]
    for model, weights, contrasts in zip(models, found["weights"], found["contrasts"], strict=True):
        assert model is not None
        np.testing.assert_allclose(weights, model.weights, atol=1e-3)
        assert contrasts == pytest.approx([model.contrast(one) for one in ours], abs=2e-3)  # type: ignore[arg-type]
    assert found["contrasts"][0][1] > 0.3 > found["contrasts"][0][3]
    assert found["nothing"] == [None] * 4
    assert found["same"]
    first = models[0]
    assert isinstance(first, TargetModel)
    assert found["size"] < 0.6 * sum(array.nbytes for array in first.arrays)


def begun(segmenter: Segmenter, frame: Frame, inside: np.ndarray, quality: float) -> TrackState:
    """As the page begins, from a mask."""
    mask = Mask(inside, np.where(inside, np.float32(8), np.float32(-8)), quality, NO_SCALE)
    box = mask.box_xyxy
    assert box is not None
    crop = crop_of(segmenter, frame, box)
    shown = registered(frame, crop, view_of(frame)), segmenter.encode(frame, crop)
    return TrackState(HW, view_of(frame), (_new_track(frame, 1, mask, box, crop, shown),))


def clip(inside: np.ndarray) -> list[Frame]:
    """A cyst in speckle of which half is another on every frame, so that registration explains none: as it
    was, faded twice, brighter than what lies around it, gone, and as it was.
    """

    def shown(seed: int, of: np.ndarray, fade: float = 1.0, within: float = 1.0) -> Frame:
        speckle = (speckled(of, 0).pixels_hw + 1.0 * speckled(of, seed).pixels_hw) / 2
        pixels = speckle * np.where(of, within, 1.0)
        return Frame.from_array(np.clip(60 * (fade < 1) + fade * pixels, 0, 255).astype(np.uint8))

    nothing = np.zeros(HW, np.bool_)
    faded, brighter = [shown(n, inside, fade=0.1) for n in (2, 3)], shown(4, inside, within=5)
    return [shown(0, inside), shown(1, inside), *faded, brighter, shown(5, nothing), shown(6, inside)]


def test_a_clip_is_shown_and_hidden_as_in_python() -> None:
    """With the model itself; what was faded is unsure until that has been learnt, and what is brighter than
    it was is shown by its standing.
    """
    if not (CLIENT / "node_modules" / "onnxruntime-web").is_dir():
        pytest.skip("examples/node/node_modules is absent: run `make node-client`")
    inside = ellipse(HW, (90, 70), (34, 24))
    segmenter, frames = Segmenter.load(threads=1), clip(inside)
    script = """
        const { openModel } = await import(`${client}/files.mjs`);
        const { begin, step } = await import(`${core}/track.mjs`);
        const { encode } = await import(`${core}/rle.mjs`);
        const { segmenter } = await openModel(given.model), frames = given.frames.map(image), out = [];
        let state = await begin(segmenter, frames[0], image(given.mask).pixels);
        const { quality } = state.anchor;
        for (const frame of frames.slice(1)) {
            const [{ mask, status, confidence, quality }, next] = await step(segmenter, state, frame);
            out.push([status, confidence, quality, encode(mask, frame), [...next.target.weights]]);
            state = next;
        }
        console.log(JSON.stringify([quality, out]));"""
    model = str(verified_folder(find("uniultra-mini")))
    given: dict[str, Any] = {"frames": [sent(one.pixels_hw) for one in frames], "model": model}
    quality, found = node(script, given | {"mask": sent(inside.astype(np.uint8))})
    state = begun(segmenter, frames[0], inside, quality)
    for frame, (status, confidence, rated, counts, weights) in zip(frames[1:], found, strict=True):
        [answer], state = step(segmenter, state, frame)
        assert status == answer.status
        assert confidence == pytest.approx(answer.confidence, abs=0.03)
        assert rated == pytest.approx(answer.mask.quality, abs=0.05)
        theirs, ours = mask_of(counts, HW), answer.mask.mask_hw
        assert 2 * (theirs & ours).sum() >= 0.96 * (theirs.sum() + ours.sum())
        target = state.objects[0].target
        assert target is not None
        assert np.corrcoef(weights, target.weights)[0, 1] > 0.9
    assert [one[0] for one in found] == ["sure", "unsure", "sure", "unsure", "lost", "sure"]
