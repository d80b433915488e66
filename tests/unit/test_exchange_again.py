"""Bookings that are taken back, come again mended, or are found again later; and input that is none of theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from exchange_rig import Rig, card

from tenprint.cli.cases import _told
from tenprint.core.errors import SenderError
from tenprint.exchange import dispatch, story
from tenprint.exchange.model.known import Repository, repository_state
from tenprint.exchange.model.withdrawal import Withdrawal, was_withdrawn
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role, TaskKind
from tenprint.exchange.tasks.resubmissions import attempts_of
from tenprint.records import read, read_result
from tenprint.records.ident import IdentDataResponse
from tenprint.records.itl.ebts import read_error
from tenprint.records.words import ExaminerFinding
from tenprint.records.words import RepositoryState as RecordState

AGENCY, STATE, FBI, IDENT, LESC, ERO = (
    Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER,
    Role.FIELD_OFFICE,
)  # fmt: skip
WHY = {"by": "OFFICER BOOKING", "reason": "the wrong person was booked"}
TOO_FEW = (3, 4, 5, 6, 7, 8, 9)
"""Fingers that cannot be decoded: three are left, and four are needed."""


def result(rig: Rig, case_id: str, kind: Kind) -> object:
    return read_result(read(rig.received(AGENCY, case_id, kind).body))


def error_codes(rig: Rig, case_id: str) -> list[tuple[str, str]]:
    errors = [m for m in rig.messages(AGENCY, case_id, Kind.ERRT) if m.recipient == "agency"]
    return [(one.code, one.field) for m in errors for one in read_error(read(m.body)).messages]


# --- taken back ---
def test_a_booking_withdrawn_while_an_examiner_is_asked_ends_at_every_party_that_was_told(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    dispatch.withdraw(rig.nodes[AGENCY], case_id, **WHY)
    rig.run()
    for role in (AGENCY, STATE, FBI, IDENT):
        assert rig.case(role, case_id).state == CaseState.WITHDRAWN
        assert rig.nodes[role].store.waiting_timers(case_id) == []
    task = rig.task(IDENT, TaskKind.EXAMINE, case_id)
    assert (task.is_open, task.answer, task.decided_by) == (False, "withdrawn", "")
    assert rig.case(LESC, case_id) is None
    assert story.final_state(rig.all, case_id) == CaseState.WITHDRAWN
    assert dispatch.next_due(rig.all) is None


def test_the_story_of_a_withdrawn_booking_can_be_told(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    dispatch.withdraw(rig.nodes[AGENCY], case_id, by="OFFICER BOOKING", reason="the wrong person")
    rig.run()
    lines = story.case_story(rig.all, case_id)
    told = [(line.party, line.person) for line in lines if "withdrawn by" in line.sentence]
    way = ("agency", "state_bureau", "criminal_repository", "immigration_repository")
    assert told == [(party, "OFFICER BOOKING") for party in way]
    # As `tenprint case show` prints them: nobody is named twice in a line, and whom the sentence does not name, is.
    printed = [_told(line)[2] for line in lines]
    assert max(text.count("OFFICER BOOKING") for text in printed) == 1
    unnamed = replace(lines[0], person="OFFICER BOOK", sentence="as OFFICER BOOKING wrote")
    assert _told(unnamed)[2].endswith("(by OFFICER BOOK)")


def test_a_booking_withdrawn_while_a_specialist_is_asked_reaches_the_support_center(rig: Rig) -> None:
    case_id = rig.until_examined()
    dispatch.withdraw(rig.nodes[AGENCY], case_id, **WHY)
    rig.run()
    assert rig.case(LESC, case_id).state == CaseState.WITHDRAWN
    with pytest.raises(SenderError, match="closed"):
        rig.decide(LESC, TaskKind.STATUS, case_id, "citizen")
    assert rig.case(ERO, case_id) is None
    said = Withdrawal.from_bytes(rig.received(LESC, case_id, Kind.WITHDRAWAL).body)
    assert (said.by, said.reason) == (WHY["by"], WHY["reason"])
    assert all(WHY["reason"] not in str(e.values()) for role in (AGENCY, LESC) for e in rig.entries(role))


def test_a_withdrawal_that_meets_the_officers_question_closes_it(rig: Rig) -> None:
    """The support center answers while the withdrawal is under way: it tells the field office too."""
    case_id = rig.until_examined()
    dispatch.withdraw(rig.nodes[AGENCY], case_id, **WHY)
    task = rig.task(LESC, TaskKind.STATUS, case_id)
    dispatch.decide_task(rig.nodes[LESC], task.id, answer="citizen", reason="as seen", by="OFFICIAL status")
    dispatch.run_until_idle([rig.nodes[LESC], rig.nodes[ERO]])
    assert rig.task(ERO, TaskKind.DECIDE, case_id).is_open
    rig.run()
    assert rig.task(ERO, TaskKind.DECIDE, case_id).answer == "withdrawn"
    assert rig.case(ERO, case_id).state == CaseState.WITHDRAWN
    # The specialist's answer overtook the withdrawal at the criminal repository; the state bureau stops it.
    assert [e["message_kind"] for e in rig.entries(STATE, "after_withdrawal")] == ["SECOND_SRE"]
    assert rig.messages(AGENCY, case_id, Kind.SECOND_SRE) == []


@pytest.mark.slow
def test_a_booking_can_be_taken_back_while_an_officer_is_asked_and_ends_at_everybody_and_the_court(
    make: Callable[..., Rig],
) -> None:
    rig = make(court=True)
    case_id = rig.until_status()
    assert rig.case(AGENCY, case_id).state == CaseState.ANSWERED
    dispatch.withdraw(rig.nodes[AGENCY], case_id, **WHY)
    rig.run()
    told = (AGENCY, STATE, FBI, IDENT, LESC, ERO, Role.COURT)
    assert {role: rig.case(role, case_id).state for role in told} == dict.fromkeys(told, CaseState.WITHDRAWN)
    assert [task for role in told for task in rig.tasks(role, open_only=True)] == []
    assert [rig.failures(role) for role in told] == [[]] * len(told)
    with pytest.raises(SenderError, match="CASE_CLOSED"):
        dispatch.withdraw(rig.nodes[AGENCY], case_id, **WHY)


def test_a_court_is_asked_nothing_more_of_a_booking_that_was_taken_back(make: Callable[..., Rig]) -> None:
    rig = make(court=True)
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    asked = rig.task(Role.COURT, TaskKind.DISPOSE, case_id)
    dispatch.withdraw(rig.nodes[AGENCY], case_id, **WHY)
    said = {"answer": "convicted", "reason": "as seen", "by": "CLERK GAVEL"}
    details = {"decided_on": "2010-10-04", "reference": "CR 1"}
    rig.run()
    assert (rig.case(Role.COURT, case_id).state, rig.tasks(Role.COURT, open_only=True)) == (CaseState.WITHDRAWN, [])
    with pytest.raises(SenderError, match="TASK_CLOSED"):
        dispatch.decide_task(rig.nodes[Role.COURT], asked.id, **said, details=details)
    with pytest.raises(SenderError, match="CASE_WITHDRAWN"):
        dispatch.reopen_charges(rig.nodes[Role.COURT], case_id, by="CLERK GAVEL", reason="reversed")


@pytest.mark.slow
def test_what_an_officer_had_decided_stays_when_a_booking_is_taken_back(rig: Rig) -> None:
    case_id = rig.until_status()
    rig.decide(ERO, TaskKind.DECIDE, case_id, "interview")
    dispatch.withdraw(rig.nodes[AGENCY], case_id, **WHY)
    rig.run()
    case = rig.case(ERO, case_id)
    assert (case.state, was_withdrawn(case), rig.tasks(ERO, open_only=True)) == (CaseState.INTERVIEWED, True, [])


@pytest.mark.slow
def test_an_officer_whose_request_stands_looks_again_when_the_booking_is_taken_back(rig: Rig) -> None:
    case_id = rig.until_held()
    dispatch.withdraw(rig.nodes[AGENCY], case_id, **WHY)
    rig.run()
    assert [rig.case(role, case_id).state for role in (ERO, Role.JAIL)] == [CaseState.HELD] * 2
    review = rig.task(ERO, TaskKind.REVIEW, case_id)
    assert (review.is_open, review.shown["what_is_new"]) == (True, "the booking agency takes the booking back")
    rig.decide(ERO, TaskKind.REVIEW, case_id, "cancel")
    assert rig.case(Role.JAIL, case_id).state == CaseState.CANCELLED


@pytest.mark.slow
def test_a_withdrawal_leaves_a_request_that_a_jail_has_accepted_to_the_officer(rig: Rig) -> None:
    case_id = rig.until_detainer()
    rig.decide(Role.JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    said = Withdrawal(rig.case(AGENCY, case_id).tcn, WHY["reason"], WHY["by"])
    rig.say(LESC, ERO, Kind.WITHDRAWAL, said.to_bytes(), case_id)
    rig.run()
    case = rig.case(ERO, case_id)
    assert (case.state, was_withdrawn(case)) == (CaseState.LODGED, True)
    assert rig.case(Role.JAIL, case_id).state == CaseState.LODGED


def test_a_booking_that_had_ended_at_a_repository_is_noted_there_as_taken_back_and_never_hit_later(
    make: Callable[..., Rig],
) -> None:
    rig = make(settings={IDENT: {"keeps_searches": True}})
    case_id = rig.book(card("P7"))
    said = Withdrawal(rig.case(AGENCY, case_id).tcn, WHY["reason"], WHY["by"])
    rig.say(FBI, IDENT, Kind.WITHDRAWAL, said.to_bytes(), case_id)
    rig.run()
    case = rig.case(IDENT, case_id)
    assert (case.is_final, was_withdrawn(case)) == (True, True)
    enrol_later(rig)
    assert rig.tasks(IDENT) == []


def test_a_late_answer_to_a_withdrawn_booking_is_logged_and_changes_nothing(rig: Rig) -> None:
    case_id = dispatch.submit(rig.nodes[AGENCY], card("P1")).case_id
    dispatch.withdraw(rig.nodes[AGENCY], case_id, **WHY)
    rig.run()
    assert rig.case(AGENCY, case_id).state == CaseState.WITHDRAWN
    assert {e["message_kind"] for e in rig.entries(AGENCY, "after_withdrawal")} == {"ACK", "STATE_SRE"}
    assert {e["message_kind"] for e in rig.entries(FBI, "after_withdrawal")} == {"IDR"}
    assert rig.messages(STATE, case_id, Kind.SRE) == []


@pytest.mark.parametrize(
    ("more", "code"),
    [({"by": " "}, "PERSON_MISSING"), ({"reason": ""}, "REASON_MISSING"), ({"reason": "a\nb"}, "TEXT_INVALID")],
)
def test_a_withdrawal_needs_a_person_and_a_reason(rig: Rig, more: dict[str, str], code: str) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    before = rig.nodes[AGENCY].store.entries()
    with pytest.raises(SenderError) as refused:
        dispatch.withdraw(rig.nodes[AGENCY], case_id, **WHY | more)
    assert refused.value.code == code
    assert len(rig.nodes[AGENCY].store.entries()) == len(before)


def test_what_has_ended_cannot_be_withdrawn_and_nobody_but_an_agency_withdraws(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    for role, case, code in (
        (AGENCY, case_id, "CASE_CLOSED"), (STATE, case_id, "NOT_AN_AGENCY"), (AGENCY, "case-none", "UNKNOWN_CASE"),
    ):  # fmt: skip
        with pytest.raises(SenderError) as refused:
            dispatch.withdraw(rig.nodes[role], case, **WHY)
        assert refused.value.code == code


def test_a_booking_is_not_withdrawn_by_another_agency(make: Callable[..., Rig]) -> None:
    rig = make(second_agency=True)
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    body = Withdrawal(tcn="TCN-2010-0000001", **WHY).to_bytes()
    rig.say(AGENCY, STATE, Kind.WITHDRAWAL, body, case_id, as_party="agency2")
    assert rig.failures(STATE) == ["NOT_ASKED"]
    assert rig.case(STATE, case_id).state != CaseState.WITHDRAWN
    assert rig.task(IDENT, TaskKind.EXAMINE, case_id).is_open


def test_a_booking_is_not_withdrawn_by_an_agency_whose_refused_file_lies_in_its_case(make: Callable[..., Rig]) -> None:
    rig = make(second_agency=True)
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    data = card("P1", tcn="TCN-2010-0000010", ori="XX0020000", cri=("XX0020000",))
    rig.say(AGENCY, STATE, Kind.CAR, data, case_id, as_party="agency2", id="claims", tcn="TCN-2010-0000010")
    body = Withdrawal(tcn="TCN-2010-0000001", **WHY).to_bytes()
    rig.say(AGENCY, STATE, Kind.WITHDRAWAL, body, case_id, as_party="agency2")
    assert rig.failures(STATE) == ["CASE_TAKEN", "NOT_ASKED"]
    assert rig.case(STATE, case_id).state != CaseState.WITHDRAWN


# --- sent again ---
def rejected(rig: Rig) -> tuple[str, str]:
    """Return the case of a rejected booking, and the control number of the rejection."""
    case_id = rig.book(card("P1", bad=TOO_FEW))
    assert rig.case(AGENCY, case_id).state == CaseState.REJECTED
    return case_id, rig.received(AGENCY, case_id, Kind.ERRT).tcn


def test_a_mended_file_that_quotes_the_rejection_goes_on_with_the_same_case(rig: Rig) -> None:
    case_id, errt = rejected(rig)
    again = rig.book(card("P1", tcn="TCN-2010-0000002", tcr=errt))
    assert again == case_id
    for role in (AGENCY, STATE):
        case = rig.case(role, case_id)
        assert case.state == CaseState.NO_MATCH
        assert [(a["tcn"], a["rejection"], a["codes"]) for a in attempts_of(case)] == [
            ("TCN-2010-0000001", errt, "L0008")
        ]
    assert result(rig, case_id, Kind.SRE).tcr == "TCN-2010-0000002"
    assert [e["note"] for e in rig.entries(AGENCY, "resubmitted")] == ["attempt 2 of this booking"]
    kinds = [m.kind for m in rig.messages(AGENCY, case_id)]
    assert kinds == [Kind.CAR, Kind.ERRT, Kind.CAR, Kind.ACK, Kind.STATE_SRE, Kind.SRE]


def test_a_second_copy_of_either_attempt_makes_no_third(rig: Rig) -> None:
    case_id, errt = rejected(rig)
    mended = card("P1", tcn="TCN-2010-0000002", tcr=errt)
    rig.book(mended)
    for copy in (mended, card("P1", bad=TOO_FEW)):
        again = dispatch.submit(rig.nodes[AGENCY], copy)
        assert (again.case_id, again.is_repeat) == (case_id, True)
    assert len(rig.messages(AGENCY, case_id, Kind.CAR)) == 2


def test_a_booking_may_be_rejected_twice_and_each_attempt_stays_visible(rig: Rig) -> None:
    case_id, first = rejected(rig)
    rig.book(card("P1", bad=TOO_FEW, tcn="TCN-2010-0000002", tcr=first))
    second = rig.messages(AGENCY, case_id, Kind.ERRT)[-1].tcn
    assert second != first
    with pytest.raises(SenderError, match="sent again since"):
        dispatch.submit(rig.nodes[AGENCY], card("P1", tcn="TCN-2010-0000003", tcr=first))
    rig.book(card("P1", tcn="TCN-2010-0000003", tcr=second))
    case = rig.case(AGENCY, case_id)
    assert case.state == CaseState.NO_MATCH
    assert [a["rejection"] for a in attempts_of(case)] == [first, second]


def test_a_rejection_of_the_criminal_repository_is_mended_at_all_three(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenprint.exchange.parties import criminal_repository
    from tenprint.records.itl.ebts import Finding

    refuses = lambda work, card: (Finding("L0008", "", "", "too few", "error"),)  # noqa: E731
    with monkeypatch.context() as strict:
        strict.setattr(criminal_repository, "too_few_fingers", refuses)
        case_id = rig.book(card("P1"))
    assert [rig.case(role, case_id).state for role in (AGENCY, STATE, FBI)] == [CaseState.REJECTED] * 3
    errt = rig.received(AGENCY, case_id, Kind.ERRT).tcn
    assert rig.book(card("P1", tcn="TCN-2010-0000002", tcr=errt)) == case_id
    for role in (AGENCY, STATE, FBI):
        assert rig.case(role, case_id).state == CaseState.NO_MATCH
        assert [a["rejection"] for a in attempts_of(rig.case(role, case_id))] == [errt]
    # The state kept the first attempt's prints; the second is not found in the first.
    assert repository_state(rig.case(STATE, case_id), Repository.STATE) == RepositoryState.NO_MATCH
    assert len(rig.matcher(STATE).gallery) == 1


def test_a_mended_file_that_quotes_nothing_is_a_new_case(rig: Rig) -> None:
    case_id, _ = rejected(rig)
    other = rig.book(card("P1", tcn="TCN-2010-0000002"))
    assert other != case_id
    assert rig.case(AGENCY, case_id).state == CaseState.REJECTED
    assert rig.case(AGENCY, other).state == CaseState.NO_MATCH


def test_a_file_that_quotes_an_answer_the_agency_never_got_is_refused_and_nothing_is_sent(rig: Rig) -> None:
    with pytest.raises(SenderError) as refused:
        dispatch.submit(rig.nodes[AGENCY], card("P1", tcr="SOMEBODYELSES0000001"))
    assert (refused.value.code, refused.value.field) == ("RESUBMISSION_UNKNOWN", "1.010")
    assert rig.entries(AGENCY) == []


def test_an_agency_that_quotes_another_agencys_rejection_is_rejected_by_the_state(make: Callable[..., Rig]) -> None:
    rig = make(second_agency=True)
    case_id, errt = rejected(rig)
    before = rig.case(STATE, case_id)
    data = card("P1", tcn="TCN-2010-0000009", tcr=errt, ori="XX0020000", cri=("XX0020000",))
    rig.say(AGENCY, STATE, Kind.CAR, data, "case-of-two", as_party="agency2", tcn="TCN-2010-0000009")
    answer = next(m for m in rig.messages(STATE, "case-of-two", Kind.ERRT))
    assert answer.recipient == "agency2"
    assert [(m.code, m.field) for m in read_error(read(answer.body)).messages] == [("E0006", "1.010")]
    data = card("P1", tcn="TCN-2010-0000010", tcr=errt, ori="XX0020000", cri=("XX0020000",))
    rig.say(AGENCY, STATE, Kind.CAR, data, case_id, as_party="agency2", id="claims", tcn="TCN-2010-0000010")
    assert rig.failures(STATE) == ["CASE_TAKEN"]
    assert rig.case(STATE, case_id) == before


# --- found again later ---
def kept(make: Callable[..., Rig], **booking: object) -> tuple[Rig, str]:
    rig = make(settings={IDENT: {"keeps_searches": True}})
    return rig, rig.book(card("P7", **booking))


def enrol_later(rig: Rig, person: str = "P7") -> None:
    dispatch.enrol(rig.nodes[IDENT], f"FIN-{person}", card(person, tcn="TCN-ENROL-00001"))
    rig.run()


def test_a_later_enrolment_that_fits_a_kept_booking_reopens_the_case_once_an_examiner_says_so(
    make: Callable[..., Rig],
) -> None:
    rig, case_id = kept(make)
    assert rig.case(AGENCY, case_id).state == CaseState.NO_MATCH
    rig.wait(timedelta(days=30))
    enrol_later(rig)
    assert rig.messages(FBI, case_id, Kind.LATE_HIT) == []  # a machine's candidate tells nobody anything
    task = rig.task(IDENT, TaskKind.EXAMINE, case_id)
    assert [c["subject_id"] for c in task.shown["candidates"]] == ["FIN-P7"]
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    for role in (AGENCY, STATE, FBI):
        case = rig.case(role, case_id)
        assert case.state == CaseState.AWAITING_STATUS
        assert repository_state(case, Repository.IMMIGRATION) == RepositoryState.MATCH
        assert [e["note"] for e in rig.entries(role, "reopened")] == [
            "a late hit: the case was no_match and waits for the status now"
        ]
    told = result(rig, case_id, Kind.LATE_HIT)
    assert (told.tcr, told.response.immigration) == (result(rig, case_id, Kind.SRE).tcn, "match")
    rig.decide(LESC, TaskKind.STATUS, case_id, "citizen")
    last = result(rig, case_id, Kind.SECOND_SRE)
    assert "STATUS: CITIZEN" in last.response.iar
    assert last.tcr == told.tcr
    assert rig.case(AGENCY, case_id).state == CaseState.ANSWERED
    assert rig.task(ERO, TaskKind.DECIDE, case_id).is_open
    assert any("opens the case again" in line.sentence for line in story.case_story(rig.all, case_id))


def test_an_examiner_who_excludes_a_late_candidate_leaves_the_case_as_it_ended(make: Callable[..., Rig]) -> None:
    rig, case_id = kept(make)
    enrol_later(rig)
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "exclusion")
    assert rig.messages(FBI, case_id, Kind.LATE_HIT) == []
    assert rig.case(AGENCY, case_id).state == rig.case(IDENT, case_id).state == CaseState.NO_MATCH


def test_who_cannot_tell_about_a_late_candidate_asks_a_second_examiner(make: Callable[..., Rig]) -> None:
    rig, case_id = kept(make)
    enrol_later(rig)
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "inconclusive", by="FIRST EXAMINER")
    rig.decide(IDENT, TaskKind.EXAMINE_SECOND, case_id, "identification", by="SECOND EXAMINER")
    assert rig.case(FBI, case_id).state == CaseState.AWAITING_STATUS


def test_another_bookings_keep_is_a_later_enrolment_too(make: Callable[..., Rig]) -> None:
    rig, case_id = kept(make)
    rig.book(card("P7", tcn="TCN-2010-0000002"))
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    assert rig.case(AGENCY, case_id).state == CaseState.AWAITING_STATUS


@pytest.mark.parametrize("booking", [{"ret": "N"}, {"tot": "CNA"}])
def test_a_search_without_keeping_is_never_hit_later_and_a_cna_hears_nothing(
    make: Callable[..., Rig], booking: dict[str, object]
) -> None:
    rig, case_id = kept(make, **booking)
    enrol_later(rig)
    asked = [t for t in rig.tasks(IDENT) if t.case_id == case_id]
    assert len(asked) == (booking.get("ret") != "N")
    if asked:
        rig.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
        assert rig.messages(AGENCY, case_id, Kind.LATE_HIT) == []
        assert rig.received(LESC, case_id, Kind.IAQ)


def test_the_same_enrolment_again_asks_nobody_twice_and_by_its_own_setting_only(make: Callable[..., Rig]) -> None:
    rig, _ = kept(make)
    enrol_later(rig)
    enrol_later(rig)
    assert len(rig.tasks(IDENT)) == 1
    plain = make()
    plain.book(card("P7"))
    enrol_later(plain)
    assert plain.tasks(IDENT) == []


def late_hit(state: RecordState = RecordState.MATCH) -> bytes:
    subject = "FIN-P7" if state == RecordState.MATCH else ""
    finding = ExaminerFinding.IDENTIFICATION if subject else ExaminerFinding.NONE
    return IdentDataResponse(
        tcn="LATE0000000000000001", tcr="TCN-2010-0000001", result=state, subject_id=subject, finding=finding
    ).to_bytes()


def test_a_late_hit_that_is_no_match_or_reaches_a_rejected_booking_opens_nothing(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    rig.say(IDENT, FBI, Kind.LATE_HIT, late_hit(RecordState.ERROR), case_id)
    assert rig.failures(FBI) == ["LATE_HIT_WITHOUT_MATCH"]
    assert rig.case(FBI, case_id).state == CaseState.NO_MATCH
    rejected_case, _ = rejected_again(rig)
    rig.say(IDENT, FBI, Kind.LATE_HIT, late_hit(), rejected_case)
    assert rig.case(STATE, rejected_case).state == CaseState.REJECTED


def rejected_again(rig: Rig) -> tuple[str, str]:
    case_id = rig.book(card("P1", bad=TOO_FEW, tcn="TCN-2010-0000005"))
    return case_id, rig.received(AGENCY, case_id, Kind.ERRT).tcn


# --- input that is none of theirs ---
@pytest.mark.parametrize(
    ("booking", "code"),
    [
        ({"ori": "XX9990000"}, ("E0006", "1.008")),
        ({"doa": "20101106"}, ("E0003", "2.045")),
        ({"dob": "20111231", "doa": "20101004"}, ("L0037", "2.045")),
        ({"dob": "20201231", "doa": "20210101"}, ("E0003", "2.022")),
    ],
)
def test_an_unknown_agency_and_days_that_cannot_be_are_rejected_with_their_field(
    rig: Rig, booking: dict[str, object], code: tuple[str, str]
) -> None:
    from dataclasses import replace

    from exchange_rig import BOOKING

    from tenprint import records

    images = records.read(card("P1")).images()
    case_id = rig.book(records.build_car(replace(BOOKING, **booking), list(images), checked=False))
    assert code in error_codes(rig, case_id)
    assert rig.case(AGENCY, case_id).state == CaseState.REJECTED
    assert rig.case(FBI, case_id) is None
    assert rig.entries(STATE, "searched") == []


def test_a_day_ahead_is_left_for_time_zones(rig: Rig) -> None:
    assert rig.case(AGENCY, rig.book(card("P1", doa="20101005"))).state == CaseState.NO_MATCH


@pytest.mark.parametrize("kind", [Kind.SRE, Kind.SECOND_SRE, Kind.LATE_HIT, Kind.ERRT])
def test_an_answer_to_nothing_is_given_up_and_seen_by_nobody_else(rig: Rig, kind: Kind) -> None:
    from exchange_rig import run_through_retries

    body = rig.received(AGENCY, rig.book(card("P1")), Kind.SRE).body
    rig.say(FBI, STATE, kind, body, "case-nobody-knows")
    run_through_retries(rig)
    assert rig.failures(STATE) == ["UNKNOWN_CASE"]
    assert rig.messages(AGENCY, "case-nobody-knows") == []


def test_an_answer_that_comes_twice_changes_nothing(rig: Rig) -> None:
    case_id = rig.until_status("citizen", ground="")
    before = {role: rig.case(role, case_id) for role in (AGENCY, STATE, FBI)}
    for sender, recipient, kind in ((IDENT, FBI, Kind.IDR), (LESC, FBI, Kind.IAR)):
        rig.say(sender, recipient, kind, rig.received(FBI, case_id, kind).body, case_id, id=f"again-{kind}")
    assert {role: rig.case(role, case_id) for role in before} == before
    assert len(rig.messages(AGENCY, case_id, Kind.SECOND_SRE)) == 1
    assert len(rig.entries(FBI, "repeat")) == 2
