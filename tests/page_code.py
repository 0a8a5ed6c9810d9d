"""The package's source as definitions, and which of them run if others may: for tests that read it."""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import uniultra

ROOT = Path(uniultra.__file__).parent
Function = ast.FunctionDef | ast.AsyncFunctionDef
READER = re.compile(r"[a-z0-9.]+:open_\w+")
"""How `io.images` names the readers that it imports when they are called first."""


class Source:
    """Every definition of the package, and who may be meant by a name."""

    def __init__(self) -> None:
        self.defs: dict[str, ast.AST] = {}
        self.imports: dict[str, dict[str, str]] = {}
        for path in ROOT.rglob("*.py"):
            name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
            self._add(name, ast.parse(path.read_text(encoding="utf-8")))

    def _add(self, module: str, tree: ast.Module) -> None:
        self.imports[module] = {
            one.asname or one.name: f"{node.module}.{one.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("uniultra")
            for one in node.names
        }
        for node in tree.body:
            for name, part in _defined(node):
                self.defs[f"{module}.{name}"] = part

    def module(self, name: str) -> str:
        while name not in self.imports:
            name = name.rpartition(".")[0]
        return name

    def find(self, name: str) -> str | None:
        """What a dotted name stands for, by way of what modules import."""
        while name not in self.defs:
            module, _, last = name.rpartition(".")
            if last not in self.imports.get(module, {}):
                return None
            name = self.imports[module][last]
        return name

    def named(self, expression: ast.expr, at: str) -> str | None:
        """The definition that a name or `module.name` in the definition `at` stands for."""
        module = self.module(at)
        if isinstance(expression, ast.Name):
            return self.find(self.imports[module].get(expression.id, f"{module}.{expression.id}"))
        if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name):
            if expression.value.id == "self":
                return self.find(f"{at.rpartition('.')[0]}.{expression.attr}")
            owner = self.imports[module].get(expression.value.id)
            return self.find(f"{owner}.{expression.attr}") if owner else None
        return None

    def reached(self, roots: list[str], but: re.Pattern[str]) -> dict[str, ast.AST]:
        """What runs if `roots` may, `but` not: what they name, and their classes' methods by name."""
        seen: dict[str, ast.AST] = {}
        queue, classes, attributes = deque(roots), [], {"__init__"}
        while queue:
            name = queue.popleft()
            if name in seen or name not in self.defs or but.match(name):
                continue
            node = seen[name] = self.defs[name]
            body = node.body if isinstance(node, ast.ClassDef) else []
            methods = [one for one in body if isinstance(one, Function)]
            inside = [one for one in ast.iter_child_nodes(node) if one not in methods]
            if isinstance(node, ast.ClassDef):
                classes.append(name)
                always = [one.name for one in methods if one.name.startswith("__") or one.decorator_list]
                queue += [f"{name}.{one}" for one in {*always, *attributes}]
            for part in (deeper for one in inside for deeper in ast.walk(one)):
                if isinstance(part, ast.Name | ast.Attribute):
                    queue += [found for found in [self.named(part, name)] if found]
                if isinstance(part, ast.Constant) and READER.fullmatch(str(part.value)):
                    queue.append(f"uniultra.io.{part.value}".replace(":", "."))
                if isinstance(part, ast.Attribute) and part.attr not in attributes:
                    attributes.add(part.attr)
                    queue += [f"{one}.{part.attr}" for one in classes]
        return seen


def _defined(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, Function | ast.ClassDef):
        yield node.name, node
    if isinstance(node, ast.ClassDef):
        yield from ((f"{node.name}.{name}", part) for one in node.body for name, part in _defined(one))
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from ((one.id, node) for one in targets if isinstance(one, ast.Name))


def parameters(node: Function) -> list[str]:
    return [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]


def defaults(node: Function, parameter: str) -> list[ast.expr]:
    """What a parameter is where a caller gives nothing for it; nothing of one that is always given."""
    values = [*node.args.defaults, *node.args.kw_defaults]
    pairs = zip(reversed(parameters(node)), reversed(values), strict=False)
    return [value for name, value in pairs if name == parameter and value is not None]
