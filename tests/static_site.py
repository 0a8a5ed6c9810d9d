"""The page without a server, built and handed out by a web server of files, for tests in a browser."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from uniultra.web.workspace.static_build import build

DIST = Path(__file__).parents[1] / "examples" / "node" / "node_modules" / "onnxruntime-web" / "dist"


class Files(http.server.SimpleHTTPRequestHandler):
    """A web server of files, as anybody has one."""

    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def static_site(out: Path) -> Iterator[str]:
    """Builds the page into a new folder; the address that it is found at."""
    if not DIST.is_dir():
        pytest.skip("examples/node/node_modules is absent: run `make node-client`")
    build(out, "uniultra-mini", DIST)

    def handler(*arguments: Any) -> Files:
        return Files(*arguments, directory=str(out))

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
