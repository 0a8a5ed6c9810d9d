"""One shape for every refusal, and a documented row for each kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from uniultra.web.problems import KINDS, Problem, of_status, response_of

DOCS = Path(__file__).parents[2] / "docs" / "serve.md"


@pytest.mark.parametrize("name", KINDS)
def test_a_problem_is_as_the_rfc_has_it(name: str) -> None:
    response = response_of(Problem(name, "why", retry_s=3, errors=[{"at": "x", "problem": "y"}]))
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "3"
    content = json.loads(response.body)
    assert content == {
        "type": f"urn:uniultra:problem:{name}",
        "title": KINDS[name].title,
        "status": response.status_code,
        "detail": "why",
        "errors": [{"at": "x", "problem": "y"}],
    }


def test_every_kind_is_documented_with_its_status() -> None:
    text = DOCS.read_text(encoding="utf-8")
    missing = [kind.name for kind in KINDS.values() if f"| {kind.status} | `{kind.name}` |" not in text]
    assert not missing


@pytest.mark.parametrize(
    ("status", "name"),
    [(404, "not-found"), (405, "method"), (400, "bad-request"), (418, "bad-request"), (500, "bug")],
)
def test_a_bare_status_becomes_a_problem(status: int, name: str) -> None:
    assert of_status(status, {"Allow": "GET"}).kind.name == name
