"""After the match: a court disposes of charges, and everybody hears of it who was told of the booking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from exchange_rig import BOOKING, PERMITTED, START, Rig, card, fingers_of, run_through_retries

from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.aftermath import ArrestNotice, Disposition
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.tasks.spread import dispositions_of

pytestmark = pytest.mark.slow
AGENCY, STATE, CRIMINAL = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY
IDENT, LESC, ERO, JAIL, COURT = (
    Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER, Role.FIELD_OFFICE, Role.JAIL, Role.COURT,
)  # fmt: skip
EVERYBODY = (AGENCY, STATE, CRIMINAL, IDENT, LESC, ERO, JAIL)
DISMISSED = {"decided_on": "2010-10-04", "reference": "CR-2010-17 (fictitious)"}
TWO_CHARGES = (("20101003", "5404 DRIVING UNDER INFLUENCE"), ("20101003", "5499 NO LICENSE"))


@pytest.fixture
def court(make: Callable[..., Rig]) -> Rig:
    """Give a network of eight parties: seven and a court."""
    return make(court=True)


def noted(rig: Rig, role: Role, case_id: str) -> list[str]:
    case = rig.case(role, case_id)
    return [one["charge_outcome"] for one in dispositions_of(case)] if case else []


def disposition(case_id: str, **changes: str) -> Disposition:
    said = Disposition(
        disposition_id=f"d-{case_id}", court="court", ori="XX0010000", tcn=BOOKING.tcn, charge_outcome="dismissed",
        charge="5404 DRIVING UNDER INFLUENCE", offence="", by="CLERK GAVEL", said_at=START,
        **DISMISSED,
    )  # fmt: skip
    return replace(said, **changes)


def test_the_agency_tells_its_court_of_an_arrest_and_a_clerk_is_asked(court: Rig) -> None:
    case_id = court.book(card("P1", charges=TWO_CHARGES))
    notice = ArrestNotice.from_bytes(court.received(COURT, case_id, Kind.NOTICE).body)
    assert (notice.ori, notice.tcn, notice.arrested_on) == ("XX0010000", BOOKING.tcn, "2010-10-04")
    assert notice.charges == {"1": "5404 DRIVING UNDER INFLUENCE", "2": "5499 NO LICENSE"}
    assert court.task(COURT, TaskKind.DISPOSE, case_id).answers == (
        "not_charged", "dismissed", "acquitted", "reduced", "convicted",
    )  # fmt: skip


def test_an_agency_without_a_court_tells_nobody(rig: Rig) -> None:
    assert rig.messages(AGENCY, rig.book(card("P1")), Kind.NOTICE) == []


def test_a_dismissal_reaches_everybody_who_was_told_once_and_the_officer_looks_again(court: Rig) -> None:
    case_id = court.until_held()
    court.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", **DISMISSED)
    assert {role: noted(court, role, case_id) for role in EVERYBODY} == {role: ["dismissed"] for role in EVERYBODY}
    review = court.task(ERO, TaskKind.REVIEW, case_id)
    assert (review.is_open, review.shown["charge_outcome"], review.answers) == (True, "dismissed", ("keep", "cancel"))
    # Nothing is taken back by itself.
    assert [court.case(role, case_id).state for role in (ERO, JAIL)] == [CaseState.HELD] * 2
    assert court.case(COURT, case_id).state == CaseState.ANSWERED
    per_hop = [
        (m.sender, m.recipient) for role in (*EVERYBODY, COURT) for m in court.messages(role, case_id, Kind.DISPOSITION)
    ]
    assert all(per_hop.count(hop) == 2 for hop in per_hop)  # once at its sender, once at its receiver
    assert all(not court.failures(role) for role in (*EVERYBODY, COURT))


@pytest.mark.parametrize("outcome", ["convicted", "reduced"])
def test_a_conviction_asks_nobody_to_look_again(court: Rig, outcome: str) -> None:
    case_id = court.until_held()
    court.decide(COURT, TaskKind.DISPOSE, case_id, outcome, offence="5499", **DISMISSED)
    assert noted(court, JAIL, case_id) == [outcome]
    assert [t for t in court.tasks(ERO) if t.kind == TaskKind.REVIEW] == []


def test_who_is_told_of_the_booking_after_the_disposition_gets_it_with_that(court: Rig) -> None:
    court.known_to_immigration("P7")
    case_id = court.book(card("P7"))
    court.decide(COURT, TaskKind.DISPOSE, case_id, "acquitted", **DISMISSED)
    assert [noted(court, role, case_id) for role in (CRIMINAL, IDENT, LESC)] == [["acquitted"], ["acquitted"], []]
    court.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    assert noted(court, LESC, case_id) == ["acquitted"]
    court.decide(LESC, TaskKind.STATUS, case_id, "removable", legal_ground=PERMITTED["legal_ground"])
    assert noted(court, ERO, case_id) == ["acquitted"]
    court.decide(ERO, TaskKind.DECIDE, case_id, "detainer", **PERMITTED)
    assert noted(court, JAIL, case_id) == ["acquitted"]


def test_charges_are_disposed_of_one_by_one_and_the_last_one_closes_the_question(court: Rig) -> None:
    case_id = court.book(card("P1", charges=TWO_CHARGES))
    court.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", charge="1", **DISMISSED)
    court.wait(timedelta(minutes=1))
    assert court.task(COURT, TaskKind.DISPOSE, case_id).is_open
    court.decide(COURT, TaskKind.DISPOSE, case_id, "reduced", charge="1", offence="5499", **DISMISSED)
    court.wait(timedelta(minutes=1))
    assert court.task(COURT, TaskKind.DISPOSE, case_id).is_open
    court.decide(COURT, TaskKind.DISPOSE, case_id, "convicted", charge="2", **DISMISSED)
    assert not court.task(COURT, TaskKind.DISPOSE, case_id).is_open
    assert noted(court, STATE, case_id) == ["dismissed", "reduced", "convicted"]


def test_a_judgment_that_is_reversed_later_is_a_further_disposition(court: Rig) -> None:
    case_id = court.book(card("P1"))
    node = court.nodes[COURT]
    with pytest.raises(SenderError, match="CHARGES_OPEN"):
        dispatch.reopen_charges(node, case_id, by="CLERK GAVEL", reason="on appeal")
    court.decide(COURT, TaskKind.DISPOSE, case_id, "convicted", **DISMISSED)
    court.wait(timedelta(minutes=1))
    again = dispatch.reopen_charges(node, case_id, by="CLERK GAVEL", reason="reversed on appeal")
    dispatch.decide_task(node, again.id, answer="acquitted", reason="reversed", by="CLERK GAVEL", details=DISMISSED)
    court.run()
    assert noted(court, CRIMINAL, case_id) == ["convicted", "acquitted"]
    assert court.case(COURT, case_id).state == CaseState.ANSWERED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"decided_on": ""}, "DAY_MISSING"),
        ({"decided_on": "2010-02-30"}, "DAY_IMPOSSIBLE"),
        ({"decided_on": "20101004"}, "DAY_IMPOSSIBLE"),
        ({"decided_on": "2010-10-05"}, "DAY_IN_FUTURE"),
        ({"decided_on": "2010-10-03"}, "DAY_TOO_EARLY"),
        ({"reference": ""}, "REFERENCE_MISSING"),
        ({"charge": "9"}, "CHARGE_UNKNOWN"),
        ({"offence": "54"}, "OFFENCE_INVALID"),
    ],
)
def test_what_cannot_be_is_refused_at_the_door_and_changes_nothing(
    court: Rig, changes: dict[str, str], code: str
) -> None:
    case_id = court.book(card("P1"))
    entries = len(court.entries(COURT))
    with pytest.raises(SenderError) as caught:
        court.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", **(DISMISSED | changes))
    assert (caught.value.code, len(court.entries(COURT))) == (code, entries)


def test_a_disposition_of_a_case_that_never_comes_is_a_dead_letter_with_its_code(court: Rig) -> None:
    court.say(COURT, STATE, Kind.DISPOSITION, court.news(disposition("case-never")), "case-never")
    assert court.failures(STATE) == []
    run_through_retries(court)
    assert court.failures(STATE) == ["UNKNOWN_CASE"]


def test_a_disposition_that_comes_before_its_case_waits_for_it(court: Rig) -> None:
    data = card("P1")
    case_id = dispatch.submit(court.nodes[AGENCY], data).case_id
    court.say(COURT, STATE, Kind.DISPOSITION, court.news(disposition(case_id)), case_id)
    run_through_retries(court)
    assert [noted(court, role, case_id) for role in (STATE, CRIMINAL, IDENT)] == [["dismissed"]] * 3


@pytest.fixture
def keeping(make: Callable[..., Rig]) -> Rig:
    """Give a network whose state keeps the arrest of whom it knows, and knows P1."""
    rig = make(court=True, auditor=True, settings={STATE: {"nff_state": True}})
    rig.matcher(STATE).enroll("SID-P1", fingers_of("P1"))
    return rig


def test_how_the_charge_of_a_kept_booking_ended_goes_to_those_who_know_of_it_and_to_nobody_else(keeping: Rig) -> None:
    case_id = keeping.book(card("P1"))
    keeping.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", **DISMISSED)
    run_through_retries(keeping)
    assert [noted(keeping, role, case_id) for role in (AGENCY, STATE)] == [["dismissed"]] * 2
    for role in (CRIMINAL, IDENT, LESC, ERO, JAIL):
        assert (keeping.case(role, case_id), keeping.messages(role, case_id)) == (None, [])
    assert all(not keeping.failures(role) for role in keeping.nodes)
    assert sorted(m.recipient for m in keeping.messages(COURT, case_id, Kind.DISPOSITION)) == ["agency", "state_bureau"]


def test_a_disposition_that_overtakes_a_booking_which_the_state_will_keep_stays_with_the_state(keeping: Rig) -> None:
    case_id = dispatch.submit(keeping.nodes[AGENCY], card("P1")).case_id
    keeping.say(COURT, STATE, Kind.DISPOSITION, keeping.news(disposition(case_id)), case_id)
    run_through_retries(keeping)
    assert (noted(keeping, STATE, case_id), keeping.case(CRIMINAL, case_id)) == (["dismissed"], None)
    assert all(not keeping.failures(role) for role in keeping.nodes)


def test_a_disposition_that_overtakes_the_booking_on_its_last_way_waits_for_it_at_the_repository(court: Rig) -> None:
    post, held = court.post.deliver, [True]

    def deliver(wire: bytes, recipient: str) -> bytes:
        if recipient == str(CRIMINAL) and b'"kind":"CAR"' in wire and held[0]:
            raise StorageError("POST_UNREACHABLE", "not now")
        return post(wire, recipient)

    court.post.deliver = deliver
    case_id = court.book(card("P1"))
    court.decide(COURT, TaskKind.DISPOSE, case_id, "acquitted", **DISMISSED)
    assert court.case(CRIMINAL, case_id) is None
    assert court.messages(CRIMINAL, case_id, Kind.DISPOSITION)
    held[0] = False
    run_through_retries(court)
    assert [noted(court, role, case_id) for role in (CRIMINAL, IDENT)] == [["acquitted"]] * 2
    assert all(not court.failures(role) for role in court.nodes)


def test_a_court_that_speaks_to_a_repository_is_refused_at_its_door(court: Rig) -> None:
    case_id = court.book(card("P1"))
    with pytest.raises(SenderError, match="KIND_NOT_ACCEPTED"):
        court.say(COURT, CRIMINAL, Kind.DISPOSITION, court.news(disposition(case_id)), case_id)
    assert noted(court, CRIMINAL, case_id) == []


@pytest.mark.parametrize(
    ("sender", "changes", "code"),
    [
        (COURT, {"tcn": "TCN-2010-0000009"}, "OTHER_BOOKING"),
        (COURT, {"court": "court2"}, "NOT_A_COURT"),
        (COURT, {"court": "jail"}, "NOT_A_COURT"),
        (AGENCY, {"court": "agency"}, "NOT_A_COURT"),
    ],
)
def test_a_disposition_that_is_not_the_senders_to_tell_is_refused(
    court: Rig, sender: Role, changes: dict[str, str], code: str
) -> None:
    case_id = court.book(card("P1"))
    court.say(sender, STATE, Kind.DISPOSITION, court.news(disposition(case_id, **changes), sender), case_id)
    assert (court.failures(STATE), noted(court, STATE, case_id)) == ([code], [])


def test_a_party_that_nobody_told_of_the_case_cannot_pass_a_disposition_on(court: Rig) -> None:
    case_id = court.book(card("P1"))  # nobody is known: the support center was never asked
    said = court.news(disposition(case_id))
    court.say(LESC, CRIMINAL, Kind.DISPOSITION, said, case_id)
    court.say(LESC, CRIMINAL, Kind.DISPOSITION, said, case_id, id="said-again")
    assert (court.failures(CRIMINAL), noted(court, CRIMINAL, case_id)) == (["NOT_ASKED"] * 2, [])


def test_a_court_that_says_two_things_under_one_number_is_refused(court: Rig) -> None:
    case_id = court.book(card("P1"))
    court.say(COURT, STATE, Kind.DISPOSITION, court.news(disposition(case_id)), case_id)
    other = court.news(disposition(case_id, charge_outcome="convicted"))
    court.say(COURT, STATE, Kind.DISPOSITION, other, case_id, id="said-otherwise")
    assert (court.failures(STATE), noted(court, STATE, case_id)) == (["NEWS_CHANGED"], ["dismissed"])


def test_an_agency_cannot_tell_the_court_of_another_agencys_arrest(court: Rig) -> None:
    body = ArrestNotice("arrest", "XX0990000", "TCN-2010-0000009", "", {"1": "5404"}).to_bytes()
    court.say(AGENCY, COURT, Kind.NOTICE, body, "case-foreign")
    assert court.failures(COURT) == ["OTHER_BOOKING"]
    assert court.case(COURT, "case-foreign") is None
