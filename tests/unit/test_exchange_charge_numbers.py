"""A disposition names its charge by the agency's number; two charges in the same words are two charges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from console_rig import Desktop, console, text_of
from exchange_rig import BOOKING, START, Rig, card

from tenprint.cli.case_changes import subsequent_activity
from tenprint.core.errors import RecordError
from tenprint.exchange import dispatch
from tenprint.exchange.model.aftermath import ArrestNotice, Disposition
from tenprint.exchange.model.corrections import CORRECTIONS
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.tasks.charges import numbered
from tenprint.exchange.tasks.convictions import Standing, disposed
from tenprint.exchange.tasks.spread import dispositions_of
from tenprint.policy.access import masked
from tenprint.web.news_words import news_of

pytestmark = pytest.mark.slow
AGENCY, STATE, CRIMINAL = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY
IDENT, LESC, ERO, JAIL, COURT = (
    Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER, Role.FIELD_OFFICE, Role.JAIL, Role.COURT,
)  # fmt: skip
DUI, LICENSE = BOOKING.charges[0][1], "5499 NO LICENSE"
BOTH = (("20101003", DUI), ("20101003", LICENSE))
TWICE = (("20101002", DUI), ("20101003", DUI))
DECIDED = {"decided_on": "2010-10-04", "reference": "CR-2010-17 (fictitious)"}
WHO = {"by": "CLERK GAVEL", "reason": "as ordered"}


@pytest.fixture
def court(make: Callable[..., Rig]) -> Rig:
    """Give a network of eight parties: seven and a court."""
    return make(court=True)


def disposition(number: str, outcome: str = "dismissed", *, said: int = 0, **changes: object) -> Disposition:
    one = Disposition(
        disposition_id=f"d-{said}-{number}", court="court", ori="XX0010000", tcn=BOOKING.tcn, charge_outcome=outcome,
        charge=DUI, offence="", by="CLERK GAVEL", said_at=START + timedelta(minutes=said), charge_number=number,
        **DECIDED,
    )  # fmt: skip
    return replace(one, **changes)


def told(rig: Rig, case_id: str, *said: Disposition, to: Role = STATE) -> None:
    for one in said:
        rig.say(COURT, to, Kind.DISPOSITION, rig.news(one), case_id, id=f"said-{one.disposition_id}-{to}")


def standing(rig: Rig, case_id: str, role: Role = CRIMINAL) -> str:
    case = rig.case(role, case_id)
    assert case is not None
    return str(disposed(case).standing)


def test_a_charge_without_a_text_has_no_number_and_takes_none_from_the_others() -> None:
    assert numbered((("20101002", DUI), ("20101003", ""), ("", LICENSE))) == {"1": DUI, "2": LICENSE}


def test_everybody_who_was_told_of_the_booking_knows_which_charge_a_decision_is_about(court: Rig) -> None:
    court.known_to_immigration("P7")
    case_id = court.book(card("P7", charges=TWICE))
    court.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    court.decide(LESC, TaskKind.STATUS, case_id, "removable", legal_ground="8 USC 1227(a)(1)(B) (fictitious)")
    notice = ArrestNotice.from_bytes(court.received(COURT, case_id, Kind.NOTICE).body)
    assert notice.charges == {"1": DUI, "2": DUI}
    court.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", charge="2", **DECIDED)
    for role in (AGENCY, STATE, CRIMINAL, IDENT, LESC, ERO, COURT):
        (one,) = dispositions_of(court.case(role, case_id))
        assert (one["charge_number"], one["charge"]) == ("2", DUI), role
    (shown,) = subsequent_activity(court.all, case_id)["disposition"]
    assert (shown["charge_number"], shown["charge_outcome"]) == ("2", "dismissed")


def test_an_officer_and_a_jail_are_told_the_number_and_who_may_see_no_charge_is_not(court: Rig) -> None:
    case_id = court.until_held()
    court.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", **DECIDED)
    review = court.task(ERO, TaskKind.REVIEW, case_id)
    assert (review.shown["charge_number"], review.shown["charge"]) == ("1", DUI)
    officer = Desktop(console(court)).take(ERO, "OFFICER SAMPLE")
    assert "number of the charge 1" in " ".join(text_of(officer.get(f"/tasks/{review.id}")).split())
    jailer = Desktop(console(court)).take(JAIL, "KIM CLERK")
    assert "says how charge 1 ended" in text_of(jailer.get(f"/cases/{case_id}"))
    said = " ".join(news_of(court.case(IDENT, case_id), lambda fields: masked("examiner", fields).fields))
    assert "how a charge ended" in said and "charge 1" not in said


def test_of_two_charges_in_the_same_words_one_is_dismissed_and_the_other_is_a_conviction(court: Rig) -> None:
    case_id = court.book(card("P1", charges=TWICE))
    court.decide(COURT, TaskKind.DISPOSE, case_id, "convicted", charge="1", **DECIDED)
    court.wait(timedelta(minutes=1))
    court.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", charge="2", **DECIDED)
    assert [standing(court, case_id, role) for role in (STATE, CRIMINAL, IDENT)] == ["convicted"] * 3
    court.wait(timedelta(minutes=1))
    again = dispatch.reopen_charges(court.nodes[COURT], case_id, **WHO)
    reversal = {"charge": "1", **DECIDED}
    dispatch.decide_task(court.nodes[COURT], again.id, answer="acquitted", details=reversal, closes=False, **WHO)
    court.run()
    # By its text alone nobody could say that the conviction is the one that was reversed.
    assert [standing(court, case_id, role) for role in (STATE, CRIMINAL, IDENT)] == ["acquitted"] * 3
    assert disposed(court.case(CRIMINAL, case_id)).was_convicted


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_the_last_word_on_each_number_holds_in_whatever_order_they_come(court: Rig, order: tuple[int, ...]) -> None:
    case_id = court.book(card("P1", charges=TWICE))
    said = (disposition("1", "convicted"), disposition("1", "dismissed", said=1), disposition("2", "acquitted", said=2))
    told(court, case_id, *(said[place] for place in order))
    assert (court.failures(STATE), standing(court, case_id)) == ([], "acquitted")


def test_a_charge_decided_twice_leaves_its_namesake_open(court: Rig) -> None:
    case_id = court.book(card("P1", charges=TWICE))
    told(court, case_id, disposition("1", "not_charged"), disposition("1", "dismissed", said=1))
    assert standing(court, case_id) == Standing.PENDING


def test_a_message_of_before_numbers_is_read_written_again_and_counted_by_its_text(court: Rig) -> None:
    old = disposition("", "convicted")
    assert b"charge_number" not in old.to_bytes()
    assert Disposition.from_bytes(old.to_bytes()) == old
    case_id = court.book(card("P1", charges=TWICE))
    told(court, case_id, old, disposition("1", "dismissed", said=1))
    # It may be about the second charge, of which nothing else was said; once something is, it is about neither.
    assert (court.failures(STATE), standing(court, case_id)) == ([], "convicted")
    told(court, case_id, disposition("2", "acquitted", said=2))
    assert standing(court, case_id) == "acquitted"


@pytest.mark.parametrize("number", ["0", "01", "-1", "one", "12345", "\u0661", " 1"])
def test_what_is_no_number_of_a_charge_is_no_disposition(number: str) -> None:
    with pytest.raises(RecordError, match="BODY_INVALID"):
        disposition(number)


@pytest.mark.parametrize("party", [AGENCY, STATE])
@pytest.mark.parametrize(
    ("number", "charge", "code"),
    [("3", DUI, "CHARGE_UNKNOWN"), ("2", DUI, "OTHER_CHARGE"), ("1", "0000 SOMETHING ELSE", "OTHER_CHARGE")],
)
def test_a_charge_that_the_booking_has_not_is_a_dead_letter_at_who_knows_the_booking(
    court: Rig, party: Role, number: str, charge: str, code: str
) -> None:
    case_id = court.book(card("P1", charges=BOTH))
    told(court, case_id, disposition(number, charge=charge), to=party)
    assert (court.failures(party), dispositions_of(court.case(party, case_id))) == ([code], [])
    assert dispositions_of(court.case(CRIMINAL, case_id)) == []


# --- a booking that was rejected after the court was told of it, and comes again ---
Booked = Callable[..., tuple[Rig, str]]


@pytest.fixture
def came_again(court: Rig, monkeypatch: pytest.MonkeyPatch) -> Booked:
    """Give a way to book somebody for two charges, to be rejected by the criminal repository and to book again."""
    from tenprint.exchange.parties import criminal_repository
    from tenprint.records.itl.ebts import Finding

    def book(*charges: tuple[str, str]) -> tuple[Rig, str]:
        refuses = lambda work, card: (Finding("L0008", "", "", "too few", "error"),)  # noqa: E731
        with monkeypatch.context() as strict:
            strict.setattr(criminal_repository, "too_few_fingers", refuses)
            case_id = court.book(card("P1", charges=BOTH))
        court.wait(timedelta(minutes=1))
        errt = court.received(AGENCY, case_id, Kind.ERRT).tcn
        assert court.book(card("P1", charges=charges, tcn="TCN-2010-0000002", tcr=errt)) == case_id
        return court, case_id

    return book


@pytest.fixture
def again(came_again: Booked) -> tuple[Rig, str]:
    """Give a booking of two charges that came again with the second one only."""
    return came_again(BOTH[1])


def test_charges_that_come_again_otherwise_are_asked_about_anew(again: tuple[Rig, str]) -> None:
    rig, case_id = again
    first, second = (task for task in rig.tasks(COURT) if task.kind == TaskKind.DISPOSE)
    assert (first.is_open, first.answer, first.decided_by) == (False, "told_anew", "")
    assert (second.is_open, second.shown["charges"]) == (True, {"1": LICENSE})
    dispatch.decide_task(rig.nodes[COURT], second.id, answer="dismissed", details=DECIDED, **WHO)
    rig.run()
    assert [standing(rig, case_id, role) for role in (STATE, CRIMINAL, IDENT)] == ["dismissed"] * 3
    assert rig.case(COURT, case_id).state == CaseState.ANSWERED
    assert all(not rig.failures(role) for role in rig.nodes)


def test_the_same_charges_under_another_number_are_asked_about_once_and_reach_whoever_knows_that_number_only(
    came_again: Booked,
) -> None:
    rig, case_id = came_again(*BOTH)
    assert rig.case(IDENT, case_id).tcn == "TCN-2010-0000002"  # it has never heard of the first attempt
    (asked,) = rig.tasks(COURT)
    assert asked.is_open
    rig.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", charge="2", **DECIDED)
    for role in (AGENCY, STATE, CRIMINAL, IDENT):
        assert [one["charge_number"] for one in dispositions_of(rig.case(role, case_id))] == ["2"], role
    assert all(not rig.failures(role) for role in rig.nodes)


@pytest.mark.parametrize("origin", [AGENCY, IDENT])
def test_a_correction_of_a_booking_that_came_again_reaches_everybody_whoever_says_it(
    again: tuple[Rig, str], origin: Role
) -> None:
    rig, case_id = again
    dispatch.correct(rig.nodes[origin], case_id, kind="corrected", what="a name", **WHO)
    rig.run()
    assert all(not rig.failures(role) for role in rig.nodes)
    for role in {AGENCY, STATE, CRIMINAL, IDENT}:
        assert len(rig.case(role, case_id).known[CORRECTIONS]) == 1, role


def test_a_notice_that_a_newer_one_has_overtaken_changes_nothing(again: tuple[Rig, str]) -> None:
    rig, case_id = again
    older = min((m for m in rig.messages(COURT, case_id, Kind.NOTICE)), key=lambda m: m.sent_at)
    late = replace(older, id="notice-late").signed(b"")
    late = late.signed(rig.keys[AGENCY].sign(late.signed_bytes()))
    dispatch.accept(rig.nodes[COURT], late.to_bytes())
    rig.run()
    assert rig.case(COURT, case_id).known["charges"] == {"1": LICENSE}
    assert [task.is_open for task in rig.tasks(COURT)] == [False, True]
    assert len(rig.entries(COURT, "repeat")) == 1


@pytest.mark.parametrize("party", [AGENCY, STATE])
def test_a_decision_by_the_numbers_of_a_former_attempt_is_taken_and_counted_by_its_text(
    again: tuple[Rig, str], party: Role
) -> None:
    rig, case_id = again
    told(rig, case_id, disposition("2", charge=LICENSE), to=party)
    assert (rig.failures(party), len(dispositions_of(rig.case(party, case_id)))) == ([], 1)
    assert party == AGENCY or standing(rig, case_id) == "dismissed"
