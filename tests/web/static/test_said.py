"""Everything that reaches the page has German words, with everything that it is filled with, and no more."""

from __future__ import annotations

import ast
import errno
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, TypeGuard

import pytest

import uniultra
from page_messages import Sentences, tab_keys
from uniultra.errors import ModelError
from uniultra.named import checked_structures

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
PACKAGE = Path(uniultra.__file__).parent
STATIC = PACKAGE / "web" / "static"
GERMAN = STATIC / "languages" / "de_said.mjs"
CATALOGUE = STATIC / "languages" / "de.po"
SYSTEM = (
    *("ENOSPC", "EACCES", "EROFS", "EIO", "ENOENT", "EDQUOT", "ENAMETOOLONG", "EMFILE", "EFBIG", "EPERM"),
    *("EISDIR", "ENOTDIR", "EBUSY"),
)
"""What an operating system says of files and folders, which messages quote."""
FILL = """
const { SAID } = await import(process.argv[1]);
const needed = JSON.parse(process.argv[2]);
const words = Object.entries(SAID).map(([code, make]) => {
    const values = Object.fromEntries((needed[code] ?? []).map((name) => [name,
        ["regions", "said"].includes(name) ? [`<${name}>`] : `<${name}>`]));
    return [code, typeof make === "function" ? make(values) : make];
});
console.log(JSON.stringify(Object.fromEntries(words)));
"""
TRANSLATE = """
import { readFileSync } from "node:fs";
const { entriesOf, translated } = await import(process.argv[1]);
const entries = entriesOf(readFileSync(process.argv[2], "utf8"));
const say = (sentence) => translated(entries, sentence, say);
const heard = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify({ entries: entries.map(([pieces, to]) => [pieces, to]), said: heard.map(say) }));
"""

SPEAK = """
import { readFileSync } from "node:fs";
globalThis.localStorage = { getItem: () => "de", setItem: () => {} };
globalThis.document = { documentElement: {} };
globalThis.fetch = async (url) => ({ ok: true, text: async () => readFileSync(url, "utf8") });
const { hear, inWords, speak } = await import(process.argv[1]);
const [sentences, said] = JSON.parse(readFileSync(0, "utf8"));
hear({ said });
const spoken = {};
for (const language of ["de", "en"]) {
    await speak(language);
    spoken[language] = sentences.map(inWords);
}
console.log(JSON.stringify(spoken));
"""


def codes() -> dict[str, list[str]]:
    """Of every `Said(code, english, name=...)` of `text` in the package: the code, and the names of its
    values.
    """
    found: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        imported = {one.name for node in nodes if _is_of_text(node) for one in node.names}
        for node in nodes if "Said" in imported else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Said":
                code = node.args[0]
                assert isinstance(code, ast.Constant), f"{path}:{node.lineno}: a code is written out"
                found[str(code.value)] = [str(one.arg) for one in node.keywords]
    return found


def _is_of_text(node: ast.AST) -> TypeGuard[ast.ImportFrom]:
    return isinstance(node, ast.ImportFrom) and node.module == "uniultra.text"


def node(script: str, *arguments: str, given: str = "") -> Any:
    command = ["node", "--input-type=module", "-e", script, *arguments]
    return json.loads(subprocess.run(command, capture_output=True, input=given, text=True, check=True).stdout)


def german(sentences: list[str]) -> dict[str, Any]:
    """What the page makes of sentences, and the entries that it reads, as pieces and German."""
    module = (STATIC / "catalogue.mjs").as_uri()
    return node(TRANSLATE, module, str(CATALOGUE), given=json.dumps(sentences))


def filled(text: str) -> str:
    """A sentence with values in its gaps as no two of them are alike."""
    return re.sub(r"\{(\d+)\}", r"<\1\1>", text)


def test_every_code_has_german_words_that_leave_nothing_out() -> None:
    known = codes()
    assert len(known) > 40
    said = node(FILL, GERMAN.as_uri(), json.dumps(known))
    assert said.keys() == known.keys()
    for code, names in known.items():
        assert "undefined" not in said[code], said[code]
        missing = [name for name in names if name != "said" and f"<{name}>" not in said[code]]
        assert not missing, f"{code}: {said[code]}"


def test_the_page_without_a_server_has_german_words_for_its_codes() -> None:
    calls = [
        re.findall(r'saying\(\s*"([a-z-]+)"', path.read_text(encoding="utf-8"))
        for path in (STATIC / "local").rglob("*.mjs")
    ]
    used = {code for found in calls for code in found}
    script = (
        "const { ALONE, SAID } = await import(process.argv[1]);"
        "console.log(JSON.stringify([ALONE, SAID].map(Object.keys)));"
    )
    own, shared = map(set, node(script, GERMAN.as_uri()))
    assert used <= own | shared
    assert own <= used, "words that nobody says"
    assert not own & shared


def test_every_sentence_without_a_code_has_german_words_and_no_other_has() -> None:
    """Those of the package that the page's routes reach, those of the page itself, and the system's."""
    known = Sentences().keys() | tab_keys() | {os.strerror(getattr(errno, name)) for name in SYSTEM}
    assert len(known) > 400
    written = CATALOGUE.read_text(encoding="utf-8")
    listed = [json.loads(one) for one in re.findall(r'^msgid (".+")$', written, re.MULTILINE)]
    assert len(listed) == len(set(listed))
    assert sorted(known - {*listed}) == [], "without German"
    assert sorted({*listed} - known) == [], "German that nothing says any more"


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_word_of_the_page_is_given_twice(language: str) -> None:
    """The later one would win without a word: a button's label stood where a group's did."""
    written = (STATIC / "languages" / f"{language}.mjs").read_text(encoding="utf-8")
    keys = re.findall(r"^  (\w+):", written, re.MULTILINE)
    assert len(keys) > 100
    assert sorted(key for key, count in Counter(keys).items() if count > 1) == []


def test_numbers_in_sentences_have_the_decimal_mark_of_the_language() -> None:
    """With a code and without; whole numbers, versions and names stay as they are."""
    plausible = "region 1: 2.5 x 31.25 mm per pixel is not plausible for ultrasound"
    planes = "the planes' common diameters are 31.5 and 40 mm: 24.2 % apart"
    name = "'scan.2.5.png' holds no image"
    said = {planes: {"code": "planes-apart", "values": {"one": 31.5, "two": 40, "percent": "24.2"}}}
    spoken = node(SPEAK, (STATIC / "texts.mjs").as_uri(), given=json.dumps([[plausible, planes, name], said]))
    assert spoken["en"] == [plausible, planes, name]
    assert spoken["de"] == [
        "Bereich 1: 2,5 x 31,25 mm je Pixel sind für Ultraschall nicht plausibel",
        "die gemeinsamen Durchmesser der Ebenen sind 31,5 und 40 mm: 24,2 % auseinander",
        name,
    ]


def test_what_fills_a_sentence_is_in_its_german_too() -> None:
    """By way of the page: the sentence as the server sends it, with values, is found by its own entry."""
    written = CATALOGUE.read_text(encoding="utf-8")
    entries = re.findall(r'^msgid (".+")\nmsgstr (".+")$', written, re.MULTILINE)
    pairs = [(json.loads(one), json.loads(other)) for one, other in entries]
    for english, words in pairs:
        assert sorted(re.findall(r"\{\d+\}", english)) == sorted(re.findall(r"\{\d+\}", words)), english
    said = german([filled(english) for english, _ in pairs])["said"]
    assert said == [filled(words) for _, words in pairs]


def test_what_a_sentence_is_filled_with_where_nothing_is_given_is_german_too() -> None:
    """The fix that a parameter of its maker holds."""
    with pytest.raises(ModelError, match="export the model again") as refused:
        checked_structures("ovary", "'model.json'")
    [said] = german([str(refused.value)])["said"]
    assert said.startswith("'model.json' sagt structures")
    assert said.endswith("unterscheiden keine): exportieren Sie das Modell neu.")


@pytest.mark.parametrize(
    ("english", "words"),
    [
        ("a.png: no such file; check the path", "a.png: keine solche Datei. Prüfen Sie den Pfad."),
        ("a.mp4: it holds no video", "a.mp4: sie enthält kein Video"),
        ("region 2 is ignored: it has no location", "Bereich 2 wird nicht beachtet: er hat keinen Ort"),
        (
            "a: can't be written (No space left on device)",
            "a: lässt sich nicht schreiben (kein Platz mehr auf dem Datenträger)",
        ),
        ("Nobody has said this: never", "Nobody has said this: never"),
        ("", ""),
        ("{1}: no such file; check the path", "{1}: keine solche Datei. Prüfen Sie den Pfad."),
        ("$& $1: no such file; check the path", "$& $1: keine solche Datei. Prüfen Sie den Pfad."),
    ],
)
def test_a_sentence_is_said_with_its_values(english: str, words: str) -> None:
    assert german([english])["said"] == [words]


@pytest.mark.parametrize("part", [" x ", ": ", "frame 1: ", "'", "; "])
def test_a_text_from_a_file_takes_no_time(part: str) -> None:
    """One that is made of what lies between gaps would have a pattern go back for years."""
    for count in (100, 200_000 // len(part)):
        assert german([f"frame {part * count}"])["said"]
