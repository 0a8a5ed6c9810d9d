"""Nobody but the page that was opened gets anything."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from uniultra.web.workspace.workspace import Workspace


def test_the_pages_own_files_are_open_and_say_what_a_browser_may_do(visitor: TestClient) -> None:
    found = visitor.get("/")
    assert found.status_code == 200
    policy = found.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert found.headers["referrer-policy"] == "no-referrer"
    for path in ("/static/%2e%2e/app.py", "/static/nothing.mjs", "/static/core/..%2f..%2fapp.py"):
        assert visitor.get(path).status_code == 404


def test_the_code_is_good_once(visitor: TestClient, workspace: Workspace) -> None:
    visitor.headers["origin"] = str(visitor.base_url)
    assert visitor.post("/v1/workspace/enter", json={"code": "guess"}).status_code == 401
    first = visitor.post("/v1/workspace/enter", json={"code": workspace.access.code})
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("uniultra-")
    assert "HttpOnly; SameSite=Strict; Path=/" in cookie
    assert workspace.access.code not in cookie + first.text
    assert visitor.post("/v1/workspace/enter", json={"code": workspace.access.code}).status_code == 401


@pytest.mark.parametrize("path", ["/v1/workspace", "/v1/models", "/v1/metrics", "/v1/openapi.json"])
def test_cookie_and_key_are_both_needed(page: TestClient, path: str) -> None:
    assert page.get(path).status_code == 200
    assert page.get(path, headers={"x-uniultra-key": "wrong"}).json()["type"].endswith("token")
    assert page.get(path, headers={"cookie": "uniultra-8018=wrong"}).status_code == 401
    assert page.get(path, headers={"cookie": "=;\x01; =,"}).status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_gets_nothing_even_with_the_cookie(page: TestClient, site: str) -> None:
    for path in ("/", "/static/main.mjs", "/v1/workspace"):
        refused = page.get(path, headers={"sec-fetch-site": site})
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:uniultra:problem:origin")


def test_a_link_from_anywhere_may_open_the_bare_page_in_a_tab_and_nothing_else(page: TestClient) -> None:
    tab = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert page.get("/", headers=tab).status_code == 200
    assert page.get("/", headers=tab | {"sec-fetch-dest": "iframe"}).status_code == 403
    assert page.get("/", headers=tab | {"sec-fetch-mode": "no-cors"}).status_code == 403
    assert page.get("/v1/workspace", headers=tab).status_code == 403
    assert page.post("/", headers=tab).status_code == 403


def test_a_write_must_say_its_origin_and_it_must_be_ours(page: TestClient) -> None:
    without = page.build_request("POST", "/v1/workspace/files?name=a.png", content=b"x")
    del without.headers["origin"]
    assert page.send(without).json()["type"].endswith("origin")
    other = page.post("/v1/workspace/files", content=b"x", headers={"origin": "http://127.0.0.1:9"})
    assert other.status_code == 403
    host = page.get("/v1/workspace", headers={"host": "evil.example:8018"})
    assert host.json()["type"].endswith("host")
