"""Text from outside can be read where it is shown, and nothing else."""

from __future__ import annotations

import copy
import json
import pickle
import unicodedata
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uniultra.errors import DataError
from uniultra.text import Said, count_of, markdown, markup, printable, printable_lines, said_in

ANY = st.text(st.characters(), max_size=40)
"""Lone surrogates too, which stand for bytes of a file name that are no UTF-8."""


@given(text=ANY)
def test_only_visible_signs_and_spaces_reach_a_terminal(text: str) -> None:
    shown = printable(text)
    shown.encode("utf-8")
    assert not {unicodedata.category(sign) for sign in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Müller 腎臓 scan.png", "Müller 腎臓 scan.png"),
        ("山田\u3000太郎\u00a0\u202f", "山田\u3000太郎\u00a0\u202f"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b2J", "\\x9b2J"),
        ("gnp.\u202efdp.exe", "gnp.\\u202efdp.exe"),
        ("\u2066a\u2069\u061c\u200e", "\\u2066a\\u2069\\u061c\\u200e"),
        ("a\nuniultra: all is well", "a\\nuniultra: all is well"),
        ("a\u2028b\u2029c\x85d\te\x07", "a\\u2028b\\u2029c\\x85d\\te\\x07"),
        ("sc\u200ban.png", "sc\\u200ban.png"),
        ("\udcff.png", "\\udcff.png"),
    ],
)
def test_what_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_that_are_meant_stay_lines() -> None:
    assert printable_lines("a\n\x1bb\n") == "a\n\\x1bb\n"


@given(text=ANY)
def test_a_cell_of_markdown_is_one_cell(text: str) -> None:
    cell = markdown(text)
    assert printable(cell) == cell
    bare = cell.replace("\\\\", "")
    assert "<" not in bare
    assert "](" not in bare
    for sign in "|`":
        assert sign not in bare.replace(f"\\{sign}", "")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a|b", "a\\|b"),
        ("a\\|b", "a\\\\\\|b"),
        ("a\nb\r\n| c |", "a b \\| c \\|"),
        ("<img src=x onerror=y>", "&lt;img src=x onerror=y>"),
        ("&lt;b&gt; & co", "&amp;lt;b&amp;gt; & co"),
        ("`rm -rf`", "\\`rm -rf\\`"),
        ("![x](https://evil.example/a.png)", "![x]\\(https://evil.example/a.png)"),
        ("Dice [95 %]", "Dice [95 %]"),
        ("\u202eabc", "\\\\u202eabc"),
    ],
)
def test_what_markdown_escapes(text: str, cell: str) -> None:
    assert markdown(text) == cell


@given(text=ANY)
def test_markup_is_text_again(text: str) -> None:
    element = ET.fromstring(f'<p title="{markup(text)}">{markup(text)}</p>')
    assert element.text in (printable_lines(text), None)
    assert (element.text or "") == printable_lines(text)
    assert not list(element)


def test_a_sentence_keeps_its_code_wherever_it_is_handed_on() -> None:
    """To another process, in an exception, in a copy; for JSON and for whoever compares it is its English."""
    inner = Said("not-cm", "its units are px", across="px")
    said = Said("in-region", f"it lies in region 2, and {inner}", region=2, fault=inner)
    assert said == "it lies in region 2, and its units are px"
    assert json.dumps({"reason": said}) == '{"reason": "it lies in region 2, and its units are px"}'
    for one in (said, pickle.loads(pickle.dumps(said)), copy.deepcopy(said), str(DataError(said))):
        assert isinstance(one, Said)
        assert (one.code, one.values) == ("in-region", {"region": 2, "fault": inner})
    assert said_in([{"notes": (said, "another")}]) == {
        "it lies in region 2, and its units are px": {"code": "in-region", "values": said.values},
        "its units are px": {"code": "not-cm", "values": {"across": "px"}},
    }
    assert type(f"{said}.") is str


def test_a_count_of_one_has_no_plural() -> None:
    assert [count_of(number, "DICOM result") for number in (0, 1, 2)] == [
        "0 DICOM results",
        "1 DICOM result",
        "2 DICOM results",
    ]
