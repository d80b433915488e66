"""Shared and never convicted: of the bookings that reached the immigration repository, how did the charges end?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from exchange_rig import BOOKING, START, Rig, card, run_through_retries

from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.words import CaseState, Role, TaskKind
from tenprint.exchange.tasks.convictions import Standing, disposed
from tenprint.exchange.tasks.shared import Aside, shared_bookings
from tenprint.exchange.tasks.spread import DISPOSITIONS
from tenprint.ledger.tree import MerkleTree

AGENCY, STATE, CRIMINAL = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY
IDENT, COURT = Role.IMMIGRATION_REPOSITORY, Role.COURT
DECIDED = {"decided_on": "2010-10-04", "reference": "CR-2010-17 (fictitious)"}
DUI, LICENSE = BOOKING.charges[0][1], "5499 NO LICENSE"
WHO = {"by": "CLERK GAVEL", "reason": "as ordered"}


def told(charges: list[str], *said: tuple[str, str]) -> Case:
    """Return a case with charges, and what courts have said of them, each a minute after the one before."""
    noted = {
        f"d{place}": {
            "disposition_id": f"d{place}", "charge": charge, "charge_outcome": outcome,
            "decided_on": f"2010-10-1{place}", "said_at": to_wire(START + timedelta(minutes=place)),
        }
        for place, (charge, outcome) in enumerate(said)
    }  # fmt: skip
    booking = {"charges": [["20101003", charge] for charge in charges]}
    return Case("case-1", START, CaseState.ANSWERED, known={"booking": booking, DISPOSITIONS: noted})


@pytest.mark.parametrize(
    ("charges", "said", "standing"),
    [
        ([DUI], [], "pending"),
        ([], [], "pending"),
        ([DUI], [(DUI, "dismissed")], "dismissed"),
        ([DUI], [(DUI, "reduced"), (DUI, "dismissed")], "dismissed"),
        ([DUI], [(DUI, "convicted"), (DUI, "acquitted")], "acquitted"),
        ([DUI], [(DUI, "not_charged"), (DUI, "convicted")], "convicted"),
        ([DUI, LICENSE], [(DUI, "dismissed")], "pending"),
        ([DUI, LICENSE], [(LICENSE, "reduced")], "reduced"),
        ([DUI, LICENSE], [(DUI, "dismissed"), (LICENSE, "convicted")], "convicted"),
        ([DUI, LICENSE], [(DUI, "convicted"), (LICENSE, "reduced")], "convicted"),
        ([DUI, LICENSE], [(DUI, "acquitted"), (LICENSE, "dismissed")], "dismissed"),
    ],
)
def test_a_booking_is_a_conviction_by_one_charge_and_none_only_when_no_charge_is_open(
    charges: list[str], said: list[tuple[str, str]], standing: str
) -> None:
    assert disposed(told(charges, *said)).standing == standing


def test_of_two_charges_in_the_same_words_a_conviction_stands_and_one_decision_leaves_the_other_open() -> None:
    assert disposed(told([DUI, DUI], (DUI, "convicted"), (DUI, "dismissed"))).standing == Standing.CONVICTED
    assert disposed(told([DUI, DUI], (DUI, "dismissed"))).standing == Standing.PENDING
    assert disposed(told([DUI, DUI], (DUI, "dismissed"), (DUI, "acquitted"))).standing == Standing.ACQUITTED


def test_a_conviction_is_of_the_day_of_its_decision_and_one_that_was_set_aside_is_remembered() -> None:
    one = disposed(told([DUI, LICENSE], (DUI, "dismissed"), (LICENSE, "convicted")))
    assert (one.is_conviction, one.decided_on, one.was_convicted) == (True, "2010-10-11", True)
    other = disposed(told([DUI], (DUI, "convicted"), (DUI, "acquitted")))
    assert (other.is_conviction, other.decided_on, other.was_convicted) == (False, "2010-10-11", True)


def booked(rig: Rig, number: int, outcome: str = "", **more: object) -> str:
    case_id = rig.book(card(f"P{number}", tcn=f"TCN-2010-000000{number}", **more))
    if outcome:
        rig.decide(COURT, TaskKind.DISPOSE, case_id, outcome, offence="5499", **DECIDED)
    return case_id


@pytest.fixture
def court(make: Callable[..., Rig]) -> Rig:
    """Give a network of eight parties: seven and a court."""
    return make(court=True)


@pytest.mark.slow
def test_each_shared_booking_stands_in_one_line_and_a_pending_one_is_never_counted_as_not_convicted(court: Rig) -> None:
    outcomes = ("convicted", "reduced", "dismissed", "acquitted", "not_charged", "", "dismissed")
    cases = [booked(court, number, outcome) for number, outcome in enumerate(outcomes, 1)]
    counted = shared_bookings(court.all)
    assert {str(standing): count for standing, count in counted.by_standing.items()} == {
        "convicted": 1, "reduced": 1, "dismissed": 2, "acquitted": 1, "not_charged": 1, "pending": 1,
    }  # fmt: skip
    assert (counted.never_convicted, counted.set_aside, len(counted.bookings)) == (4, 0, 7)
    assert [one.case_id for one in counted.bookings] == cases
    assert counted.counted_until == court.clock.now()


@pytest.mark.slow
def test_either_repository_alone_gives_the_same_count_and_nobody_else_gives_any(court: Rig) -> None:
    booked(court, 1, "dismissed")
    booked(court, 2)
    for role in (CRIMINAL, IDENT):
        counted = shared_bookings([court.nodes[role], court.nodes[AGENCY]])
        assert (counted.never_convicted, len(counted.bookings)) == (1, 2)
        assert [one.party for one in counted.ledgers] == [str(role)]
    with pytest.raises(SenderError, match="NO_REPOSITORY_HERE"):
        shared_bookings([court.nodes[AGENCY], court.nodes[STATE]])


@pytest.mark.slow
def test_the_count_can_be_made_again_from_the_ledgers_entries_that_it_names(court: Rig) -> None:
    booked(court, 1, "dismissed")
    booked(court, 2, "convicted")
    said = shared_bookings(court.all).as_json()
    for read in said["ledgers"]:
        node = court.nodes[Role(read["party"])]
        entries = node.store.entries(0, read["entries"])
        assert MerkleTree(node.store.leaf_hashes()[: read["entries"]]).root().hex() == read["root"]
        proof = "receipt" if node.party.role == CRIMINAL else "received"
        shared = [
            str(entry.fields["case"])
            for entry in entries
            if (entry.fields["kind"], entry.fields.get("message_kind")) == (proof, "IDENT_SEARCH")
        ]
        outcomes = {
            str(e.fields["case"]): e.fields["outcome"] for e in entries if e.fields["kind"] == "disposition"
        }  # fmt: skip
        assert [outcomes[case] for case in shared] == ["dismissed", "convicted"]
        assert [one["case"] for one in said["bookings"]] == shared
        for place in (place for one in said["bookings"] for place in (*one["shared"], *one["dispositions"])):
            if place["party"] == read["party"]:
                fields = entries[place["sequence"]].fields
                assert (fields["kind"], fields["message"]) == (place["kind"], place["message"])
    assert said["recompute"]


@pytest.mark.slow
def test_a_booking_that_was_not_shared_is_not_counted_whatever_became_of_it(make: Callable[..., Rig]) -> None:
    rig = make(court=True, activated=())
    booked(rig, 1, "dismissed")
    counted = shared_bookings(rig.all)
    assert (counted.bookings, counted.never_convicted, counted.under_way) == ((), 0, ())


@pytest.mark.slow
def test_a_search_that_has_not_arrived_is_said_to_be_under_way_and_is_not_shared(court: Rig) -> None:
    post = court.post.deliver

    def deliver(wire: bytes, recipient: str) -> bytes:
        if b'"kind":"IDENT_SEARCH"' in wire:
            raise StorageError("POST_UNREACHABLE", "not now")
        return post(wire, recipient)

    court.post.deliver = deliver
    case_id = booked(court, 1, "dismissed")
    counted = shared_bookings(court.all)
    assert (counted.bookings, counted.under_way) == ((), (case_id,))


@pytest.mark.slow
def test_a_conviction_that_was_set_aside_is_never_convicted_by_the_last_word_and_said_to_have_been_one(
    court: Rig,
) -> None:
    case_id = booked(court, 1, "reduced")
    court.wait(timedelta(minutes=1))
    again = dispatch.reopen_charges(court.nodes[COURT], case_id, **WHO)
    dispatch.decide_task(court.nodes[COURT], again.id, answer="dismissed", details=DECIDED, **WHO)
    court.run()
    counted = shared_bookings(court.all)
    assert (counted.by_standing[Standing.DISMISSED], counted.never_convicted, counted.set_aside) == (1, 1, 1)


@pytest.mark.slow
def test_withdrawn_sealed_and_erased_bookings_are_said_separately_and_in_no_line(court: Rig) -> None:
    court.known_to_immigration("P1")  # an examiner is asked, so the booking can still be taken back
    taken_back = court.book(card("P1"))
    dispatch.withdraw(court.nodes[AGENCY], taken_back, **WHO)
    sealed = booked(court, 2, "dismissed")
    dispatch.correct(court.nodes[STATE], sealed, kind="sealed", what="an order", **WHO)
    erased = booked(court, 3, "dismissed")
    dispatch.correct(court.nodes[STATE], erased, kind="expunged", what="an order", **WHO)
    booked(court, 4, "acquitted")
    court.run()
    assert shared_bookings(court.all).aside == {Aside.WITHDRAWN: 1, Aside.FORGOTTEN: 2, Aside.ERASED: 0}
    run_through_retries(court)
    court.wait(timedelta(days=2))
    run_through_retries(court)
    counted = shared_bookings(court.all)
    assert counted.aside == {Aside.WITHDRAWN: 1, Aside.FORGOTTEN: 1, Aside.ERASED: 1}
    assert (counted.never_convicted, sum(counted.by_standing.values()), len(counted.bookings)) == (1, 1, 4)
    assert counted.as_json()["said_separately"] == {"withdrawn": 1, "expunged_or_sealed": 1, "erased": 1}
