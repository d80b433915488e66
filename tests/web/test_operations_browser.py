"""Operations in a real browser: readable by all, by keyboard alone, and it renews itself without taking the focus."""

import pytest
from browser import Keyboard, assert_readable, screenshot
from exchange_rig import card

from tenprint.core.errors import StorageError
from tenprint.exchange.model.words import Kind, Role

pytestmark = [pytest.mark.web, pytest.mark.slow]


@pytest.fixture
def busy(rig):
    """Give a network in which something waits, something is late, something is tried again, and something is stuck."""
    rig.until_held()
    rig.say(Role.SUPPORT_CENTER, Role.CRIMINAL_REPOSITORY, Kind.IAR, b"no IAR", "case-1")
    deliver = rig.post.deliver

    def unreachable(wire: bytes, recipient: str) -> bytes:
        if recipient == "state_bureau":
            raise StorageError("PARTY_UNREACHABLE", "it is not there")
        return deliver(wire, recipient)

    rig.post.deliver = unreachable
    rig.book(card("P8", tcn="TCN-2010-0000008"))
    return rig


def test_an_operator_tries_again_what_was_given_up_by_keyboard_alone(busy, desk, keyboard: Keyboard) -> None:
    desk.sign_in(Role.CRIMINAL_REPOSITORY, "OPAL OPERATOR")
    desk.open("/queue")
    keyboard.press("Operations", tag="a")
    assert "Criminal repository ■ stuck" in desk.text()
    assert "Given up (1)" in desk.text()
    assert_readable(desk.page)
    screenshot(desk.page, "operations")
    desk.page.emulate_media(color_scheme="dark")
    screenshot(desk.page, "operations-dark")
    desk.page.emulate_media(color_scheme="light")
    desk.page.set_viewport_size({"width": 320, "height": 800})
    screenshot(desk.page, "operations-narrow")
    keyboard.press("Try again", tag="button")
    assert "given up again at once" in desk.text()
    assert len(busy.entries(Role.CRIMINAL_REPOSITORY, "revived")) == 1


def test_the_page_renews_itself_and_leaves_the_focus_where_it_is(busy, desk, keyboard: Keyboard) -> None:
    desk.sign_in(Role.CRIMINAL_REPOSITORY, "OPAL OPERATOR")
    desk.open("/operations")
    keyboard.tab_to("Try again", tag="button")
    busy.say(Role.SUPPORT_CENTER, Role.CRIMINAL_REPOSITORY, Kind.IAR, b"no IAR", "case-2", id="said-2")
    # The next renewal is not waited for: the same request is made now, through the same attributes.
    desk.page.evaluate("document.body.dispatchEvent(new Event('moved'))")
    desk.page.get_by_text("2 given up now, 1 when this page was opened").wait_for(timeout=30_000)
    assert "Try again" in keyboard.focused()["name"]
