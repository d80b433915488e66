"""What the console says of copies of answers: whose booking it is, why a copy was sent, what the message holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from console_rig import Reader, console
from exchange_rig import Rig, card
from test_exchange_copies import ORI, OTHER, PARTIES

from tenprint.exchange.model.words import Kind, Role

SAID = (
    "This is no booking of the agency2: the agency with ORI XX0010000 booked the person and had the state bureau send"
    " copies of the answers. Nobody is asked anything here."
)


@pytest.fixture
def net(make: Callable[..., Rig]) -> Rig:
    """Give a network with two more agencies."""
    return make(others=PARTIES)


def test_the_case_page_says_that_the_booking_is_another_agencys(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI,)))
    page = Reader(console(net)).take(OTHER).get(f"/cases/{case_id}")
    assert SAID in page
    assert "copy of an answer" in page
    own = net.book(card("P2", tcn="TCN-2010-0000002"))
    assert "This is no booking of" not in Reader(console(net)).take(Role.AGENCY).get(f"/cases/{own}")


def test_the_message_page_shows_the_answer_that_was_copied(net: Rig) -> None:
    case_id = net.book(card("P1", sco=(ORI,)))
    copy = net.received(OTHER, case_id, Kind.COPY)
    page = Reader(console(net)).take(OTHER).get(f"/messages/{OTHER}/state_bureau/{copy.id}")
    assert "copy of an answer to another agency's booking" in page.lower()
    assert "TCN-2010-0000001" in page


@pytest.mark.parametrize(("place", "what"), [(0, "the state's search result"), (1, "the first search answer")])
def test_the_reasons_for_a_copy_are_told_with_their_facts(net: Rig, place: int, what: str) -> None:
    net.book(card("P1", sco=(ORI,)))
    decisions = [e for e in net.entries(Role.STATE_BUREAU, "decision") if e["question"] == "copy_answer"]
    page = Reader(console(net)).take(Role.STATE_BUREAU).get(f"/why/state_bureau/{decisions[place]['sequence']}")
    assert "Does another agency that the booking names get a copy of the answer?" in page
    assert f"so the agency that it names is sent {what}." in page
    assert "Asked again for this page with the facts below, the same rule answers." in page
    assert "The agency that is to get a copy takes immigration answers: must be no. Found: yes. Not met." in page
