"""What a JSON body may hold, and that the server answers others meanwhile."""

from __future__ import annotations

import asyncio
import time

import pytest
from starlette.requests import Request

from uniultra.prompts.objects import MOST_POINTS
from uniultra.web.bodies import MOST_LISTS, MOST_QUOTES, SMALL_BYTES, Bodies, check_shape, parsed
from uniultra.web.problems import Problem
from uniultra.web.schemas import FileIn, SegmentIn
from uniultra.web.settings import MOST_PROMPTS


def request(*chunks: bytes, kind: str = "application/json") -> Request:
    left = list(chunks)

    async def receive() -> dict[str, object]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    return Request({"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}, receive)


def test_the_largest_request_is_within_the_bounds() -> None:
    points = ",".join(["[1000.5,1000.5]"] * MOST_POINTS)
    labels = ",".join("1" * MOST_POINTS)
    mask = '{"rle": {"size": [1000, 1000], "counts": "' + "0" * 1000 + '"}}'
    prompt = f'{{"box": [1,2,3,4], "points": [{points}], "labels": [{labels}], "mask": {mask}}}'
    body = (
        '{"prompts": [' + ",".join([prompt] * MOST_PROMPTS) + '], "format": "png", "measures": true}'
    ).encode()
    check_shape(body)
    assert len(parsed(body, SegmentIn).prompts) == MOST_PROMPTS
    assert body.count(b"[") < MOST_LISTS / 3
    assert body.count(b'"') < MOST_QUOTES / 3


@pytest.mark.parametrize("long", [False, True])
def test_only_a_long_body_is_parsed_in_a_thread(long: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    hops = []

    async def to_thread(work, *arguments):
        hops.append(work)
        return work(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    body = b'{"prompts": [{"box": [1, 2, 3, 4]}]}' + b" " * (SMALL_BYTES if long else 0)
    found = asyncio.run(Bodies(len(body)).read(request(body), SegmentIn))
    assert [prompt.box for prompt in found.prompts] == [[1, 2, 3, 4]]
    assert hops == [parsed] * long


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{" + b",".join(b'"k%d": 1' % i for i in range(300_000)) + b"}", "422: body: over 8000 quotes"),
        (b"[" * 10**6, "422: body: over 60000 lists"),
        (b'{"prompts": [' + b"{}," * 10**6 + b"{}]}", "422: body: over 1000 objects"),
        (b'{"prompts": [{"labels": [' + b"2," * 3_000_000 + b"2]}]}", "422: body.prompts.0.labels"),
        (b'{"prompts": [{"points": [' + b"null," * 10**6 + b"0]}]}", "422: body.prompts.0.points"),
        (
            b'{"prompts": [{"mask": {"rle": {"size": [9, 9], "counts": [' + b"null," * 999_999 + b"0]}}}]}",
            "422: body.prompts.0.mask",
        ),
    ],
)
def test_what_a_small_body_could_make_expensive_is_refused_quickly(body: bytes, says: str) -> None:
    began = time.process_time()
    with pytest.raises(Problem, match=says) as caught:
        asyncio.run(Bodies(len(body)).read(request(body), SegmentIn))
    assert time.process_time() - began < 5.0  # up to 3.2 on a slow machine; 13 and more where all is listed
    assert len(caught.value.errors or []) <= 20


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_another_content_type_is_refused(kind: str) -> None:
    with pytest.raises(Problem, match="422: body: send JSON, with Content-Type: application/json"):
        asyncio.run(Bodies(1000).read(request(b"{}", kind=kind), FileIn))


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"]
)
def test_json_is_read(kind: str) -> None:
    assert asyncio.run(Bodies(1000).read(request(b'{"path"', b': "a"}', kind=kind), FileIn)).path == "a"


def test_all_bodies_together_are_bounded() -> None:
    async def ask() -> list[object]:
        bodies = Bodies(60)
        many = [bodies.read(request(b'{"path": "', b"a" * 30 + b'"}'), FileIn) for _ in range(4)]
        found = await asyncio.gather(*many, return_exceptions=True)
        assert bodies.bytes == 0
        assert (await bodies.read(request(b'{"path": "b"}'), FileIn)).path == "b"
        return found

    found = asyncio.run(ask())
    refused = [one for one in found if isinstance(one, Problem)]
    assert 0 < len(refused) < 4
    assert all(one.status_code == 429 and one.headers["retry-after"] == "1" for one in refused)  # type: ignore[index]
