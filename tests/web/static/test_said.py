"""Every sentence with a code has German words, with everything that it is filled with."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import uniultra
from uniultra.web.problems import KINDS

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
PACKAGE = Path(uniultra.__file__).parent
GERMAN = PACKAGE / "web" / "static" / "languages" / "de_said.mjs"
FILL = """
const { SAID, PROBLEMS } = await import(process.argv[1]);
const wanted = JSON.parse(process.argv[2]);
const words = Object.entries(SAID).map(([code, make]) => {
    const values = Object.fromEntries((wanted[code] ?? []).map((name) => [name,
        ["regions", "said"].includes(name) ? [`<${name}>`] : `<${name}>`]));
    return [code, typeof make === "function" ? make(values) : make];
});
console.log(JSON.stringify({ said: Object.fromEntries(words), problems: Object.keys(PROBLEMS) }));
"""


def codes() -> dict[str, list[str]]:
    """Of every `Said(code, english, name=...)` in the package: the code, and the names of its values."""
    found: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Said":
                code = node.args[0]
                assert isinstance(code, ast.Constant), f"{path}:{node.lineno}: a code is written out"
                found[str(code.value)] = [str(one.arg) for one in node.keywords]
    return found


def test_every_code_has_german_words_that_leave_nothing_out() -> None:
    known = codes()
    assert len(known) > 40
    done = subprocess.run(
        ["node", "--input-type=module", "-e", FILL, GERMAN.as_uri(), json.dumps(known)],
        capture_output=True,
        text=True,
        check=True,
    )
    german = json.loads(done.stdout)
    assert german["said"].keys() == known.keys()
    for code, names in known.items():
        words = german["said"][code]
        assert "undefined" not in words, words
        missing = [name for name in names if name != "said" and f"<{name}>" not in words]
        assert not missing, f"{code}: {words}"
    assert set(german["problems"]) <= KINDS.keys()


def test_the_page_without_a_server_has_german_words_for_all_that_it_says() -> None:
    calls = [
        re.findall(r'saying\(\s*"([a-z-]+)"', path.read_text(encoding="utf-8"))
        for path in (GERMAN.parents[1] / "local").rglob("*.mjs")
    ]
    used = {code for found in calls for code in found}
    script = (
        "const { ALONE, SAID } = await import(process.argv[1]);"
        "console.log(JSON.stringify([ALONE, SAID].map(Object.keys)));"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script, GERMAN.as_uri()],
        capture_output=True,
        text=True,
        check=True,
    )
    own, shared = map(set, json.loads(done.stdout))
    assert used <= own | shared
    assert own <= used, "words that nobody says"
    assert not own & shared
