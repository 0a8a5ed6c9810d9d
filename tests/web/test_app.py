"""The HTTP interface from a client's side."""

from __future__ import annotations

from starlette.testclient import TestClient


def test_first(client: TestClient, picture: bytes) -> None:
    done = client.post("/v1/images", content=picture)
    print(done.status_code, done.text, done.headers)
    i = done.json()["id"]
    for fmt in ("rle", "png"):
        done = client.post(f"/v1/images/{i}/segment", json={"prompts": [{"box": [48, 28, 122, 82]}, {"points": [[85, 55]]}], "format": fmt})
        print(done.status_code, done.text)
    for bad in ({"prompts": []}, {"prompts": [{"box": [1, 2, 3, float("1e30")]}]}, {"prompts": [{"box": [9, 2, 3, 1]}]}):
        done = client.post(f"/v1/images/{i}/segment", json=bad)
        print(done.status_code, done.text, done.headers)
    for r in ("/v1/health", "/v1/models", "/v1/metrics", "/nothing", "/v1/openapi.json"):
        done = client.get(r)
        print(done.status_code, done.text[:3500])
    print(client.put("/v1/images").text, client.put("/v1/images").headers)
    raise SystemError
