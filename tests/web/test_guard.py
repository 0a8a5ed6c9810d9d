"""Who may ask, how much and how slowly; and that bugs stay private."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from scans import BOX, Start, uploaded
from uniultra.web.guard import Guard, host_name
from uniultra.web.metrics import Metrics
from uniultra.web.settings import TOKEN_VARIABLE, ServeSettings

TOKEN = "0123456789abcdef-token"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(
            ("127.0.0.1:8008", 200),
            ("localhost", 200),
            ("LOCALHOST:9999", 200),
            ("[::1]:8008", 200),
            ("scanner.local", 200),
        ),
        *(
            ("evil.example", 403),
            ("127.0.0.1.evil.example", 403),
            ("", 403),
            ("localhost.evil.example:8008", 403),
        ),
    ],
)
def test_host_names(start: Start, host: str, status: int) -> None:
    client = start(allow_host=("Scanner.local",))
    assert client.get("/v1/health", headers={"host": host}).status_code == status


def test_names_of_hosts() -> None:
    assert [host_name(host) for host in ("A:1", "[::1]:80", "[::1]", "b", "b:", "")] == [
        "a",
        "::1",
        "::1",
        "b",
        "b",
        "",
    ]


NOT_A_NAME = (
    "[::1]evil.example",
    "[::1",
    "::1",
    "127.0.0.1:80:90",
    "127.0.0.1:evil.example",
    "a@localhost",
    "localhost/x",
)


@pytest.mark.parametrize("host", NOT_A_NAME)
def test_what_is_not_one_name_and_one_port_is_no_name(host: str) -> None:
    assert host_name(host) == ""


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        *(("http://127.0.0.1:8008", 200), ("https://127.0.0.1:8008", 200), ("http://localhost:5173", 200)),
        *(("http://127.0.0.1:9999", 403), ("http://evil.example", 403), ("null", 403), ("", 403)),
    ],
)
def test_origins(start: Start, origin: str, status: int) -> None:
    client = start(allow_origin=("http://localhost:5173",))
    done = client.get("/v1/health", headers={"origin": origin, "host": "127.0.0.1:8008"})
    assert done.status_code == status
    shared = done.headers.get("access-control-allow-origin")
    assert shared == (origin if origin == "http://localhost:5173" else None)


def test_pages_of_an_allowed_origin_may_ask_first(start: Start) -> None:
    client = start(allow_origin=("http://localhost:5173",))
    given = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    done = client.options("/v1/images", headers={"origin": "http://localhost:5173", **given})
    assert done.status_code == 204
    assert done.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "DELETE" in done.headers["access-control-allow-methods"]
    assert client.options("/v1/images", headers={"origin": "http://evil.example", **given}).status_code == 403


def test_refusals_are_shown_to_allowed_origins(start: Start) -> None:
    client = start(allow_origin=("http://localhost:5173",))
    done = client.get("/v1/images/none", headers={"origin": "http://localhost:5173"})
    assert (done.status_code, done.headers["access-control-allow-origin"]) == (404, "http://localhost:5173")


def test_a_token_is_asked_for(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    client = start()
    assert client.get("/v1/health").status_code == 200
    for header in (
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": f"Bearer {TOKEN}x"},
    ):
        done = client.get("/v1/models", headers=header)
        assert (done.status_code, done.headers["www-authenticate"]) == (401, "Bearer")
        assert TOKEN not in done.text
    assert client.get("/v1/models", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_announced_sizes_are_refused_unread(start: Start) -> None:
    client = start(upload_mb=0.01, body_mb=0.001)
    done = client.post("/v1/images", content=iter([b"x"]), headers={"content-length": "10001"})
    assert (done.status_code, done.headers["connection"]) == (413, "close")
    assert done.json()["detail"] == "the body is over 0.01 MB, which is the limit here; crop or compress it"


@pytest.mark.parametrize("path", ["/v1/images", "/v1/files", "/v1/images/{image}/segment"])
def test_unannounced_sizes_are_refused_while_they_come(start: Start, picture: bytes, path: str) -> None:
    client = start(upload_mb=0.03, body_mb=0.01)
    path = path.format(image=uploaded(client, picture))
    sent = [b'"' + b"x" * 16_000] * 3
    done = client.post(
        path,
        content=iter(sent),
        headers={"content-type": "application/json" if path != "/v1/images" else "image/png"},
    )
    assert (done.status_code, done.json()["type"]) == (413, "urn:uniultra:problem:too-large")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-encoding": "gzip"}, 415),
        ({"content-length": "-1"}, 400),
        ({"content-length": "1e3"}, 400),
        ({"content-length": "9" * 5000}, 413),
    ],
)
def test_headers_that_lie(start: Start, picture: bytes, headers: dict[str, str], status: int) -> None:
    assert start().post("/v1/images", content=iter([picture]), headers=headers).status_code == status


def test_two_hosts_are_none(start: Start) -> None:
    assert (
        start().get("/v1/health", headers=[("host", "localhost"), ("host", "evil.example")]).status_code
        == 400
    )


def test_methods_of_no_name_are_counted_together(start: Start) -> None:
    client = start()
    assert client.request("BREW", "/v1/health").status_code == 405
    assert 'method="OTHER"' in client.get("/v1/metrics").text


def given(guard: Guard, receive: Any, path: str = "/v1/images") -> list[dict[str, Any]]:
    """What a guarded application sends."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"host", b"localhost")]}
    asyncio.run(guard(scope, receive, send))
    return sent


def test_slow_bodies_end() -> None:
    async def reading(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass

    async def dripping() -> dict[str, Any]:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    sent = given(Guard(reading, ServeSettings(client_s=0.2), Metrics()), dripping)
    assert sent[0]["status"] == 408
    assert b"the body did not arrive within 0.2 s" in sent[1]["body"]


def test_bugs_are_private(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("patient John Doe")

    async def nothing() -> dict[str, Any]:
        return {"type": "http.request"}

    with caplog.at_level(logging.INFO):
        sent = given(Guard(broken, ServeSettings(), Metrics()), nothing)
    assert sent[0]["status"] == 500
    assert b"urn:uniultra:problem:bug" in sent[1]["body"]
    assert "RuntimeError in broken, line" in caplog.text
    assert "John" not in caplog.text + str(sent)


def test_answers_are_not_stored_by_others(start: Start, picture: bytes) -> None:
    client = start()
    image = uploaded(client, picture)
    done = client.post(f"/v1/images/{image}/segment", json={"prompts": [{"box": BOX}]})
    assert (done.headers["cache-control"], done.headers["x-content-type-options"]) == ("no-store", "nosniff")
