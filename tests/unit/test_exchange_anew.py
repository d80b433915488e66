"""What was corrected, or decided by a court, before an answer stands before whoever answers and binds the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from exchange_rig import GROUND, PERMITTED, Rig, card, fingers_of, run_through_retries

from tenprint.adapters.case_tally import tally_cases
from tenprint.core.errors import PolicyRefusal, SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.model.case import REPLACED, Task
from tenprint.exchange.model.corrections import CORRECTIONS, Correction
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind

pytestmark = pytest.mark.slow
AGENCY, STATE, CRIMINAL = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY
IDENT, LESC, ERO, JAIL, COURT = (
    Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER, Role.FIELD_OFFICE, Role.JAIL, Role.COURT,
)  # fmt: skip
NATURALISED = {"kind": "corrected", "what": "the person is a citizen", "reason": "naturalised", "by": "SPECIALIST TWO"}
DISMISSED = {"decided_on": "2010-10-04", "reference": "CR-2010-17 (fictitious)"}


@pytest.fixture
def court(make: Callable[..., Rig]) -> Rig:
    """Give a network of eight parties: seven and a court."""
    return make(court=True)


def correct(rig: Rig, role: Role, case_id: str, **more: str) -> str:
    rig.clock.advance(timedelta(seconds=1))
    correction_id = dispatch.correct(rig.nodes[role], case_id, **(NATURALISED | more))
    rig.run()
    return correction_id


def replaced(rig: Rig, role: Role, kind: TaskKind) -> list[Task]:
    return [task for task in rig.tasks(role) if task.kind == kind and task.was_replaced]


def told(shown: Mapping[str, Any]) -> list[tuple[str, ...]]:
    names = ("correction", "correction_says", "corrected_by", "said_by", "corrected_at")
    return [tuple(one[name] for name in names) for one in shown.get(CORRECTIONS, [])]


def test_a_detainer_is_refused_for_a_citizen_whose_status_was_corrected_before_the_decision(court: Rig) -> None:
    case_id = court.until_status()
    old = court.task(ERO, TaskKind.DECIDE, case_id)
    correct(court, LESC, case_id, status="citizen")
    asked = court.task(ERO, TaskKind.DECIDE, case_id)
    assert (asked.id != old.id, asked.is_open, asked.shown["status"]) == (True, True, "citizen")
    assert (asked.shown["status_before"], asked.shown["legal_ground_before"]) == ("removable", GROUND)
    assert asked.shown["legal_ground"] == ""
    assert told(asked.shown) == [
        ("corrected", "the person is a citizen", "support_center", "SPECIALIST TWO", "2010-10-04T08:00:01.000Z")
    ]
    with pytest.raises(PolicyRefusal, match="detainer-citizen"):
        court.decide(ERO, TaskKind.DECIDE, case_id, "detainer", **PERMITTED)
    assert court.messages(ERO, case_id, Kind.DETAINER) == []
    court.decide(ERO, TaskKind.DECIDE, case_id, "no_action")
    assert court.case(ERO, case_id).state == CaseState.NO_ACTION


def test_the_question_that_rested_on_the_old_record_is_closed_without_a_person_and_takes_no_answer(court: Rig) -> None:
    case_id = court.until_status()
    old = court.task(ERO, TaskKind.DECIDE, case_id).id
    correct(court, LESC, case_id, status="citizen")
    (closed,) = replaced(court, ERO, TaskKind.DECIDE)
    assert (closed.id, closed.decided_by, closed.reason) == (old, "", "a record was corrected")
    assert [row["reason"] for row in court.entries(ERO, "task_closed")] == ["a record was corrected"]
    with pytest.raises(SenderError, match="TASK_CLOSED"):
        dispatch.decide_task(court.nodes[ERO], old, answer="no_action", reason="as seen", by="OFFICER DECIDE")


def test_a_status_that_is_corrected_twice_is_what_was_said_last_whatever_comes_first(court: Rig) -> None:
    case_id = court.until_status()
    correct(court, LESC, case_id, status="citizen")
    correct(court, LESC, case_id, status="final_order", legal_ground="8 USC 1231 (fictitious)", what="it was another")
    asked = court.task(ERO, TaskKind.DECIDE, case_id).shown
    assert [one["status"] for one in asked[CORRECTIONS]] == ["citizen", "final_order"]
    assert (asked["status"], asked["legal_ground"]) == ("final_order", "8 USC 1231 (fictitious)")
    assert asked["priority"]["is"] != ""


def test_a_detainer_after_a_correction_needs_a_second_officer_who_sees_what_was_corrected(court: Rig) -> None:
    case_id = court.until_status()
    correct(court, AGENCY, case_id, what="the name was misspelt")
    court.decide(ERO, TaskKind.DECIDE, case_id, "detainer", by="OFFICER ONE", **PERMITTED)
    look = court.task(ERO, TaskKind.SECOND_LOOK, case_id)
    assert (look.is_open, court.messages(ERO, case_id, Kind.DETAINER)) == (True, [])
    assert "was corrected" in look.shown["why_a_second_look"]
    assert [one["correction_says"] for one in look.shown[CORRECTIONS]] == ["the name was misspelt"]
    court.decide(ERO, TaskKind.SECOND_LOOK, case_id, "agree", by="OFFICER TWO")
    assert len(court.messages(ERO, case_id, Kind.DETAINER)) == 1
    assert court.task(JAIL, TaskKind.ANSWER_DETAINER, case_id).shown["second_officer"] == "OFFICER TWO"


def test_a_proposal_that_rested_on_the_old_record_goes_back_to_the_first_officer(court: Rig) -> None:
    case_id = court.until_status()
    court.decide(ERO, TaskKind.DECIDE, case_id, "detainer", "OFFICER ONE", **(PERMITTED | {"citizenship_claim": "yes"}))
    correct(court, LESC, case_id, status="final_order", legal_ground="8 USC 1231 (fictitious)")
    assert [task.kind for task in court.tasks(ERO, open_only=True)] == [TaskKind.DECIDE]
    assert [task.answer for task in court.tasks(ERO) if task.kind == TaskKind.SECOND_LOOK] == [REPLACED]
    assert court.task(ERO, TaskKind.DECIDE, case_id).findings == 0
    anew = PERMITTED | {"legal_ground": "8 USC 1231 (fictitious)", "evidence": "final_order"}
    court.decide(ERO, TaskKind.DECIDE, case_id, "detainer", "OFFICER TWO", **anew)
    court.decide(ERO, TaskKind.SECOND_LOOK, case_id, "agree", by="OFFICER ONE")
    assert court.task(JAIL, TaskKind.ANSWER_DETAINER, case_id).shown["status"] == "final_order"


def test_an_answer_that_was_under_way_when_a_record_was_corrected_is_not_taken_and_no_dead_letter(court: Rig) -> None:
    case_id = court.until_status()
    old = court.task(ERO, TaskKind.DECIDE, case_id).id
    dispatch.correct(court.nodes[LESC], case_id, **NATURALISED, status="citizen")
    post, node = court.post.deliver, court.nodes[ERO]

    def deliver(wire: bytes, recipient: str) -> bytes:
        signed = post(wire, recipient)
        if recipient == str(ERO) and not court.entries(ERO, "answer_not_taken"):
            said = {"answer": "detainer", "reason": "as seen", "by": "OFFICER ONE", "details": PERMITTED}
            dispatch.decide_task(node, old, **said)
            court.post.deliver = post
        return signed

    court.post.deliver = deliver
    court.run()
    (not_taken,) = court.entries(ERO, "answer_not_taken")
    assert (not_taken["task"], not_taken["person"]) == (old, "OFFICER ONE")
    assert (court.failures(ERO), court.messages(ERO, case_id, Kind.DETAINER)) == ([], [])
    assert court.task(ERO, TaskKind.DECIDE, case_id).is_open


def test_whoever_answers_at_the_jail_sees_what_was_corrected(court: Rig) -> None:
    case_id = court.until_detainer()
    correct(court, LESC, case_id, status="citizen")
    asked = court.task(JAIL, TaskKind.ANSWER_DETAINER, case_id)
    assert (asked.is_open, asked.shown["status"], asked.shown["status_before"]) == (True, "citizen", "removable")
    court.decide(JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    release = court.task(JAIL, TaskKind.REPORT_RELEASE, case_id)
    assert (release.shown["status"], release.shown["status_before"]) == ("citizen", "removable")
    correct(court, AGENCY, case_id, what="the name was misspelt")
    release = court.task(JAIL, TaskKind.REPORT_RELEASE, case_id)
    assert [one[1] for one in told(release.shown)] == ["the person is a citizen", "the name was misspelt"]
    court.decide(JAIL, TaskKind.REPORT_RELEASE, case_id, "would_be_released")
    custody = court.task(JAIL, TaskKind.REPORT_CUSTODY, case_id)
    assert (custody.shown["status"], len(told(custody.shown))) == ("citizen", 2)
    correct(court, IDENT, case_id, what="another person's record")
    later = court.task(JAIL, TaskKind.REPORT_CUSTODY, case_id)
    assert (later.id != custody.id, later.due_at, len(told(later.shown))) == (True, custody.due_at, 3)
    court.decide(JAIL, TaskKind.REPORT_CUSTODY, case_id, "released")
    assert court.case(ERO, case_id).state == CaseState.LAPSED


def test_a_detainer_that_stands_is_reviewed_with_the_corrected_status(court: Rig) -> None:
    case_id = court.until_held()
    correct(court, LESC, case_id, status="citizen")
    review = court.task(ERO, TaskKind.REVIEW, case_id)
    assert (review.shown["status"], review.shown["status_before"]) == ("citizen", "removable")


def test_a_wrong_record_that_is_corrected_stands_before_the_specialist_and_then_before_the_officer(court: Rig) -> None:
    case_id = court.until_examined()
    correct(court, IDENT, case_id, what="another person's record")
    status = court.task(LESC, TaskKind.STATUS, case_id)
    assert [one[1] for one in told(status.shown)] == ["another person's record"]
    assert len(replaced(court, LESC, TaskKind.STATUS)) == 1
    court.decide(LESC, TaskKind.STATUS, case_id, "removable", legal_ground=GROUND)
    assert [one[1] for one in told(court.task(ERO, TaskKind.DECIDE, case_id).shown)] == ["another person's record"]


def test_an_examiner_sees_what_was_corrected_also_of_a_record_that_comes_later(make: Callable[..., Rig]) -> None:
    rig = make(court=True, settings={IDENT: {"keeps_searches": True}})
    case_id = rig.book(card("P7", ret="Y"))
    rig.matcher(IDENT).gallery |= {"FIN-P7": fingers_of("P7")}
    assert dispatch.enrol(rig.nodes[IDENT], "FIN-LATER", card("P7")) is not None
    rig.run()
    late = rig.task(IDENT, TaskKind.EXAMINE, case_id)
    correct(rig, AGENCY, case_id, what="the name was misspelt")
    asked = rig.task(IDENT, TaskKind.EXAMINE, case_id)
    assert (asked.id != late.id, [one[1] for one in told(asked.shown)]) == (True, ["the name was misspelt"])
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    assert len(rig.messages(IDENT, case_id, Kind.LATE_HIT)) == 1


@pytest.mark.parametrize("outcome", ["dismissed", "convicted"])
def test_how_a_charge_ended_stands_before_the_officer_who_decides_after_that(court: Rig, outcome: str) -> None:
    case_id = court.until_status()
    old = court.task(ERO, TaskKind.DECIDE, case_id).id
    court.decide(COURT, TaskKind.DISPOSE, case_id, outcome, **DISMISSED)
    asked = court.task(ERO, TaskKind.DECIDE, case_id)
    (ended,) = asked.shown["charges_ended"]
    assert (asked.id != old, ended["charge"], ended["charge_outcome"]) == (
        True,
        "5404 DRIVING UNDER INFLUENCE",
        outcome,
    )
    assert (ended["decided_on"], ended["court"], CORRECTIONS in asked.shown) == ("2010-10-04", "court", False)
    court.decide(ERO, TaskKind.DECIDE, case_id, "detainer", **PERMITTED)
    assert len(court.messages(ERO, case_id, Kind.DETAINER)) == 1


def test_a_second_officer_sees_how_a_charge_ended_and_the_proposal_stands(court: Rig) -> None:
    case_id = court.until_status()
    court.decide(ERO, TaskKind.DECIDE, case_id, "detainer", "OFFICER ONE", **(PERMITTED | {"citizenship_claim": "yes"}))
    court.decide(COURT, TaskKind.DISPOSE, case_id, "dismissed", **DISMISSED)
    look, first = court.task(ERO, TaskKind.SECOND_LOOK, case_id), court.task(ERO, TaskKind.DECIDE, case_id)
    assert [one["charge_outcome"] for one in look.shown["charges_ended"]] == ["dismissed"]
    assert (look.shown["proposal"]["by"], first.decided_by, first.is_open) == ("OFFICER ONE", "OFFICER ONE", True)
    with pytest.raises(SenderError, match="SAME_OFFICER"):
        court.decide(ERO, TaskKind.SECOND_LOOK, case_id, "agree", by="OFFICER ONE")
    court.decide(ERO, TaskKind.SECOND_LOOK, case_id, "agree", by="OFFICER TWO")
    assert court.task(JAIL, TaskKind.ANSWER_DETAINER, case_id).shown["second_officer"] == "OFFICER TWO"


def test_a_correction_that_comes_before_the_case_stands_before_everybody_who_is_asked_later(court: Rig) -> None:
    court.known_to_immigration("P7")
    case_id = dispatch.submit(court.nodes[AGENCY], card("P7")).case_id
    correct(court, AGENCY, case_id, what="the name was misspelt")
    run_through_retries(court)
    for role, kind, answer, details in (
        (IDENT, TaskKind.EXAMINE, "identification", {}),
        (LESC, TaskKind.STATUS, "removable", {"legal_ground": GROUND}),
        (ERO, TaskKind.DECIDE, "detainer", PERMITTED),
        (ERO, TaskKind.SECOND_LOOK, "agree", {}),
        (JAIL, TaskKind.ANSWER_DETAINER, "accept", {}),
    ):
        assert [one[1] for one in told(court.task(role, kind, case_id).shown)] == ["the name was misspelt"]
        court.decide(role, kind, case_id, answer, **details)
    assert court.case(JAIL, case_id).state == CaseState.LODGED


def test_a_correction_that_comes_twice_asks_nobody_twice(court: Rig) -> None:
    case_id = court.until_status()
    correct(court, LESC, case_id, status="citizen")
    asked = court.task(ERO, TaskKind.DECIDE, case_id).id
    again = court.received(ERO, case_id, Kind.CORRECTION)
    court.say(LESC, ERO, Kind.CORRECTION, again.body, case_id)
    assert (court.task(ERO, TaskKind.DECIDE, case_id).id, court.failures(ERO)) == (asked, [])
    assert len(court.tasks(ERO)) == 2


@pytest.mark.parametrize(
    ("role", "words", "code"),
    [
        (AGENCY, {"status": "citizen"}, "CORRECTION_NOT_YOURS"),
        (LESC, {"status": "alien"}, "STATUS_UNKNOWN"),
        (LESC, {"legal_ground": GROUND}, "STATUS_MISSING"),
        (LESC, {"status": "final_order"}, "LEGAL_GROUND_MISSING"),
        (LESC, {"status": "final_order", "legal_ground": "x" * 121}, "LEGAL_GROUND_INVALID"),
    ],
)
def test_a_status_that_cannot_be_is_refused_where_it_is_typed_in(
    court: Rig, role: Role, words: dict[str, str], code: str
) -> None:
    case_id = court.until_status()
    with pytest.raises(SenderError) as caught:
        correct(court, role, case_id, **words)
    assert (caught.value.code, court.case(role, case_id).known.get(CORRECTIONS)) == (code, None)


def test_a_status_that_is_not_its_origins_to_say_is_a_dead_letter_at_who_got_it(court: Rig) -> None:
    case_id = court.until_status()
    tcn, at = court.case(AGENCY, case_id).tcn, court.clock.now()
    forged = Correction("c-1", "agency", tcn, "corrected", "a citizen", "so he says", "CLERK", at, status="citizen")
    court.say(AGENCY, STATE, Kind.CORRECTION, court.news(forged), case_id)
    assert (court.failures(STATE), court.case(STATE, case_id).known.get(CORRECTIONS)) == (
        ["CORRECTION_NOT_YOURS"],
        None,
    )


def test_two_runs_count_alike_whether_the_court_or_the_officer_was_faster(make: Callable[..., Rig]) -> None:
    counted = []
    for is_court_first in (True, False):
        rig = make(court=True)
        case_id = rig.until_status()
        if is_court_first:
            rig.decide(COURT, TaskKind.DISPOSE, case_id, "convicted", **DISMISSED)
        rig.decide(ERO, TaskKind.DECIDE, case_id, "detainer", "OFFICER", **(PERMITTED | {"citizenship_claim": "yes"}))
        if not is_court_first:
            rig.decide(COURT, TaskKind.DISPOSE, case_id, "convicted", **DISMISSED)
        rig.decide(ERO, TaskKind.SECOND_LOOK, case_id, "agree", by="OFFICER TWO")
        tally = tally_cases(rig.nodes[ERO].store._engine.url, "field office")[case_id]
        counted.append((tally.tasks, tally.handled, tally.entries))
    assert counted[0] == counted[1]
