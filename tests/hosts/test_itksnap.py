"""ITK-SNAP's protocol, asked as its client does: the paths, forms and numbers were read from its sources
(pyushkevich/itksnap b107ab0, DeepLearningSegmentationModel.cxx), versions 1 and 2.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator

import httpx2
import numpy as np
import pytest
from starlette.testclient import TestClient

from phantoms import speckled
from uniultra import Segmenter
from uniultra.errors import PromptError
from uniultra.hosts import itksnap, volume_prompts
from uniultra.hosts.itksnap import SLICE, VOLUME
from uniultra.types import Frame, Prompt
from uniultra.web.settings import ServeSettings


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load()


@pytest.fixture
def client(segmenter: Segmenter) -> Iterator[TestClient]:
    return TestClient(itksnap.create_app(segmenter, ServeSettings()), base_url="http://127.0.0.1")


def picture() -> np.ndarray:
    rows, columns = np.mgrid[:180, :220]
    return speckled((columns - 105) ** 2 + (rows - 85) ** 2 <= 42**2).pixels_hw


def form(array: np.ndarray, channels: int = 1) -> dict[str, object]:
    """What the client's EncodeImage sends: raw float32, x fastest, zipped, and the metadata of an ITK
    image.
    """
    sides = list(array.shape if channels == 1 else array.shape[:-1])[::-1]
    axes = len(sides)
    said = {
        "dimensions": sides,
        "spacing": [1.0] * axes,
        "origin": [0.0] * axes,
        "direction": list(np.eye(axes).ravel()),
        "components_per_pixel": channels,
        "component_type": "float32",
    }
    packed = gzip.compress(array.astype("<f4").tobytes())
    return {
        "file": ("image.gz", packed, "application/gzip"),
        "metadata": (None, json.dumps(said), "application/json"),
    }


def begin(client: TestClient, array: np.ndarray, model: str = VOLUME) -> str:
    window = client.get(f"/v2/start_session/{model}").json()["session_id"]
    posted = client.post(f"/upload_raw/{window}?filename=upload.nii.gz", files=form(array))
    assert posted.status_code == 200, posted.text
    return str(window)


def mask(answer: httpx2.Response, shape: tuple[int, ...]) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.frombuffer(gzip.decompress(base64.b64decode(answer.json()["result"])), np.int8).reshape(shape)


def test_it_says_a_version_and_models_that_the_client_takes(client: TestClient) -> None:
    version = client.get("/status").json()["version"]
    assert tuple(map(int, version.split("."))) >= (0, 1, 2)  # MINIMUM_SERVER_VERSION
    models = {model["id"]: model for model in client.get("/v2/models").json()["models"]}
    assert models[VOLUME]["dimensions"] == 3
    assert set(models[VOLUME]["interactions"]) == {"point", "scribble", "lasso"}
    assert (models[SLICE]["dimensions"], models[SLICE]["channels"]) == (2, [1])


def test_a_click_gives_the_mask_of_segment_in_the_slice_that_it_is_in(
    client: TestClient, segmenter: Segmenter
) -> None:
    pixels = picture()
    volume = np.stack([np.zeros_like(pixels), pixels, pixels])
    window = begin(client, volume)
    ask = f"/v2/process_point_interaction/{window}?point=105&point=80&point=1&foreground=true"
    found = mask(client.get(ask), volume.shape)
    [right] = segmenter.segment(Frame(pixels), [Prompt(points_xy=((105, 80),), point_labels=(1,))])
    assert right.mask_hw.any()
    assert np.array_equal(found[1] > 0, right.mask_hw)
    assert not found[[0, 2]].any()
    more = f"/v2/process_point_interaction/{window}?point=105&point=20&point=1&foreground=false"
    points = ((105.0, 80.0), (105.0, 20.0))
    [right] = segmenter.segment(Frame(pixels), [Prompt(None, points, (1, 0), right.mask_hw)])
    assert np.array_equal(mask(client.get(more), volume.shape)[1] > 0, right.mask_hw)


def test_before_version_2_a_point_is_x_y_z(client: TestClient) -> None:
    window = client.get("/start_session").json()["session_id"]
    pixels = picture()[None]
    assert client.post(f"/upload_raw/{window}", files=form(pixels)).status_code == 200
    found = mask(
        client.get(f"/process_point_interaction/{window}?x=105&y=80&z=0&foreground=true"), pixels.shape
    )
    assert found[0, 80, 105] == 1
    assert client.get(f"/reset_interactions/{window}").json() == {"status": "success"}
    outside = client.get(f"/process_point_interaction/{window}?x=105&y=80&z=0&foreground=false")
    assert not mask(outside, pixels.shape).any()
    client.get(f"/v2/end_session/{window}")
    gone = client.get(f"/process_point_interaction/{window}?x=105&y=80&z=0&foreground=true")
    assert gone.status_code == 410  # ITK-SNAP reads any body of a 200 as a mask


def test_a_slice_alone_has_two_axes(client: TestClient, segmenter: Segmenter) -> None:
    pixels = picture()
    window = begin(client, pixels, SLICE)
    ask = f"/v2/process_point_interaction/{window}?point=105&point=80&foreground=true"
    [right] = segmenter.segment(Frame(pixels), [Prompt(points_xy=((105, 80),), point_labels=(1,))])
    assert np.array_equal(mask(client.get(ask), pixels.shape) > 0, right.mask_hw)


def test_a_scribble_is_clicks_and_a_polygon_is_its_box(client: TestClient, segmenter: Segmenter) -> None:
    pixels = picture()
    window = begin(client, pixels[None])
    drawn = np.zeros((1, *pixels.shape))
    drawn[0, 40:131, 60:151] = 3  # the label's number
    lasso = client.post(f"/process_lasso_interaction/{window}?foreground=true", files=form(drawn))
    [right] = segmenter.segment(Frame(pixels), [Prompt((59.5, 39.5, 150.5, 130.5))])
    assert np.array_equal(mask(lasso, drawn.shape)[0] > 0, right.mask_hw)
    client.get(f"/v2/reset_interactions/{window}")
    drawn[:] = 0
    drawn[0, 85, 85:126] = 1
    scribble = client.post(f"/process_scribble_interaction/{window}?foreground=true", files=form(drawn))
    assert mask(scribble, drawn.shape)[0, 85, 105] == 1


def test_colour_is_seen_grey(client: TestClient) -> None:
    pixels = picture()
    window = client.get(f"/v2/start_session/{VOLUME}").json()["session_id"]
    colour = np.repeat(pixels[None, ..., None], 3, axis=-1)
    assert client.post(f"/upload_raw/{window}", files=form(colour, 3)).status_code == 200
    ask = f"/v2/process_point_interaction/{window}?point=105&point=80&point=0&foreground=true"
    grey = begin(client, pixels[None])
    shape = (1, *pixels.shape)
    assert np.array_equal(mask(client.get(ask), shape), mask(client.get(ask.replace(window, grey)), shape))


def test_what_is_not_right_is_refused_and_never_answered_with_a_200(client: TestClient) -> None:
    pixels = picture()[None]
    window = client.get("/start_session").json()["session_id"]
    point = f"/v2/process_point_interaction/{window}?point=1&point=1&point=0&foreground=true"
    assert "no image yet" in client.get(point).json()["detail"]
    good = form(pixels)
    assert client.post(f"/upload_raw/{window}", files=good).status_code == 200
    name, packed, kind = good["file"]  # type: ignore[misc]
    says = json.loads(good["metadata"][1])  # type: ignore[index]

    def upload(data: bytes, **changes: object) -> httpx2.Response:
        metadata = (None, json.dumps(says | changes), "application/json")
        return client.post(f"/upload_raw/{window}", files={"file": (name, data, kind), "metadata": metadata})

    bad = [
        upload(packed[:-9]),
        upload(packed + b"x"),
        upload(b"not gzip"),
        upload(packed, dimensions=[220, 179]),
        upload(packed, dimensions=[10**9, 10**9, 2]),
        upload(packed, dimensions=[True, 180, 1]),
        upload(packed, dimensions="big"),
        upload(packed, components_per_pixel=2),
        client.post(f"/upload_raw/{window}", files={"file": (name, packed, kind)}),
        client.post(f"/upload_raw/{window}", content=b"x", headers={"content-type": "multipart/form-data"}),
        client.post(f"/upload_raw/{window}", content=b"{}", headers={"content-type": "application/json"}),
        client.post(f"/process_lasso_interaction/{window}", files=form(np.ones((1, 9, 9)))),
        client.post(f"/process_scribble_interaction/{window}", files=form(np.zeros((1, 180, 220)))),
        client.get(point.replace("point=1", "point=999")),
        client.get(point.replace("point=1", "point=one")),
        client.get(f"/v2/process_point_interaction/{window}?point=1"),
        client.get(f"/process_point_interaction/{window}?x=1&y=2"),
    ]
    assert [answer.status_code for answer in bad] == [400] * len(bad)
    assert all("detail" in answer.json() for answer in bad)
    assert client.get(point.replace(window, "guessed")).status_code == 410
    assert client.get("/v2/start_session/SAM2").status_code == 404
    assert client.get("/start_session", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get("/start_session", headers={"host": "evil.example"}).status_code == 403


def test_one_that_rests_gives_way_and_one_at_work_does_not(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ITK-SNAP ends no session when it is closed."""
    monkeypatch.setattr(itksnap, "MAX_OPEN", 2)
    first, second = (client.get("/start_session").json()["session_id"] for _ in range(2))
    assert first != second
    assert client.get("/start_session").status_code == 503
    monkeypatch.setattr(itksnap, "RESTING_S", 0.0)
    assert client.get("/start_session").status_code == 200
    assert client.get(f"/reset_interactions/{first}").status_code == 410
    assert client.get(f"/reset_interactions/{second}").status_code == 200


def test_a_volume_has_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(itksnap, "MOST_VOXELS", 99)
    assert volume_prompts.MOST_VOXELS > 99
    packed = form(np.zeros((1, 10, 10)))
    with pytest.raises(PromptError, match="up to 99 voxels"):
        itksnap._array((packed["metadata"][1], packed["file"][1]))  # type: ignore[index]
