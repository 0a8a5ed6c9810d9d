"""The panel within napari's model of a viewer, without a window: `QT_QPA_PLATFORM=offscreen`.

Skipped where napari isn't installed (it is not in the extra `test`): see docs/hosts.md for the command.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what napari's own imports are warned of
    napari = pytest.importorskip("napari", reason="napari isn't installed: pip install 'uniultra[napari]'")

from phantoms import ellipse, speckled
from uniultra.hosts.napari.layers import OURS
from uniultra.hosts.napari.masks import segmented, tracked
from uniultra.hosts.napari.panel import BOXES, DONE, MASKS, POINTS, WORKING, Panel
from uniultra.hosts.napari.prompts import OUT
from uniultra.hosts.napari.reader import read
from uniultra.hosts.napari.said_fields import UNSAID
from uniultra.hosts.napari.writer import write_labels
from uniultra.io.images import read_frame
from uniultra.registry import find
from uniultra.types import Prompt

pytestmark = pytest.mark.filterwarnings("default")  # napari's and Qt's own
SIDE = 96


@pytest.fixture
def viewer(tmp_path: Path) -> Any:
    from qtpy.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    inside = ellipse((SIDE, SIDE), (44, 48), (24, 20))
    frames = [Image.fromarray(speckled(inside, seed=number).pixels_hw) for number in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=40)
    found = napari.components.ViewerModel()
    for data, attributes, kind in read(str(tmp_path / "a.gif")):
        getattr(found, f"add_{kind}")(data, **attributes)
    yield found
    application.processEvents()


def corners(frame: int) -> np.ndarray:
    return np.array([[frame, 22, 18], [frame, 22, 70], [frame, 74, 70], [frame, 74, 18]], float)


def test_prompts_of_several_structures_become_masks(viewer: Any, tmp_path: Path) -> None:
    panel = Panel(viewer)
    assert panel.image.currentText() == "a"
    panel.add_layers()
    viewer.layers[BOXES].add_rectangles(corners(0))
    panel.structure.setValue(2)
    viewer.layers[POINTS].add([[1, 48, 44]])
    panel.says.setCurrentText(OUT)
    viewer.layers[POINTS].add([[1, 4, 4]])
    prompts = panel.prompts()
    assert prompts == {
        0: {1: Prompt((18, 22, 70, 74))},
        1: {2: Prompt(None, ((44, 48), (4, 4)), (1, 0))},
    }
    for result in panel.begin(segmented):
        panel.take(result)
    masks = viewer.layers[MASKS]
    assert tuple(masks.scale) == tuple(viewer.layers["a"].scale)
    assert [sorted(np.unique(plane).tolist()) for plane in masks.data] == [[0, 1], [0, 2], [0]]
    wanted = panel.model.segmenter.segment(read_frame(tmp_path / "a.gif", 0), [prompts[0][1]])[0]
    assert np.array_equal(masks.data[0] == 1, wanted.mask_hw)
    assert panel.table.rowCount() == 2
    assert panel.table.item(0, 2).text() == f"{wanted.quality:.2f}"


def test_a_structure_has_a_name_that_the_model_knows_and_a_fit(viewer: Any, tmp_path: Path) -> None:
    panel = Panel(viewer)
    fields = panel.of_structure
    listed = [fields.name.itemText(place) for place in range(fields.name.count())]
    assert listed == ["", "left ventricle", "left ventricular myocardium", "left atrium"]
    panel.add_layers()
    viewer.layers[BOXES].add_rectangles(corners(0))
    viewer.layers[POINTS].add([[2, 48, 44]])
    fields.name.setCurrentText(" left ventricular myocardium ")
    fields.fit.setCurrentText("loose")
    panel.structure.setValue(2)
    assert (fields.name.currentText(), fields.fit.currentText()) == ("", UNSAID)
    viewer.layers[BOXES].add_rectangles(corners(1))
    fields.name.setCurrentText("cyst")
    panel.structure.setValue(1)
    shown = fields.name.currentText().strip(), fields.fit.currentText()
    assert shown == ("left ventricular myocardium", "loose")
    prompts = panel.prompts()
    wall = "left ventricular myocardium"
    assert prompts == {
        0: {1: Prompt((18, 22, 70, 74), name=wall, box_fit="loose")},
        1: {2: Prompt((18, 22, 70, 74), name="cyst")},
        2: {1: Prompt(None, ((44, 48),), name=wall)},
    }
    for result in panel.begin(segmented):
        panel.take(result)
    frames = [read_frame(tmp_path / "a.gif", number) for number in range(2)]
    masks = viewer.layers[MASKS].data
    segment = panel.model.segmenter.segment
    assert np.array_equal(masks[0] == 1, segment(frames[0], [prompts[0][1]])[0].mask_hw)
    assert not np.array_equal(masks[0] == 1, segment(frames[0], [Prompt((18, 22, 70, 74))])[0].mask_hw)
    assert np.array_equal(masks[1] == 2, segment(frames[1], [Prompt((18, 22, 70, 74))])[0].mask_hw)
    assert [panel.table.item(row, 1).text() for row in range(3)] == [f"1 {wall}", "2 cyst", f"1 {wall}"]
    panel.remove()
    assert (fields.name.currentText(), fields.fit.currentText()) == ("", UNSAID)
    assert fields.said() == {}


def test_a_name_given_later_is_what_is_saved_and_a_bad_one_stops_nothing_but_prompts(
    viewer: Any, tmp_path: Path
) -> None:
    panel = Panel(viewer)
    panel.add_layers()
    viewer.layers[BOXES].add_rectangles(corners(0))
    for result in panel.begin(segmented):
        panel.take(result)
    name = panel.of_structure.name
    for text, note in (("thyroid nodul", "did you mean thyroid nodule?"), ("a\\b", "1 to 64 characters")):
        name.setCurrentText(text)
        name.lineEdit().editingFinished.emit()
        assert note in panel.status.text()
    panel.start(segmented)
    assert "can't name a structure" in panel.status.text()
    data, attributes, _ = viewer.layers[MASKS].as_layer_data_tuple()
    assert attributes["metadata"][OURS]["answers"].names == {1: "thyroid nodul"}
    name.setCurrentText("Thyroid nodule")
    write_labels(str(tmp_path / "m.png"), data, attributes)
    [said] = json.loads((tmp_path / "m.json").read_text())["objects"]
    assert (said["id"], said["name"], said["codes"]["type"]["value"]) == (1, "thyroid nodule", "237495005")


def test_work_in_the_background_says_when_it_is_done(viewer: Any) -> None:
    from qtpy.QtWidgets import QApplication

    panel = Panel(viewer)
    panel.add_layers()
    viewer.layers[BOXES].add_rectangles(corners(0))
    panel.start(segmented)
    assert (panel.status.text(), panel.here.isEnabled()) == (WORKING, False)
    until = time.monotonic() + 60
    while not panel.here.isEnabled() and time.monotonic() < until:
        QApplication.instance().processEvents()
    assert (panel.table.rowCount(), panel.status.text()) == (1, DONE)


def test_points_that_are_added_correct_the_mask_that_is_shown(viewer: Any, tmp_path: Path) -> None:
    """And tracking starts from what is shown on the prompted frame."""
    panel = Panel(viewer)
    panel.add_layers()
    viewer.layers[POINTS].add([[0, 48, 44]])
    for result in panel.begin(segmented):
        panel.take(result)
    first = viewer.layers[MASKS].data[0] == 1
    panel.says.setCurrentText(OUT)
    viewer.layers[POINTS].add([[0, 48, 60]])
    for result in panel.begin(segmented):
        panel.take(result)
    prompt = Prompt(None, ((44, 48), (60, 48)), (1, 0), mask_hw=first)
    [wanted] = panel.model.segmenter.segment(read_frame(tmp_path / "a.gif", 0), [prompt])
    shown = viewer.layers[MASKS].data[0] == 1
    assert np.array_equal(shown, wanted.mask_hw)
    assert not np.array_equal(shown, first)
    for result in panel.begin(tracked):
        panel.take(result)
    assert np.array_equal(viewer.layers[MASKS].data[0] == 1, shown)


def test_points_outside_alone_correct_a_mask_that_was_tracked(viewer: Any, tmp_path: Path) -> None:
    panel = Panel(viewer)
    panel.add_layers()
    viewer.layers[BOXES].add_rectangles(corners(1))
    for result in panel.begin(tracked):
        panel.take(result)
    viewer.layers[BOXES].selected_data = {0}
    viewer.layers[BOXES].remove_selected()
    masks = viewer.layers[MASKS].data
    masks[2, 60:90, 50:90] = 1  # painted too far
    shown = masks[2] == 1
    panel.says.setCurrentText(OUT)
    viewer.layers[POINTS].add([[2, 86, 84]])
    for _ in range(2):  # answered alike, as nothing was added
        for result in panel.begin(segmented):
            panel.take(result)
        prompt = Prompt(None, ((84, 86),), (0,), mask_hw=shown)
        [wanted] = panel.model.segmenter.segment(read_frame(tmp_path / "a.gif", 2), [prompt])
        assert np.array_equal(masks[2] == 1, wanted.mask_hw)
    assert not masks[2, 86, 84]


def test_notes_on_prompts_are_shown(viewer: Any) -> None:
    panel = Panel(viewer)
    panel.add_layers()
    viewer.layers[BOXES].add_rectangles(corners(0) - [0, 40, 0])
    for result in panel.begin(segmented):
        panel.take(result)
    assert "reaches beyond the image" in panel.status.text()


def test_a_point_keeps_what_it_was_when_the_next_is_another(viewer: Any) -> None:
    """The last point is selected, and what is set for the next one must not change how it looks or what it
    says.
    """
    panel = Panel(viewer)
    panel.add_layers()
    points = viewer.layers[POINTS]
    points.add([[1, 48, 44]])
    assert set(points.selected_data) == {0}
    panel.says.setCurrentText(OUT)
    panel.structure.setValue(2)
    assert points.features.to_dict("list") == {"structure": [1], "says": ["in"]}
    green = points.face_color[0].tolist()
    points.add([[1, 4, 4]])
    red = points.face_color[1].tolist()
    assert (green, red) == ([0, 1, 0, 1], [1, 0, 0, 1])
    assert points.features.to_dict("list") == {"structure": [1, 2], "says": ["in", OUT]}
    points.selected_data = {0, 1}
    points.remove_selected()  # an empty layer is the same as before
    assert panel.prompts() == {}
    points.add([[1, 4, 4]])
    assert points.features.to_dict("list") == {"structure": [2], "says": [OUT]}
    viewer.dims.ndisplay = 3


def test_tracks_and_saves(viewer: Any, tmp_path: Path) -> None:
    panel = Panel(viewer)
    panel.add_layers()
    viewer.layers[BOXES].add_rectangles(corners(1))
    for result in panel.begin(tracked):
        panel.take(result)
    data, attributes, kind = viewer.layers[MASKS].as_layer_data_tuple()
    assert kind == "labels"
    assert all((plane == 1).any() for plane in data)
    assert len(write_labels(str(tmp_path / "m.png"), data, attributes)) == 6
    panel.remove()
    assert [layer.name for layer in viewer.layers] == ["a"]


def test_faults_are_told_in_the_panel(viewer: Any) -> None:
    panel = Panel(viewer)
    panel.start(segmented)
    assert panel.status.text() == "draw a rectangle or click first"
    panel.add_layers()
    panel.says.setCurrentText(OUT)
    viewer.layers[POINTS].add([[0, 4, 4]])
    panel.start(segmented)
    assert "points outside alone" in panel.status.text()
    viewer.layers.remove("a")
    assert panel.image.count() == 0
    panel.add_layers()
    assert panel.status.text() == "open an image first"


def test_metadata_says_where_the_scale_is_from(viewer: Any) -> None:
    assert "pixels" in viewer.layers["a"].metadata[OURS]["scale"]


def test_a_model_of_one_s_own_answers_by_the_names_that_it_knows(viewer: Any, tmp_path: Path) -> None:
    """Masks of the one before stay under its name; what can't be opened is said, and changes nothing."""
    folder = tmp_path / "mine"
    shutil.copytree(find("uniultra-mini").folder, folder)
    facts = json.loads((folder / "model.json").read_text())
    names = ["wall", "lumen", "left atrium"]
    (folder / "model.json").write_text(json.dumps(facts | {"structures": names}))
    panel = Panel(viewer)
    panel.of_structure.name.setCurrentText("left ventricle")
    panel.add_layers()
    viewer.layers[BOXES].add_rectangles(corners(0))
    for result in panel.begin(segmented):
        panel.take(result)
    panel.model.choice.setCurrentText(str(tmp_path / "absent"))
    panel.model.choice.lineEdit().editingFinished.emit()
    assert "absent" in panel.status.text()
    assert panel.model.choice.currentText() == "uniultra-mini"
    assert MASKS in viewer.layers
    panel.model.choice.setCurrentText(str(folder))
    panel.model.choice.lineEdit().editingFinished.emit()
    assert "answers from now on" in panel.status.text()
    offered = [panel.of_structure.name.itemText(n) for n in range(panel.of_structure.name.count())]
    assert offered == ["", *names]
    assert panel.of_structure.name.currentText() == "left ventricle", "what was said stays"
    assert f"{MASKS} (uniultra-mini)" in viewer.layers
    for result in panel.begin(segmented):
        panel.take(result)
    assert viewer.layers[MASKS].metadata[OURS]["answers"].model.structures == tuple(names)
    assert len([layer for layer in viewer.layers if layer.name.startswith(MASKS)]) == 2
