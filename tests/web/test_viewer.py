"""The fingerprint viewer in a real browser: by pointer, wheel, touch and keys; before and after the first finding."""

from collections.abc import Callable

import pytest
from browser import Desk, Keyboard, Site, assert_readable, screenshot
from exchange_rig import Rig
from playwright.sync_api import Locator, Page, expect
from viewer_rig import ALL_IDENTIFIED, EXAMINERS, examined, image_of, seen_card

pytestmark = [pytest.mark.web, pytest.mark.slow]

SIDES = ("probe", "candidate")
MIDDLE_DRAWN = """canvas => {
  const data = canvas.getContext('2d').getImageData(canvas.width / 2 - 20, canvas.height / 2 - 20, 40, 40).data;
  return data.filter((_, index) => index % 4 === 3).every(alpha => alpha === 255);
}"""


def ready(desk: Desk, path: str = "", finger: int = 0) -> Page:
    if path:
        desk.open(path)
    expect(desk.page.locator("#viewer")).to_have_attribute("data-ready", "yes")
    if finger:
        expect(desk.page.locator("#viewer")).to_have_attribute("data-finger", str(finger))
    return desk.page


def pane(page: Page, side: str) -> Locator:
    return page.locator(f'.pane[data-side="{side}"]')


def focus(page: Page, side: str = "probe") -> None:
    pane(page, side).locator(".pane-view").focus()


def seen(page: Page, side: str, name: str) -> str:
    """Return what a pane says of itself, once it was drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return pane(page, side).get_attribute(f"data-{name}") or ""


def scales(page: Page) -> tuple[float, float]:
    return float(seen(page, "probe", "scale")), float(seen(page, "candidate", "scale"))


def tones(page: Page, side: str) -> str:
    seen(page, side, "scale")
    return pane(page, side).locator("canvas").evaluate("one => one.style.filter")


def middle(page: Page, side: str) -> tuple[float, float]:
    box = pane(page, side).locator(".pane-view").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.fixture
def path(rig: Rig) -> str:
    return examined(rig)[1]


@pytest.fixture
def viewer(desk: Desk, path: str) -> Page:
    return ready(desk.sign_in(EXAMINERS, "ANN FIRST"), path)


def find_all(desk: Desk) -> Page:
    """Record the first finding by the form."""
    desk.record("identification", "ridges agree", **ALL_IDENTIFIED)
    return ready(desk)


def test_both_pictures_are_drawn_and_zoom_and_pan_together_until_they_are_unlinked(viewer: Page) -> None:
    for side in SIDES:
        assert pane(viewer, side).locator("canvas").evaluate(MIDDLE_DRAWN)
    fitting = scales(viewer)
    assert fitting[0] == fitting[1]
    focus(viewer)
    viewer.mouse.move(*middle(viewer, "probe"))
    viewer.mouse.wheel(0, -200)
    zoomed = scales(viewer)
    assert zoomed[0] == zoomed[1] > fitting[0] * 1.3
    viewer.mouse.down()
    x, y = middle(viewer, "probe")
    viewer.mouse.move(x + 30, y + 20, steps=3)
    viewer.mouse.up()
    assert seen(viewer, "probe", "center") == seen(viewer, "candidate", "center") != "100.0 100.0"
    viewer.get_by_role("button", name="Linked").click()
    focus(viewer, "candidate")
    viewer.keyboard.press("+")
    one, other = scales(viewer)
    assert one == zoomed[0] and other == pytest.approx(zoomed[0] * 1.25, rel=1e-3)
    viewer.get_by_role("button", name="Reset all").click()
    assert scales(viewer) == fitting


def test_the_place_under_the_pointer_stays_where_it_is_when_zooming(viewer: Page) -> None:
    focus(viewer)
    x, y = middle(viewer, "probe")
    viewer.mouse.move(x + 80, y)
    before, scale = float(seen(viewer, "probe", "center").split()[0]), scales(viewer)[0]
    viewer.mouse.wheel(0, -150)
    after, larger = float(seen(viewer, "probe", "center").split()[0]), scales(viewer)[0]
    assert before + 80 / scale == pytest.approx(after + 80 / larger, abs=0.3)


def test_a_wheel_over_a_frame_without_the_focus_scrolls_the_page(viewer: Page) -> None:
    pane(viewer, "probe").locator(".pane-view").scroll_into_view_if_needed()
    before, top = scales(viewer), viewer.evaluate("scrollY")
    viewer.mouse.move(*middle(viewer, "probe"))
    viewer.mouse.wheel(0, 200)
    viewer.wait_for_timeout(300)
    assert viewer.evaluate("scrollY") > top and scales(viewer) == before


def test_everything_is_done_by_keys_and_each_side_turns_alone(viewer: Page) -> None:
    focus(viewer, "candidate")
    for key in ("]", "]", "[", "Shift+}", "i"):
        viewer.keyboard.press(key)
    assert [seen(viewer, side, "rotation") for side in SIDES] == ["0", "91"]
    assert [seen(viewer, side, "inverted") for side in SIDES] == ["no", "yes"]
    assert "invert(1)" in tones(viewer, "candidate")
    before = scales(viewer)[0]
    viewer.keyboard.press("+")
    assert scales(viewer)[0] == pytest.approx(before * 1.25, rel=1e-3)
    viewer.keyboard.press("-")
    viewer.keyboard.press("+")
    viewer.keyboard.press("ArrowRight")
    assert seen(viewer, "probe", "center") != "100.0 100.0"
    viewer.keyboard.press("b")
    viewer.keyboard.press("Shift+C")
    filtered = tones(viewer, "candidate")
    assert "brightness(110%)" in filtered and "contrast(90%)" in filtered
    viewer.keyboard.press("n")
    expect(viewer.locator("#viewer")).to_have_attribute("data-finger", "2")
    viewer.keyboard.press("0")
    expect(viewer.locator("#viewer-finger")).to_have_text("Left little")
    viewer.keyboard.press("r")
    assert seen(viewer, "candidate", "rotation") == "0" and seen(viewer, "candidate", "inverted") == "no"


def test_every_tool_is_a_button_too_and_says_what_it_did(viewer: Page) -> None:
    tools = pane(viewer, "probe")
    tools.get_by_role("button", name="+90°").click()
    tools.get_by_role("button", name="−1°", exact=True).click()
    assert seen(viewer, "probe", "rotation") == "89"
    expect(viewer.locator(".viewer-said")).to_have_text("Probe turned by 89 degrees.")
    tools.get_by_role("button", name="Invert").click()
    expect(tools.get_by_role("button", name="Invert")).to_have_attribute("aria-pressed", "true")
    tools.get_by_label("Brightness").fill("150")
    assert "brightness(150%)" in tones(viewer, "probe")
    viewer.get_by_role("button", name="Zoom in").click()
    viewer.get_by_role("button", name="Next finger").click()
    expect(viewer.locator("#viewer-finger")).to_have_text("Right index")
    assert "turned by 89 degrees, inverted" in tools.locator("canvas").get_attribute("aria-label")


def test_own_marks_are_numbered_stay_with_their_finger_and_are_gone_after_the_finding(viewer: Page, desk: Desk) -> None:
    focus(viewer)
    viewer.keyboard.press("m")
    viewer.get_by_role("button", name="Place marks").click()
    x, y = middle(viewer, "candidate")
    for step in (0, 30):
        viewer.mouse.click(x + step, y)
    assert [seen(viewer, side, "marks") for side in SIDES] == ["1", "2"]
    assert pane(viewer, "candidate").locator(".mark-number").all_text_contents() == ["1", "2"]
    viewer.keyboard.press("Backspace")
    assert seen(viewer, "candidate", "marks") == "1"
    viewer.keyboard.press("2")
    ready(desk, finger=2)
    assert [seen(viewer, side, "marks") for side in SIDES] == ["0", "0"]
    viewer.keyboard.press("1")
    ready(desk, finger=1)
    assert [seen(viewer, side, "marks") for side in SIDES] == ["1", "1"]
    find_all(desk)
    assert [seen(viewer, side, "marks") for side in SIDES] == ["0", "0"]


def test_overlay_and_reasons_are_there_only_after_the_first_finding_and_can_be_toggled(
    viewer: Page, desk: Desk
) -> None:
    focus(viewer)
    viewer.keyboard.press("o")
    assert seen(viewer, "probe", "minutiae") == "0"
    assert viewer.get_by_role("button", name="Minutiae").count() == 0
    page = find_all(desk)
    focus(page)
    page.keyboard.press("o")
    expect(page.locator(".legend")).to_be_visible()
    assert [seen(page, side, "minutiae") for side in SIDES] == ["12", "12"]
    expect(page.locator(".viewer-said")).to_contain_text("12 pairs of minutiae, likeness 120.0")
    page.keyboard.press("s")
    seen(page, "probe", "scale")
    assert page.locator(".pair-line").count() == 12
    assert_readable(page)
    screenshot(page, "viewer-stripes-after")
    page.get_by_role("button", name="Minutiae and pairs").click()
    assert [seen(page, side, "minutiae") for side in SIDES] == ["0", "0"]
    assert page.locator(".pair-line").count() == 0
    expect(page.locator(".legend")).to_be_hidden()


def test_before_the_first_finding_the_page_is_readable_for_everybody(viewer: Page) -> None:
    assert_readable(viewer)
    screenshot(viewer, "viewer-stripes-before")


def test_a_finger_of_the_strip_or_of_the_form_is_brought_into_the_frames(viewer: Page, desk: Desk) -> None:
    viewer.locator('.strip a[data-finger="4"]').click()
    ready(desk, finger=4)
    expect(viewer.locator('.strip a[data-finger="4"]')).to_have_attribute("aria-current", "true")
    viewer.locator('button[data-look="7"]').click()
    ready(desk, finger=7)
    assert pane(viewer, "probe").locator(".pane-view").evaluate("one => one === document.activeElement")


def test_who_compares_one_finger_says_by_one_press_that_the_others_are_not_compared(viewer: Page) -> None:
    viewer.locator('input[name="finger_3"][value="exclusion"]').check()
    viewer.get_by_role("button", name="Every finger not answered yet: not compared").click()
    chosen = viewer.locator(".fingers input:checked").evaluate_all("all => all.map(one => one.name + one.value)")
    assert "finger_3exclusion" in chosen
    assert sum(one.endswith("not_compared") for one in chosen) == len(chosen) - 1 == 9
    assert not viewer.locator('input[name="answer"]:checked').count()


def test_a_keyboard_reaches_the_findings_in_few_stops_and_rows_are_walked_by_arrows(desk: Desk, viewer: Page) -> None:
    keys, passed = Keyboard(viewer), []
    viewer.locator("h1").click()
    while "Look" not in keys.focused().get("name", ""):
        viewer.keyboard.press("Tab")
        passed.append(keys.focused().get("name", ""))
        assert len(passed) < 30, passed
    viewer.locator(".strip a").first.focus()
    viewer.keyboard.press("ArrowRight")
    assert "Right index" in keys.focused()["name"]
    viewer.keyboard.press("Enter")
    expect(viewer.locator("#viewer")).to_have_attribute("data-finger", "2")
    before = seen(viewer, "probe", "center")
    viewer.get_by_role("button", name="Zoom in").focus()
    viewer.keyboard.press("ArrowRight")
    assert keys.focused()["name"].startswith("Zoom out") and seen(viewer, "probe", "center") == before
    viewer.keyboard.press("?")
    expect(viewer.get_by_text("show or hide this list")).to_be_visible()


def test_one_press_answers_only_for_fingers_that_were_seen_and_are_not_answered(desk: Desk, viewer: Page) -> None:
    assert viewer.locator("main input:checked").count() == 0, "no finding is made by default"
    desk.choose("finger_1", "exclusion")
    focus(viewer)
    for finger in (2, 3):
        viewer.keyboard.press(str(finger))
        ready(desk, finger=finger)
    viewer.get_by_role("button", name="looked at and not answered: Identification").click()
    expect(viewer.locator(".rest-said")).to_have_text("2 fingers answered by this press.")
    chosen = viewer.locator("main .finger input:checked")
    assert [chosen.nth(n).get_attribute("value") for n in range(chosen.count())] == [
        "exclusion", "identification", "identification",
    ]  # fmt: skip


def test_after_a_finding_is_recorded_the_focus_is_on_what_was_recorded(desk: Desk, viewer: Page) -> None:
    find_all(desk)
    assert viewer.evaluate("document.activeElement.id") == "recorded"


def test_a_damaged_image_is_explained_in_its_frame_and_the_other_side_is_shown(rig: Rig, desk: Desk) -> None:
    _, path = examined(rig, broken=2)
    desk.site.prints_are_words = True  # one of them is: its image is answered with 422, whenever the browser tells
    page = ready(desk.sign_in(EXAMINERS), path)
    page.locator('.strip a[data-finger="2"]').click()
    ready(desk, finger=2)
    expect(pane(page, "probe").locator(".pane-message")).to_contain_text("This image cannot be shown")
    assert pane(page, "candidate").locator("canvas").evaluate(MIDDLE_DRAWN)


def test_two_fingers_on_a_screen_zoom_both_sides(rig: Rig, site: Site, desktop: Callable[..., Desk], path: str) -> None:
    desk = desktop(site, has_touch=True, viewport={"width": 800, "height": 900})
    page = ready(desk.sign_in(EXAMINERS), path)
    pane(page, "probe").scroll_into_view_if_needed()
    before = scales(page)
    touch = desk.context.new_cdp_session(page)
    x, y = middle(page, "probe")
    for kind, apart in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60), ("touchEnd", 0)):
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}] if apart else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    after = scales(page)
    assert after[0] == after[1] > before[0] * 1.5


def test_without_scripts_all_images_are_shown_and_a_finding_can_be_recorded(
    rig: Rig, site: Site, desktop: Callable[..., Desk], path: str
) -> None:
    desk = desktop(site, java_script_enabled=False)
    desk.sign_in(EXAMINERS, "ANN FIRST").open(path)
    assert desk.page.locator(".plain-pair img").count() == 20
    expect(desk.page.locator(".plain-pair img").first).to_be_visible()
    expect(desk.page.locator("#viewer")).to_be_hidden()
    desk.record("identification", "ridges agree", **ALL_IDENTIFIED)
    assert "Findings on record" in desk.text() and "rank 1" in desk.text()


def test_with_several_candidates_each_has_a_strip_and_can_be_chosen(rig: Rig, desk: Desk) -> None:
    _, path = examined(rig, "FIN-B", "FIN-A")
    page = ready(desk.sign_in(EXAMINERS), path)
    page.get_by_label("Candidate", exact=False).first.select_option("2")
    expect(page.locator('.sheet[data-candidate="2"] a[aria-current="true"]')).to_have_count(1)
    ready(desk)
    page.locator('.sheet[data-candidate="1"] a[data-finger="3"]').click()
    ready(desk, finger=3)
    expect(page.locator('[data-choose="candidate"]')).to_have_value("1")


def test_a_side_without_an_image_says_so_in_its_frame(rig: Rig, desk: Desk) -> None:
    matcher = rig.matcher(EXAMINERS)
    matcher.enroll("FIN-BARE", matcher.extract([image_of("P7", n) for n in range(1, 11)]).templates)
    rig.book(seen_card("P7"))
    page = ready(desk.sign_in(EXAMINERS), f"/tasks/{rig.tasks(EXAMINERS)[0].id}")
    expect(pane(page, "candidate").locator(".pane-message")).to_have_text("No image on file for this finger.")
    focus(page)
    page.keyboard.press("+")
    assert_readable(page)
