"""What may not be written: paths of one machine anywhere; printing, pickles, long files and long functions in
src.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "uniultra"

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 55
"""Of the body, from its docstring on: the options of a command are lines of its signature, and say more the
longer they are.
"""
MAX_ARGUMENTS = 7

HOMEMADE_NAMES = frozenset({"told", "wanted", "asked", "trues", "mend"})
"""Words of names; CONTRIBUTING has those of the field in their place."""
HOMEMADE_PHRASES = re.compile(
    r"asked for|\bis no (number|range)\b|\bcut short\b|of an unknown form|\bpassed over\b|\bmake again\b"
    r"|machine-made|over-sure|burnt-in|\blooks? again\b|\b(frames|images|files) a second\b"
    r"|\bbox(es)? by 10 %",
    re.IGNORECASE,
)

# Spelled in two pieces, so that this file doesn't hold what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(?:" + "work|root" + r")/")
PICKLES = frozenset({"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"})
ENDINGS = frozenset({"sys.exit", "os._exit", "exit", "quit"})


def project_files() -> list[Path]:
    """The files that git tracks or would track; in an unpacked archive without git, all but caches and
    environments.
    """
    command = [
        "git",
        "-c",
        f"safe.directory={ROOT}",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split(
            "\0"
        )
    except (OSError, subprocess.CalledProcessError):
        folders = ("src", "tests", "docs", "configs", "runs", "benchmarks")
        listed = [
            str(path)
            for folder in folders
            for path in (ROOT / folder).rglob("*")
            if "__pycache__" not in path.parts
        ]
    return [path for path in (ROOT / name for name in listed if name) if path.is_file()]


def text_of(path: Path) -> str:
    """The text of a file; empty where it is binary."""
    data = path.read_bytes()
    return "" if b"\0" in data[:8192] else data.decode("utf-8", errors="replace")


def machine_paths(text: str) -> list[int]:
    """The line numbers that name a path of one machine."""
    return [number for number, line in enumerate(text.splitlines(), 1) if MACHINE_PATH.search(line)]


def homemade_names(code: str) -> list[tuple[int, str]]:
    """(line, name) of each name with a word that CONTRIBUTING replaces."""
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    names = ((token.start[0], token.string) for token in tokens if token.type == tokenize.NAME)
    return [
        (line, name)
        for line, name in names
        if HOMEMADE_NAMES & set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()))
    ]


def homemade_phrases(text: str) -> list[tuple[int, str]]:
    """(line, phrase) of each that CONTRIBUTING replaces."""
    lines = enumerate(text.splitlines(), 1)
    return [(number, found[0]) for number, line in lines for found in HOMEMADE_PHRASES.finditer(line)]


def forbidden_calls(tree: ast.AST, in_cli: bool) -> Iterator[tuple[int, str]]:
    """(line, what) for printing and leaving outside cli, and for reading or writing pickles anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            )
            yield from ((node.lineno, f"import of {name}") for name in names if name.split(".")[0] in PICKLES)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name == "torch.load" or any(
                k.arg == "allow_pickle" and ast.unparse(k.value) != "False" for k in node.keywords
            ):
                yield node.lineno, f"{name}, which reads pickles"
            elif not in_cli and (name == "print" or name in ENDINGS):
                yield node.lineno, f"{name}()"
        elif (
            isinstance(node, ast.Raise)
            and not in_cli
            and node.exc is not None
            and "SystemExit" in ast.unparse(node.exc)
        ):
            yield node.lineno, "raise SystemExit"


def oversized_functions(tree: ast.AST, in_cli: bool) -> Iterator[tuple[int, str]]:
    """(line, what) for each function that is too long or takes too many arguments; public functions of cli
    may take any number.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = (node.end_lineno or node.lineno) - node.body[0].lineno + 1
        if lines > MAX_FUNCTION_LINES:
            yield node.lineno, f"{node.name} has {lines} lines; at most {MAX_FUNCTION_LINES}"
        arguments = [
            a.arg
            for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            if a.arg not in ("self", "cls")
        ]
        if len(arguments) > MAX_ARGUMENTS and (node.name.startswith("_") or not in_cli):
            yield node.lineno, f"{node.name} takes {len(arguments)} arguments; at most {MAX_ARGUMENTS}"


def _everywhere(check: Callable[[ast.AST, bool], Iterator[tuple[int, str]]]) -> list[str]:
    """What a check finds in each module of src, as `file:line: what`."""
    found = []
    for path in sorted(SRC.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        in_cli = "cli" in path.relative_to(SRC).parts
        found += [f"{path.relative_to(ROOT)}:{line}: {what}" for line, what in check(tree, in_cli)]
    return found


def test_no_file_names_a_path_of_one_machine() -> None:
    files = project_files()
    assert Path(__file__).resolve() in files
    found = [f"{path.relative_to(ROOT)}:{line}" for path in files for line in machine_paths(text_of(path))]
    assert not found, f"a path of one machine in {found}"


def test_src_prints_nothing_and_unpickles_nothing() -> None:
    found = _everywhere(forbidden_calls)
    assert not found, "\n".join(["", *found])


def test_names_are_the_fields() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sorted(SRC.rglob("*.py"))
        for line, name in homemade_names(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(["CONTRIBUTING, Words, has other names for:", *found])


def test_prose_is_the_fields() -> None:
    """The log is of its time; CONTRIBUTING lists the words themselves."""
    pages = [path for path in (ROOT / "docs").rglob("*.md") if path.name != "LOG.md"]
    sources = [path for suffix in ("*.py", "*.mjs", "*.html", "*.md") for path in SRC.rglob(suffix)]
    found = [
        f"{path.relative_to(ROOT)}:{line}: {phrase}"
        for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", *pages, *sources)
        for line, phrase in homemade_phrases(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(["CONTRIBUTING, Words, has other words for:", *found])


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("wanted = 1", ["wanted"]),
        ("def _told_of(x): pass", ["_told_of"]),
        ("class _Asked: MOST_TOLD = 1", ["_Asked", "MOST_TOLD"]),
        ("unwanted, tolderol, 'wanted', basked", []),
    ],
)
def test_homemade_names_are_seen(code: str, names: list[str]) -> None:
    assert [name for _, name in homemade_names(code)] == names


def test_homemade_phrases_are_seen() -> None:
    text = "what was asked for\nfine\nMachine-made; 25 frames a second with boxes by 10 %"
    assert homemade_phrases(text) == [
        (1, "asked for"),
        (3, "Machine-made"),
        (3, "frames a second"),
        (3, "boxes by 10 %"),
    ]


def test_functions_are_short() -> None:
    found = _everywhere(oversized_functions)
    assert not found, "\n".join(["", *found])


def test_a_conditional_holds_no_conditional() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted(SRC.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.IfExp) and sum(isinstance(inner, ast.IfExp) for inner in ast.walk(node)) > 1
    ]
    assert not found, f"two conditionals in one expression: {found}"


def test_files_are_short() -> None:
    counts = {
        path.relative_to(ROOT): len(text_of(path).splitlines())
        for suffix in ("*.py", "*.js", "*.mjs", "*.css")
        for path in SRC.rglob(suffix)
    }
    assert counts, f"no source in {SRC}"
    found = {str(path): lines for path, lines in counts.items() if lines > MAX_FILE_LINES}
    assert not found, f"over {MAX_FILE_LINES} lines: {found}"


@pytest.mark.parametrize("path", ["work", "root"])
def test_machine_paths_are_seen(path: str) -> None:
    assert machine_paths(f"x\ndata = '/{path}/data'") == [2]
    assert machine_paths(f"see ~/{path}/data, docs/{path}/x and https://example.org/{path}/x") == []


@pytest.mark.parametrize(
    ("code", "in_cli", "what"),
    [
        ("print('x')", False, "print()"),
        ("print('x')", True, None),
        ("import sys\nsys.exit(1)", False, "sys.exit()"),
        ("raise SystemExit(2)", False, "raise SystemExit"),
        ("raise SystemExit(2)", True, None),
        ("import pickle", True, "import of pickle"),
        ("from pickle import loads", False, "import of pickle"),
        ("torch.load(p, weights_only=True)", True, "torch.load, which reads pickles"),
        ("np.load(p, allow_pickle=True)", False, "np.load, which reads pickles"),
        ("np.load(p, allow_pickle=False)", False, None),
        ("console.print('x')", False, None),
    ],
)
def test_forbidden_calls_are_seen(code: str, in_cli: bool, what: str | None) -> None:
    assert [found for _, found in forbidden_calls(ast.parse(code), in_cli)] == ([what] if what else [])


def test_oversized_functions_are_seen() -> None:
    many = ", ".join(f"a{i}" for i in range(8))
    long = "def f():\n" + "    pass\n" * 60
    code = f"def g({many}):\n    pass\nclass C:\n    def h(self, {many[4:]}):\n        pass\n{long}"
    assert [what.split()[0] for _, what in oversized_functions(ast.parse(code), in_cli=False)] == ["g", "f"]
    assert [what.split()[0] for _, what in oversized_functions(ast.parse(code), in_cli=True)] == ["f"]
