"""Why sizes are in pixels, and what helps, in the panel of measures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from browsers import Visit
from dicoms import dataset, region, save
from opened import frames

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser


def test_a_scale_is_offered_where_it_helps_and_regions_decide_elsewhere(tab: Visit, tmp_path: Path) -> None:
    """A structure across two regions has no millimetres, whatever is set by hand."""
    panel, expect = tab.page.locator("#measures"), playwright.expect
    tab.open("picture.png")
    tab.drag((96, 56), (240, 160))
    tab.wait("doc.frames[0]?.masks[0]")
    expect(panel.locator("#set-scale")).to_be_visible()
    halves = (((0, 0, 159, 239), 0.05), ((160, 0, 319, 239), 0.03))
    cine = dataset(frames()[:2], FrameTime=400.0)
    cine.SequenceOfUltrasoundRegions = [region(box, delta) for box, delta in halves]
    tab.add(save(cine, tmp_path / "halves.dcm"))
    for number in range(2):
        tab.drag((96 + 8 * number, 56), (240, 160))
        tab.wait(f"doc.frames.length === {number + 1}")
        tab.page.evaluate("document.activeElement.blur()")
        tab.page.keyboard.press("End")
        tab.wait("app.frame === 1")
    reason = "In pixels: it lies across regions 1 and 2."
    expect(panel).to_contain_text(reason)
    expect(panel.locator("#set-scale")).to_have_count(0)
    tab.page.evaluate("seen.commit({ ...seen.doc(), spacing_mm_yx: [0.4, 0.4] })")
    expect(panel).to_contain_text("Scale set by hand")
    expect(panel).to_contain_text(reason)
    panel.locator("#ejection").click()
    expect(panel).to_contain_text(
        "a volume needs millimetres, but it lies across regions 1 and 2; keep the mask within one region"
    )
    tab.faults.clear()  # the refusal itself


@pytest.mark.parametrize("kind", ["tab", "alone"])
def test_a_fraction_without_millimetres_has_no_volumes(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    """With a server and without: percent, no volume, and why not."""
    visit: Visit = request.getfixturevalue(kind)
    whole = [Image.fromarray(one) for one in frames()]
    whole[0].save(tmp_path / "plain.gif", "GIF", save_all=True, append_images=whole[1:], duration=200)
    visit.add(tmp_path / "plain.gif")
    visit.page.evaluate("document.activeElement.blur()")
    for number in range(2):
        visit.drag((96 + 8 * number, 56), (240, 160))
        visit.wait(f"doc.frames.length === {number + 1} && !app.busy")
        visit.page.evaluate("document.activeElement.blur()")
        visit.page.keyboard.press("End")
    visit.page.locator("#ejection").click()
    table = visit.page.locator("#ejection-table")
    playwright.expect(table).to_contain_text("%")
    shown = [text.split()[0] for text in table.locator("td").all_inner_texts()]
    assert shown[:2] == ["–", "–"]
    assert len(shown) == 4
    panel, expect = visit.page.locator("#measures"), playwright.expect
    expect(panel).to_contain_text("A volume needs millimetres, but no calibration is known; set the scale")
    expect(panel).to_contain_text("No millimetres are known: pixels are assumed to be square")
    visit.page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    visit.page.locator("[data-key=print]").click()
    visit.page.wait_for_function("() => window.printed")
    printed = visit.page.locator("#report").text_content() or ""
    assert "Ejection fraction" in printed
    assert "pixels are assumed to be square" in printed
    assert "End-diastolic volume" not in printed
