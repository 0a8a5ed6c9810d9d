"""Models by hf://: fetched from a hub on loopback, checked, and not asked for again."""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from uniultra import Segmenter
from uniultra.backends.hub import SUMS
from uniultra.errors import ModelError
from uniultra.hashes import file_sha256
from uniultra.registry import DEFAULT, find

COMMIT = "a" * 40
NAME = "hf://clinic/small-model"


class Hub:
    """What the client asks of the hub: a repository's list of files, and each file."""

    def __init__(self, root: Path) -> None:
        self.root, self.requested = root, list[str]()
        hub = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Says nothing."""

            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                hub.requested.append(self.path)
                path = self.path.partition("?")[0]
                kind, body = "application/json", b'{"error": "Repository not found"}'
                status, etag = 404, ""
                if path.startswith("/api/models/clinic/small-model/"):
                    files = [file for file in hub.root.rglob("*") if file.is_file()]
                    listed = [
                        {
                            "type": "file",
                            "path": file.name,
                            "rfilename": file.name,
                            "size": file.stat().st_size,
                            "oid": "0" * 40,
                        }
                        for file in files
                    ]
                    whole = {"id": "clinic/small-model", "sha": COMMIT, "siblings": listed}
                    status, body = 200, json.dumps(listed if "/tree/" in path else whole).encode()
                elif "/resolve/" in path and (hub.root / path.rpartition("/")[2]).is_file():
                    body = (hub.root / path.rpartition("/")[2]).read_bytes()
                    status, kind, etag = 200, "application/octet-stream", hashlib.sha256(body).hexdigest()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("X-Repo-Commit", COMMIT)
                if etag:
                    self.send_header("ETag", f'"{etag}"')
                if status == 404:
                    self.send_header("X-Error-Code", "RepoNotFound")
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    root = tmp_path / "repository"
    shutil.copytree(find(DEFAULT).folder, root, ignore=shutil.ignore_patterns("*.safetensors", "CARD.md"))
    (root / "extra.py").write_text("raise SystemExit")
    files = [path for path in root.iterdir() if path.suffix in (".onnx", ".json")]
    (root / SUMS).write_text("".join(f"{file_sha256(path)}  {path.name}\n" for path in files))
    served = Hub(root)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{served.server.server_port}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    yield served
    served.server.shutdown()
    served.server.server_close()


def test_a_model_is_fetched_once_and_never_its_code(hub: Hub) -> None:
    segmenter = Segmenter.load(NAME, threads=1)
    assert segmenter.facts == Segmenter.load().facts
    assert any("encoder.onnx" in path for path in hub.requested)
    assert not any("extra.py" in path for path in hub.requested if "/resolve/" in path)
    hub.requested.clear()
    assert Segmenter.load(NAME, threads=1).name == segmenter.name
    assert hub.requested == []


def test_a_file_that_differs_is_refused(hub: Hub) -> None:
    (hub.root / "decoder.onnx").write_bytes(b"another")
    with pytest.raises(ModelError, match=r"decoder\.onnx is not the one that SHA256SUMS names"):
        Segmenter.load(NAME)


def test_what_has_no_sums_is_refused(hub: Hub) -> None:
    (hub.root / SUMS).unlink()
    with pytest.raises(ModelError, match="has no SHA256SUMS"):
        Segmenter.load(NAME)


def test_a_graph_that_the_sums_leave_out_is_refused(hub: Hub) -> None:
    lines = (hub.root / SUMS).read_text().splitlines(keepends=True)
    (hub.root / SUMS).write_text("".join(line for line in lines if "encoder" not in line))
    with pytest.raises(ModelError, match=r"lacks encoder\.onnx"):
        Segmenter.load(NAME)


@pytest.mark.parametrize("name", ["hf://", "hf://model", "hf://a/b/c", "hf://a/b@", "hf://a b/c"])
def test_a_name_that_is_none_is_refused_unasked(hub: Hub, name: str) -> None:
    with pytest.raises(ModelError, match="is not a name on the hub"):
        Segmenter.load(name)
    assert hub.requested == []


def test_what_is_not_there_is_one_line(hub: Hub) -> None:
    with pytest.raises(ModelError, match="can't be fetched"):
        Segmenter.load("hf://clinic/other")


def test_a_mistyped_folder_asks_nobody(hub: Hub) -> None:
    with pytest.raises(ModelError, match="hf://"):
        Segmenter.load("clinic/small-model")
    assert hub.requested == []
