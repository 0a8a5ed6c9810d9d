"""What a page is given that can't be: huge and vanished files, a full disk, hostile labels."""

from __future__ import annotations

import csv
import io
import json
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from dicoms import dataset
from scans import TRUE, png_of
from uniultra.io.coco import compressed, run_lengths

COUNTS = compressed(run_lengths(TRUE))


def item_id(page: TestClient, name: str) -> str:
    return next(item["id"] for item in page.get("/v1/workspace").json()["items"] if item["name"] == name)


def save(page: TestClient, item: str, name: str) -> int:
    mask = {"object": 1, "counts": COUNTS, "quality": 0.9}
    doc = {"objects": [{"id": 1, "name": name}], "frames": [{"number": 0, "masks": [mask]}]}
    return page.put(f"/v1/workspace/items/{item}", json={"revision": 0, "doc": doc}).status_code


def huge_png(width: int, height: int) -> bytes:
    """A PNG whose header claims this size; there is next to nothing in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")


def test_a_picture_of_a_huge_size_is_refused_before_it_is_decoded(page: TestClient, folder: Path) -> None:
    dropped = page.post("/v1/workspace/files?name=huge.png", content=huge_png(60_000, 60_000)).json()
    refused = page.get(f"/v1/workspace/items/{dropped['id']}")
    assert refused.status_code == 422
    assert "60000 x 60000 pixels; the limit is" in refused.json()["detail"]
    (folder / "a.png").write_bytes(huge_png(60_000, 60_000))  # after it was listed
    opened = page.get(f"/v1/workspace/items/{item_id(page, 'a.png')}")
    assert "the limit is" in opened.json()["detail"]


def test_a_file_that_vanished_or_changed_is_said_to_have(page: TestClient, folder: Path) -> None:
    at = f"/v1/workspace/items/{item_id(page, 'a.png')}"
    assert page.get(at).status_code == 200
    (folder / "a.png").unlink()
    for answer in (
        page.get(f"{at}/frames/0"),
        page.post(f"{at}/frames/0/segment", json={"box": [9, 9, 99, 99]}),
    ):
        assert answer.status_code == 422
        assert "no such file" in answer.json()["detail"]
        assert str(folder) not in answer.text
    (folder / "a.png").write_bytes(png_of(TRUE.astype("uint8") * 200))
    assert page.get(f"{at}/frames/0").status_code == 200


def test_a_full_disk_leaves_no_half_export(
    page: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = item_id(page, "a.png")
    assert save(page, item, "cyst") == 200

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        refused = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": ["csv", "coco"]})
    assert refused.json()["type"].endswith("output")
    assert "No space left on device" in refused.json()["detail"]
    export = folder / "uniultra-project" / "export"
    assert not export.exists() or not list(export.iterdir())
    assert page.post(f"/v1/workspace/items/{item}/export", json={"kinds": ["csv"]}).status_code == 200


@pytest.mark.parametrize("name", ["=1+1", "<img src=x onerror=alert(1)>", "@SUM(A1)"])
def test_hostile_labels_are_text_in_what_is_exported(page: TestClient, folder: Path, name: str) -> None:
    item = item_id(page, "a.png")
    assert save(page, item, name) == 200
    assert page.get(f"/v1/workspace/items/{item}").json()["doc"]["objects"][0]["name"] == name
    assert page.post(f"/v1/workspace/items/{item}/export", json={"kinds": ["csv"]}).status_code == 200
    text = (folder / "uniultra-project" / "export" / "a.csv").read_text(encoding="utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "@"))]


@pytest.mark.parametrize("name", ["a\u202egnp.exe", "a\x07b", "a\\b", "x" * 65])
def test_a_name_that_no_result_can_carry_is_refused(page: TestClient, folder: Path, name: str) -> None:
    """As everywhere else. Such a name that an earlier version saved opens without what is wrong with it."""
    item = item_id(page, "a.png")
    assert save(page, item, name) == 422
    asked = {"box": [9, 9, 99, 99], "label": name}
    assert page.post(f"/v1/workspace/items/{item}/frames/0/segment", json=asked).status_code == 422
    assert save(page, item, "cyst") == 200
    [kept] = (folder / "uniultra-project").glob("*.annotations.json")
    kept.write_text(kept.read_text().replace('"cyst"', json.dumps(name)))
    opened = page.get(f"/v1/workspace/items/{item}").json()
    legal = opened["doc"]["objects"][0]["name"]
    assert legal in ("agnp.exe", "ab", "x" * 64)
    assert opened["revision"] == 1


def test_only_a_file_that_cannot_be_opened_is_taken_off_the_list(page: TestClient, folder: Path) -> None:
    """A dropped one is deleted; a damaged one of the folder stays where it lies."""
    data = dataset(np.zeros((1, 40, 60), np.uint8))
    data.save_as(folder / "whole.dcm")
    whole = (folder / "whole.dcm").read_bytes()
    item = page.post("/v1/workspace/files?name=cut.dcm", content=whole[:-900]).json()["id"]
    at = f"/v1/workspace/items/{item}"
    assert page.get(at).status_code == 422
    kept = folder / "uniultra-project" / "dropped" / "cut.dcm"
    assert kept.is_file()
    assert page.delete(at).status_code == 204
    assert not kept.exists()
    assert page.get(at).json()["type"].endswith("no-file")
    assert "cut.dcm" not in [one["name"] for one in page.get("/v1/workspace").json()["items"]]
    at = f"/v1/workspace/items/{item_id(page, 'a.png')}"
    refused = page.delete(at)
    assert refused.status_code == 422
    assert "can be opened, so it stays in the list" in refused.json()["detail"]
    (folder / "a.png").write_bytes((folder / "a.png").read_bytes()[:60])
    assert page.delete(at).status_code == 204
    assert (folder / "a.png").is_file()
