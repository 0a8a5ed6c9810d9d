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


def sources(tab: Visit) -> dict[int, tuple[str, str]]:
    """By frame what made the first structure's mask there, and the mask."""
    frames = tab.state()["doc"]["frames"]
    return {one["number"]: (one["masks"][0]["source"], one["masks"][0]["counts"]) for one in frames}


def test_a_name_counts_on_every_frame_that_was_prompted_and_tracking_carries_it(tab: Visit) -> None:
    """It is given on the last frame, where a track ends."""
    told: list[tuple[str, str | None]] = []
    followed: list[str] = []

    def note(request: Any) -> None:
        at, what = request.url.split("/")[-2:]
        if what == "segment":
            told.append((f"{what} {at}", request.post_data_json.get("label")))
        elif what == "track":
            followed.append(request.post_data_json["counts"])

    tab.open("cine.dcm")
    tab.drag(*BOX)
    tab.wait("doc.frames.length === 1")
    tab.page.keyboard.press("t")
    tab.wait("doc.frames.length === 6 && app.frame === 5 && app.saving === 'saved'")
    untold, steps = sources(tab), tab.page.evaluate("seen.app.history.past.length")
    tab.page.on("request", note)
    name_it(tab, NAME)
    tab.wait("app.notice.includes('left atrium')")
    named = sources(tab)
    assert told == [("segment 0", NAME)]
    assert tab.page.evaluate("seen.app.notice").startswith(
        'Segmented anew as "left atrium" on frame 1. Tracked'
    )
    assert named[0] != untold[0]
    assert {number: named[number] for number in range(1, 6)} == {n: untold[n] for n in range(1, 6)}
    assert tab.page.evaluate("[seen.app.frame, seen.app.history.past.length]") == [5, steps + 1]
    tab.page.keyboard.press("Control+z")
    tab.wait("doc.objects[0].name !== 'left atrium'")
    assert sources(tab) == untold
    tab.page.keyboard.press("Control+y")
    tab.page.locator("#frame-slider").fill("0")
    tab.wait("app.frame === 0")
    tab.page.evaluate("document.activeElement.blur()")
    tab.page.keyboard.press("t")
    tab.wait("app.frame === 5 && app.saving === 'saved'")
    again = sources(tab)
    assert again[0] == named[0]
    assert all(again[number] != untold[number] for number in (1, 2))
    assert followed[0] == named[0][1], "the mask that the name gave leads"


def test_several_prompted_frames_are_one_step_and_what_was_drawn_stays(tab: Visit) -> None:
    tab.open("cine.dcm")
    for number in range(3):
        tab.page.locator("#frame-slider").fill(str(number))
        tab.wait(f"app.frame === {number}")
        tab.page.evaluate("document.activeElement.blur()")
        tab.drag(*BOX)
        tab.wait(f"doc.frames.length === {number + 1}")
    tab.page.evaluate("""() => {
        const doc = structuredClone(seen.doc());
        doc.frames[1].masks[0].source = "brush";
        seen.commit(doc);
    }""")
    before, steps = sources(tab), tab.page.evaluate("seen.app.history.past.length")
    name_it(tab, NAME)
    tab.wait("app.notice.includes('on frame 1, 3.')")
    after = sources(tab)
    assert [after[number] != before[number] for number in range(3)] == [True, False, True]
    assert tab.page.evaluate("seen.app.history.past.length") == steps + 1
    tab.page.keyboard.press("Control+z")
    tab.wait("app.saving === 'saved'")
    assert sources(tab) == before


def test_a_name_that_only_labels_is_said_once(tab: Visit, asked: list[dict[str, Any]]) -> None:
    tab.drag(*BOX)
    tab.wait("doc.frames.length === 1")
    drawn = first(tab)[1]
    name_it(tab, "cyst")
    tab.wait("app.notice.includes('doesn\\'t know the name \"cyst\"')")
    assert "left ventricle, left ventricular myocardium, left atrium" in tab.page.evaluate("seen.app.notice")
    assert first(tab) == ("cyst", drawn)
    tab.page.evaluate("() => { seen.app.notice = ''; }")
    tab.page.mouse.click(*tab.at(170, 110))
    tab.wait(f"doc.frames[0].masks[0].counts !== {json.dumps(drawn)}")
    assert tab.page.evaluate("seen.app.notice") == ""
    assert [one.get("label") for one in asked] == [None, None]


@pytest.mark.parametrize("illegal", ["left\\atrium", "left\u200batrium"])
def test_a_name_that_none_can_have_is_not_left_in_its_field(
    tab: Visit, asked: list[dict[str, Any]], illegal: str
) -> None:
    """The message says that it stays as it was, so the field has to show that."""
    tab.drag(*BOX)
    tab.wait("doc.frames.length === 1")
    before = first(tab)[0]
    name_it(tab, illegal)
    tab.page.get_by_text("it stays as it was").wait_for()
    assert tab.page.locator("input.name").last.input_value() == before == first(tab)[0]
    name_it(tab, f"  {NAME} ")
    tab.wait(f"doc.objects[0].name === {json.dumps(NAME)}")
    assert tab.page.locator("input.name").last.input_value() == NAME
