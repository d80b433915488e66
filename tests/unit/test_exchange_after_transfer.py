"""After the decision: an officer takes a request back; the field office reports what became of the person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from exchange_rig import GROUND, START, Rig

from tenprint.core.errors import SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.model.aftermath import CancellationNotice, OutcomeReport
from tenprint.exchange.model.bodies import CustodyReport
from tenprint.exchange.model.known import message_of
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.tasks.outcomes import OUTCOMES, removals

pytestmark = pytest.mark.slow
ERO, JAIL, COURT = Role.FIELD_OFFICE, Role.JAIL, Role.COURT
ENDED = {"happened_on": "2010-10-04", "legal_ground": GROUND}


def cancel(rig: Rig, case_id: str) -> None:
    dispatch.cancel_detainer(rig.nodes[ERO], case_id, by="OFFICER QUILL", reason="the charge was dropped")
    rig.run()


def until_transferred(rig: Rig) -> str:
    case_id = rig.until_held()
    rig.decide(JAIL, TaskKind.REPORT_CUSTODY, case_id, "transferred")
    return case_id


def set_back(rig: Rig) -> None:
    rig.clock._now -= timedelta(seconds=3)


def states(rig: Rig, case_id: str) -> list[CaseState]:
    return [rig.case(role, case_id).state for role in (ERO, JAIL)]


def open_at(rig: Rig, role: Role) -> list[str]:
    return [str(task.kind) for task in rig.tasks(role, open_only=True)]


def until_lodged(rig: Rig) -> str:
    case_id = rig.until_detainer()
    rig.decide(JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    return case_id


def reports(rig: Rig, case_id: str) -> list[tuple[str, str]]:
    said = [CustodyReport.from_bytes(m.body) for m in rig.messages(ERO, case_id, Kind.CUSTODY)]
    return [(one.event, one.by) for one in said]


def test_an_accepted_request_is_lodged_and_holds_nobody_until_the_release_is_due(rig: Rig) -> None:
    case_id = until_lodged(rig)
    rig.wait(timedelta(days=30))  # in jail for the criminal case all that time
    assert (states(rig, case_id), reports(rig, case_id)) == ([CaseState.LODGED] * 2, [])
    rig.decide(JAIL, TaskKind.REPORT_RELEASE, case_id, "would_be_released")
    assert (states(rig, case_id), len(reports(rig, case_id))) == ([CaseState.HELD] * 2, 1)
    rig.wait(timedelta(hours=48))
    assert states(rig, case_id) == [CaseState.LAPSED] * 2
    assert [event for event, _ in reports(rig, case_id)] == ["would_be_released", "lapsed"]


def test_the_clock_counts_from_the_time_that_the_jail_states(rig: Rig) -> None:
    case_id = until_lodged(rig)
    rig.wait(timedelta(hours=10))
    at = (rig.clock.now() - timedelta(hours=3)).isoformat()
    rig.decide(JAIL, TaskKind.REPORT_RELEASE, case_id, "would_be_released", at=at)
    rig.wait(timedelta(hours=45, milliseconds=-1))
    assert states(rig, case_id) == [CaseState.HELD] * 2
    rig.wait(timedelta(milliseconds=1))
    assert states(rig, case_id) == [CaseState.LAPSED] * 2


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("2010-10-04T09:00Z", "TIME_IN_FUTURE"),
        ("2010-10-04T07:59Z", "TIME_TOO_EARLY"),
        ("2010-02-30T08:00Z", "TIME_IMPOSSIBLE"),
        ("2010-10-04T08:00", "TIME_IMPOSSIBLE"),
        ("noon", "TIME_IMPOSSIBLE"),
    ],
)
def test_a_release_that_cannot_be_is_refused_at_the_door(rig: Rig, at: str, code: str) -> None:
    case_id = until_lodged(rig)
    with pytest.raises(SenderError) as caught:
        rig.decide(JAIL, TaskKind.REPORT_RELEASE, case_id, "would_be_released", at=at)
    assert (caught.value.code, states(rig, case_id)) == (code, [CaseState.LODGED] * 2)


def test_a_jails_clock_that_was_set_back_between_two_answers_neither_refuses_one_nor_ends_a_hold_before_it_began(
    rig: Rig,
) -> None:
    case_id = until_lodged(rig)
    accepted_at = rig.clock.now()
    set_back(rig)
    rig.decide(JAIL, TaskKind.REPORT_RELEASE, case_id, "would_be_released")
    set_back(rig)
    rig.decide(JAIL, TaskKind.REPORT_CUSTODY, case_id, "transferred")
    last = CustodyReport.from_bytes(rig.messages(ERO, case_id, Kind.CUSTODY)[-1].body)
    assert (last.held_from, last.ended_at) == (accepted_at, accepted_at)
    assert states(rig, case_id) == [CaseState.TRANSFERRED] * 2
    assert rig.nodes[JAIL].store.dead_letters() == []


@pytest.mark.parametrize(("answer", "ends"), [("transferred", CaseState.TRANSFERRED), ("released", CaseState.LAPSED)])
def test_at_the_release_a_person_may_be_handed_over_or_let_go_without_a_hold(
    rig: Rig, answer: str, ends: CaseState
) -> None:
    case_id = until_lodged(rig)
    rig.decide(JAIL, TaskKind.REPORT_RELEASE, case_id, answer)
    assert (states(rig, case_id), reports(rig, case_id)) == ([ends] * 2, [(answer, "OFFICIAL report_release")])
    assert dispatch.next_due(rig.all) is None


@pytest.mark.parametrize("until", [Rig.until_detainer, until_lodged, Rig.until_held])
def test_an_officer_takes_a_request_back_and_the_jail_says_when_it_ended(rig: Rig, until: Callable[[Rig], str]) -> None:
    case_id = until(rig)
    cancel(rig, case_id)
    told = CustodyReport.from_bytes(rig.messages(ERO, case_id, Kind.CUSTODY)[-1].body)
    assert (told.event, told.by, told.ended_at) == ("cancelled", "", rig.clock.now())
    assert (told.held_from is None) == (until is not Rig.until_held)
    assert (states(rig, case_id), open_at(rig, JAIL)) == ([CaseState.CANCELLED] * 2, [])
    rig.wait(timedelta(hours=100))  # the clock of the hold was stopped
    assert len(rig.messages(JAIL, case_id, Kind.CUSTODY)) == 1 + (until is Rig.until_held)


def test_an_officer_who_looks_again_may_take_the_request_back(make: Callable[..., Rig]) -> None:
    rig = make(court=True)
    case_id = rig.until_held()
    dismissed = {"decided_on": "2010-10-04", "reference": "CR-2010-17 (fictitious)"}
    rig.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", **dismissed)
    rig.decide(ERO, TaskKind.REVIEW, case_id, "cancel", by="OFFICER QUILL")
    said = CancellationNotice.from_bytes(rig.received(JAIL, case_id, Kind.CANCELLATION).body)
    assert (said.officer, said.reason) == ("OFFICER QUILL", "as seen")
    assert states(rig, case_id) == [CaseState.CANCELLED] * 2


def test_an_officer_who_looks_again_may_keep_the_request(make: Callable[..., Rig]) -> None:
    rig = make(court=True)
    case_id = rig.until_held()
    dismissed = {"decided_on": "2010-10-04", "reference": "CR-2010-17 (fictitious)"}
    rig.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", **dismissed)
    rig.decide(ERO, TaskKind.REVIEW, case_id, "keep")
    assert (states(rig, case_id), rig.messages(JAIL, case_id, Kind.CANCELLATION)) == ([CaseState.HELD] * 2, [])


def test_a_request_that_does_not_stand_cannot_be_taken_back(rig: Rig) -> None:
    case_id = rig.until_status()
    with pytest.raises(SenderError, match="NO_DETAINER_STANDS"):
        cancel(rig, case_id)
    other = until_transferred_of(rig, case_id)
    with pytest.raises(SenderError, match="NO_DETAINER_STANDS"):
        cancel(rig, other)
    with pytest.raises(SenderError, match="UNKNOWN_CASE"):
        cancel(rig, "case-nowhere")
    with pytest.raises(SenderError, match="NOT_A_FIELD_OFFICE"):
        dispatch.cancel_detainer(rig.nodes[JAIL], case_id, by="OFFICER QUILL", reason="none")


def until_transferred_of(rig: Rig, case_id: str) -> str:
    from exchange_rig import PERMITTED

    rig.decide(ERO, TaskKind.DECIDE, case_id, "detainer", **PERMITTED)
    rig.decide(JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    rig.decide(JAIL, TaskKind.REPORT_RELEASE, case_id, "would_be_released")
    rig.decide(JAIL, TaskKind.REPORT_CUSTODY, case_id, "transferred")
    return case_id


def test_a_cancellation_that_comes_after_the_transfer_changes_nothing(rig: Rig) -> None:
    case_id = until_transferred(rig)
    detainer = message_of(rig.case(JAIL, case_id), Kind.DETAINER)
    late = CancellationNotice(detainer, "OFFICER QUILL", "too late", START)
    rig.say(ERO, JAIL, Kind.CANCELLATION, late.to_bytes(), case_id)
    assert (states(rig, case_id), rig.failures(JAIL)) == ([CaseState.TRANSFERRED] * 2, [])
    rig.say(ERO, JAIL, Kind.CANCELLATION, replace(late, detainer_id="detainer-x").to_bytes(), case_id, id="said-x")
    assert rig.failures(JAIL) == ["UNKNOWN_DETAINER"]


def test_a_jail_that_says_cancelled_though_nobody_cancelled_is_refused(rig: Rig) -> None:
    case_id = rig.until_held()
    detainer = message_of(rig.case(JAIL, case_id), Kind.DETAINER)
    body = CustodyReport(detainer, "cancelled", None, START, "by itself").to_bytes()
    rig.say(JAIL, ERO, Kind.CUSTODY, body, case_id)
    assert (rig.failures(ERO), rig.case(ERO, case_id).state) == (["NOT_CANCELLED"], CaseState.HELD)


def test_outcomes_are_reported_until_a_last_one_under_the_rules_then_in_force(rig: Rig) -> None:
    case_id = until_transferred(rig)
    node = rig.nodes[ERO]
    for answer in ("custody", "bond", "returned"):
        rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, answer, by="OFFICER QUILL", **ENDED)
    assert open_at(rig, ERO) == []
    reports = [OutcomeReport.from_bytes(m.body) for m in rig.messages(JAIL, case_id, Kind.OUTCOME)]
    assert [(r.outcome, r.is_last) for r in reports] == [("custody", False), ("bond", False), ("returned", True)]
    assert {(r.on, r.legal_ground, r.officer) for r in reports} == {("2010-10-04", GROUND, "OFFICER QUILL")}
    assert {r.rule_version for r in reports} == {node.services.programme.version}
    assert all(r.level_rule and r.priority_rule for r in reports)
    assert [one["outcome"] for one in rig.case(JAIL, case_id).known[OUTCOMES]] == ["custody", "bond", "returned"]


@pytest.mark.parametrize(("last", "count"), [("returned", 1), ("removed", 1), ("relief", 0), ("terminated", 0)])
def test_removals_are_counted_from_outcomes_only(rig: Rig, last: str, count: int) -> None:
    case_id = until_transferred(rig)

    def counted() -> int:
        with rig.nodes[ERO].store.transaction() as tx:
            return removals(tx.cases())

    assert counted() == 0  # handed over, and that is no removal
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, last, **ENDED)
    assert (counted(), open_at(rig, ERO)) == (count, [])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"happened_on": ""}, "DAY_MISSING"),
        ({"happened_on": "2010-02-30"}, "DAY_IMPOSSIBLE"),
        ({"happened_on": "2010-10-05"}, "DAY_IN_FUTURE"),
        ({"happened_on": "2010-10-01"}, "DAY_TOO_EARLY"),
        ({"legal_ground": ""}, "LEGAL_GROUND_MISSING"),
    ],
)
def test_an_outcome_needs_a_day_that_can_be_and_a_ground(rig: Rig, changes: dict[str, str], code: str) -> None:
    case_id = until_transferred(rig)
    with pytest.raises(SenderError) as caught:
        rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "removed", **(ENDED | changes))
    assert (caught.value.code, OUTCOMES in rig.case(ERO, case_id).known) == (code, False)


def test_an_outcome_of_somebody_who_was_not_handed_over_is_refused(rig: Rig) -> None:
    case_id = rig.until_held()
    body = OutcomeReport(
        "removed", "2010-10-04", GROUND, "unknown", "rule", "none", "rule", "1", "OFFICER QUILL", "gone", is_last=True
    ).to_bytes()
    rig.say(ERO, JAIL, Kind.OUTCOME, body, case_id)
    assert rig.failures(JAIL) == ["NOT_TRANSFERRED"]
