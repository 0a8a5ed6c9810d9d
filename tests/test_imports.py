"""Who may import whom. Reads the import statements of src/uniultra, those inside functions included, and runs
nothing.

The rules, as CONTRIBUTING.md states them:

1. `errors` imports nothing; `text`, `stages`, `hashes` and `machine` nothing of ours; `atomic` only these
   three.
2. `pixel_scale`, `model_facts`, `quality`, `types`, `geometry`, `registry` import only each other, `errors`
   and `text`.
3. `models` imports only `errors`, `text`, `atomic`, `box_fit`, `named`, and `registry` (an adapter goes
   onto a published base by its name); `evaluation` only `types`, `pixel_scale`, `quality`, `named`, `errors`,
   `text`, `hashes`, `data`, `io`: so what is scored is behind one protocol; `batch` only the core, and the
   problems of `data`: an archive is segmented by the code that segments one image. Every other part has a
   row in MAY_IMPORT too, and each row goes down: no two parts import each other.
4. The core (`io`, `backends.onnx`, `segmenter`, `tracking`, `measure`, ...), `web`, `batch` and `bench` but
   its peers never import torch or what needs it: not themselves, and not by way of a module that they import
   when they are imported.
5. Nothing imports `cli`, but `cli` and `python -m uniultra`. It imports anything, but inside the command's
   function: at the top of a file only what starts quickly.
6. The server's own process never loads a model's runtime or DICOM: its computing processes do, so the page
   is there sooner.

`__version__` may be imported from anywhere. Imports under `if TYPE_CHECKING` count for rules 1 to 3 and don't
run, so not for 4 and 5.
"""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "uniultra"

FOUNDATION = (
    "errors",
    "text",
    "arguments",
    "array_pixels",
    "hashes",
    "machine",
    "box_fit",
    "named",
    "pixel_scale",
    "scale_reasons",
    "model_facts",
    "quality",
    "types",
    "geometry",
    "taps",
    "registry",
    "structures",
)
RESULTS = (
    "backends",
    "prompts",
    "postprocess",
    "prompt_arrays",
    "prompt_checks",
    "click_views",
    "segmenter",
    "measure",
    "results",
    "outputs",
)
"""From prompts to files."""
MAY_IMPORT = {
    "errors": (),
    "text": (),
    "stages": (),
    "durable": (),
    "atomic": ("durable", "errors", "stages", "text"),
    "pixel_scale": FOUNDATION,
    "scale_reasons": FOUNDATION,
    "model_facts": FOUNDATION,
    "quality": FOUNDATION,
    "postprocess": FOUNDATION,
    "types": FOUNDATION,
    "geometry": FOUNDATION,
    "taps": FOUNDATION,
    "registry": FOUNDATION,
    "structures": ("errors",),
    "box_fit": ("errors",),
    "named": ("box_fit", "errors", "structures"),
    "models": ("errors", "registry", "atomic", "text", "box_fit", "named", "models"),
    "evaluation": (
        "types",
        "pixel_scale",
        "quality",
        "named",
        "errors",
        "text",
        "hashes",
        "data",
        "io",
        "evaluation",
    ),
    "offline": (),
    "hashes": (),
    "machine": (),
    "parallel": (),
    "arguments": ("errors",),
    "array_pixels": ("arguments", "errors"),
    "prompt_arrays": FOUNDATION,
    "click_views": (*FOUNDATION, "prompt_arrays"),
    "prompt_checks": FOUNDATION,
    "prompts": (*FOUNDATION, "io", "data.problems", "prompts"),
    "measure": (*FOUNDATION, "measure"),
    "io": (*FOUNDATION, "atomic", "stages", "measure", "parallel", "io"),
    "backends": (*FOUNDATION, "models", "backends"),
    "decoding": (*FOUNDATION, "backends", "postprocess", "prompt_arrays"),
    "segmenter": (
        *FOUNDATION,
        "backends",
        "click_views",
        "decoding",
        "postprocess",
        "prompt_arrays",
        "prompt_checks",
    ),
    "automatic": (*FOUNDATION, "postprocess", "segmenter"),
    "results": (*FOUNDATION, "io", "measure", "parallel", "postprocess", "prompt_checks", "segmenter"),
    "tracking": (*FOUNDATION, "io", "postprocess", "prompt_checks", "segmenter", "results", "tracking"),
    "video_models": (*FOUNDATION, "models", "prompt_checks", "results", "tracking", "video_models"),
    "outputs": (*FOUNDATION, *RESULTS, "io"),
    "batch": (
        *FOUNDATION,
        *RESULTS,
        "automatic",
        "durable",
        "io",
        "data.problems",
        "stages",
        "tracking",
        "batch",
    ),
    "cluster": ("prompts",),
    "web": (*FOUNDATION, *RESULTS, "atomic", "data.manifest_text", "io", "tracking", "web"),
    "hosts": (*FOUNDATION, *RESULTS, "io", "tracking", "web", "hosts"),
    "data": (*FOUNDATION, "atomic", "io", "data"),
    "export": (*FOUNDATION, "atomic", "backends", "data", "evaluation", "io", "models", "export"),
    "training": (
        *FOUNDATION,
        "atomic",
        "backends",
        "data",
        "evaluation",
        "io",
        "models",
        "prompt_arrays",
        "segmenter",
        "training",
    ),
    "bench": (*FOUNDATION, "backends", "evaluation", "io", "models", "prompt_checks", "segmenter", "bench"),
}
"""Part of the package -> the parts that it may import; only `cli` and the package itself may import any."""

BENCH = ("accuracy", "candidates", "cold_start", "machine", "report", "runner", "timing")
"""All of `bench` but its peers."""
NEVER_TORCH = (
    *FOUNDATION,
    "stages",
    "durable",
    "atomic",
    "parallel",
    "io",
    "backends.onnx",
    "postprocess",
    "click_views",
    "decoding",
    "segmenter",
    "results",
    "outputs",
    "tracking",
    "measure",
    "automatic",
    "prompts",
    "web",
    "batch",
    *(f"bench.{part}" for part in BENCH),
)
TORCH_STACK = frozenset(
    {"torch", "transformers", "safetensors", "accelerate", "monai", "peft", "torchvision"}
)
QUICK = frozenset({"numpy", "typer", "rich", "click"})
"""Libraries that a module of `cli` may pull in before a command is chosen."""


@dataclass(frozen=True)
class Import:
    """One imported name: `target` is a dotted module, `executes` is whether importing the file runs the
    statement.
    """

    target: str
    line: int
    executes: bool


@dataclass(frozen=True)
class Module:
    path: str
    imports: tuple[Import, ...]


@dataclass(frozen=True)
class Step:
    """One link of a chain of imports: `via` imports `target` at `place` (file:line)."""

    via: str
    target: str
    place: str


Tree = dict[str, Module]


def read_tree(src: Path) -> Tree:
    """Dotted name -> module, for each file of the package under `src`."""
    files = {_dotted(path.relative_to(src)): path for path in sorted((src / PACKAGE).rglob("*.py"))}
    names = frozenset(files)
    tree = {}
    for name, path in files.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        parsed = ast.parse(path.read_text(encoding="utf-8"), str(path))
        tree[name] = Module(path.relative_to(src.parent).as_posix(), tuple(_imports(parsed, package, names)))
    return tree


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(node: ast.AST, package: str, names: frozenset[str], executes: bool = True) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        for target in _targets(child, package, names):
            yield Import(target, child.lineno, executes)  # type: ignore[attr-defined]
        if isinstance(child, ast.If) and ast.unparse(child.test).split(".")[-1] == "TYPE_CHECKING":
            yield from _imports(ast.Module(child.body, []), package, names, executes=False)
            yield from _imports(ast.Module(child.orelse, []), package, names, executes)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, package, names, executes and not inside)


def _targets(node: ast.AST, package: str, names: frozenset[str]) -> list[str]:
    """The modules that this one statement or call imports; [] where it imports none."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            parent = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*parent, base] if base else parent)
        inner = [f"{base}.{alias.name}" for alias in node.names]
        return [name if name in names or name == f"{PACKAGE}.__version__" else base for name in inner]
    if (
        isinstance(node, ast.Call)
        and node.args
        and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__")
    ):
        first = node.args[0]
        return [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []
    return []


def is_in(module: str, parts: tuple[str, ...]) -> bool:
    """Whether a dotted module is one of the package's parts or lies within one."""
    return any(module == f"{PACKAGE}.{part}" or module.startswith(f"{PACKAGE}.{part}.") for part in parts)


def violations(tree: Tree) -> list[str]:
    """Each breach as `file:line: what; the rule`."""
    found = []
    for name, module in tree.items():
        found += _breaches_of_layers(name, module)
        if is_in(name, NEVER_TORCH):
            found += _breaches_of_torch(name, tree)
        if not is_in(name, ("cli", "__main__")):
            found += _imports_of_cli(name, module)
        elif not is_in(name, ("cli.work",)):
            found += _breaches_of_cli(name, tree)
    return list(dict.fromkeys(found))


def _breaches_of_layers(name: str, module: Module) -> Iterator[str]:
    for part, allowed in MAY_IMPORT.items():
        if not is_in(name, (part,)):
            continue
        for item in module.imports:
            ours = item.target.split(".")[0] == PACKAGE
            if part == "errors" and item.target != "__future__":
                yield f"{module.path}:{item.line}: {name} imports {item.target}; rule: errors imports nothing"
            elif ours and item.target != f"{PACKAGE}.__version__" and not is_in(item.target, allowed):
                rule = f"rule: {part} imports only {', '.join(allowed)} of {PACKAGE}"
                yield f"{module.path}:{item.line}: {name} imports {item.target}; {rule}"


def _breaches_of_torch(name: str, tree: Tree) -> Iterator[str]:
    rule = f"rule: {name.removeprefix(PACKAGE + '.')} never imports torch, transformers or what needs them"
    for item in tree[name].imports:
        if item.target.split(".")[0] in TORCH_STACK:
            yield f"{tree[name].path}:{item.line}: {name} imports {item.target}; {rule}"
    for chain in chains(name, tree):
        if chain[-1].target.split(".")[0] in TORCH_STACK and chain[-1].via != name:
            yield f"{chain[0].place}: {_tell(chain)}; {rule}"


def _breaches_of_cli(name: str, tree: Tree) -> Iterator[str]:
    rule = "rule: cli imports what is heavy only inside functions"
    for item in tree[name].imports:
        place = f"{tree[name].path}:{item.line}"
        if not item.executes:
            continue
        if item.target == PACKAGE:
            yield f"{place}: {name} imports from {PACKAGE} itself, which leads to everything; {rule}"
        elif item.target.split(".")[0] == PACKAGE:
            for chain in chains(item.target, tree, root_too=False):
                if _is_heavy(chain[-1].target):
                    yield f"{place}: {_tell([Step(name, item.target, place), *chain])}; {rule}"
        elif _is_heavy(item.target):
            yield f"{place}: {name} imports {item.target}; {rule}"


def _imports_of_cli(name: str, module: Module) -> Iterator[str]:
    for item in module.imports:
        if is_in(item.target, ("cli",)):
            yield f"{module.path}:{item.line}: {name} imports {item.target}; rule: nothing imports cli"


def _is_heavy(target: str) -> bool:
    return target.split(".")[0] not in QUICK | sys.stdlib_module_names | {PACKAGE}


def _tell(chain: list[Step]) -> str:
    return " -> ".join([chain[0].via, *(step.target for step in chain)])


def chains(start: str, tree: Tree, root_too: bool = True) -> Iterator[list[Step]]:
    """The shortest chain of executed imports from `start` to each library that importing it loads.

    Importing a.b.c runs a and a.b as well; `root_too=False` leaves out what the package's own __init__ loads.
    """
    seen = {start}
    queue: deque[tuple[str, list[Step]]] = deque([(start, [])])
    while queue:
        name, chain = queue.popleft()
        for step in _steps(name, tree):
            if step.target in seen or (step.target == PACKAGE and not root_too):
                continue
            seen.add(step.target)
            if step.target in tree:
                queue.append((step.target, [*chain, step]))
            elif step.target.split(".")[0] != PACKAGE:
                yield [*chain, step]


def _steps(name: str, tree: Tree) -> Iterator[Step]:
    if name in tree:
        for item in tree[name].imports:
            if item.executes:
                yield Step(name, item.target, f"{tree[name].path}:{item.line}")
    parent = name.rpartition(".")[0]
    if parent:
        yield Step(name, parent, f"{tree[parent].path}:1" if parent in tree else name)


def test_every_part_has_a_row() -> None:
    parts = {name.split(".")[1] for name in read_tree(ROOT / "src") if "." in name}
    assert parts - set(MAY_IMPORT) == {"cli", "__main__"}


def test_the_package_keeps_its_rules() -> None:
    tree = read_tree(ROOT / "src")
    assert {
        f"{PACKAGE}.{part}" for part in ("errors", "types", "geometry", "models", "io", "evaluation", "cli")
    } <= set(tree)
    breaches = violations(tree)
    assert not breaches, "\n" + "\n".join(breaches)


def test_the_server_leaves_models_and_files_to_its_computing_processes() -> None:
    tree = read_tree(ROOT / "src")
    loaded = {chain[-1].target.split(".")[0] for chain in chains(f"{PACKAGE}.web.server", tree)}
    assert "fastapi" in loaded
    assert not loaded & {"onnxruntime", "pydicom", "highdicom"}
    starting = {chain[-1].target.split(".")[0] for chain in chains(f"{PACKAGE}.web.worker_process", tree)}
    assert "onnxruntime" in starting
    assert "pydicom" not in starting, "it is loaded once the model is ready"
    working = {chain[-1].target.split(".")[0] for chain in chains(f"{PACKAGE}.web.worker", tree)}
    assert "pydicom" in working


BAD = {
    "errors import anything": ({"errors.py": "import os"}, "errors.py:1: uniultra.errors imports os"),
    "types import io": (
        {"types.py": "\nfrom uniultra.io import read", "io/__init__.py": ""},
        "types.py:2: uniultra.types imports uniultra.io; rule: types imports only errors, text, ",
    ),
    "geometry imports the root": ({"geometry.py": "from uniultra import Frame"}, "geometry.py:1"),
    "registry, relatively": (
        {"registry.py": "from .io import read", "io/__init__.py": ""},
        "uniultra.registry imports uniultra.io",
    ),
    "models, in a function": (
        {"models/a.py": "def f():\n    from uniultra import types", "types.py": ""},
        "models.a imports",
    ),
    "models, two dots": (
        {"models/a.py": "from ..types import Frame", "types.py": ""},
        "uniultra.models.a imports uniultra.types",
    ),
    "evaluation, for types alone": (
        {
            "evaluation/a.py": "if TYPE_CHECKING:\n    from uniultra.segmenter import Segmenter",
            "segmenter.py": "",
        },
        "a.py:2: uniultra.evaluation.a imports uniultra.segmenter",
    ),
    "io uses torch": (
        {"io/a.py": "import torch.nn"},
        "a.py:1: uniultra.io.a imports torch.nn; rule: io.a never",
    ),
    "measure, in a function": (
        {"measure.py": "def f():\n    import transformers"},
        "measure.py:2: uniultra.measure imports transformers",
    ),
    "onnx, by name": (
        {"backends/onnx.py": "import importlib\nimportlib.import_module('torch')"},
        "onnx.py:2",
    ),
    "batch imports cli": (
        {"batch/a.py": "from uniultra.cli import b", "cli/b.py": ""},
        "uniultra.batch.a imports uniultra.cli.b; rule: nothing imports cli",
    ),
    "a new part imports cli, in a function": (
        {"somewhere/a.py": "def f():\n    from uniultra.cli import b", "cli/b.py": ""},
        "uniultra.somewhere.a imports uniultra.cli.b; rule: nothing imports cli",
    ),
    "segmenter, two steps away": (
        {
            "segmenter.py": "\nfrom uniultra.data import a",
            "data/a.py": "from uniultra.data.b import B",
            "data/b.py": "import torch",
        },
        "segmenter.py:2: uniultra.segmenter -> uniultra.data.a -> uniultra.data.b -> torch",
    ),
    "a parent package leads there": (
        {
            "backends/__init__.py": "from uniultra.backends import torch",
            "backends/torch.py": "import torch",
            "backends/onnx.py": "",
        },
        "uniultra.backends.onnx -> uniultra.backends -> uniultra.backends.torch -> torch",
    ),
    "web, through the root": (
        {"__init__.py": "import torch", "web/app.py": ""},
        "uniultra.web.app -> uniultra.web -> uniultra -> torch",
    ),
    "in a try": ({"io/a.py": "try:\n    import torch\nexcept ImportError:\n    pass"}, "a.py:2"),
    "cli imports a library": ({"cli/a.py": "import cv2"}, "a.py:1: uniultra.cli.a imports cv2"),
    "cli imports a heavy module": (
        {"cli/a.py": "from uniultra.io import b", "io/b.py": "from PIL import Image"},
        "a.py:1: uniultra.cli.a -> uniultra.io.b -> PIL; rule: cli imports what is heavy only inside "
        "functions",
    ),
    "cli imports what commands do": (
        {"cli/a.py": "from uniultra.cli.work import b", "cli/work/b.py": "import torch"},
        "a.py:1: uniultra.cli.a -> uniultra.cli.work.b -> torch; rule: cli imports what is heavy only",
    ),
    "cli imports the root": (
        {"cli/a.py": "from uniultra import Segmenter"},
        "a.py:1: uniultra.cli.a imports from uniultra itself",
    ),
}

GOOD = {
    "foundation": {
        "types.py": "from uniultra.errors import E",
        "geometry.py": "import cv2\nfrom uniultra.types import Frame",
        "errors.py": "from __future__ import annotations",
    },
    "version": {
        "models/a.py": "from uniultra import __version__",
        "cli/a.py": "from uniultra import __version__",
    },
    "models": {
        "models/a.py": "import torch\nfrom uniultra.models import b\nfrom ..errors import E",
        "models/b.py": "",
        "errors.py": "",
    },
    "evaluation": {"evaluation/a.py": "import monai\nfrom uniultra.io import b", "io/b.py": ""},
    "torch on call": {
        "segmenter.py": "def f():\n    from uniultra.backends.torch import T",
        "backends/torch.py": "import torch",
    },
    "torch for types": {
        "segmenter.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from "
        "uniultra.backends.torch import T",
        "backends/torch.py": "import torch",
    },
    "cli": {
        "cli/a.py": "import typer\nfrom uniultra.data.b import B\ndef f():\n    import torch\n    import "
        "uniultra.io",
        "data/b.py": "import csv",
    },
    "what commands do": {
        "cli/a.py": "def f():\n    from uniultra.cli.work import b",
        "cli/work/b.py": "import torch",
    },
}


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / "src" / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for directory in (p for p in (folder / "src").rglob("*") if p.is_dir()):
        (directory / "__init__.py").touch()
    return folder / "src"


@pytest.mark.parametrize(("files", "message"), BAD.values(), ids=BAD)
def test_a_breach_is_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    breaches = violations(read_tree(_write(tmp_path, files)))
    assert any(message in breach for breach in breaches), breaches


@pytest.mark.parametrize("files", GOOD.values(), ids=GOOD)
def test_what_is_allowed_is_no_breach(tmp_path: Path, files: dict[str, str]) -> None:
    assert violations(read_tree(_write(tmp_path, files))) == []
