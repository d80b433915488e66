"""News is signed by whoever first said it: a party on the way can pass it on, and neither change nor invent it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from exchange_rig import BOOKING, START, Rig, card

from tenprint.core.canonical import canonical_json
from tenprint.exchange import dispatch
from tenprint.exchange.model.aftermath import Disposition
from tenprint.exchange.model.corrections import CORRECTIONS, Correction
from tenprint.exchange.model.directory import Term
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.tasks.spread import dispositions_of

AGENCY, STATE, CRIMINAL, COURT = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.COURT
DISPOSED = Disposition(
    "d-1", "court", "XX0010000", BOOKING.tcn, "dismissed", "5404 DRIVING UNDER INFLUENCE", "", "2010-10-04", "CR-1",
    "CLERK GAVEL", START,
)  # fmt: skip
SEALED = Correction("c-1", "court", BOOKING.tcn, "sealed", "order 1", "an order", "CLERK GAVEL", START)
NEWS = [(Kind.DISPOSITION, DISPOSED), (Kind.CORRECTION, SEALED)]


@pytest.fixture
def court(make: Callable[..., Rig]) -> Rig:
    return make(court=True)


def is_noted(rig: Rig, role: Role, case_id: str) -> bool:
    case = rig.case(role, case_id)
    return bool(dispositions_of(case) or case.known.get(CORRECTIONS))


def changed(body: bytes, **changes: str) -> bytes:
    return canonical_json(json.loads(body) | changes)


@pytest.mark.parametrize(("kind", "said"), NEWS)
def test_a_neighbour_passes_on_what_the_origin_has_signed(
    court: Rig, kind: Kind, said: Disposition | Correction
) -> None:
    case_id = court.book(card("P1"))
    court.say(AGENCY, STATE, kind, court.news(said), case_id)
    assert (court.failures(STATE), is_noted(court, STATE, case_id)) == ([], True)
    # From there it goes on, and the next one believes it for the same signature.
    assert (court.failures(CRIMINAL), is_noted(court, CRIMINAL, case_id)) == ([], True)


@pytest.mark.parametrize(("kind", "said"), NEWS)
def test_a_neighbour_that_invents_a_courts_word_is_refused_whatever_it_signs(
    court: Rig, kind: Kind, said: Disposition | Correction
) -> None:
    case_id = court.book(card("P1"))
    for number, body in enumerate((said.to_bytes(), court.news(said, AGENCY))):
        court.say(AGENCY, STATE, kind, body, case_id, id=f"invented-{number}")
    assert court.failures(STATE) == ["NEWS_UNSIGNED", "NEWS_SIGNATURE_INVALID"]
    assert not is_noted(court, STATE, case_id)


@pytest.mark.parametrize(
    ("kind", "said", "changes"),
    [
        (Kind.DISPOSITION, DISPOSED, {"charge_outcome": "convicted"}),
        (Kind.DISPOSITION, DISPOSED, {"disposition_id": "d-2"}),
        (Kind.DISPOSITION, DISPOSED, {"origin_signature": "no base64!"}),
        (Kind.DISPOSITION, DISPOSED, {"origin_signature": "AAAA"}),
        (Kind.CORRECTION, SEALED, {"correction_kind": "expunged"}),
        (Kind.CORRECTION, SEALED, {"origin": "state_bureau"}),
    ],
)
def test_a_word_that_was_changed_on_the_way_is_refused(
    court: Rig, kind: Kind, said: Disposition | Correction, changes: dict[str, str]
) -> None:
    case_id = court.book(card("P1"))
    court.say(AGENCY, STATE, kind, changed(court.news(said), **changes), case_id)
    assert (court.failures(STATE), is_noted(court, STATE, case_id)) == (["NEWS_SIGNATURE_INVALID"], False)


def test_what_an_erased_case_hears_must_be_signed_too(court: Rig) -> None:
    case_id = court.book(card("P1"))
    dispatch.correct(court.nodes[STATE], case_id, kind="expunged", what="an order", reason="so", by="CLERK GAVEL")
    court.wait(timedelta(days=2))
    later = replace(SEALED, made_at=court.clock.now())
    court.say(STATE, CRIMINAL, Kind.CORRECTION, court.news(later, STATE), case_id)
    assert court.failures(CRIMINAL) == ["NEWS_SIGNATURE_INVALID"]


def test_a_key_signs_news_of_its_own_time_only(court: Rig) -> None:
    case_id = court.book(card("P1"))
    node = court.nodes[STATE]
    directory = node.services.directory
    ended = replace(directory.party("court"), key_term=Term(ends=START - timedelta(days=1)))
    others = tuple(party for party in directory.parties if party.id != "court")
    services = replace(node.services, directory=replace(directory, parties=(*others, ended)))
    court.nodes[STATE] = replace(node, services=services)
    court.say(AGENCY, STATE, Kind.DISPOSITION, court.news(DISPOSED), case_id)
    assert court.failures(STATE) == ["KEY_EXPIRED"]


def test_news_is_the_same_bytes_with_the_same_signature_at_everybody(court: Rig) -> None:
    case_id = court.until_held()
    dispatch.correct(court.nodes[COURT], case_id, kind="sealed", what="an order", reason="so", by="CLERK GAVEL")
    court.run()
    noted = {
        one["origin_signature"]
        for role in court.nodes
        for one in court.case(role, case_id).known.get(CORRECTIONS, {}).values()
    }
    assert len(noted) == 1
    assert noted != {""}
