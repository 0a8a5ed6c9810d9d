"""Whatever is sent to the routes of either protocol is answered or refused, and never breaks the server."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from uniultra import Segmenter
from uniultra.box_fit import BoxFit
from uniultra.hosts import itksnap, nninteractive
from uniultra.hosts.packed_arrays import pack
from uniultra.web.settings import ServeSettings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
INDEX = st.lists(st.one_of(st.integers(-3, 40), st.floats(), st.none()), max_size=4)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "coordinates": INDEX | JSON,
        "bbox_coords": st.lists(INDEX, max_size=4) | JSON,
        "include_interaction": st.booleans() | JSON,
        "interaction_bbox": st.lists(INDEX, max_size=4) | JSON,
        "shape": INDEX | JSON,
        "run_prediction": st.booleans(),
        "image_properties": st.fixed_dictionaries(
            {"frames_axis": st.integers(-1, 3) | JSON},
            optional={"label": st.text(max_size=70) | JSON, "box_fit": st.sampled_from(BoxFit) | JSON},
        )
        | JSON,
    },
)
ARRAYS = st.builds(
    lambda shape, dtype: pack(np.ones(shape, dtype)),
    st.lists(st.integers(1, 6), min_size=1, max_size=4),
    st.sampled_from(["uint8", "float32", "bool", "int16"]),
)
OFTEN = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def open_app() -> Callable[[object], TestClient]:
    segmenter = Segmenter.load(threads=1)

    def client(module: object) -> TestClient:
        app = module.create_app(segmenter, ServeSettings())  # type: ignore[attr-defined]
        return TestClient(app, base_url="http://127.0.0.1")

    return client


@OFTEN
@given(
    path=st.sampled_from(sorted(nninteractive.ACTS)),
    said=SAID | JSON,
    body=st.binary(max_size=80) | ARRAYS | st.none(),
)
def test_nninteractive(
    open_app: Callable[[object], TestClient], path: str, said: object, body: bytes | None
) -> None:
    client = open_app(nninteractive)
    lease = {"X-Lease-Token": client.post("/claim").json()["lease_token"]}
    octets = lease | {"content-type": "application/octet-stream"}
    image = client.post("/set_image", content=pack(np.ones((1, 1, 9, 9), np.uint8)), headers=octets)
    assert image.status_code == 200
    text = json.dumps(said)
    if body is None:
        answer = client.post(f"/{path}", content=text.encode(), headers=lease)
    else:
        answer = client.post(f"/{path}", content=body, headers=octets | {"X-Meta": text})
    assert answer.status_code in (200, 400), answer.text


@OFTEN
@given(
    path=st.sampled_from(["upload_raw", "process_scribble_interaction", "process_lasso_interaction"]),
    said=st.fixed_dictionaries(
        {"dimensions": INDEX, "components_per_pixel": st.sampled_from([1, 3, 2, None])}
    )
    | JSON,
    file=st.binary(max_size=80),
    query=st.text("xyzpoint=&foregroundtue0123456789.-%", max_size=40),
)
def test_itksnap(
    open_app: Callable[[object], TestClient], path: str, said: object, file: bytes, query: str
) -> None:
    client = open_app(itksnap)
    window = client.get("/start_session").json()["session_id"]
    files = {"file": ("image.gz", file, "application/gzip"), "metadata": (None, json.dumps(said))}
    assert client.post(f"/{path}/{window}", files=files).status_code == 400
    assert client.post(f"/{path}/{window}", content=file).status_code == 400
    click = client.get(f"/v2/process_point_interaction/{window}?{query}")
    assert click.status_code == 400, click.text
