"""Thousands of calls to the routes that other programs ask (nnInteractive, ITK-SNAP): none may end in a 500,
or in what isn't described here.

    python -m pip install schemathesis
    python benchmarks/fuzz_hosts.py --examples 100

These protocols have no OpenAPI file, so this script writes one for each. It starts `uniultra serve` in a
process of its own; Schemathesis makes the calls. Three in four carry a lease or window that is there, and
every other body is a whole one, so that calls get beyond the first check. Exit code 1 on any finding.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

LEASE, WINDOW, SEEN = (f"UNIULTRA_FUZZ_{name}" for name in ("LEASE", "WINDOW", "SEEN"))
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
SHAPE = (3, 24, 30)
JSON_ACTS = ("set_target_buffer", "reset_interactions", "set_do_autozoom", "undo", "predict", "heartbeat")
ASKING = ("add_point_interaction", "add_bbox_interaction")
BINARY_ACTS = (
    "set_image",
    "add_scribble_interaction",
    "add_lasso_interaction",
    "add_initial_seg_interaction",
)
_TURN = itertools.count()
_NUMBER = {"type": "number", "minimum": -5, "maximum": 40}
_SPANS = {"type": "array", "items": {"type": "array", "items": _NUMBER, "maxItems": 3}, "maxItems": 4}
_SAID = {
    "type": "object",
    "properties": {
        "coordinates": {"type": "array", "items": _NUMBER, "maxItems": 4},
        "bbox_coords": _SPANS,
        "include_interaction": {"type": "boolean"},
        "shape": {"type": "array", "items": {"type": "integer"}, "maxItems": 4},
    },
}
_BYTES = {"type": "string", "format": "binary"}
_DETAIL = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
_PROBLEM = {"type": "object", "required": ["type", "status", "detail"]}


def answers(kind: str, *refusals: int) -> dict[str, Any]:
    """What a route may answer: refusals of its own, and those of the guard before it."""
    own = {"application/json": {"schema": _DETAIL}}
    guard = {"application/problem+json": {"schema": _PROBLEM}}
    found: dict[str, Any] = {"200": {"description": "done", "content": {kind: {"schema": {}}}}}
    for status in refusals:
        found[str(status)] = {"description": "refused", "content": own}
    for status in (400, 403, 404, 405, 408, 413, 415, 503):
        both = {**own, **guard} if str(status) in found else {**guard, "text/plain": {"schema": {}}}
        found[str(status)] = {"description": "refused", "content": both}
    return found


def nninteractive() -> dict[str, Any]:
    """OpenAPI of the nnInteractive protocol, as this package answers it."""
    lease = {"name": "X-Lease-Token", "in": "header", "schema": {"type": "string"}}
    meta = {"name": "X-Meta", "in": "header", "schema": {"type": "string"}}
    json_, octets = "application/json", "application/octet-stream"
    paths: dict[str, Any] = {
        "/healthz": {"get": {"responses": answers(json_)}},
        "/capabilities": {"get": {"responses": answers(json_)}},
        "/claim": {"post": {"responses": answers(json_, 503)}},
        "/lease_status": {"get": {"parameters": [lease], "responses": answers(json_, 410)}},
    }
    for name in (*JSON_ACTS, *ASKING):
        kind = json_ if name in JSON_ACTS and name not in ("undo", "predict") else octets
        body = {"required": True, "content": {json_: {"schema": _SAID}}}
        paths[f"/{name}"] = {
            "post": {"parameters": [lease], "requestBody": body, "responses": answers(kind, 400, 410)}
        }
    for name in BINARY_ACTS:
        body = {"required": True, "content": {octets: {"schema": _BYTES}}}
        kind = json_ if name == "set_image" else octets
        paths[f"/{name}"] = {
            "post": {"parameters": [lease, meta], "requestBody": body, "responses": answers(kind, 400, 410)}
        }
    return paths


def itksnap() -> dict[str, Any]:
    """OpenAPI of ITK-SNAP's service, both versions."""
    json_ = "application/json"
    window = {"name": "window", "in": "path", "required": True, "schema": {"type": "string"}}
    numbers = {"type": "array", "items": {"type": "integer", "minimum": -3, "maximum": 40}, "maxItems": 4}
    point = [
        {"name": "point", "in": "query", "schema": numbers},
        *({"name": axis, "in": "query", "schema": {"type": "integer"}} for axis in "xyz"),
        {"name": "foreground", "in": "query", "schema": {"type": "boolean"}},
    ]
    parts = {"type": "object", "properties": {"file": _BYTES, "metadata": {"type": "string"}}}
    form = {"required": True, "content": {"multipart/form-data": {"schema": parts}}}
    paths: dict[str, Any] = {}
    for version in ("", "/v2"):
        paths[f"{version}/status"] = {"get": {"responses": answers(json_)}}
        paths[f"{version}/models"] = {"get": {"responses": answers(json_)}}
        paths[f"{version}/start_session"] = {"get": {"responses": answers(json_, 503)}}
        for name, parameters in (("reset_interactions", []), ("process_point_interaction", point)):
            paths[f"{version}/{name}/{{window}}"] = {
                "get": {"parameters": [window, *parameters], "responses": answers(json_, 400, 410)}
            }
        for name in ("upload_raw", "process_scribble_interaction", "process_lasso_interaction"):
            paths[f"{version}/{name}/{{window}}"] = {
                "post": {"parameters": [window], "requestBody": form, "responses": answers(json_, 400, 410)}
            }
    return paths


def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Schemathesis' hook: some calls get what random data would not find."""
    turn = next(_TURN)
    if turn % 4 and LEASE in os.environ:
        case.headers = {**(case.headers or {}), "X-Lease-Token": os.environ[LEASE]}
    if turn % 4 and "window" in (case.path_parameters or {}):
        case.path_parameters["window"] = os.environ[WINDOW]
    name = case.path.strip("/")
    if turn % 2 and name in BINARY_ACTS:
        from uniultra.hosts.packed_arrays import pack

        array = np.ones(SHAPE, np.uint8)
        case.body = pack(array[None] if name == "set_image" else array)
        case.headers = {**(case.headers or {}), "X-Meta": json.dumps({"include_interaction": bool(turn % 3)})}
    if turn % 2 and name in ASKING:
        at = {"coordinates": [turn % 3, 12, 15], "bbox_coords": [[1, 2], [4, 20], [5, 25]]}
        case.body = {**at, "include_interaction": bool(turn % 3)}
    if turn % 2 and isinstance(case.body, dict) and "file" in case.body:
        about = {"dimensions": list(SHAPE[::-1]), "components_per_pixel": 1}
        case.body = {"file": gzip.compress(np.ones(SHAPE, "<f4").tobytes()), "metadata": json.dumps(about)}


def after_call(context: Any, case: Any, response: Any) -> None:
    """Schemathesis' hook: notes what was answered."""
    with open(os.environ[SEEN], "a") as file:
        file.write(f"{response.status_code} {case.path}\n")


def main() -> int:
    """Runs both protocols, and prints the counts; 1 where something was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=100, help="of each route")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    found = [
        run("nninteractive", nninteractive(), options.examples, options.seed),
        run("itksnap", itksnap(), options.examples, options.seed),
    ]
    return int(any(found))


def run(host: str, paths: dict[str, Any], examples: int, seed: int) -> int:
    """One protocol; the exit code of Schemathesis."""
    command = [sys.executable, "-m", "uniultra.cli.main", "serve", f"--{host}", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        address = re.match(r"(http://\S+) ", server.stdout.readline())
        assert address, "the server did not start"
        return fuzz(address[1], paths, examples, seed)
    finally:
        server.terminate()
        server.wait(30)


def fuzz(url: str, paths: dict[str, Any], examples: int, seed: int) -> int:
    """Schemathesis' exit code."""
    environment = os.environ | {"SCHEMATHESIS_HOOKS": str(Path(__file__).resolve())}
    if "/claim" in paths:
        with urllib.request.urlopen(urllib.request.Request(f"{url}/claim", b"{}")) as answer:
            environment[LEASE] = json.load(answer)["lease_token"]
    else:
        with urllib.request.urlopen(f"{url}/v2/start_session") as answer:
            environment[WINDOW] = json.load(answer)["session_id"]
    described = {"openapi": "3.0.3", "info": {"title": "host", "version": "1"}, "paths": paths}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "openapi.json").write_text(json.dumps(described))
        call = "from schemathesis.cli import schemathesis; schemathesis()"
        command = [sys.executable, "-c", call, "run", "openapi.json", "--url", url, "--checks", CHECKS]
        command += ["--max-examples", str(examples), "--seed", str(seed), "--no-shrink"]
        command += ["--continue-on-failure"]
        environment[SEEN] = str(Path(folder) / "seen")
        done = subprocess.run(command, env=environment, cwd=folder, check=False)
        tell((Path(folder) / "seen").read_text().splitlines())
    return done.returncode


def tell(seen: list[str]) -> None:
    """Answers by status, and which routes did what was asked."""
    statuses = Counter(line.split()[0] for line in seen)
    did = sorted({line.split()[1] for line in seen if line.startswith("200")})
    print(f"{len(seen)} calls; " + ", ".join(f"{one}: {count}" for one, count in sorted(statuses.items())))
    print("200 of:", ", ".join(did))


if __name__ == "__main__":
    sys.exit(main())
else:  # Schemathesis loads this file for its hook
    import schemathesis

    schemathesis.hook(before_call)
    schemathesis.hook(after_call)
