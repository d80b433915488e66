"""Every wait between booking and match: its limit, its breach, what each party says meanwhile. All people invented."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from exchange_rig import Rig, card

from tenprint.core.clock import to_wire
from tenprint.core.errors import RecordError, SenderError
from tenprint.exchange.model.known import Repository, repository_state
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role, TaskKind
from tenprint.exchange.tasks import waits
from tenprint.policy import response_times
from tenprint.records import read, read_result
from tenprint.records.ident import IdentDataResponse
from tenprint.records.nlets.iar import Iar

AGENCY, STATE, FBI, IDENT, LESC = (
    Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER,
)  # fmt: skip
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def run_without(rig: Rig, *silent: Role) -> None:
    """Let everybody work but those who never answer."""
    from tenprint.exchange import dispatch

    dispatch.run_until_idle([node for role, node in rig.nodes.items() if role not in silent])


def waited(rig: Rig, role: Role, case_id: str) -> dict[str, waits.Wait]:
    return {wait.hop: wait for wait in waits.waits_of(rig.nodes[role], case_id)}


def result(rig: Rig, case_id: str, kind: Kind) -> object:
    return read_result(read(rig.received(AGENCY, case_id, kind).body))


# --- limits ---
def test_limits_are_dated_data_by_priority_and_customer() -> None:
    day = date(2010, 10, 4)
    assert [response_times.limit_of("booking_answer", day, priority=n).seconds for n in (1, 2, 4, 5, 9)] == [
        10, 120, 7200, 7200, 2_592_000,
    ]  # fmt: skip
    assert response_times.limit_of("booking_answer", day, priority=4).average == 900
    classes = ("cbp", "ice", "state_department")
    found = [response_times.limit_of("immigration_search", day, customer=one).seconds for one in classes]
    assert found == [10, 120, 900]
    assert response_times.limit_of("status_answer", day).seconds == 14_400
    assert response_times.limit_of("hit_confirmation", day).seconds == 600
    assert all(each.source for each in response_times.all_limits())


def test_a_limit_that_replaces_another_speaks_from_its_own_day() -> None:
    old = {"hop": "h", "seconds": 5, "since": date(2008, 1, 1), "until": date(2009, 12, 31), "source": "s"}
    limits = response_times.read_limits(
        {"limits": [old, old | {"seconds": 7, "since": date(2010, 1, 1), "until": None}]}
    )
    assert [limit.covers("h", date(2009, 12, 31), 4, "") for limit in limits] == [True, False]
    assert [limit.covers("h", date(2010, 1, 1), 4, "") for limit in limits] == [False, True]
    with pytest.raises(RecordError, match="lacks something"):
        response_times.read_limits({"limits": [old | {"surprise": 1}]})
    with pytest.raises(SenderError, match="no response time"):
        response_times.limit_of("immigration_search", date(2010, 1, 1), customer="nobody")


# --- who waits ---
def test_times_are_measured_by_the_clock_of_who_waits_and_a_settled_case_has_no_clock(rig: Rig) -> None:
    rig.clock.drift = timedelta(milliseconds=1)
    case_id = rig.book(card("P1"))
    for role, hops in (
        (AGENCY, {"acknowledgement", "booking_answer"}), (STATE, {"booking_answer"}), (FBI, {"immigration_search"}),
    ):  # fmt: skip
        found = waited(rig, role, case_id)
        assert found.keys() == hops
        assert all(w.answered_at > w.asked_at and w.verdict(rig.clock.now()) == "in time" for w in found.values())
        assert rig.nodes[role].store.waiting_timers(case_id) == []
    asked, answer = rig.messages(AGENCY, case_id, Kind.CAR)[0], rig.received(AGENCY, case_id, Kind.SRE)
    (came,) = (e["time"] for e in rig.entries(AGENCY, "received") if e["message"] == answer.id)
    wait = waited(rig, AGENCY, case_id)["booking_answer"]
    assert (wait.asked_at, to_wire(wait.answered_at)) == (asked.sent_at, came)


def test_an_agency_whose_state_never_answers_waits_since_a_time_and_never_reads_a_no(rig: Rig) -> None:
    from tenprint.exchange import dispatch

    case_id = dispatch.submit(rig.nodes[AGENCY], card("P1")).case_id
    run_without(rig, STATE)
    rig.clock.advance(16 * MINUTE)
    run_without(rig, STATE)
    wait = waited(rig, AGENCY, case_id)["acknowledgement"]
    assert wait.verdict(rig.clock.now()) == "overdue"
    assert (wait.counterpart, wait.limit.seconds) == ("state_bureau", 900)
    case = rig.case(AGENCY, case_id)
    assert case.state == CaseState.SUBMITTED
    assert [e["note"] for e in rig.entries(AGENCY, "overdue")] == [
        "the state bureau's acknowledgement was due at 2010-10-04 08:15 UTC and has not come; that is no no"
    ]
    assert waits.breaches(rig.nodes[AGENCY]) == 1
    assert waits.breaches(rig.nodes[STATE]) == 0
    rig.run()  # the state is back: the case goes on as if nothing had been
    assert rig.case(AGENCY, case_id).state == CaseState.NO_MATCH


def test_a_state_whose_federal_answer_never_comes_says_so_after_two_hours(rig: Rig) -> None:
    from tenprint.exchange import dispatch

    case_id = dispatch.submit(rig.nodes[AGENCY], card("P1")).case_id
    run_without(rig, FBI)
    rig.clock.advance(2 * HOUR)
    run_without(rig, FBI)
    assert [e["kind"] for e in rig.entries(STATE)][-1] == "overdue"
    assert rig.case(STATE, case_id).state == CaseState.SEARCHING
    assert waited(rig, STATE, case_id)["booking_answer"].is_open
    assert repository_state(rig.case(AGENCY, case_id), Repository.CRIMINAL) == RepositoryState.NOT_ASKED


def test_priority_shortens_the_wait(rig: Rig) -> None:
    from tenprint.exchange import dispatch

    case_id = dispatch.submit(rig.nodes[AGENCY], card("P1", pry="1")).case_id
    run_without(rig, FBI)
    assert waited(rig, STATE, case_id)["booking_answer"].limit.seconds == 10


def test_an_answer_that_comes_late_is_a_breach_for_ever(rig: Rig) -> None:
    from tenprint.exchange import dispatch

    case_id = dispatch.submit(rig.nodes[AGENCY], card("P1")).case_id
    run_without(rig, FBI)
    rig.clock.advance(3 * HOUR)
    rig.run()
    assert waited(rig, AGENCY, case_id)["booking_answer"].verdict(rig.clock.now()) == "late"
    assert rig.case(AGENCY, case_id).state == CaseState.NO_MATCH
    assert waits.breaches(rig.nodes[AGENCY]) == 1


# --- the immigration repository: interim and final ---
def test_an_examiner_who_is_not_done_in_time_makes_an_interim_answer_pending_and_the_final_one_follows(
    rig: Rig,
) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    rig.wait(10 * MINUTE)
    interim = [IdentDataResponse.from_bytes(m.body) for m in rig.messages(FBI, case_id, Kind.IDR)]
    assert [(m.result, m.subject_id) for m in interim] == [("pending", "")]
    assert rig.messages(AGENCY, case_id, Kind.SRE) == []  # the time of the priority still runs
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "exclusion")
    assert result(rig, case_id, Kind.SRE).response.immigration == "no_match"
    assert [m.kind for m in rig.messages(AGENCY, case_id)].count(Kind.SECOND_SRE) == 0
    assert rig.case(FBI, case_id).state == CaseState.NO_MATCH


def test_a_late_cascade_is_a_second_answer_that_refers_to_the_first(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    rig.wait(15 * MINUTE)
    first = result(rig, case_id, Kind.SRE)
    assert (first.response.immigration, first.response.pending) == ("pending", ("9",))
    assert rig.case(AGENCY, case_id).state == CaseState.SEARCHING
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "exclusion")
    second = result(rig, case_id, Kind.SECOND_SRE)
    assert (second.tcr, second.response.immigration) == (first.tcn, "no_match")
    assert waited(rig, FBI, case_id)["immigration_search"].verdict(rig.clock.now()) == "in time"


def test_an_examiner_in_time_leaves_no_interim_answer_and_no_clock(rig: Rig) -> None:
    case_id = rig.until_examined(finding="exclusion")
    assert rig.nodes[IDENT].store.waiting_timers(case_id) == []
    assert len(rig.messages(FBI, case_id, Kind.IDR)) == 1


# --- the support center ---
def test_a_query_that_is_given_up_is_answered_to_the_asker_alone(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenprint.exchange.parties import support_center

    def refuse(work: object, _: object) -> None:
        raise RecordError("QUERY_STRANGE", "nobody here can read this")

    monkeypatch.setitem(support_center.HANDLERS, Kind.IAQ, refuse)
    case_id = rig.until_examined()
    answer = Iar.from_bytes(rig.received(FBI, case_id, Kind.IAR).body)
    assert answer.status == "unknown"
    assert "QUERY_STRANGE" in answer.text
    assert rig.case(Role.FIELD_OFFICE, case_id) is None
    assert "STATUS: UNKNOWN" in result(rig, case_id, Kind.SECOND_SRE).response.iar
    assert rig.case(FBI, case_id).state == CaseState.ANSWERED


def test_a_specialist_who_never_answers_is_overdue_after_four_hours(rig: Rig) -> None:
    case_id = rig.until_examined()
    rig.wait(4 * HOUR)
    assert [str(e["note"]).split(" was due")[0] for e in rig.entries(FBI, "overdue")] == ["the specialist's answer"]
    assert rig.case(FBI, case_id).state == rig.case(AGENCY, case_id).state == CaseState.AWAITING_STATUS


# --- combined and separate ---
def test_combined_delivery_waits_for_the_specialist_and_answers_once(make: Callable[..., Rig]) -> None:
    rig = make(settings={STATE: {"delivery": "combined", "delivery_since": "2010-10-01"}})
    case_id = rig.until_examined()
    assert rig.messages(AGENCY, case_id, Kind.SRE) == []
    rig.decide(LESC, TaskKind.STATUS, case_id, "citizen")
    only = result(rig, case_id, Kind.SRE)
    assert only.response.immigration == "match"
    assert "STATUS: CITIZEN" in only.response.iar
    assert rig.messages(AGENCY, case_id, Kind.SECOND_SRE) == []
    assert rig.case(AGENCY, case_id).state == rig.case(STATE, case_id).state == CaseState.ANSWERED
    assert [e["rule"] for e in rig.entries(FBI, "decision") if e["question"] == "delivery"] == ["delivery-combined"]
    assert rig.nodes[FBI].store.waiting_timers(case_id) == []


def test_a_combined_answer_whose_specialist_is_slow_becomes_two(make: Callable[..., Rig]) -> None:
    rig = make(settings={FBI: {"delivery": "combined"}})
    case_id = rig.until_examined()
    rig.wait(15 * MINUTE)
    first = result(rig, case_id, Kind.SRE)
    assert (first.response.immigration, first.response.iar) == ("match", "")
    rig.decide(LESC, TaskKind.STATUS, case_id, "citizen")
    assert result(rig, case_id, Kind.SECOND_SRE).tcr == first.tcn


@pytest.mark.parametrize(
    ("role", "setting", "rule"),
    [
        (STATE, {"delivery": "combined", "delivery_since": "2010-10-05"}, "delivery-separate"),
        (AGENCY, {"receives_answer": False}, "delivery-agency-declines"),
    ],
)
def test_two_answers_before_the_setting_holds_or_when_the_agency_declines(
    make: Callable[..., Rig], role: Role, setting: dict[str, object], rule: str
) -> None:
    rig = make(settings={FBI: {"delivery": "separate" if role == STATE else "combined"}, role: setting})
    case_id = rig.until_examined()
    assert result(rig, case_id, Kind.SRE).response.immigration == "match"
    assert [e["rule"] for e in rig.entries(FBI, "decision") if e["question"] == "delivery"] == [rule]


# --- answers after the match ---
FIELD_OFFICE, JAIL, DAY = Role.FIELD_OFFICE, Role.JAIL, timedelta(days=1)


def overdue_notes(rig: Rig, role: Role) -> list[str]:
    return [str(entry["note"]).split(" was due")[0] for entry in rig.entries(role, "overdue")]


def test_a_jail_that_never_answers_a_detainer_is_a_breach_at_the_field_office_and_no_answer(rig: Rig) -> None:
    case_id = rig.until_detainer()
    assert waited(rig, FIELD_OFFICE, case_id)["detainer_answer"].verdict(rig.clock.now()) == "waiting"
    rig.wait(DAY)
    assert overdue_notes(rig, FIELD_OFFICE) == ["the jail's answer to the request to hold (jail)"]
    assert rig.case(FIELD_OFFICE, case_id).state == rig.case(JAIL, case_id).state == CaseState.AWAITING_JAIL
    rig.wait(HOUR)
    wait = waited(rig, FIELD_OFFICE, case_id)["detainer_answer"]
    assert (wait.verdict(rig.clock.now()), wait.counterpart) == ("overdue", "jail")
    rig.decide(JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    assert rig.case(FIELD_OFFICE, case_id).state == CaseState.LODGED
    assert waited(rig, FIELD_OFFICE, case_id)["detainer_answer"].verdict(rig.clock.now()) == "late"


def test_a_hold_whose_end_is_never_reported_is_a_breach_at_the_field_office(rig: Rig) -> None:
    case_id = rig.until_held()
    rig.clock.advance(50 * HOUR)
    run_without(rig, JAIL)
    assert overdue_notes(rig, FIELD_OFFICE) == ["the jail's report of how the hold ended"]
    assert rig.case(FIELD_OFFICE, case_id).state == CaseState.HELD
    assert waited(rig, FIELD_OFFICE, case_id)["hold_end"].verdict(rig.clock.now()) == "overdue"
    rig.run()
    assert rig.case(FIELD_OFFICE, case_id).state == CaseState.LAPSED
    assert not waited(rig, FIELD_OFFICE, case_id)["hold_end"].is_open


def test_a_hold_that_ends_in_time_leaves_no_clock_at_the_field_office(rig: Rig) -> None:
    case_id = rig.until_held()
    rig.decide(JAIL, TaskKind.REPORT_CUSTODY, case_id, "transferred")
    assert rig.nodes[FIELD_OFFICE].store.waiting_timers(case_id) == []
    found = waited(rig, FIELD_OFFICE, case_id)
    assert found.keys() == {"detainer_answer", "hold_end"}
    assert all(not wait.is_open for wait in found.values())


def test_a_first_answer_that_says_pending_begins_a_wait_for_the_second_one(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    rig.wait(15 * MINUTE)
    for role in (AGENCY, STATE):
        assert waited(rig, role, case_id)["second_answer"].verdict(rig.clock.now()) == "waiting"
    rig.wait(5 * HOUR + MINUTE)
    for role in (AGENCY, STATE):
        assert overdue_notes(rig, role) == ["the second answer, for the first one said pending"]
        assert rig.case(role, case_id).state == CaseState.SEARCHING
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "exclusion")
    for role in (AGENCY, STATE):
        assert waited(rig, role, case_id)["second_answer"].verdict(rig.clock.now()) == "late"
        assert rig.case(role, case_id).state == CaseState.NO_MATCH


def test_an_agency_that_declines_the_specialists_words_waits_for_no_second_answer(make: Callable[..., Rig]) -> None:
    rig = make(settings={AGENCY: {"receives_answer": False}})
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    rig.wait(15 * MINUTE)
    assert "second_answer" not in waited(rig, AGENCY, case_id)
    assert "second_answer" in waited(rig, STATE, case_id)


def test_a_correction_that_somebody_never_acknowledges_is_a_breach_of_whoever_sent_it(rig: Rig) -> None:
    from tenprint.exchange import dispatch

    case_id = rig.until_examined(finding="exclusion")
    dispatch.correct(rig.nodes[AGENCY], case_id, kind="corrected", what="the name", reason="misread", by="A CLERK")
    run_without(rig, FBI)
    assert rig.nodes[AGENCY].store.waiting_timers(case_id) == []  # whom it told has answered
    rig.clock.advance(DAY)
    run_without(rig, FBI)
    assert overdue_notes(rig, STATE) == ["the acknowledgement of a correction (criminal_repository)"]
    rows = [w for w in waits.waits_of(rig.nodes[STATE], case_id) if w.hop == "correction_acknowledgement"]
    assert [(w.counterpart, w.is_open) for w in rows] == [("criminal_repository", True)]
    before = rig.case(STATE, case_id).state
    rig.run()
    assert not any(w.is_open for role in rig.nodes for w in waits.waits_of(rig.nodes[role], case_id))
    assert rig.case(STATE, case_id).state == before


def test_an_expunged_case_says_who_has_not_acknowledged_although_it_has_ended_by_that(rig: Rig) -> None:
    from tenprint.exchange import dispatch

    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    dispatch.correct(rig.nodes[STATE], case_id, kind="sealed", what="order 12", reason="court order", by="A CLERK")
    run_without(rig, FBI)
    assert rig.case(STATE, case_id).state == CaseState.WITHDRAWN
    rig.clock.advance(DAY)
    run_without(rig, FBI)
    assert "the acknowledgement of a correction (criminal_repository)" in overdue_notes(rig, STATE)


def test_a_party_that_does_not_answer_an_audit_is_a_breach_at_the_auditor(make: Callable[..., Rig]) -> None:
    from tenprint.exchange import dispatch

    rig = make(auditor=True)
    rig.book(card("P1"))
    audit = dispatch.ask_for_ledgers(rig.nodes[Role.AUDITOR], STATE, FBI)
    run_without(rig, FBI)
    rig.clock.advance(DAY)
    run_without(rig, FBI)
    assert overdue_notes(rig, Role.AUDITOR) == ["the answer to an audit (criminal_repository)"]
    assert [(w.counterpart, w.is_open) for w in waits.waits_of(rig.nodes[Role.AUDITOR], audit)] == [
        (STATE, False), (FBI, True),
    ]  # fmt: skip
    assert rig.case(Role.AUDITOR, audit).state == CaseState.SEARCHING


def test_an_audit_that_is_answered_leaves_no_clock(make: Callable[..., Rig]) -> None:
    from tenprint.exchange import dispatch

    rig = make(auditor=True)
    case_id = rig.book(card("P1"))
    audit = dispatch.ask_for_ledgers(rig.nodes[Role.AUDITOR], STATE, FBI)
    dispatch.ask_for_trail(rig.nodes[AGENCY], case_id)
    rig.run()
    assert rig.nodes[Role.AUDITOR].store.waiting_timers(audit) == []
    assert rig.nodes[AGENCY].store.waiting_timers(case_id) == []


def test_each_class_of_answers_has_a_dated_limit_and_the_house_s_own_say_so() -> None:
    found = {each.hop: each for each in response_times.all_limits()}
    assert {hop.name for hop in waits.HOPS} <= found.keys()
    for name in ("detainer_answer", "second_answer", "correction_acknowledgement", "audit_answer", "hold_end"):
        assert "the house's" in found[name].source.lower()
