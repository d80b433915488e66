"""Conviction first, an invented programme: the immigration repository is asked once a court has convicted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from console_rig import Desktop, console, text_of
from exchange_rig import BOOKING, PERMITTED, PROGRAMME, START, Rig, card, run_through_retries
from test_exchange_dispositions import DISMISSED as DECIDED
from test_exchange_dispositions import TWO_CHARGES, disposition, noted

from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch, story
from tenprint.exchange.model.known import Repository, repository_state
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role, TaskKind
from tenprint.exchange.tasks.convictions import Standing
from tenprint.exchange.tasks.results import CASCADE, WAITS_FOR_CONVICTION, result_of
from tenprint.exchange.tasks.shared import shared_bookings
from tenprint.web import why_view

pytestmark = pytest.mark.slow
CONVICTION_FIRST = "conviction-first-house-1"
AGENCY, STATE, CRIMINAL = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY
IDENT, LESC, ERO, COURT = Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER, Role.FIELD_OFFICE, Role.COURT
WHO = {"by": "CLERK GAVEL", "reason": "as ordered"}


@pytest.fixture
def rig(make: Callable[..., Rig]) -> Iterator[Rig]:
    """Give eight parties under the invented rules; the immigration repository knows P7. No message may die in it."""
    made = make(court=True, rules=CONVICTION_FIRST)
    made.known_to_immigration("P7")
    yield made
    assert all(not made.failures(role) for role in made.nodes)


def searches(rig: Rig, case_id: str) -> int:
    with rig.nodes[CRIMINAL].store.transaction() as tx:
        return sum(one.kind == Kind.IDENT_SEARCH for one in tx.headings(case_id))


def why(rig: Rig, role: Role, case_id: str) -> str:
    return str(rig.case(role, case_id).known[CASCADE])


def disposes(rig: Rig, case_id: str, outcome: str, **more: str) -> None:
    rig.decide(COURT, TaskKind.DISPOSE, case_id, outcome, offence="5499", **(DECIDED | more))


def reopened_as(rig: Rig, case_id: str, outcome: str) -> None:
    rig.wait(timedelta(minutes=1))
    again = dispatch.reopen_charges(rig.nodes[COURT], case_id, **WHO)
    dispatch.decide_task(rig.nodes[COURT], again.id, answer=outcome, details=DECIDED | {"offence": "5499"}, **WHO)
    rig.run()


def says(rig: Rig, case_id: str, name: str, outcome: str, minute: int) -> None:
    """Let the court say something, of a minute, to the state bureau alone."""
    said = disposition(case_id, disposition_id=name, charge_outcome=outcome, offence="", said_at=START)
    said = replace(said, said_at=START + timedelta(minutes=minute))
    rig.say(COURT, STATE, Kind.DISPOSITION, rig.news(said), case_id, id=f"said-{name}")


def test_at_the_booking_nobody_asks_the_immigration_repository_and_the_answer_says_that_it_waits(rig: Rig) -> None:
    case_id = rig.book(card("P7"))
    assert (searches(rig, case_id), rig.case(IDENT, case_id)) == (0, None)
    answer = result_of(rig.received(AGENCY, case_id, Kind.SRE)).response
    assert (answer.cascade, answer.immigration) == (WAITS_FOR_CONVICTION, RepositoryState.NOT_ASKED)
    assert (why(rig, AGENCY, case_id), why(rig, CRIMINAL, case_id)) == (WAITS_FOR_CONVICTION,) * 2
    assert rig.case(CRIMINAL, case_id).state == CaseState.ANSWERED
    said = [row for row in rig.entries(CRIMINAL, "decision") if row["question"] == "cascade_to_immigration"]
    assert [(row["outcome"], row["rule"], row["version"]) for row in said] == [
        ("wait", "conviction-first-waits", "house-1")
    ]


@pytest.mark.parametrize("outcome", ["convicted", "reduced"])
def test_a_conviction_brings_the_search_and_a_second_answer_that_says_of_which_day(rig: Rig, outcome: str) -> None:
    case_id = rig.book(card("P1"))
    disposes(rig, case_id, outcome)
    second = rig.received(AGENCY, case_id, Kind.SECOND_SRE)
    answer = result_of(second).response
    assert (answer.cascade, answer.immigration) == ("MADE AFTER CONVICTION OF 2010-10-04", RepositoryState.NO_MATCH)
    assert second.tcr == rig.received(AGENCY, case_id, Kind.SRE).tcn
    booking, search = (
        rig.received(role, case_id, kind) for role, kind in ((CRIMINAL, Kind.CAR), (IDENT, "IDENT_SEARCH"))
    )
    assert (search.body, search.tcn) == (booking.body, booking.tcn)
    assert noted(rig, IDENT, case_id) == [outcome]  # who is told of the booking now is told why
    states = {role: rig.case(role, case_id).state for role in (AGENCY, STATE, CRIMINAL)}
    assert states == dict.fromkeys(states, CaseState.NO_MATCH)


def test_after_a_conviction_the_way_goes_on_to_a_named_officer(rig: Rig) -> None:
    case_id = rig.book(card("P7"))
    states = [rig.case(CRIMINAL, case_id).state]
    disposes(rig, case_id, "convicted")
    states.append(rig.case(CRIMINAL, case_id).state)
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    states.append(rig.case(CRIMINAL, case_id).state)
    assert states == [CaseState.ANSWERED, CaseState.SEARCHING, CaseState.AWAITING_STATUS]  # it is under way again
    rig.decide(LESC, TaskKind.STATUS, case_id, "removable", legal_ground=PERMITTED["legal_ground"])
    rig.decide(ERO, TaskKind.DECIDE, case_id, "no_action")
    assert story.final_state(rig.all, case_id) == CaseState.NO_ACTION
    answer = result_of(rig.received(AGENCY, case_id, Kind.SECOND_SRE)).response
    assert answer.immigration == RepositoryState.MATCH
    assert answer.iar
    assert noted(rig, ERO, case_id) == ["convicted"]


@pytest.mark.parametrize("outcome", ["dismissed", "acquitted", "not_charged"])
def test_without_a_conviction_nothing_is_ever_sent_and_the_case_says_why(rig: Rig, outcome: str) -> None:
    case_id = rig.book(card("P7"))
    disposes(rig, case_id, outcome)
    run_through_retries(rig)
    assert (searches(rig, case_id), rig.case(IDENT, case_id)) == (0, None)
    assert why(rig, CRIMINAL, case_id) == f"NOT MADE, NO CONVICTION ({outcome.replace('_', ' ').upper()} 2010-10-04)"
    assert repository_state(rig.case(CRIMINAL, case_id), Repository.IMMIGRATION) == RepositoryState.NOT_ASKED


def test_while_a_charge_is_open_it_waits_and_one_conviction_of_several_charges_is_enough(rig: Rig) -> None:
    case_id = rig.book(card("P1", charges=TWO_CHARGES))
    disposes(rig, case_id, "dismissed", charge="1")
    assert (searches(rig, case_id), why(rig, CRIMINAL, case_id)) == (0, WAITS_FOR_CONVICTION)
    rig.wait(timedelta(minutes=1))
    disposes(rig, case_id, "convicted", charge="2")
    assert why(rig, CRIMINAL, case_id) == "MADE AFTER CONVICTION OF 2010-10-04"


def test_a_disposition_that_comes_twice_and_a_second_conviction_bring_no_second_search(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    says(rig, case_id, "d-1", "convicted", 0)
    said = disposition(case_id, disposition_id="d-1", charge_outcome="convicted")
    rig.say(COURT, STATE, Kind.DISPOSITION, rig.news(said), case_id, id="said-again")
    says(rig, case_id, "d-2", "convicted", 1)
    sent = [m for m in rig.messages(CRIMINAL, case_id, Kind.IDENT_SEARCH) if m.sender == str(CRIMINAL)]
    assert len(sent) == len(rig.messages(AGENCY, case_id, Kind.SECOND_SRE)) == 1


def test_a_conviction_that_overtakes_the_booking_waits_for_it_and_the_search_follows_the_first_answer(
    rig: Rig,
) -> None:
    post, held = rig.post.deliver, [True]

    def deliver(wire: bytes, recipient: str) -> bytes:
        if recipient == str(CRIMINAL) and b'"kind":"CAR"' in wire and held[0]:
            raise StorageError("POST_UNREACHABLE", "not now")
        return post(wire, recipient)

    rig.post.deliver = deliver
    case_id = rig.book(card("P1"))
    disposes(rig, case_id, "convicted")
    assert rig.case(CRIMINAL, case_id) is None
    held[0] = False
    run_through_retries(rig)
    assert result_of(rig.received(AGENCY, case_id, Kind.SRE)).response.cascade == WAITS_FOR_CONVICTION
    assert result_of(rig.received(AGENCY, case_id, Kind.SECOND_SRE)).response.cascade.startswith("MADE AFTER")


def test_a_conviction_that_is_set_aside_unsends_nothing_and_the_immigration_repository_is_told(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    disposes(rig, case_id, "reduced")
    reopened_as(rig, case_id, "dismissed")
    assert noted(rig, IDENT, case_id) == ["reduced", "dismissed"]
    assert why(rig, CRIMINAL, case_id) == "MADE AFTER CONVICTION OF 2010-10-04"  # that is how it was
    counted = shared_bookings(rig.all)
    assert (counted.never_convicted, counted.set_aside) == (1, 1)


def test_a_conviction_that_arrives_after_the_word_that_set_it_aside_brings_no_search(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    says(rig, case_id, "d-later", "dismissed", 2)
    says(rig, case_id, "d-earlier", "reduced", 1)
    assert (searches(rig, case_id), noted(rig, CRIMINAL, case_id)) == (0, ["reduced", "dismissed"])


def test_a_conviction_on_a_charge_that_was_dismissed_first_brings_the_search_late(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    disposes(rig, case_id, "dismissed")
    assert searches(rig, case_id) == 0
    reopened_as(rig, case_id, "convicted")
    assert why(rig, AGENCY, case_id) == "MADE AFTER CONVICTION OF 2010-10-04"


def test_a_booking_can_be_taken_back_while_it_waits_and_a_conviction_then_brings_no_search(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    dispatch.withdraw(rig.nodes[AGENCY], case_id, **WHO)
    disposes(rig, case_id, "convicted")  # the court speaks while it is not told yet
    assert {rig.case(role, case_id).state for role in (AGENCY, STATE, CRIMINAL, COURT)} == {CaseState.WITHDRAWN}
    assert (searches(rig, case_id), noted(rig, CRIMINAL, case_id)) == (0, ["convicted"])
    assert [row["case"] for row in rig.entries(CRIMINAL, "not_searched")] == [case_id]


def test_once_it_has_been_searched_and_answered_it_cannot_be_taken_back_any_more(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    disposes(rig, case_id, "convicted")
    with pytest.raises(SenderError, match="CASE_CLOSED"):
        dispatch.withdraw(rig.nodes[AGENCY], case_id, **WHO)


@pytest.mark.parametrize(("kind", "is_erased"), [("sealed", False), ("expunged", False), ("expunged", True)])
def test_a_sealed_expunged_or_erased_booking_is_never_searched(rig: Rig, kind: str, is_erased: bool) -> None:
    case_id = rig.book(card("P1"))
    dispatch.correct(rig.nodes[STATE], case_id, kind=kind, what="an order", **WHO)
    rig.run()
    if is_erased:
        rig.wait(timedelta(days=2))
        run_through_retries(rig)
    says(rig, case_id, "d-1", "convicted", 0)
    run_through_retries(rig)
    assert (searches(rig, case_id), rig.case(IDENT, case_id)) == (0, None)
    assert bool(rig.entries(CRIMINAL, "not_searched")) is not is_erased


def test_a_booking_that_asks_for_no_answer_is_searched_after_a_conviction_without_one(rig: Rig) -> None:
    case_id = rig.book(card("P1", tot="CNA", ret="Y"))
    disposes(rig, case_id, "convicted")
    assert rig.case(IDENT, case_id).state == CaseState.NO_MATCH
    assert rig.messages(AGENCY, case_id, Kind.SRE) == rig.messages(AGENCY, case_id, Kind.SECOND_SRE) == []


def test_an_agency_that_is_not_activated_is_not_searched_after_a_conviction_either(make: Callable[..., Rig]) -> None:
    rig = make(court=True, rules=CONVICTION_FIRST, activated=())
    case_id = rig.book(card("P7"))
    disposes(rig, case_id, "convicted")
    assert (searches(rig, case_id), why(rig, CRIMINAL, case_id)) == (0, "NOT MADE, AGENCY NOT ACTIVATED AND NOT ASKED")


def test_under_the_usual_rules_a_disposition_asks_nothing_again(make: Callable[..., Rig]) -> None:
    rig = make(court=True, activated=())
    case_id = rig.book(card("P7"))
    before = len(rig.entries(CRIMINAL, "decision"))
    disposes(rig, case_id, "convicted")
    assert (searches(rig, case_id), len(rig.entries(CRIMINAL, "decision"))) == (0, before)


def test_the_page_that_says_why_finds_what_was_known_of_the_charges_each_time(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    disposes(rig, case_id, "convicted")
    node = rig.nodes[CRIMINAL]
    asked = [e for e in node.store.case_entries(case_id) if e.fields.get("question") == "cascade_to_immigration"]
    views = [why_view.view_of(node, entry, [node], node.party.id) for entry in asked]
    assert [(view.rule_id, view.is_same) for view in views] == [
        ("conviction-first-waits", True), ("conviction-first-convicted", True),
    ]  # fmt: skip


def test_the_public_page_says_that_these_rules_were_never_in_force(rig: Rig) -> None:
    at = Desktop(console(rig))
    assert "invented: never in force" in text_of(at.get("/network"))
    assert at.json("/network.json")["programme"]["was_in_force"] is False


@pytest.mark.parametrize(("rules", "shared", "never"), [(PROGRAMME, 4, 2), (CONVICTION_FIRST, 1, 0)])
def test_the_same_bookings_under_both_programmes_are_counted_side_by_side(
    make: Callable[..., Rig], rules: str, shared: int, never: int
) -> None:
    rig = make(court=True, rules=rules)
    for number, outcome in enumerate(("convicted", "dismissed", "acquitted", ""), 1):
        case_id = rig.book(card(f"P{number}", tcn=f"{BOOKING.tcn[:-1]}{number}"))
        if outcome:
            disposes(rig, case_id, outcome)
    counted = shared_bookings(rig.all)
    assert (len(counted.bookings), counted.never_convicted) == (shared, never)
    assert counted.by_standing[Standing.CONVICTED] == 1
