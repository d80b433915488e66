"""Corrections and expungements travel to everyone who was told, are acted on, and are acknowledged by each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from exchange_rig import BOOKING, GROUND, PERMITTED, START, Rig, card, fingers_of, run_through_retries

from tenprint.core.errors import SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.model.corrections import CORRECTIONS, Correction, CorrectionDone
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role, TaskKind

pytestmark = pytest.mark.slow
AGENCY, STATE, CRIMINAL = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY
IDENT, LESC, ERO, JAIL, COURT = (
    Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER, Role.FIELD_OFFICE, Role.JAIL, Role.COURT,
)  # fmt: skip
ORDER = {
    "what": "order of the county court CR-2010-17 (fictitious)",
    "reason": "arrested by mistake",
    "by": "CLERK GAVEL",
}


@pytest.fixture
def court(make: Callable[..., Rig]) -> Rig:
    """Give a network of eight parties: seven and a court."""
    return make(court=True)


def correct(rig: Rig, role: Role, case_id: str, kind: str) -> str:
    correction_id = dispatch.correct(rig.nodes[role], case_id, kind=kind, **ORDER)
    rig.run()
    return correction_id


def done(rig: Rig, role: Role, case_id: str) -> dict[str, str]:
    (one,) = dispatch.acknowledgements(rig.nodes[role], case_id)
    return one.done


def everybody_but(origin: Role) -> set[str]:
    return {str(role) for role in (AGENCY, STATE, CRIMINAL, IDENT, LESC, ERO, JAIL, COURT)} - {str(origin)}


def said(case_id: str, **changes: str) -> Correction:
    plain = Correction(
        f"c-{case_id}", "court", BOOKING.tcn, "expunged", "an order", "arrested by mistake", "CLERK GAVEL", START
    )
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("origin", "kind"),
    [(AGENCY, "corrected"), (STATE, "expunged"), (COURT, "sealed"), (IDENT, "corrected"), (LESC, "corrected")],
)
def test_a_correction_reaches_everybody_who_was_told_and_each_acknowledges_it(
    court: Rig, origin: Role, kind: str
) -> None:
    case_id = court.until_held()
    correct(court, origin, case_id, kind)
    answered = done(court, origin, case_id)
    assert answered.keys() == everybody_but(origin)
    assert all(words.startswith("noted") for words in answered.values())
    assert all(not court.failures(role) for role in court.nodes)
    for role in court.nodes:
        assert [one["correction_kind"] for one in court.case(role, case_id).known[CORRECTIONS].values()] == [kind]


def test_nobody_takes_anything_back_by_itself_but_an_officer_is_asked(court: Rig) -> None:
    case_id = court.until_held()
    correct(court, COURT, case_id, "expunged")
    assert [court.case(role, case_id).state for role in (ERO, JAIL)] == [CaseState.HELD] * 2
    review = court.task(ERO, TaskKind.REVIEW, case_id)
    assert (review.is_open, review.shown["correction"], review.shown["corrected_by"]) == (True, "expunged", "court")
    assert done(court, COURT, case_id)["field_office"] == "noted officer_asked decision_kept"
    assert court.task(JAIL, TaskKind.REPORT_CUSTODY, case_id).is_open
    court.decide(ERO, TaskKind.REVIEW, case_id, "cancel")
    assert [court.case(role, case_id).state for role in (ERO, JAIL)] == [CaseState.CANCELLED] * 2


def test_expunged_prints_leave_the_galleries_with_their_rows_and_are_not_found_again(court: Rig) -> None:
    case_id = court.book(card("P1"))
    subjects = {role: court.case(role, case_id).known["subject"] for role in (STATE, CRIMINAL)}
    assert all(subjects[role] in court.matcher(role).gallery for role in subjects)
    correct(court, STATE, case_id, "expunged")
    for role, subject in subjects.items():
        assert subject not in court.matcher(role).gallery
        assert court.nodes[role].store.exemplars(subject) == []
        assert court.entries(role, "prints_removed")
    again = court.book(card("P1", tcn="TCN-2010-0000002"))
    assert court.case(STATE, again).known["repositories"]["state"] == RepositoryState.NO_MATCH


def test_an_expunged_record_that_is_still_found_is_never_shown(court: Rig) -> None:
    case_id = court.book(card("P1"))
    subject = court.case(CRIMINAL, case_id).known["subject"]
    kept = dict(court.matcher(CRIMINAL).gallery)
    correct(court, STATE, case_id, "expunged")
    court.matcher(CRIMINAL).gallery.update(kept)  # as a gallery restored from a backup would have it
    again = court.book(card("P1", tcn="TCN-2010-0000002"))
    assert court.case(CRIMINAL, again).known["repositories"]["criminal"] == RepositoryState.NO_MATCH
    (dropped,) = court.entries(CRIMINAL, "candidate_dropped")
    assert (dropped["case"], subject in str(dropped)) == (again, False)


def test_a_record_that_was_there_before_the_booking_stays(court: Rig) -> None:
    first = court.book(card("P1"))
    subject = court.case(STATE, first).known["subject"]
    second = court.book(card("P1", tcn="TCN-2010-0000002"))
    correct(court, STATE, second, "expunged")
    assert subject in court.matcher(STATE).gallery


def test_expunging_a_case_under_way_closes_its_questions_and_ends_it(court: Rig) -> None:
    court.known_to_immigration("P7")
    case_id = court.book(card("P7"))
    assert court.task(IDENT, TaskKind.EXAMINE, case_id).is_open
    correct(court, COURT, case_id, "expunged")
    assert court.tasks(IDENT, open_only=True) == [] == court.tasks(COURT, open_only=True)
    assert {court.case(role, case_id).state for role in (AGENCY, STATE, CRIMINAL, IDENT)} == {CaseState.WITHDRAWN}
    run_through_retries(court)
    assert court.messages(CRIMINAL, case_id, Kind.SRE) == []  # its clock was stopped


def test_a_corrected_record_is_a_note_and_an_examiner_is_asked_anew(court: Rig) -> None:
    court.known_to_immigration("P7")
    case_id = court.book(card("P7"))
    correct(court, AGENCY, case_id, "corrected")
    assert court.task(IDENT, TaskKind.EXAMINE, case_id).is_open
    noted = {str(role): "noted" for role in (STATE, CRIMINAL, COURT)}
    assert done(court, AGENCY, case_id) == noted | {str(IDENT): "noted asked_anew"}


def test_who_is_told_later_gets_the_correction_with_it_and_the_origin_learns_that(court: Rig) -> None:
    court.known_to_immigration("P7")
    case_id = court.book(card("P7"))
    correct(court, AGENCY, case_id, "corrected")
    court.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    court.decide(LESC, TaskKind.STATUS, case_id, "removable", legal_ground=GROUND)
    court.decide(ERO, TaskKind.DECIDE, case_id, "detainer", **PERMITTED)
    court.decide(ERO, TaskKind.SECOND_LOOK, case_id, "agree")
    asked_anew = dict.fromkeys(map(str, (IDENT, LESC, ERO, JAIL)), "noted asked_anew")
    assert done(court, AGENCY, case_id) == dict.fromkeys(everybody_but(AGENCY), "noted") | asked_anew
    assert court.case(JAIL, case_id).known[CORRECTIONS]


def test_the_origin_sees_who_has_not_answered(court: Rig) -> None:
    case_id = court.until_held()
    post, silent = court.post.deliver, str(JAIL)

    def deliver(wire: bytes, recipient: str) -> bytes:
        if recipient == silent:
            raise SenderError("REFUSED", "this party does not answer")
        return post(wire, recipient)

    court.post.deliver = deliver
    correct(court, COURT, case_id, "sealed")
    answered = done(court, COURT, case_id)
    assert [party for party, words in answered.items() if not words] == [silent]


@pytest.mark.parametrize(("origin", "kind"), [(COURT, "expunged"), (STATE, "sealed"), (AGENCY, "corrected")])
def test_a_correction_of_a_kept_booking_goes_to_those_who_know_of_it_and_to_nobody_else(
    make: Callable[..., Rig], origin: Role, kind: str
) -> None:
    rig = make(court=True, settings={STATE: {"nff_state": True}})
    rig.matcher(STATE).enroll("SID-P1", fingers_of("P1"))
    case_id = rig.book(card("P1"))
    correct(rig, origin, case_id, kind)
    run_through_retries(rig)
    told = done(rig, origin, case_id)
    assert (told.keys(), all(told.values())) == ({"agency", "state_bureau", "court"} - {str(origin)}, True)
    assert [rig.messages(role, case_id) for role in (CRIMINAL, IDENT, LESC, ERO, JAIL)] == [[]] * 5
    assert all(not rig.failures(role) for role in rig.nodes)


def test_an_order_of_the_state_reaches_the_agency_of_a_booking_that_asked_for_no_answer(court: Rig) -> None:
    case_id = court.book(card("P1", tot="CNA", ret="Y"))
    correct(court, STATE, case_id, "expunged")
    assert done(court, STATE, case_id).keys() == {"agency", "criminal_repository", "immigration_repository", "court"}
    assert all(not court.failures(role) for role in court.nodes)


def test_a_party_that_never_hears_of_the_case_says_so(court: Rig) -> None:
    case_id = court.book(card("P1"))
    court.say(STATE, AGENCY, Kind.CORRECTION, court.news(said("case-never", origin="state_bureau")), "case-never")
    run_through_retries(court)
    assert court.failures(AGENCY) == ["UNKNOWN_CASE"]
    answer = CorrectionDone.from_bytes(court.messages(AGENCY, "case-never", Kind.ACK)[0].body)
    assert (answer.party, answer.done) == ("agency", "unknown_case")
    assert court.case(AGENCY, case_id) is not None


@pytest.mark.parametrize(
    ("sender", "changes", "code"),
    [
        (AGENCY, {"origin": "agency"}, "CORRECTION_NOT_YOURS"),
        (COURT, {"origin": "jail"}, "CORRECTION_NOT_YOURS"),
        (COURT, {"tcn": "TCN-2010-0000009"}, "OTHER_BOOKING"),
        (CRIMINAL, {"origin": "criminal_repository"}, "CORRECTION_NOT_YOURS"),
    ],
)
def test_a_correction_that_is_not_its_origins_to_make_is_refused(
    court: Rig, sender: Role, changes: dict[str, str], code: str
) -> None:
    case_id = court.book(card("P1"))
    court.say(sender, STATE, Kind.CORRECTION, court.news(said(case_id, **changes)), case_id)
    assert (court.failures(STATE), CORRECTIONS in court.case(STATE, case_id).known) == ([code], False)


def test_a_party_outside_the_case_can_neither_correct_nor_acknowledge(court: Rig) -> None:
    case_id = court.book(card("P1"))  # the support center was never asked
    correction_id = correct(court, COURT, case_id, "sealed")
    court.say(LESC, CRIMINAL, Kind.CORRECTION, said(case_id, origin="support_center",
              correction_kind="corrected").to_bytes(), case_id)  # fmt: skip
    court.say(LESC, CRIMINAL, Kind.ACK, CorrectionDone(correction_id, "jail", "noted").to_bytes(), case_id)
    court.say(STATE, CRIMINAL, Kind.ACK, CorrectionDone("c-none", "jail", "noted").to_bytes(), case_id)
    assert court.failures(CRIMINAL) == ["NOT_ASKED", "NOT_ASKED", "UNKNOWN_CORRECTION"]


@pytest.mark.parametrize(
    ("sender", "party", "passed_on_to", "code"),
    [
        (AGENCY, "jail", "", "NOT_ON_THE_WAY"),
        (AGENCY, "criminal_repository", "", "NOT_ON_THE_WAY"),
        (CRIMINAL, "state_bureau", "", "NOT_ON_THE_WAY"),
        (CRIMINAL, "nobody", "", "UNKNOWN_PARTY"),
        (CRIMINAL, "jail", "field_office", "NOT_ON_THE_WAY"),
        (CRIMINAL, "criminal_repository", "field_office", "NOT_ON_THE_WAY"),
        (CRIMINAL, "criminal_repository", "support_center EVERYBODY WAS TOLD", "UNKNOWN_PARTY"),
        (AGENCY, "agency", "state_bureau", "NOT_ON_THE_WAY"),
    ],
)
def test_nobody_acknowledges_for_a_party_that_does_not_hear_the_correction_by_way_of_it(
    court: Rig, sender: Role, party: str, passed_on_to: str, code: str
) -> None:
    case_id = court.until_held()
    correction_id = correct(court, STATE, case_id, "sealed")
    before = done(court, STATE, case_id)
    false = CorrectionDone(correction_id, party, "noted falsely", passed_on_to)
    court.say(sender, STATE, Kind.ACK, false.to_bytes(), case_id)
    assert court.failures(STATE) == [code]
    assert done(court, STATE, case_id) == before


@pytest.mark.parametrize(
    ("role", "words", "code"),
    [
        (CRIMINAL, {}, "CORRECTION_NOT_YOURS"),
        (AGENCY, {}, "CORRECTION_NOT_YOURS"),
        (STATE, {"kind": "forgotten"}, "CORRECTION_UNKNOWN"),
        (STATE, {"by": ""}, "PERSON_MISSING"),
        (STATE, {"reason": " "}, "REASON_MISSING"),
        (STATE, {"what": ""}, "REASON_MISSING"),
    ],
)
def test_the_door_refuses_with_a_code_and_changes_nothing(
    court: Rig, role: Role, words: dict[str, str], code: str
) -> None:
    case_id = court.book(card("P1"))
    entries = len(court.entries(role))
    with pytest.raises(SenderError) as caught:
        dispatch.correct(court.nodes[role], case_id, **({"kind": "expunged"} | ORDER | words))
    assert (caught.value.code, len(court.entries(role))) == (code, entries)
    with pytest.raises(SenderError, match="UNKNOWN_CASE"):
        dispatch.correct(court.nodes[STATE], "case-nowhere", kind="sealed", **ORDER)
