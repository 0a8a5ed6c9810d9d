"""A second reader is blind to the first, and both are compared."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from phantoms import ellipse
from uniultra.io.coco import compressed, run_lengths
from uniultra.web.workspace.readers import HEADER

HW = (120, 160)
SECOND = {HEADER: "Dr%20B"}


def counts(radius: int) -> str:
    return compressed(run_lengths(ellipse(HW, (85, 55), (radius, 25))))


def doc(radius: int, name: str = "cyst", **more: object) -> dict:
    mask = {"object": 1, "counts": counts(radius), "quality": 0.9}
    return {"objects": [{"id": 1, "name": name}], "frames": [{"number": 0, "masks": [mask]}], **more}


def items(page: TestClient) -> dict[str, str]:
    return {item["name"]: item["id"] for item in page.get("/v1/workspace").json()["items"]}


def test_a_second_reader_sees_nothing_of_the_first_and_keeps_their_own(
    page: TestClient, folder: Path
) -> None:
    at = f"/v1/workspace/items/{items(page)['a.png']}"
    assert page.put(at, json={"revision": 0, "doc": doc(35, done=True)}).status_code == 200
    blind = page.get(at, headers=SECOND).json()
    assert (blind["revision"], blind["doc"]["frames"]) == (0, [])
    state = page.get("/v1/workspace", headers=SECOND).json()
    assert not any(item["done"] or item["objects"] for item in state["items"])
    assert state["readers"] == []
    assert page.put(at, json={"revision": 0, "doc": doc(30)}, headers=SECOND).json() == {"revision": 1}
    assert page.get(at).json()["doc"]["frames"][0]["masks"][0]["counts"] == counts(35)
    own = folder / "uniultra-project" / "readers" / "Dr B"
    assert (own / "a.png.annotations.json").is_file()
    done = page.post(at + "/export", json={"kinds": ["csv"]}, headers=SECOND).json()
    assert done["folder"] == "uniultra-project/readers/Dr B/export"
    assert (own / "export" / "a.csv").is_file()
    assert page.get("/v1/workspace").json()["readers"] == [{"name": "Dr B", "done": 0}]


def test_agreement_in_millimetres_and_as_csv(page: TestClient, folder: Path) -> None:
    at = "/v1/workspace/agreement"
    assert page.post(at, json={"reader": "Dr B"}).status_code == 404
    names = items(page)
    for number, (name, radius) in enumerate([("a.png", 35), ("cine.gif", 30)]):
        path = f"/v1/workspace/items/{names[name]}"
        page.put(path, json={"revision": 0, "doc": doc(radius, spacing_mm_yx=[0.5, 0.5])})
        page.put(path, json={"revision": 0, "doc": doc(radius + 2 + number, "Cyst ")}, headers=SECOND)
    found = page.post(at, json={"reader": "Dr B"}).json()
    assert (found["pairs"], found["files"], found["alone"]) == (2, 2, 0)
    masks = [ellipse(HW, (85, 55), (radius, 25)) for radius in (35, 37, 30, 33)]
    expected = [2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in (masks[:2], masks[2:])]
    assert found["dice"] == pytest.approx([min(expected), np.mean(expected), np.mean(expected)], abs=1e-4)
    areas = [(b.sum() - a.sum()) / 4 for a, b in (masks[:2], masks[2:])]
    assert found["area"]["unit"] == "mm²"
    assert found["area"]["bias"] == pytest.approx(np.mean(areas))
    spread = 1.96 * np.std(areas, ddof=1)
    assert found["area"]["high"] - found["area"]["low"] == pytest.approx(2 * spread)
    assert found["long_diameter"]["unit"] == "mm"
    assert found["long_diameter"]["bias"] == pytest.approx(2.5, abs=0.3)
    with open(folder / "uniultra-project" / "export" / found["csv"], newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["a.png", "cine.gif"]
    assert float(rows[0]["area_difference"]) == pytest.approx(areas[0], abs=1e-3)
    assert "blind to the first" in page.post(at, json={"reader": "Dr B"}, headers=SECOND).json()["detail"]


def test_structures_are_matched_by_name_and_the_others_counted(page: TestClient) -> None:
    path = f"/v1/workspace/items/{items(page)['a.png']}"
    both = doc(35)
    both["objects"].append({"id": 2, "name": "node"})
    both["frames"][0]["masks"].append({"object": 2, "counts": counts(10)})
    page.put(path, json={"revision": 0, "doc": both})
    other = {**both, "objects": [{"id": 1, "name": "CYST"}, {"id": 2, "name": "duct"}]}
    page.put(path, json={"revision": 0, "doc": other}, headers=SECOND)
    found = page.post("/v1/workspace/agreement", json={"reader": "Dr B"}).json()
    assert (found["pairs"], found["alone"], found["dice"]) == (1, 2, [1.0, 1.0, 1.0])
    assert found["area"] is None  # one pair has no spread


@pytest.mark.parametrize("name", ["..", "a/b", ".hidden", "x" * 41, "a%2F..%2Fb", "<b>"])
def test_a_readers_name_is_no_path(page: TestClient, folder: Path, name: str) -> None:
    refused = page.get("/v1/workspace", headers={HEADER: name})
    assert refused.status_code == 422
    assert "a reader's name has up to 40 letters" in refused.json()["detail"]
    assert not (folder / "uniultra-project").exists()


def test_a_link_in_the_place_of_the_readers_leads_nowhere(
    page: TestClient, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "uniultra-project").mkdir()
    (folder / "uniultra-project" / "readers").symlink_to(tmp_path / "elsewhere")
    path = f"/v1/workspace/items/{items(page)['a.png']}"
    refused = page.put(path, json={"revision": 0, "doc": doc(35)}, headers=SECOND)
    assert refused.json()["type"].endswith("project")
    assert not list((tmp_path / "elsewhere").iterdir())
    assert page.get("/v1/workspace").json()["readers"] == []
