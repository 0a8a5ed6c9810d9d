"""Scripts run as their heads and the docs say, take what the package calls today, and refuse in one line."""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import script
from phantom_manifest import Phantom, write_manifest

FOLDER = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(FOLDER.rglob("*.py"))
FORMER = {"uniultra.web.lanes"}
"""What a script takes where an older checkout has it."""
WORDS = r"python|uniultra|pip|npm|make|git|cd|VENV|\.venv|xvfb-run|[A-Z_]+=|taskset|docker|node|coverage"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    phantoms = [Phantom(f"{split}{n}", split, group=split) for split in ("train", "val") for n in range(2)]
    return write_manifest(tmp_path_factory.mktemp("data"), phantoms)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_what_a_script_takes_of_the_package_is_there(path: Path) -> None:
    for module, name in _taken(ast.parse(path.read_text(encoding="utf-8"))):
        if module not in FORMER:
            try:
                found = importlib.import_module(module)
            except ModuleNotFoundError as error:
                if str(error.name).startswith("uniultra"):
                    raise
                continue  # of a host, which has an environment of its own
            assert hasattr(found, name) or importlib.util.find_spec(f"{module}.{name}"), f"{module}.{name}"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_command_of_a_head_is_one_line(path: Path) -> None:
    """Broken over lines, or joined with the next, it couldn't be pasted."""
    head = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    lines = re.findall(r"^    (\S.*)$", head, re.MULTILINE)
    commands = [line for line in lines if "benchmarks/" in line]
    if commands:
        assert [line for line in lines if not re.match(WORDS, line)] == []
    assert [line for line in commands if len(re.findall(r"python\S* benchmarks/", line)) > 1] == []


def test_the_views_of_a_model_are_compared(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "views.json"
    models = ("uniultra-mini=focus", "uniultra-mini=whole")
    done = script(FOLDER / "views.py", "--data", manifest, "--limit", "1", *models, "--out", out)
    assert done.returncode == 0, done.stderr
    assert [line.split(" | ")[1] for line in done.stdout.splitlines()[2:]] == ["focus", "whole"]
    assert out.is_file()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--set", "optim.steps=5"), "holds answers with other --set; give those, or a new --out"),
        (("--folds", "2"), "holds answers with other --folds, --set; give those"),
        (("--methods", "decoder,,lora"), "--methods 'decoder,,lora': '' is unknown; use some of "),
        (("--methods", "fine"), "'fine' is unknown; use some of ch-adapter, "),
        (("--shots", "2,,5"), "--shots '2,,5' are not whole numbers from 1; give some such as 5,10,20"),
        (("--shots", "0"), "--shots '0' are not whole numbers from 1"),
        (("--organ", "kidney"), "no image of organ 'kidney'; the manifest has breast"),
    ],
)
def test_shots_of_other_options_are_not_joined(
    manifest: Path, tmp_path: Path, more: tuple[str, ...], says: str
) -> None:
    from uniultra.data.manifest import read_manifest

    began = {"base": "uniultra-mini", "organ": "breast", "folds": 0, "split": "test"}
    began |= {"set": ["optim.steps=3"], "data": read_manifest(manifest).sha256}
    (tmp_path / "options.json").write_text(json.dumps(began), encoding="utf-8")
    (tmp_path / "base-0.jsonl").write_text("", encoding="utf-8")
    asked = ("--data", manifest, "--base", "uniultra-mini", "--organ", "breast", "--out", tmp_path, *more)
    done = script(FOLDER / "fewshot.py", *asked)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert says in line


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--sizes", "mini,huge"), "'huge' of 'mini,huge' is unknown; use some of large, "),
        (("--methods", "lora,"), "'' of 'lora,' is unknown; use some of ch-adapter, "),
        (("--image-sizes", "256,,512"), "image size 0 doesn't fit the network; use a multiple of 32"),
    ],
)
def test_a_case_that_is_none_is_not_one_that_does_not_fit(more: tuple[str, ...], says: str) -> None:
    done = script(FOLDER / "adapt_cost.py", *more)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert says in line


def _taken(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "uniultra":
            yield from ((str(node.module), name.name) for name in node.names)
