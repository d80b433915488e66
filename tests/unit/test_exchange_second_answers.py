"""Whoever answers twice changes nothing, in other words neither; and what cannot have happened is not taken as said.

The second answer is signed by its party's key and comes in as any message: only what it says is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from exchange_rig import BOOKING, GROUND, Rig, card, run_through_retries

from tenprint import records
from tenprint.core.errors import RecordError
from tenprint.exchange import dispatch
from tenprint.exchange.model.aftermath import ArrestNotice, Disposition, OutcomeReport
from tenprint.exchange.model.audit import VIEW_CONTENT
from tenprint.exchange.model.bodies import (
    ACCEPT,
    DECLINE,
    LAPSED,
    TRANSFERRED,
    WOULD_BE_RELEASED,
    CustodyReport,
    DetainerAnswer,
)
from tenprint.exchange.model.corrections import Correction
from tenprint.exchange.model.envelope import EBTS_CONTENT, JSON_CONTENT
from tenprint.exchange.model.notices import RULES
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.tasks import audit_report
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.entry import Entry
from tenprint.ledger.view import LogView
from tenprint.records.itl import ebts
from tenprint.records.words import RepositoryState

pytestmark = pytest.mark.slow
AGENCY, STATE, FBI, IDENT = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY
LESC, ERO, JAIL, COURT, CITY = Role.SUPPORT_CENTER, Role.FIELD_OFFICE, Role.JAIL, Role.COURT, Role.JURISDICTION
DAY = timedelta(days=1)
FAR = datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def detainer_of(rig: Rig, case_id: str) -> str:
    return rig.received(JAIL, case_id, Kind.DETAINER).id


def repeats(rig: Rig, role: Role) -> int:
    return len(rig.entries(role, "repeat"))


def another_answer(rig: Rig, role: Role, case_id: str, kind: Kind) -> bytes:
    """Return an answer of this kind that says the opposite of the one that came, and has a number of its own."""
    came = ebts.read_result(records.read(rig.received(role, case_id, kind).body))
    text = replace(came.response, immigration=RepositoryState.MATCH)
    return ebts.build_sre(replace(came, tcn="ANOTHER-0001", srf="I", fbi="123456789", ers=text.to_text()))


# --- answers to a booking ---
@pytest.mark.parametrize(
    ("sender", "recipient", "kind"),
    [(FBI, STATE, Kind.SRE), (STATE, AGENCY, Kind.SRE), (STATE, AGENCY, Kind.STATE_SRE)],
)
def test_a_second_answer_to_a_booking_in_other_words_changes_nothing_and_goes_no_further(
    rig: Rig, sender: Role, recipient: Role, kind: Kind
) -> None:
    case_id = rig.book(card("P1"))
    before = {role: rig.case(role, case_id) for role in (AGENCY, STATE)}
    told = len(rig.messages(AGENCY, case_id))
    body = another_answer(rig, recipient, case_id, kind)
    rig.say(sender, recipient, kind, body, case_id, content_type=EBTS_CONTENT)
    assert {role: rig.case(role, case_id) for role in before} == before
    assert (repeats(rig, recipient), rig.failures(recipient)) == (1, [])
    assert len(rig.messages(AGENCY, case_id)) == told + (recipient == AGENCY)


@pytest.mark.parametrize(("sender", "recipient"), [(FBI, STATE), (STATE, AGENCY)])
def test_a_booking_that_was_answered_is_not_rejected_afterwards(rig: Rig, sender: Role, recipient: Role) -> None:
    answered = rig.until_examined()
    wrong = replace(BOOKING, doa="20991004", tcn="TCN-2010-0000002")
    rejected = rig.book(records.build_car(wrong, list(records.read(card("P1")).images()), checked=False))
    error = rig.received(AGENCY, rejected, Kind.ERRT).body
    before = {role: rig.case(role, answered) for role in (AGENCY, STATE)}
    assert before[AGENCY].state == CaseState.AWAITING_STATUS
    rig.say(sender, recipient, Kind.ERRT, error, answered, content_type=EBTS_CONTENT)
    assert {role: rig.case(role, answered) for role in before} == before
    assert (repeats(rig, recipient), rig.failures(recipient)) == (1, [])


# --- the jail ---
def test_a_jail_that_accepted_does_not_decline_afterwards(rig: Rig) -> None:
    case_id = rig.until_detainer()
    rig.decide(JAIL, TaskKind.ANSWER_DETAINER, case_id, ACCEPT)
    before = rig.case(ERO, case_id)
    assert before.state == CaseState.LODGED
    body = DetainerAnswer(detainer_of(rig, case_id), DECLINE, "no room", "JAILER TWO").to_bytes()
    rig.say(JAIL, ERO, Kind.DETAINER_ANSWER, body, case_id)
    assert rig.case(ERO, case_id) == before
    assert repeats(rig, ERO) == 1


def test_a_jail_that_handed_over_does_not_say_afterwards_that_it_released(rig: Rig) -> None:
    case_id = rig.until_held()
    rig.decide(JAIL, TaskKind.REPORT_CUSTODY, case_id, TRANSFERRED)
    before, asked = rig.case(ERO, case_id), rig.tasks(ERO)
    now = rig.clock.now()
    body = CustodyReport(detainer_of(rig, case_id), LAPSED, now - DAY, now, "time ran out").to_bytes()
    rig.say(JAIL, ERO, Kind.CUSTODY, body, case_id)
    begun = CustodyReport(detainer_of(rig, case_id), WOULD_BE_RELEASED, now, None, "once more", "JAILER").to_bytes()
    rig.say(JAIL, ERO, Kind.CUSTODY, begun, case_id, id="begun-again")
    assert (rig.case(ERO, case_id), rig.tasks(ERO)) == (before, asked)
    assert repeats(rig, ERO) == 2


@pytest.mark.parametrize(
    ("held_from", "ended_at", "code"),
    [
        (LONG_AGO, LONG_AGO, "TIME_TOO_EARLY"),
        (FAR, FAR, "TIME_IN_FUTURE"),
        (datetime(2010, 10, 4, 9, tzinfo=UTC), datetime(2010, 11, 4, tzinfo=UTC), "TIME_IN_FUTURE"),
    ],
)
def test_a_hold_at_an_impossible_time_is_a_dead_letter_and_the_right_report_is_still_taken(
    rig: Rig, held_from: datetime, ended_at: datetime, code: str
) -> None:
    case_id = rig.until_held()
    before = rig.case(ERO, case_id)
    body = CustodyReport(detainer_of(rig, case_id), TRANSFERRED, held_from, ended_at, "gone", "JAILER").to_bytes()
    rig.say(JAIL, ERO, Kind.CUSTODY, body, case_id)
    assert (rig.case(ERO, case_id), rig.failures(ERO)) == (before, [code])
    rig.decide(JAIL, TaskKind.REPORT_CUSTODY, case_id, TRANSFERRED)
    assert rig.case(ERO, case_id).state == CaseState.TRANSFERRED


# --- news and outcomes ---
def test_a_disposition_or_a_correction_from_the_future_is_a_dead_letter_at_who_got_it(make: Callable[..., Rig]) -> None:
    rig = make(court=True)
    case_id = rig.book(card("P1"))
    before = rig.case(AGENCY, case_id)
    said = Disposition(
        "disposition-1", "court", before.ori, before.tcn, "dismissed", "a charge", "", "2010-10-04", "CR-1", "CLERK",
        rig.clock.now(),
    )  # fmt: skip
    later = (rig.clock.now() + 3 * DAY).date().isoformat()
    for number, one in enumerate((replace(said, decided_on=later), replace(said, said_at=FAR))):
        rig.say(COURT, AGENCY, Kind.DISPOSITION, rig.news(one), case_id, id=f"from-the-future-{number}")
    correction = Correction("correction-1", "court", before.tcn, "sealed", "order 1", "an order", "CLERK", FAR)
    rig.say(COURT, AGENCY, Kind.CORRECTION, rig.news(correction), case_id)
    assert rig.failures(AGENCY) == ["TIME_IN_FUTURE"] * 3
    assert rig.case(AGENCY, case_id) == before


def test_an_outcome_from_the_future_or_another_last_one_is_a_dead_letter_at_who_got_it(
    make: Callable[..., Rig],
) -> None:
    rig = make(jurisdiction=True)
    case_id = rig.until_held()
    rig.decide(JAIL, TaskKind.REPORT_CUSTODY, case_id, TRANSFERRED)
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "removed", happened_on="2010-10-04", legal_ground=GROUND)
    before = {role: rig.case(role, case_id) for role in (JAIL, CITY)}
    report = OutcomeReport.from_bytes(rig.received(JAIL, case_id, Kind.OUTCOME).body)
    for role in before:
        for number, one in enumerate((replace(report, on="2010-12-24"), replace(report, outcome="relief"))):
            rig.say(ERO, role, Kind.OUTCOME, one.to_bytes(), case_id, id=f"another-{number}")
        run_through_retries(rig)  # a correction of the first one may be under way
        assert rig.failures(role) == ["TIME_IN_FUTURE", "OUTCOME_CHANGED"]
    assert {role: rig.case(role, case_id) for role in before} == before


# --- settings and audits ---
def test_an_agency_that_declines_the_status_from_a_day_on_does_not_get_it(make: Callable[..., Rig]) -> None:
    for since, gets in (("2010-10-01", False), ("2010-11-01", True)):
        rig = make(settings={AGENCY: {"receives_answer": [{"since": since, "value": False}]}})
        case_id = rig.until_status()
        assert (len(rig.messages(AGENCY, case_id, Kind.SECOND_SRE)) == 1) == gets


def test_a_page_of_a_ledger_that_an_agency_did_not_ask_for_is_a_dead_letter_there(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    state = rig.nodes[STATE]
    state.store.sign_checkpoint(ledger_origin("state_bureau"), rig.keys[STATE], rig.clock.now())
    dispatch.ask_for_trail(rig.nodes[AGENCY], case_id)
    note = state.store.newest_checkpoint()
    page = LogView(note, 0, (Entry({}, {}, {"kind": "0" * 64}),)).to_bytes()
    rig.say(STATE, AGENCY, Kind.AUDIT_ANSWER, page, case_id, content_type=VIEW_CONTENT)
    assert rig.failures(AGENCY) == ["NOT_ASKED"]


# --- what is read again later ---
def test_a_notice_that_cannot_be_read_hides_no_other_one_and_no_answer(make: Callable[..., Rig]) -> None:
    rig = make(jurisdiction=True)
    rig.say(FBI, STATE, Kind.RULE_NOTICE, b"{}", RULES)
    assert rig.failures(STATE) == ["BODY_INVALID"]
    told = dispatch.notify(
        rig.nodes[STATE], what="a new rule", by="BOSS ONE", effective_from="2010-11-01", binds=["agency"]
    )
    rig.run()
    assert told == ("agency",)
    assert [one.said.what for one in dispatch.notices(rig.nodes[STATE])] == ["a new rule"]
    dispatch.ask(
        rig.nodes[CITY], "state_bureau", topic="activation", about="agency", question="since when", by="CITY CLERK"
    )
    rig.run()
    (asked,) = (task for task in rig.tasks(STATE) if task.kind == TaskKind.ANSWER_REQUEST)
    assert any("a new rule" in line for line in asked.shown["found"])


@pytest.mark.parametrize("numbers", [("one",), ("1", "3"), ("0",), ("-1",), ("\u0661",)])
def test_charges_that_are_not_numbered_are_no_notice_of_an_arrest(numbers: tuple[str, ...]) -> None:
    with pytest.raises(RecordError, match="BODY_INVALID"):
        ArrestNotice("arrest", "XX0010000", "TCN-2010-0000001", "2010-10-04", dict.fromkeys(numbers, "a charge"))


def test_a_page_that_cannot_be_read_spoils_no_audit_at_all(make: Callable[..., Rig]) -> None:
    rig = make(auditor=True)
    rig.book(card("P1"))
    for role in (AGENCY, STATE):
        node = rig.nodes[role]
        node.store.sign_checkpoint(ledger_origin(str(role)), rig.keys[role], rig.clock.now())
    audit_id = dispatch.ask_for_ledgers(rig.nodes[Role.AUDITOR], "agency", "state_bureau")
    for content, body in ((VIEW_CONTENT, b"{}"), (JSON_CONTENT, b"{}"), ("text/plain", b"nothing to see")):
        rig.say(AGENCY, Role.AUDITOR, Kind.AUDIT_ANSWER, body, audit_id, content_type=content, id=f"said-{content}")
    rig.run()
    assert len(rig.failures(Role.AUDITOR)) == 3
    report = audit_report.report_of(rig.nodes[Role.AUDITOR], audit_id)
    assert [(ledger.party, ledger.is_verified) for ledger in report.ledgers] == [
        ("agency", True),
        ("state_bureau", True),
    ]
