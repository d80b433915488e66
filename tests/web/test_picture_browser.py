"""The case page's picture, messages, proofs, reasons and the public page in a real browser."""

import pytest
from browser import NARROW, Keyboard, assert_no_axe_violations, assert_readable

from tenprint.exchange.model.words import Kind, Role
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.web import case_words

pytestmark = [pytest.mark.web, pytest.mark.slow]


@pytest.fixture
def case_id(rig) -> str:
    """A case in which a person is held, on ledgers that are signed."""
    held = rig.until_held()
    for role, node in rig.nodes.items():
        node.store.sign_checkpoint(ledger_origin(node.party.id), rig.keys[role], rig.clock.now())
    return held


def request_at_the_jail(rig, case_id: str) -> str:
    message = rig.messages(Role.JAIL, case_id, Kind.DETAINER)[0]
    return case_words.message_path("jail", message.sender, message.id)


def test_every_page_of_a_case_can_be_read_by_all(rig, desk, case_id: str) -> None:
    desk.sign_in(Role.JAIL)
    entry = next(row for row in rig.entries(Role.FIELD_OFFICE, "decision") if row["question"] == "detainer")
    pages = (f"/cases/{case_id}", request_at_the_jail(rig, case_id), "/ledger/jail", "/ledger/jail/1", "/network")
    for path in (*pages, f"/why/field_office/{entry['sequence']}"):
        desk.open(path)
        assert_readable(desk.page)
    desk.assert_clean()


def test_the_picture_and_a_message_can_be_read_in_the_dark(rig, desktop, site, case_id: str) -> None:
    desk = desktop(site, color_scheme="dark")
    desk.sign_in(Role.JAIL)
    for path in (f"/cases/{case_id}", request_at_the_jail(rig, case_id)):
        desk.open(path)
        assert_no_axe_violations(desk.page)


def test_an_arrow_is_reached_and_opened_by_keyboard_alone(rig, desk, case_id: str) -> None:
    desk.sign_in(Role.JAIL)
    desk.open(f"/cases/{case_id}")
    name = desk.page.locator('a.arrow[aria-label^="request to hold"]').get_attribute("aria-label")
    Keyboard(desk.page).press(name, tag="a")
    desk.page.wait_for_url("**/messages/**")
    assert "The signature verifies" in desk.text()


def test_the_picture_scrolls_inside_its_own_region_on_a_small_screen(rig, desk, case_id: str) -> None:
    desk.sign_in(Role.JAIL)
    desk.page.set_viewport_size({"width": NARROW, "height": 800})
    desk.open(f"/cases/{case_id}")
    region = desk.page.get_by_role("region", name="The picture")
    box, wide = region.bounding_box(), region.evaluate("node => node.scrollWidth")
    assert box["x"] + box["width"] <= NARROW
    assert wide > NARROW
    region.focus()
    desk.page.keyboard.press("ArrowRight")
    for _ in range(100):  # the page forbids `eval`, with which a browser would wait by itself
        if region.evaluate("node => node.scrollLeft") > 0:
            return
        desk.page.wait_for_timeout(50)
    pytest.fail("the region did not scroll")


def test_a_click_on_an_arrow_opens_its_message(rig, desk, case_id: str) -> None:
    desk.sign_in(Role.JAIL)
    desk.open(f"/cases/{case_id}")
    desk.page.locator('a.arrow[aria-label^="IAR from support center to field office"] .head').click()
    desk.page.wait_for_url("**/messages/**/iar-*")
    assert "the specialist's answer" in desk.text()
