"""What goes on and what stays: state rules, reasons of the cascade, bookings without answer, searches only."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from exchange_rig import BOOKING, Rig, card, fingers_of

from tenprint.exchange import dispatch, story
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.tasks.results import KEPT_BY_STATE
from tenprint.records import read, read_result
from tenprint.records.itl.ebts import read_error
from tenprint.records.itl.ers import ResponseText

AGENCY, STATE, FBI, IDENT, LESC = (
    Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER,
)  # fmt: skip

TURNED_OFF = [{"since": "2008-01-01", "value": True}, {"since": "2010-10-02", "value": False}]
REPEATS = {"forwards_repeat_arrests": True}


def result(rig: Rig, case_id: str, kind: Kind = Kind.SRE) -> object:
    return read_result(read(rig.received(AGENCY, case_id, kind).body))


# --- the state ---
def known_to_state(rig: Rig, person: str) -> None:
    rig.matcher(STATE).enroll(f"SID-{person}", fingers_of(person))


@pytest.mark.parametrize(
    ("settings", "day", "forwards"),
    [
        ({}, "20101004", True),
        ({"nff_state": True}, "20101004", False),
        ({"nff_state": True, **REPEATS}, "20101004", True),
        ({"nff_state": True, "nff_state_since": "2010-10-04"}, "20101003", True),
        ({"nff_state": True, "nff_state_since": "2010-10-04"}, "20101004", False),
        ({"nff_state": TURNED_OFF}, "20101001", False),
        ({"nff_state": TURNED_OFF}, "20101003", True),
        ({"nff_state": True, **REPEATS, "forwards_repeat_arrests_since": "2010-10-04"}, "20101003", False),
    ],
)  # fmt: skip
def test_a_national_fingerprint_file_state_stops_repeat_arrests_by_its_settings_on_the_day_of_the_booking(
    make: Callable[..., Rig], settings: dict[str, object], day: str, forwards: bool
) -> None:
    rig = make(settings={STATE: settings})
    known_to_state(rig, "P1")
    case_id = rig.book(card("P1", doa=day))
    answer = result(rig, case_id, Kind.STATE_SRE)
    assert answer.srf == "I"
    assert (rig.case(FBI, case_id) is not None) == forwards
    assert (KEPT_BY_STATE in answer.acn) != forwards


@pytest.mark.parametrize(
    ("charges", "forwards", "said"),
    [
        (("5404 DRIVING UNDER INFLUENCE",), True, ""),
        (("LOITERING", "1399 ASSAULT"), True, ""),
        (("LOITERING", "Disturbing the peace"), False, "no charge is one that the criminal repository keeps"),
        (("5499 SPEEDING",), False, "no charge is one that the criminal repository keeps"),
        (("LOITERING", "PC 647F"), False, "the charges do not say whether one must be forwarded"),
        (("9998 A CODE OF NO TABLE",), False, "the charges do not say whether one must be forwarded"),
    ],
)
def test_a_state_that_stops_repeat_arrests_forwards_one_with_a_criterion_offence_all_the_same(
    make: Callable[..., Rig], charges: tuple[str, ...], forwards: bool, said: str
) -> None:
    rig = make(settings={STATE: {"forwards_repeat_arrests": False}})
    known_to_state(rig, "P1")
    case_id = rig.book(card("P1", charges=tuple(("", charge) for charge in charges)))
    assert (rig.case(FBI, case_id) is not None) == forwards
    assert said in result(rig, case_id, Kind.STATE_SRE).acn


def test_a_booking_of_a_person_unknown_to_the_state_goes_on_whatever_the_charge(make: Callable[..., Rig]) -> None:
    rig = make(settings={STATE: {"forwards_repeat_arrests": False}})
    case_id = rig.book(card("P1", charges=(("", "LOITERING"),)))
    assert rig.case(FBI, case_id) is not None


def test_a_kept_booking_says_in_the_answer_which_rule_kept_it_and_everybody_knows_that_nothing_follows(
    make: Callable[..., Rig],
) -> None:
    rig = make(settings={STATE: {"nff_state": True}})
    known_to_state(rig, "P1")
    case_id = rig.book(card("P1"))
    said = "as a National Fingerprint File state it does not forward repeat arrests"
    assert said in result(rig, case_id, Kind.STATE_SRE).acn
    for role in (AGENCY, STATE):
        case = rig.case(role, case_id)
        assert case.state == CaseState.ANSWERED
        assert said in case.known["no_answer"]
        assert rig.nodes[role].store.waiting_timers(case_id) == []
    assert any(said in line.sentence for line in story.case_story(rig.all, case_id) if line.party == "agency")


def test_a_person_unknown_to_such_a_state_goes_on(make: Callable[..., Rig]) -> None:
    rig = make(settings={STATE: {"nff_state": True}})
    case_id = rig.book(card("P1"))
    assert result(rig, case_id, Kind.STATE_SRE).srf == "N"
    assert rig.case(FBI, case_id) is not None


# --- why the immigration repository was searched ---
@pytest.mark.parametrize(
    ("since", "ndr", "day", "said"),
    [
        ({}, (), "20101004", "AGENCY ACTIVATED, WHATEVER IT ASKED"),
        ({"XX0010000": "2009-06-01"}, (), "20101004", "AGENCY ACTIVATED SINCE 2009-06-01, WHATEVER IT ASKED"),
        ({"XX0010000": "2009-06-01"}, ("9",), "20101004", "ASKED (NDR 9), AGENCY ACTIVATED SINCE 2009-06-01"),
        ({"XX0010000": "2010-10-04"}, ("9",), "20101003", "SUBMISSION ASKED (NDR 9)"),
        ({"XX0010000": "2010-10-04"}, (), "20101003", "NOT MADE, AGENCY ACTIVATED ONLY FROM 2010-10-04"),
        (None, ("9",), "20101004", "SUBMISSION ASKED (NDR 9)"),
        (None, (), "20101004", "NOT MADE, AGENCY NOT ACTIVATED AND NOT ASKED"),
    ],
)
def test_the_answer_says_why_the_immigration_repository_was_searched_or_was_not(
    make: Callable[..., Rig], since: dict[str, str] | None, ndr: tuple[str, ...], day: str, said: str
) -> None:
    rig = make(activated=() if since is None else ("XX0010000",), activated_since=since or {})
    case_id = rig.book(card("P1", ndr=ndr, doa=day))
    answer = result(rig, case_id)
    assert answer.response.cascade == said
    assert f"IMMIGRATION SEARCH: {said}" in answer.ers
    assert max(map(len, answer.ers.split("\r\n"))) <= 72
    assert (rig.case(IDENT, case_id) is not None) != said.startswith("NOT MADE")
    assert rig.case(AGENCY, case_id).known["cascade"] == said
    assert f"search: {said.lower()}" in story.answers(rig.nodes[AGENCY], case_id)[-1].sentence


def test_a_reason_is_read_again_and_one_that_does_not_fit_a_line_is_refused() -> None:
    text = ResponseText(cascade="SUBMISSION ASKED (NDR 9)", iar="a line").to_text()
    assert ResponseText.from_text(text).cascade == "SUBMISSION ASKED (NDR 9)"
    assert "IMMIGRATION SEARCH" not in ResponseText().to_text()
    with pytest.raises(Exception, match="one line of 52"):
        ResponseText(cascade="X" * 53).to_text()


# --- a booking that asks for no answer ---
def test_a_cna_is_acknowledged_and_nothing_else_goes_back_though_it_is_searched_and_passed_on(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7", tot="CNA"))
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    rig.decide(LESC, TaskKind.STATUS, case_id, "citizen")
    assert [m.kind for m in rig.messages(AGENCY, case_id)] == [Kind.CNA, Kind.ACK]
    assert rig.received(Role.FIELD_OFFICE, case_id, Kind.IAR)
    assert [m.kind for m in rig.messages(STATE, case_id)] == [Kind.CNA, Kind.ACK, Kind.CNA]
    for role in (AGENCY, STATE, FBI):
        assert "asks for no answer (CNA)" in rig.case(role, case_id).known["no_answer"]
        assert rig.case(role, case_id).state == CaseState.ANSWERED
        assert rig.nodes[role].store.waiting_timers(case_id) == []
    assert [e["outcome"] for e in rig.entries(FBI, "decision") if e["question"] == "cascade_to_immigration"] == [
        "search"
    ]
    assert any("asks for no answer" in line.sentence for line in story.case_story(rig.all, case_id))
    assert rig.failures(FBI) == rig.failures(STATE) == rig.failures(AGENCY) == []


def test_a_cna_without_match_ends_without_answer(rig: Rig) -> None:
    case_id = rig.book(card("P1", tot="CNA"))
    assert [m.kind for m in rig.messages(AGENCY, case_id)] == [Kind.CNA, Kind.ACK]
    assert rig.case(FBI, case_id).state == CaseState.NO_MATCH
    assert dispatch.next_due(rig.all) is None


def test_a_cna_that_is_not_to_be_kept_is_rejected_with_the_field(rig: Rig) -> None:
    from dataclasses import replace

    from tenprint import records

    good = card("P1", tot="CNA")
    data = good.replace(b"2.005:Y", b"2.005:N")
    assert data != good
    assert replace(BOOKING, ret="N") and records.read(data).tot == "CNA"
    case_id = rig.book(data)
    errors = read_error(read(rig.received(AGENCY, case_id, Kind.ERRT).body)).messages
    assert [(m.code, m.field) for m in errors] == [("E0006", "2.005")]
    assert rig.case(AGENCY, case_id).state == CaseState.REJECTED


# --- a search without keeping ---
def test_a_booking_that_is_not_to_be_kept_stays_in_no_gallery_enrolment_or_exemplar(rig: Rig) -> None:
    case_id = rig.book(card("P1", ret="N"))
    assert rig.case(AGENCY, case_id).state == CaseState.NO_MATCH
    for role in (STATE, FBI, IDENT):
        assert rig.matcher(role).gallery == {}
        assert rig.entries(role, "enrolled") == []
        with rig.nodes[role].store._engine.connect() as connection:
            for table in ("enrolments", "exemplars"):
                assert connection.exec_driver_sql(f"select count(*) from {table}").scalar() == 0
        assert rig.messages(role, case_id)  # the message itself is kept as received


def test_the_same_booking_asked_to_be_kept_does_stay_there(rig: Rig) -> None:
    rig.book(card("P1", ret="Y"))
    assert [len(rig.matcher(role).gallery) for role in (STATE, FBI, IDENT)] == [1, 1, 0]
