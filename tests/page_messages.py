"""Which sentences of the package can reach the page: read from its source, by what calls what.

A sentence is where a refusal is made (an error's or a problem's text) or a note (what fills a field of that
name); what it consists of is followed through variables, calls and parameters. Its gaps are numbered.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product

from page_code import ROOT, Function, Source, defaults, parameters

PAGE = "uniultra.web.workspace."
SERVER = ("guard", "protocol", "bodies", "problems", "worker_pool", "worker_process", "worker")
"""What stands before the page's routes, and computes behind them."""
ELSEWHERE = re.compile(
    r"uniultra\.((cli|batch|hosts|bench|cluster)\.|web\.(cine_|dicom_|held|service|client|server\.|route_parts|"
    r"settings|worker_dicom|worker_prompts|worker\.read_upload|workspace\.(static_build|entry_page)))"
)
"""Other ways to the same code, which the page doesn't take."""
REFUSES = re.compile(r"(Error|Problem|Failure|Refused)$")
NOTES = {"note", "notes", "reason", "problem", "detail", "fault", "refused", "lost"}
VALUES = {"shape", "units_xy"}
"""Fields whose texts are values of sentences."""
SAME = {"list", "tuple", "sorted", "fromkeys", "str", "printable", "shown", "one_line", "dict"}
"""Calls whose text is that of what they are given."""
FEW = 4
QUOTED = re.compile(r'"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`')
TEXTS_ALONE = re.compile(r"([\w.=<> ]+ \? )? *(: )?")
SAYS = re.compile(r"new (Error|Refused)\(|notes|whyNo|return .*\buids|method:|reason|fault|dicom = |SERVER")
THREE_WORDS = r"[a-z']{2,} [a-z'-]+ [a-z'-]+|[}] [a-z']{3,} |[A-Z]\w+,? (\$\{.*\} )?[a-z]{3,}"
"""Of the page's modules: a text, a line that says it to a person, and what no address or style has."""
Scope = tuple[str, ast.AST]
"""A definition's name, and itself."""
Sentence = tuple[str | None, ...]
"""Its pieces; None is a gap."""


class Sentences:
    """The sentences of what is reached from the page's routes."""

    def __init__(self) -> None:
        self.source = Source()
        stages = tuple(f"uniultra.web.{one}." for one in SERVER)
        roots = [one for one in self.source.defs if one.startswith((PAGE, *stages))]
        self.reached = self.source.reached(roots, ELSEWHERE)
        self.calls: dict[str, list[tuple[ast.Call, str]]] = {}
        self.bodies = {at: one for at, one in self.reached.items() if not isinstance(one, ast.ClassDef)}
        for at, node in self.bodies.items():
            for call in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
                named = self.source.named(call.func, at)
                self.calls.setdefault(named or "", []).append((call, at))
        self.found: set[str] = set()
        self._under_way: set[tuple[int, str]] = set()

    def keys(self) -> set[str]:
        for name, node in self.bodies.items():
            for part in ast.walk(node):
                self._keep([text for one in self._said_by(part, name) for text in self.texts(one, name)])
                if isinstance(part, ast.Call):
                    values = [one.value for one in part.keywords if one.arg in VALUES]
                    self._keep(self._each(values, name), alone=True)
        return self.found

    def _said_by(self, part: ast.AST, at: str) -> Iterator[ast.expr]:
        """What a piece of code says to a person: an error's text, and what fills a field of notes."""
        if isinstance(part, ast.Call):
            yield from self._said_by_call(part, at)
        if isinstance(part, ast.Dict):
            pairs = zip(part.keys, part.values, strict=True)
            yield from (one for key, one in pairs if isinstance(key, ast.Constant) and key.value in NOTES)
        if isinstance(part, ast.Assign) and any(_of_notes(one) for one in part.targets):
            yield part.value

    def _said_by_call(self, call: ast.Call, at: str) -> Iterator[ast.expr]:
        name, owner = _last(call.func), at.split(".")[-2]
        yield from (one.value for one in call.keywords if name == "Said" or one.arg in NOTES)
        made = self.source.defs.get(self.source.named(call.func, at) or "")
        fields: list[str] = []
        if isinstance(made, ast.ClassDef):
            fields = [_last(one.target) for one in made.body if isinstance(one, ast.AnnAssign)]
        refuses = isinstance(made, ast.ClassDef) and REFUSES.search(made.name)
        notes = isinstance(call.func, ast.Attribute) and _of_notes(call.func.value)
        if refuses or notes or name == "OSError" or (name == "__init__" and REFUSES.search(owner)):
            yield from call.args
        yield from (one for field, one in zip(fields, call.args, strict=False) if field in NOTES)

    def _keep(self, sentences: list[Sentence], alone: bool = False) -> None:
        for pieces in sentences:
            key = _numbered("".join("{}" if piece is None else piece for piece in pieces))
            words = re.sub(r"\{\d+\}", "", key)
            if re.search(r"[a-z]{3}", words) and (" " in words or alone):
                self.found.add(key)

    def texts(self, given: ast.expr | None, at: str) -> list[Sentence]:
        """All that an expression in the definition `at` may be, as text or as a list of texts."""
        if given is None or (id(given), at) in self._under_way:
            return []
        self._under_way.add((id(given), at))
        made = getattr(self, f"_of_{type(given).__name__.lower()}", None)
        found = made(given, at) if made else [(None,)]
        self._under_way.discard((id(given), at))
        return [*dict.fromkeys(found)]

    def _each(self, given: list[ast.expr], at: str) -> list[Sentence]:
        return [text for one in given for text in self.texts(one, at)]

    def _of_constant(self, given: ast.Constant, at: str) -> list[Sentence]:
        return [(given.value if isinstance(given.value, str) else None,)]

    def _of_joinedstr(self, given: ast.JoinedStr, at: str) -> list[Sentence]:
        return _joined([self._filling(one, at) for one in given.values])

    def _filling(self, piece: ast.expr, at: str) -> list[Sentence]:
        """A piece of a sentence: its texts where these are few, else a gap, and each text a sentence."""
        if not isinstance(piece, ast.FormattedValue):
            return self.texts(piece, at)
        texts = self.texts(piece.value, at) or [(None,)]
        if len(texts) <= FEW and (None,) not in texts:
            return texts
        self._keep(texts)
        return [(None,)]

    def _of_binop(self, given: ast.BinOp, at: str) -> list[Sentence]:
        sides = [self.texts(given.left, at), self.texts(given.right, at)]
        lists = any(isinstance(one, ast.List | ast.Tuple) for one in (given.left, given.right))
        if isinstance(given.op, ast.Add) and not lists:
            return _joined(sides)
        return [*sides[0], *sides[1]]

    def _of_ifexp(self, given: ast.IfExp, at: str) -> list[Sentence]:
        return self._each([given.body, given.orelse], at)

    def _of_boolop(self, given: ast.BoolOp, at: str) -> list[Sentence]:
        return self._each(given.values, at)

    def _of_list(self, given: ast.List | ast.Tuple | ast.Set, at: str) -> list[Sentence]:
        return self._each(given.elts, at)

    _of_tuple = _of_set = _of_list

    def _of_dict(self, given: ast.Dict, at: str) -> list[Sentence]:
        return self._each(given.values, at)

    def _of_starred(self, given: ast.Starred | ast.FormattedValue, at: str) -> list[Sentence]:
        return self.texts(given.value, at)

    _of_formattedvalue = _of_subscript = _of_starred

    def _of_listcomp(self, given: ast.ListComp, at: str) -> list[Sentence]:
        return self.texts(given.elt, at)

    _of_generatorexp = _of_listcomp

    def _of_attribute(self, given: ast.Attribute, at: str) -> list[Sentence]:
        named = self.source.named(given, at)
        return self._defined(named) if named else [(None,)]

    def _of_call(self, given: ast.Call, at: str) -> list[Sentence]:
        name = _last(given.func)
        if name in SAME:
            return self._each(given.args, at)
        if name == "format" and isinstance(given.func, ast.Attribute):
            return [_with_gaps(text) for text in self.texts(given.func.value, at)]
        if name == "get" and isinstance(given.func, ast.Attribute):
            return [(None,), *self.texts(given.func.value, at), *self._each(given.args[1:], at)]
        if name == "join":
            self._keep(self._each(given.args, at))
        named = self.source.named(given.func, at)
        return self._defined(named) if named and name != "Said" else [(None,)]

    def _defined(self, name: str) -> list[Sentence]:
        """What a function gives, or a module's variable is."""
        node = self.source.defs[name]
        if isinstance(node, ast.Assign | ast.AnnAssign):
            return self.texts(node.value, name)
        if isinstance(node, ast.ClassDef):
            return [(None,)]
        given = [one.value for one in ast.walk(node) if isinstance(one, ast.Return | ast.Yield) and one.value]
        return [text for text in self._each(given, name) if text != ("",)] or [(None,)]

    def _of_name(self, given: ast.Name, at: str) -> list[Sentence]:
        node = self.reached.get(at)
        filled = self._each([*_filled(node, given.id)], at) if node else []
        if isinstance(node, Function) and given.id in parameters(node):
            default = self._each(defaults(node, given.id), at)
            return [*filled, (None,), *default, *self._handed(node, given.id, at)]
        if filled:
            return filled
        named = self.source.named(given, at)
        return self._defined(named) if named else [(None,)]

    def _handed(self, node: Function, parameter: str, at: str) -> list[Sentence]:
        """What a function's callers give for a parameter."""
        place = parameters(node).index(parameter)
        place -= parameters(node)[:1] == ["self"]
        handed: list[Sentence] = []
        for call, where in self.calls.get(at.removesuffix(".__init__"), []):
            chosen = [one.value for one in call.keywords if one.arg == parameter]
            handed += self._each(chosen or call.args[place : place + 1], where)
        return handed


def _of_notes(given: ast.expr) -> bool:
    return isinstance(given, ast.Attribute) and given.attr in NOTES


def _last(called: ast.expr) -> str:
    """The last of the names of an expression."""
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _filled(node: ast.AST, name: str) -> Iterator[ast.expr]:
    """What a variable of a function is set to, or made longer by."""
    for one in ast.walk(node):
        if isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and one.value:
            for target in one.targets if isinstance(one, ast.Assign) else [one.target]:
                yield from _matched(target, one.value, name)
        if isinstance(one, ast.For | ast.comprehension):
            yield from _matched(one.target, one.iter, name)
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute):
            longer = one.func.attr in {"append", "extend", "add"} and isinstance(one.func.value, ast.Name)
            yield from one.args if longer and _last(one.func.value) == name else ()


def _matched(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    if isinstance(target, ast.Tuple):
        values = value.elts if isinstance(value, ast.Tuple) else [value] * len(target.elts)
        for one, part in zip(target.elts, values, strict=False):
            yield from _matched(one, part, name)


def _joined(pieces: list[list[Sentence]]) -> list[Sentence]:
    return [_smoothed(sum(one, ())) for one in product(*pieces)]


def _smoothed(pieces: Sentence) -> Sentence:
    """Neighbouring texts as one, and gaps."""
    made: list[str | None] = []
    for piece in pieces:
        if not made or (made[-1] is None) is not (piece is None):
            made.append(piece)
        elif piece is not None:
            made[-1] += piece
    return tuple(made)


def _with_gaps(text: Sentence) -> Sentence:
    split = [
        one
        for whole in text
        for one in re.split(r"(\{\w*(?::[^{}]*)?\})", "{}" if whole is None else whole)
        if one
    ]
    return _smoothed(tuple(None if one.startswith("{") else one for one in split))


def tab_keys() -> set[str]:
    """The sentences with which the page's own modules refuse or note something, but those with a code."""
    found: set[str] = set()
    for path in ROOT.joinpath("web", "static").rglob("*.mjs"):
        if path.name != "scale.mjs" and path.parent.name in {"local", "core", "export"}:
            lines = [re.sub(r"(^|\s)//.*", "", line) for line in path.read_text(encoding="utf-8").split("\n")]
            found |= _tab_sentences(lines)
    return found


def _tab_sentences(lines: list[str]) -> set[str]:
    set_to = re.findall(r"(?:^|[ ,])(\w+) =\s([^;]*?)(?:;|,\n)", "\n".join(lines), re.MULTILINE)
    plain = [(name, value) for name, value in set_to if TEXTS_ALONE.fullmatch(QUOTED.sub("", value))]
    named = {name: [one[0] or one[1] for one in QUOTED.findall(value)] for name, value in plain}
    found = set()
    for line in (line for line in lines if SAYS.search(line) and "saying(" not in line):
        said = [one[0] or one[1] for one in QUOTED.findall(line)]
        said += [text for name in re.findall(r"\w+", QUOTED.sub("", line)) for text in named.get(name, [])]
        for pieces in (re.split(r"(\$\{[^{}]*\})", text.replace("\\`", "`")) for text in said):
            filled = [named.get(one[2:-1]) or [one] for one in pieces]
            found |= {"".join(whole) for whole in product(*filled) if re.search(THREE_WORDS, "".join(whole))}
    return {_numbered(re.sub(r"\$\{[^{}]*\}", "{}", text)) for text in found}


def _numbered(text: str) -> str:
    count = iter(range(1, 99))
    return re.sub(r"\{\}", lambda _: f"{{{next(count)}}}", text)


if __name__ == "__main__":
    print("\n".join(sorted(Sentences().keys() | tab_keys())))
