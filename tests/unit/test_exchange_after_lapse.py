"""The time at which a hold ended is the jail's to say, also after the clock has ended it without a word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from console_rig import Desktop, console
from exchange_rig import Rig
from test_exchange_after_transfer import ENDED, open_at, states
from test_exchange_tasks import refused

from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.model.bodies import CustodyReport
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind

ERO, JAIL = Role.FIELD_OFFICE, Role.JAIL
WHO = {"by": "JOE JAILER", "reason": "the sheet of that day says so"}
HOURS = timedelta(hours=1)


def told(rig: Rig, case_id: str) -> list[CustodyReport]:
    return [CustodyReport.from_bytes(m.body) for m in rig.messages(ERO, case_id, Kind.CUSTODY)]


def until_asked_again(rig: Rig, hours: int = 49) -> str:
    case_id = rig.until_held()
    rig.wait(hours * HOURS)
    dispatch.reopen_custody(rig.nodes[JAIL], case_id, **WHO)
    return case_id


def say(rig: Rig, case_id: str, answer: str, **details: str) -> None:
    (task,) = [t for t in rig.tasks(JAIL, open_only=True) if t.case_id == case_id]
    dispatch.decide_task(rig.nodes[JAIL], task.id, answer=answer, details=details, **WHO)
    rig.run()


@pytest.mark.parametrize("answer", ["transferred", "released"])
def test_the_field_office_is_told_the_time_that_the_jail_states(rig: Rig, answer: str) -> None:
    case_id = rig.until_held()
    at = rig.clock.now() + 3 * HOURS
    rig.wait(9 * HOURS)
    rig.decide(JAIL, TaskKind.REPORT_CUSTODY, case_id, answer, at=at.isoformat())
    assert (told(rig, case_id)[-1].event, told(rig, case_id)[-1].ended_at) == (answer, at)
    assert dispatch.next_due(rig.all) is None


def test_the_clerk_states_the_time_in_the_console_too(rig: Rig) -> None:
    case_id = rig.until_held()
    at = rig.clock.now() + 3 * HOURS
    rig.wait(9 * HOURS)
    clerk = Desktop(console(rig)).take(JAIL, "JOE JAILER")
    path = f"/tasks/{rig.task(JAIL, TaskKind.REPORT_CUSTODY, case_id).id}"
    assert 'name="at"' in clerk.get(path)
    assert "TIME_IN_FUTURE" in clerk.post(path, 422, answer="transferred", reason="x", at=to_wire(at + 9 * HOURS))
    clerk.post(path, answer="transferred", reason="x", at=to_wire(at))
    assert told(rig, case_id)[-1].ended_at == at


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("2010-10-04T18:00Z", "TIME_IN_FUTURE"),
        ("2010-10-04T07:59Z", "TIME_TOO_EARLY"),
        ("2010-10-04T11:00", "TIME_IMPOSSIBLE"),
        ("eleven", "TIME_IMPOSSIBLE"),
    ],
)
def test_an_end_of_a_hold_that_cannot_be_is_refused_and_changes_nothing(rig: Rig, at: str, code: str) -> None:
    case_id = rig.until_held()
    rig.wait(9 * HOURS)
    task_id = rig.task(JAIL, TaskKind.REPORT_CUSTODY, case_id).id
    assert refused(rig, JAIL, task_id, answer="transferred", by="JOE JAILER", details={"at": at}).code == code
    assert states(rig, case_id) == [CaseState.HELD] * 2


def test_a_transfer_within_the_hold_that_is_said_after_its_end_makes_a_lapsed_case_transferred_with_both_on_record(
    rig: Rig,
) -> None:
    case_id = rig.until_held()
    at = rig.clock.now() + 3 * HOURS
    rig.wait(49 * HOURS)
    assert states(rig, case_id) == [CaseState.LAPSED] * 2
    task = dispatch.reopen_custody(rig.nodes[JAIL], case_id, **WHO)
    say(rig, case_id, "transferred", at=at.isoformat())
    assert states(rig, case_id) == [CaseState.TRANSFERRED] * 2
    assert [(one.event, one.by) for one in told(rig, case_id)[1:]] == [("lapsed", ""), ("transferred", "JOE JAILER")]
    assert told(rig, case_id)[-1].ended_at == at
    for role in (ERO, JAIL):
        said = [(row["state"], row.get("note", "")) for row in rig.entries(role, "state")][-2:]
        assert said == [("lapsed", ""), ("transferred", "the jail says so after the time ran out")]
        assert {"CUSTODY", "CUSTODY:lapsed"} <= set(rig.case(role, case_id).known["messages"])
    assert [row["person"] for row in rig.entries(JAIL, "reopened")] == ["JOE JAILER"]
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "removed", **ENDED | {"happened_on": "2010-10-06"})
    assert rig.case(JAIL, case_id).known["outcomes"][0]["outcome"] == "removed"
    assert (rig.failures(ERO), rig.failures(JAIL), open_at(rig, JAIL)) == ([], [], [])
    answers = {t.id: t.answer for t in rig.tasks(JAIL) if t.kind == TaskKind.REPORT_CUSTODY}
    assert (answers.pop(task.id), list(answers.values())) == ("transferred", ["lapsed"])


@pytest.mark.parametrize("details", [{}, {"at": "2010-10-06T08:00:00.001Z"}, {"at": "2010-10-06T09:00Z"}])
def test_a_transfer_after_the_end_of_the_hold_is_refused_and_the_case_stays_lapsed(
    rig: Rig, details: dict[str, str]
) -> None:
    case_id = until_asked_again(rig)
    (task,) = rig.tasks(JAIL, open_only=True)
    assert refused(rig, JAIL, task.id, answer="transferred", by="JOE JAILER", details=details).code == "TIME_TOO_LATE"
    say(rig, case_id, "transferred", at="2010-10-06T08:00Z")  # the last moment of the hold
    assert states(rig, case_id) == [CaseState.TRANSFERRED] * 2


def test_a_question_that_is_asked_again_at_the_very_end_of_the_hold_needs_a_time_too(rig: Rig) -> None:
    case_id = until_asked_again(rig, hours=48)
    (task,) = rig.tasks(JAIL, open_only=True)
    assert refused(rig, JAIL, task.id, answer="transferred", by="JOE JAILER").code == "TIME_TOO_LATE"
    assert states(rig, case_id) == [CaseState.LAPSED] * 2


def test_a_release_within_the_hold_that_is_said_after_its_end_leaves_the_case_lapsed_with_its_time(rig: Rig) -> None:
    case_id = until_asked_again(rig)
    say(rig, case_id, "released", at="2010-10-04T20:00Z")
    assert (states(rig, case_id), open_at(rig, ERO)) == ([CaseState.LAPSED] * 2, [])
    assert to_wire(told(rig, case_id)[-1].ended_at).startswith("2010-10-04T20:00")


def test_only_a_hold_that_lapsed_without_a_word_is_asked_about_again(rig: Rig) -> None:
    def code(role: Role, case_id: str, **who: str) -> str:
        with pytest.raises(SenderError) as caught:
            dispatch.reopen_custody(rig.nodes[role], case_id, **WHO | who)
        return caught.value.code

    case_id = rig.until_held()
    assert code(JAIL, case_id) == "NOT_LAPSED"
    rig.wait(49 * HOURS)
    assert (code(ERO, case_id), code(JAIL, "case-nowhere")) == ("NOT_A_JAIL", "UNKNOWN_CASE")
    assert (code(JAIL, case_id, by=""), code(JAIL, case_id, reason=" ")) == ("PERSON_MISSING", "REASON_MISSING")
    dispatch.reopen_custody(rig.nodes[JAIL], case_id, **WHO)
    assert code(JAIL, case_id) == "NOT_LAPSED"
    say(rig, case_id, "transferred", at="2010-10-04T20:00Z")
    assert code(JAIL, case_id) == "NOT_LAPSED"


def test_whoever_comes_too_late_is_told_how_to_say_it_all_the_same(rig: Rig) -> None:
    case_id = rig.until_held()
    rig.wait(49 * HOURS)
    task_id = rig.task(JAIL, TaskKind.REPORT_CUSTODY, case_id).id
    hint = refused(rig, JAIL, task_id, answer="transferred", by="JOE JAILER").hint
    assert hint == f"ask anew: tenprint case reopen {case_id} --party jail"


def test_the_clerk_opens_the_question_again_on_the_page_of_the_task_that_the_clock_closed(rig: Rig) -> None:
    case_id = rig.until_held()
    rig.wait(49 * HOURS)
    clerk = Desktop(console(rig)).take(JAIL, "JOE JAILER")
    path = f"/tasks/{rig.task(JAIL, TaskKind.REPORT_CUSTODY, case_id).id}"
    assert "Open the question again" in clerk.get(path)
    Desktop(console(rig)).take(ERO, "ANN OFFICER").post(f"{path}/ask-again", 403, reason="not mine to ask")
    clerk.post(f"{path}/ask-again", 409, reason=" ")
    assert open_at(rig, JAIL) == []
    clerk.get(path)
    clerk.post(f"{path}/ask-again", reason="the sheet of that day says so")
    (again,) = rig.tasks(JAIL, open_only=True)
    clerk.get(f"/tasks/{again.id}")
    clerk.post(f"/tasks/{again.id}", answer="transferred", reason="x", at="2010-10-04T20:00Z")
    assert states(rig, case_id) == [CaseState.TRANSFERRED] * 2
    assert "Open the question again" not in clerk.get(f"/tasks/{again.id}")
    clerk.get(path)
    assert "NOT_LAPSED" in clerk.post(f"{path}/ask-again", 409, reason="once more")


@pytest.mark.parametrize("later_first", [False, True])
def test_the_case_ends_the_same_way_whichever_of_the_two_reports_comes_first(rig: Rig, later_first: bool) -> None:
    rig.known_to_immigration("P7")
    deliver, kept = rig.post.deliver, []
    case_id = rig.until_held()

    def keep_back(wire: bytes, recipient: str) -> bytes:
        if Envelope.from_bytes(wire).kind == Kind.CUSTODY:
            kept.append(wire)
            raise SenderError("ON_ITS_WAY", "kept back")
        return deliver(wire, recipient)

    rig.post.deliver = keep_back
    rig.wait(49 * HOURS)
    dispatch.reopen_custody(rig.nodes[JAIL], case_id, **WHO)
    say(rig, case_id, "transferred", at="2010-10-04T20:00Z")
    assert len(kept) == 2 and rig.case(ERO, case_id).state == CaseState.HELD
    for wire in kept[::-1] if later_first else kept:
        deliver(wire, str(ERO))
        rig.run()
    assert rig.case(ERO, case_id).state == CaseState.TRANSFERRED
    assert open_at(rig, ERO) == ["report_outcome"] and rig.failures(ERO) == []


def test_a_jail_that_speaks_a_third_time_or_of_a_time_after_the_hold_changes_nothing_at_the_field_office(
    rig: Rig,
) -> None:
    case_id = until_asked_again(rig, hours=60)
    lapsed = told(rig, case_id)[-1]
    late = CustodyReport(lapsed.detainer_id, "transferred", lapsed.held_from, lapsed.ended_at + HOURS, "x", "JAILER")
    rig.say(JAIL, ERO, Kind.CUSTODY, late.to_bytes(), case_id)
    assert (rig.case(ERO, case_id).state, rig.failures(ERO)) == (CaseState.LAPSED, ["TIME_TOO_LATE"])
    say(rig, case_id, "transferred", at="2010-10-04T20:00Z")
    before = rig.case(ERO, case_id)
    third = CustodyReport(lapsed.detainer_id, "released", lapsed.held_from, lapsed.ended_at, "x", "JAILER")
    rig.say(JAIL, ERO, Kind.CUSTODY, third.to_bytes(), case_id, id="third")
    assert (rig.case(ERO, case_id), before.state) == (before, CaseState.TRANSFERRED)
