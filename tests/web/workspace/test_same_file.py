"""A file that was replaced on the disk while a page shows it: nothing is answered or saved until it is opened
again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from phantoms import speckled
from scans import BOX, TRUE
from uniultra.io.coco import compressed, run_lengths
from uniultra.web.workspace.same_file import HEADER

COUNTS = compressed(run_lengths(TRUE))
ASKED = [
    ("GET", "/frames/0", None),
    ("POST", "/frames/0/warm", {}),
    ("POST", "/frames/0/segment", {"box": BOX}),
    ("POST", "/frames/0/alternatives", {"box": BOX}),
    ("POST", "/frames/0/measure", {"counts": COUNTS}),
    ("PUT", "", {"revision": 0, "doc": {"objects": [], "frames": []}}),
    ("PUT", "/banners", {"boxes": []}),
    ("POST", "/export", {"kinds": ["png"]}),
]


def one_id(page: TestClient) -> str:
    return next(item["id"] for item in page.get("/v1/workspace").json()["items"] if item["name"] == "a.png")


@pytest.mark.parametrize(("method", "path", "given"), ASKED)
def test_another_picture_of_the_same_size_is_not_taken_for_the_one_that_is_shown(
    page: TestClient, folder: Path, method: str, path: str, given: dict | None
) -> None:
    at = f"/v1/workspace/items/{one_id(page)}"
    shown = {HEADER: page.get(at).json()["stamp"]}
    before = page.request(method, at + path, json=given, headers=shown)
    assert before.json().get("code") == "nothing-saved" if path == "/export" else before.is_success
    Image.fromarray(np.fliplr(speckled(TRUE, seed=5).pixels_hw)).save(folder / "a.png")
    refused = page.request(method, at + path, json=given, headers=shown)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith(":changed")
    assert refused.json()["code"] == "file-changed"
    anew = {HEADER: page.get(at, headers=shown).json()["stamp"]}  # opening it again
    assert page.request(method, at + path, json=given, headers=anew).status_code != 409 or path == ""
