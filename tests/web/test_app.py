"""The HTTP interface from a client's side: the segmenter's own answers, and every refusal in one shape."""

from __future__ import annotations

import base64
import logging
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from scans import BAD_FILES, BOX, TRUE, Start, refusal, uploaded
from uniultra.backends.protocol import Backend
from uniultra.io.coco import compressed, mask_of, run_lengths
from uniultra.segmenter import Segmenter
from uniultra.types import Frame, Prompt


def test_answers_are_the_segmenters_own(
    client: TestClient, backend: Backend, frame: Frame, picture: bytes
) -> None:
    half = TRUE.copy()
    half[:, 85:] = False
    prompts = [
        Prompt(box_xyxy=(48, 28, 122, 82)),
        Prompt(points_xy=((85, 55),), point_labels=(1,)),
        Prompt(points_xy=((85, 55), (20, 20)), point_labels=(1, 0)),
        Prompt(box_xyxy=(48, 28, 122, 82), points_xy=((60, 50),), point_labels=(1,)),
        Prompt(mask_hw=half, points_xy=((100, 55),), point_labels=(1,)),
    ]
    expected = Segmenter(backend).segment(frame, prompts)
    requested = [{"box": p.box_xyxy, "points": p.points_xy, "labels": p.point_labels} for p in prompts]
    requested[4]["mask"] = {"rle": {"size": [120, 160], "counts": compressed(run_lengths(half))}}
    image = uploaded(client, picture)
    for _ in range(2):  # the second time from the cache
        answer = client.post(f"/v1/images/{image}/segment", json={"prompts": requested}).json()
        assert len(answer["masks"]) == len(expected)
        for found, mask in zip(answer["masks"], expected, strict=True):
            np.testing.assert_array_equal(mask_of(found["rle"]["counts"], (120, 160)), mask.mask_hw)
            assert found["box_xyxy"] == list(mask.box_xyxy or ())
            assert found["area_px"] == mask.mask_hw.sum()
            assert found["quality"] == round(mask.quality, 4)
    assert answer["model"]["name"] == "uniultra-mini"
    assert (answer["width"], answer["height"], answer["spacing_mm_yx"]) == (160, 120, None)
    assert 0 < answer["timing"]["work_ms"] <= answer["timing"]["total_ms"]


def test_what_is_said_of_a_box_is_heard(
    client: TestClient, backend: Backend, frame: Frame, picture: bytes
) -> None:
    expected = Segmenter(backend).segment(frame, [Prompt(BOX, box_fit=fit) for fit in ("", "tight", "loose")])
    requested = [{"box": BOX}, {"box": BOX, "box_fit": "tight"}, {"box": BOX, "box_fit": "loose"}]
    answer = client.post(
        f"/v1/images/{uploaded(client, picture)}/segment", json={"prompts": requested}
    ).json()
    found = [mask_of(one["rle"]["counts"], (120, 160)) for one in answer["masks"]]
    for mask, ours in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mask, ours.mask_hw)
    assert (found[1] != found[2]).any()
    assert client.get("/v1/models").json()["models"][0]["box_fits"] is True


def test_a_name_is_heard(client: TestClient, backend: Backend, frame: Frame, picture: bytes) -> None:
    names = ("", "Left Ventricular_Myocardium", "thyroid")
    expected = Segmenter(backend).segment(frame, [Prompt(BOX, name=name) for name in names])
    requested = [{"box": BOX, "label": name} for name in names]
    answer = client.post(
        f"/v1/images/{uploaded(client, picture)}/segment", json={"prompts": requested}
    ).json()
    found = [mask_of(one["rle"]["counts"], (120, 160)) for one in answer["masks"]]
    for mask, ours in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mask, ours.mask_hw)
    assert (found[0] != found[1]).any()
    np.testing.assert_array_equal(found[0], found[2])
    notes = [one["notes"] for one in answer["masks"]]
    assert notes[:2] == [[], []]
    assert "'thyroid' is not a name that uniultra-mini knows" in " ".join(notes[2])
    assert "left atrium" in client.get("/v1/models").json()["models"][0]["structures"]


def test_alternatives_are_the_segmenters_own_and_can_be_named_later(
    client: TestClient, backend: Backend, frame: Frame, picture: bytes
) -> None:
    click = Prompt(points_xy=((66, 62),), point_labels=(1,))
    answer, *others = Segmenter(backend).alternatives(frame, click)
    image = uploaded(client, picture)
    where = f"/v1/images/{image}/segment"
    requested = {"prompts": [{"points": [[66, 62]]}, {"box": BOX}], "alternatives": 3}
    found, boxed = client.post(where, json=requested).json()["masks"]
    np.testing.assert_array_equal(mask_of(found["rle"]["counts"], (120, 160)), answer.mask_hw)
    assert len(found["alternatives"]) == len(others)
    for other, mask in zip(found["alternatives"], others, strict=True):
        np.testing.assert_array_equal(mask_of(other["rle"]["counts"], (120, 160)), mask.mask_hw)
        assert (other["quality"], other["alternatives"]) == (round(mask.quality, 4), [])
        again = client.post(where, json={"prompts": [{"mask": {"id": other["mask_id"]}}]})
        assert again.status_code == 200
    assert boxed["alternatives"] == [], "a box means one thing"
    [plain] = client.post(where, json={"prompts": [{"points": [[66, 62]]}]}).json()["masks"]
    assert (plain["rle"], plain["alternatives"]) == (found["rle"], [])


def test_png_and_run_lengths_are_the_same_mask(client: TestClient, picture: bytes) -> None:
    image = uploaded(client, picture)
    rle, png = (
        client.post(f"/v1/images/{image}/segment", json={"prompts": [{"box": BOX}], "format": kind}).json()[
            "masks"
        ][0]
        for kind in ("rle", "png")
    )
    with Image.open(BytesIO(base64.b64decode(png["png"]))) as opened:
        np.testing.assert_array_equal(np.array(opened), mask_of(rle["rle"]["counts"], (120, 160)))
    assert (rle["png"], png["rle"]) == (None, None)


def test_a_mask_can_be_named_later(client: TestClient, picture: bytes) -> None:
    image = uploaded(client, picture)
    [first] = client.post(f"/v1/images/{image}/segment", json={"prompts": [{"box": BOX}]}).json()["masks"]
    click = {"points": [[85, 55]], "labels": [1]}
    by_id, by_rle = (
        client.post(f"/v1/images/{image}/segment", json={"prompts": [{**click, "mask": mask}]}).json()[
            "masks"
        ][0]
        for mask in ({"id": first["mask_id"]}, {"rle": first["rle"]})
    )
    assert by_id["rle"] == by_rle["rle"]
    unknown = client.post(
        f"/v1/images/{image}/segment", json={"prompts": [click, {"mask": {"id": "nothing"}}]}
    )
    assert "prompt 2: the image keeps no mask with this id" in refusal(unknown, "prompt")


@pytest.mark.parametrize(
    ("query", "spacing", "factor"), [("0.2", [0.2, 0.2], 0.04), ("0.1&spacing_mm_yx=0.3", [0.1, 0.3], 0.03)]
)
def test_spacing_gives_areas(
    client: TestClient, picture: bytes, query: str, spacing: list[float], factor: float
) -> None:
    made = client.post(f"/v1/images?spacing_mm_yx={query}", content=picture)
    assert made.json()["spacing_mm_yx"] == spacing
    [found] = client.post(f"{made.headers['location']}/segment", json={"prompts": [{"box": BOX}]}).json()[
        "masks"
    ]
    assert found["area_mm2"] == pytest.approx(found["area_px"] * factor, abs=1e-3)


def test_an_image_is_there_until_it_is_deleted(client: TestClient, picture: bytes) -> None:
    image = uploaded(client, picture)
    known = client.get(f"/v1/images/{image}").json()
    assert known == {"id": image, "width": 160, "height": 120, "spacing_mm_yx": None, "expires_in_s": 1800.0}
    assert client.delete(f"/v1/images/{image}").status_code == 204
    refusal(client.get(f"/v1/images/{image}"), "no-image")
    refusal(client.delete(f"/v1/images/{image}"), "no-image")
    refusal(client.post(f"/v1/images/{image}/segment", json={"prompts": [{"box": BOX}]}), "no-image")


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(client: TestClient, name: str) -> None:
    data, problem, message = BAD_FILES[name]
    assert message in refusal(client.post("/v1/images", content=data), problem)
    assert client.get("/v1/health").json()["images"] == 0


def test_an_empty_upload(client: TestClient) -> None:
    assert "(0 bytes)" in refusal(client.post("/v1/images", content=b""), "image")


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/json"])
def test_forms_are_not_files(client: TestClient, picture: bytes, kind: str) -> None:
    refusal(client.post("/v1/images", content=picture, headers={"content-type": kind}), "media-type")


BAD_REQUESTS: dict[str, tuple[Any, str, str]] = {
    "no prompts": ({"prompts": []}, "invalid", "body.prompts"),
    "missing": ({}, "invalid", "body.prompts: Field required"),
    "a list": ([], "invalid", "body"),
    "null": (None, "invalid", "body"),
    "too many": ({"prompts": [{"box": BOX}] * 65}, "invalid", "at most 64 items"),
    "too many points": ({"prompts": [{"points": [[1, 1]] * 251}]}, "invalid", "at most 250 items"),
    "long name": ({"prompts": [{"box": BOX, "label": "a" * 65}]}, "invalid", "at most 64 characters"),
    "name with a bell": (
        {"prompts": [{"box": BOX}, {"box": BOX, "label": "a\x07b"}]},
        "prompt",
        "prompt 2: label 'a\\x07b' can't name a structure",
    ),
    "name with a backslash": ({"prompts": [{"box": BOX, "label": "a\\b"}]}, "prompt", "prompt 1: label"),
    "unknown fit": ({"prompts": [{"box": BOX, "box_fit": "snug"}]}, "invalid", "'tight' or 'loose'"),
    "fit without a box": (
        {"prompts": [{"points": [[9, 9]], "box_fit": "tight"}]},
        "prompt",
        "prompt 1: box fit 'tight' without a box",
    ),
    "unknown key": ({"prompts": [{"bx": BOX}]}, "invalid", "Extra inputs are not permitted"),
    "three numbers": ({"prompts": [{"box": [1, 2, 3]}]}, "invalid", "at least 4 items"),
    "text for a number": ({"prompts": [{"box": ["1", 2, 3, 4]}]}, "invalid", "valid number"),
    "true for a number": ({"prompts": [{"box": [True, 2, 3, 4]}]}, "invalid", "valid number"),
    "label 2": ({"prompts": [{"points": [[1, 1]], "labels": [2]}]}, "invalid", "Input should be 0 or 1"),
    "two masks": ({"prompts": [{"mask": {"id": "a", "png": "aaaa"}}]}, "invalid", "body.prompts.0.mask"),
    "no mask": ({"prompts": [{"mask": {}}]}, "invalid", "body.prompts.0.mask"),
    "mask of no size": (
        {"prompts": [{"mask": {"rle": {"size": [0, 5], "counts": "0"}}}]},
        "invalid",
        "greater than or equal to 1",
    ),
    "runs below zero": (
        {"prompts": [{"mask": {"rle": {"size": [5, 5], "counts": [-1, 26]}}}]},
        "invalid",
        "counts",
    ),
    "not base64": ({"prompts": [{"mask": {"png": "a===!"}}]}, "invalid", "png"),
    "half base64": ({"prompts": [{"mask": {"png": "abcde"}}]}, "prompt", "is not base64"),
    "inverted": (
        {"prompts": [{"box": [9, 2, 3, 1]}]},
        "prompt",
        "prompt 1: box 9,2,3,1 is empty or inverted",
    ),
    "no alternative": ({"prompts": [{"box": BOX}], "alternatives": 0}, "invalid", "body.alternatives"),
    "four alternatives": ({"prompts": [{"box": BOX}], "alternatives": 4}, "invalid", "body.alternatives"),
    "alternatives as text": (
        {"prompts": [{"box": BOX}], "alternatives": "3"},
        "invalid",
        "body.alternatives",
    ),
    "unknown format": ({"prompts": [{"box": BOX}], "format": "bmp"}, "invalid", "body.format"),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_bad_requests(client: TestClient, picture: bytes, name: str) -> None:
    content, problem, message = BAD_REQUESTS[name]
    image = uploaded(client, picture)
    assert message in refusal(client.post(f"/v1/images/{image}/segment", json=content), problem)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "bad-request"),
        (b"\xff\xfe", "bad-request"),
        (b'{"prompts": [{"box": [NaN, 1, 2, 3]}]}', "invalid"),
        (b'{"prompts": [{"box": [1e999, 1, 2, 3]}]}', "invalid"),
        (b'{"prompts": [{"box": [' + b"9" * 400 + b", 1, 2, 3]}]}", "invalid"),
        (b'{"prompts": [{"box": [' + b"9" * 5000 + b", 1, 2, 3]}]}", "bad-request"),
        (b"[" * 100_000, "invalid"),
        (b'{"prompts": ' + b'[{"mask": ' * 3000, "invalid"),
        (b'{"prompts": ' + b'[{"mask": ' * 900, "bad-request"),
    ],
)
def test_broken_json(client: TestClient, picture: bytes, body: bytes, problem: str) -> None:
    image = uploaded(client, picture)
    refusal(
        client.post(
            f"/v1/images/{image}/segment", content=body, headers={"content-type": "application/json"}
        ),
        problem,
    )


@pytest.mark.parametrize(
    "spacing", ["0", "-1", "11", "nan", "inf", "x", "", "1&spacing_mm_yx=1&spacing_mm_yx=1"]
)
def test_bad_spacing(client: TestClient, picture: bytes, spacing: str) -> None:
    refusal(client.post(f"/v1/images?spacing_mm_yx={spacing}", content=picture), "invalid")


@pytest.mark.parametrize(
    ("method", "address", "name", "legal"),
    [
        ("POST", "/v1/images?spacing=2", "spacing", "spacing_mm_yx, frame"),
        ("POST", "/v1/cines?frame=3", "frame", "spacing_mm_yx"),
        ("GET", "/v1/health?x=1", "x", "none"),
    ],
)
def test_a_query_that_would_be_ignored_is_refused(
    client: TestClient, picture: bytes, method: str, address: str, name: str, legal: str
) -> None:
    answer = client.request(method, address, content=picture)
    assert refusal(answer, "invalid") == f"query.{name}: it is not of this address; legal are {legal}"


def test_what_was_sent_is_not_repeated(client: TestClient, picture: bytes) -> None:
    image = uploaded(client, picture)
    sent = {"prompts": [{"box": ["Doe^John"] * 4}]}
    assert "Doe" not in client.post(f"/v1/images/{image}/segment", json=sent).text


def test_unknown_places_and_methods(client: TestClient) -> None:
    for path in ("/", "/v1", "/v1/images/", "/docs", "/v2/images", "/v1/images/../../etc/passwd"):
        refusal(client.get(path), "not-found")
    done = client.put("/v1/images")
    refusal(done, "method")
    assert done.headers["allow"] == "POST"
    assert client.put("/v1/images/x").headers["allow"] == "DELETE, GET"


def test_files_of_the_machine(start: Start, picture: bytes, tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(picture)
    (tmp_path / "notes.txt").write_bytes(b"nothing to see")
    refusal(start().post("/v1/files", json={"path": "scan.png"}), "file-reference")
    client = start(root=(tmp_path,))
    made = client.post("/v1/files", json={"path": "scan.png", "spacing_mm_yx": [0.1, 0.2]})
    assert (made.status_code, made.json()["width"], made.json()["spacing_mm_yx"]) == (201, 160, [0.1, 0.2])
    assert (
        client.post(f"{made.headers['location']}/segment", json={"prompts": [{"box": BOX}]}).status_code
        == 200
    )
    refusal(client.post("/v1/files", json={"path": "../scan.png"}), "no-file")
    refusal(client.post("/v1/files", json={"path": "notes.txt"}), "media-type")
    refusal(client.post("/v1/files", json={"path": 5}), "invalid")


def test_a_full_server_says_when_to_come_back(start: Start, picture: bytes) -> None:
    client = start(images=1, idle_s=20)
    image = uploaded(client, picture)
    done = client.post("/v1/images", content=picture)
    assert "1 images" in refusal(done, "full")
    assert 1 <= int(done.headers["retry-after"]) <= 20
    client.delete(f"/v1/images/{image}")
    uploaded(client, picture)


def test_the_state_of_the_server(client: TestClient, picture: bytes) -> None:
    image = uploaded(client, picture)
    for _ in range(2):
        client.post(f"/v1/images/{image}/segment", json={"prompts": [{"box": BOX}]})
    assert client.get("/v1/models").json()["models"][0]["input_size"] == 256
    assert client.get("/v1/health").json() | {"uniultra": ""} == {
        "status": "ok",
        "uniultra": "",
        "images": 1,
        "waiting": 0,
        "processes": 1,
    }
    text = client.get("/v1/metrics").text
    for line in (
        'uniultra_requests_total{method="POST",route="/v1/images/{image_id}/segment",status="200"} 2.0',
        "uniultra_images 1.0",
        "uniultra_embeddings_found_total 1.0",
        "uniultra_embeddings_made_total 1.0",
        "uniultra_prompts_total 2.0",
        "process_resident_memory_bytes",
    ):
        assert line in text
    assert image not in text


def test_nothing_private_is_logged(
    client: TestClient, picture: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "uniultra.web"):
        image = uploaded(client, picture, headers={"user-agent": "secret"})
        client.get(f"/v1/images/{image}?secret=1")
        client.get("/secret/path")
    lines = [record.getMessage() for record in caplog.records if record.name == "uniultra.web"]
    shape = r"(GET|POST) (/v1/images|/v1/images/\{image_id\}|\(none\)) \d{3} \d+\.\d ms"
    assert len(lines) == 3
    assert all(re.fullmatch(shape, line) for line in lines), lines


def test_the_description_is_whole(client: TestClient) -> None:
    described = client.get("/v1/openapi.json").json()
    routes = {(method, path) for path, methods in described["paths"].items() for method in methods}
    assert ("post", "/v1/images/{image_id}/segment") in routes
    assert ("post", "/v1/cines/{cine_id}/tracks/{track_id}/dicom") in routes
    assert {"DicomIn", "TrackDicomIn", "StructureIn"} <= described["components"]["schemas"].keys()
    assert len(routes) == 19
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], (method, path)
            for status, answer in operation["responses"].items():
                kinds = set(answer.get("content", {}))
                assert (
                    kinds == {"application/problem+json"}
                    if int(status) >= 400
                    else "application/problem+json" not in kinds
                )
    assert "HTTPValidationError" not in described["components"]["schemas"]
