"""When the model is told what a structure is called, and what undo makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from browsers import Visit

pytestmark = pytest.mark.browser
BOX = ((95, 55), (245, 165))
NAME = "left atrium"


@pytest.fixture
def asked(tab: Visit) -> Iterator[list[dict[str, Any]]]:
    """What the model is asked, in order."""
    found: list[dict[str, Any]] = []

    def note(request: Any) -> None:
        if request.url.endswith(("/segment", "/alternatives")):
            found.append(request.post_data_json | {"what": request.url.rpartition("/")[2]})

    tab.open("picture.png")
    tab.page.on("request", note)
    yield found
    tab.wait("app.saving === 'saved'")


def name_it(tab: Visit, name: str, enter: bool = True) -> None:
    tab.page.locator("input.name").last.fill(name)
    if enter:
        tab.page.keyboard.press("Enter")


def first(tab: Visit) -> tuple[str, str]:
    """The first structure's name and mask."""
    doc = tab.state()["doc"]
    return doc["objects"][0]["name"], doc["frames"][0]["masks"][0]["counts"]


def finger(tab: Visit, a: tuple[float, float], b: tuple[float, float]) -> None:
    """Drags by touch, of which no mouse events come."""
    session = tab.page.context.new_cdp_session(tab.page)
    for kind, at in (("touchStart", a), ("touchMove", b), ("touchMove", b), ("touchEnd", None)):
        points = [dict(zip("xy", tab.at(*at), strict=True))] if at else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


@pytest.mark.parametrize("by", ["mouse", "finger"])
def test_a_name_that_was_typed_first_is_told_with_the_box(
    tab: Visit, asked: list[dict[str, Any]], by: str
) -> None:
    """Without Enter, too: the field still has the focus as the box begins."""
    tab.page.keyboard.press("n")
    tab.wait("doc.objects.length === 1")
    name_it(tab, NAME, enter=False)
    (tab.drag if by == "mouse" else lambda a, b: finger(tab, a, b))(*BOX)
    tab.wait("doc.frames.length === 1")
    tab.page.wait_for_timeout(300)
    assert [one.get("label") for one in asked] == [NAME]
    assert first(tab)[0] == NAME


def test_a_name_and_the_mask_that_follows_are_one_step_back(tab: Visit, asked: list[dict[str, Any]]) -> None:
    tab.drag(*BOX)
    tab.wait("doc.frames.length === 1")
    drawn, steps = first(tab), tab.page.evaluate("seen.app.history.past.length")
    name_it(tab, NAME)
    tab.wait(f"doc.frames[0].masks[0].counts !== {json.dumps(drawn[1])}")
    named = first(tab)
    assert [one.get("label") for one in asked] == [None, NAME]
    assert (named[0], tab.page.evaluate("seen.app.history.past.length")) == (NAME, steps + 1)
    tab.page.keyboard.press("Control+z")
    tab.wait("app.saving === 'saved'")
    assert first(tab) == drawn
    tab.page.keyboard.press("Control+y")
    tab.wait("app.saving === 'saved'")
    assert first(tab) == named
    tab.page.keyboard.press("Control+z")
    tab.page.keyboard.press("Control+z")
    tab.wait("doc.objects.length === 0")


def test_a_change_in_between_is_a_step_of_its_own(tab: Visit, asked: list[dict[str, Any]]) -> None:
    tab.drag(*BOX)
    tab.wait("doc.frames.length === 1")
    drawn, steps = first(tab), tab.page.evaluate("seen.app.history.past.length")
    held = holding(tab)
    name_it(tab, NAME)
    wait_for(tab, held)
    tab.page.locator("button[data-key^=eye]").click()
    held.pop().continue_()
    tab.wait(f"doc.frames[0].masks[0].counts !== {json.dumps(drawn[1])}")
    assert tab.page.evaluate("seen.app.history.past.length") == steps + 3
    tab.page.keyboard.press("Control+z")
    tab.wait("doc.objects[0].hidden")
    assert first(tab) == (NAME, drawn[1])
    tab.page.unroute("**/segment")


def test_a_name_that_was_taken_back_leaves_no_mask(tab: Visit, asked: list[dict[str, Any]]) -> None:
    tab.drag(*BOX)
    tab.wait("doc.frames.length === 1")
    drawn, held = first(tab), holding(tab)
    name_it(tab, NAME)
    wait_for(tab, held)
    tab.page.keyboard.press("Control+z")
    with tab.page.expect_response("**/segment"):
        held.pop().continue_()
    tab.wait("app.saving === 'saved'")
    assert first(tab) == drawn
    tab.page.unroute("**/segment")


def test_who_has_selected_another_structure_meanwhile_goes_on_with_that(
    tab: Visit, asked: list[dict[str, Any]]
) -> None:
    tab.drag(*BOX)
    tab.wait("doc.frames.length === 1")
    drawn, held = first(tab), holding(tab)
    name_it(tab, NAME)
    wait_for(tab, held)
    tab.page.keyboard.press("n")
    held.pop().continue_()
    tab.wait(f"doc.frames[0].masks[0].counts !== {json.dumps(drawn[1])}")
    assert tab.page.evaluate("seen.selectedObject().name") == "Structure 2"
    tab.page.unroute("**/segment")


def test_previews_and_other_answers_are_told_the_name_too(tab: Visit, asked: list[dict[str, Any]]) -> None:
    """The other answers of an earlier name are no longer those of the structure."""
    tab.page.mouse.click(*tab.at(170, 110))
    tab.wait("doc.frames.length === 1")
    with tab.page.expect_response("**/alternatives"):
        tab.page.keyboard.press("a")
    with tab.page.expect_response("**/segment"):
        name_it(tab, NAME)
    tab.wait(f"doc.objects[0].name === {json.dumps(NAME)}")
    with tab.page.expect_response("**/alternatives"):
        tab.page.keyboard.press("a")
    tab.page.keyboard.down("Shift")
    tab.page.mouse.move(*tab.at(165, 105))
    tab.wait("app.hover?.counts")
    tab.page.keyboard.up("Shift")
    told = [(one["what"], one.get("quick", False), one.get("label")) for one in asked]
    assert told[:4] == [
        ("segment", False, None),
        ("alternatives", False, None),
        ("segment", False, NAME),
        ("alternatives", False, NAME),
    ]
    assert set(told[4:]) == {("segment", True, NAME)}


def holding(tab: Visit) -> list[Any]:
    held: list[Any] = []
    tab.page.route("**/segment", lambda route: held.append(route))
    return held


def wait_for(tab: Visit, held: list[Any]) -> None:
    while not held:
        tab.page.wait_for_timeout(20)
