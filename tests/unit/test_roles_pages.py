"""What the pages of people's work say, and in what order: choices, urgency, rules, faults, hours."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from exchange_rig import GROUND, PERMITTED, START, Rig

from tenprint.core.clock import to_wire
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import OfficerDecision, Role, StatusFinding, TaskKind
from tenprint.policy.access import HIDDEN
from tenprint.records.nlets.offences import offence_in_words
from tenprint.web import role_words
from tenprint.web.advice import advice, has_looked, whose_move
from tenprint.web.pages.queue import grouped
from tenprint.web.words import due_in_words, facts, spoken_span

SHOWN = {"status": "removable", "legal_ground": GROUND, "match_confirmed": True, "juvenile": False}


def task(kind: TaskKind = TaskKind.DECIDE, answers=(), *, due: datetime | None = None, **shown: object) -> Task:
    return Task("task-1", "case-1", "field_office", kind, START, due, SHOWN | shown, "", tuple(map(str, answers)))


@pytest.mark.parametrize(
    ("kind", "answers", "first"),
    [
        (TaskKind.DECIDE, ("detainer", "interview", "no_action"), "no_action"),
        (TaskKind.SECOND_LOOK, ("agree", "disagree"), "disagree"),
        (TaskKind.ANSWER_DETAINER, ("accept", "decline"), "decline"),
        (TaskKind.REPORT_RELEASE, ("would_be_released", "transferred", "released"), "released"),
        (TaskKind.REPORT_CUSTODY, ("transferred", "released"), "released"),
    ],
)
def test_the_answer_that_holds_nobody_stands_first_and_every_answer_says_what_follows(kind, answers, first) -> None:
    offered = role_words.choices(task(kind, answers))
    assert offered[0].value == first and {choice.value for choice in offered} == set(answers)
    assert all(choice.means for choice in offered)
    for answer in answers:
        assert role_words.what_follows(replace(task(kind, answers), answer=answer))


def test_every_status_is_explained() -> None:
    assert all(role_words.status_means(str(status)) for status in StatusFinding)
    assert all(role_words.MEANS[TaskKind.DECIDE].get(str(decision)) for decision in OfficerDecision)


def test_tasks_are_grouped_by_urgency_and_each_stands_in_one_group() -> None:
    def due(hours: float) -> Task:
        return task(due=START + timedelta(hours=hours))

    tasks = [due(-24), due(-23.9), due(-0.1), due(0), due(4), due(4.1), task()]
    groups = grouped(tasks, START)
    assert [(group.name, len(group.tasks)) for group in groups] == [
        ("Critically overdue", 1), ("Overdue", 2), ("Due soon", 2), ("Not due yet", 1), ("No deadline", 1),
    ]  # fmt: skip
    assert [group.is_overdue for group in groups] == [True, True, False, False, False]
    assert grouped([], START) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shown", "outcome", "rule"),
    [
        ({}, "permitted", "detainer-permitted"),
        ({"status": "citizen"}, "refused", "detainer-citizen"),
        ({"legal_ground": ""}, "refused", "detainer-no-legal-ground"),
        ({"match_confirmed": False}, "refused", "detainer-match-not-confirmed"),
        ({"juvenile": True}, "needs", "detainer-juvenile"),
        ({"proposal": {"details": PERMITTED | {"citizenship_claim": "yes"}}}, "needs", "detainer-citizenship-claim"),
    ],
)
def test_an_officer_reads_beforehand_what_the_rules_say_of_a_detainer(rig: Rig, shown, outcome, rule) -> None:
    kind = TaskKind.SECOND_LOOK if "proposal" in shown else TaskKind.DECIDE
    before = [len(node.store.entries()) for node in rig.all]
    said = advice(task(kind, **shown), rig.nodes[Role.FIELD_OFFICE].services)
    assert said is not None
    assert (said.by_question["detainer"].outcome, said.by_question["detainer"].rule) == (outcome, rule)
    assert said.by_question["offence_level"].outcome == "unknown" and said.unknown["offence_level"]
    assert [len(node.store.entries()) for node in rig.all] == before, "asked without a trace"


def test_after_a_second_look_each_officer_reads_whose_move_it_is_and_what_can_be_done() -> None:
    decide = replace(task(), findings=1, decided_by="LEE FIRST", answer="detainer")
    look = replace(task(TaskKind.SECOND_LOOK), id="task-2")
    assert "You can take that look" in whose_move(decide, [decide, look], "MAX SECOND")
    assert "Until then you can decide" in whose_move(decide, [decide, look], "lee first")
    looked = replace(look, decided_by="MAX SECOND", answer="disagree", decided_at=START)
    assert not looked.is_open
    said = whose_move(decide, [decide, looked], "Max  Second")
    assert said.startswith("You did not agree") and "It is the move of LEE FIRST" in said and "do nothing" in said
    assert "It is your move" in whose_move(decide, [decide, looked], "LEE FIRST")
    assert whose_move(decide, [decide, looked], "ANN THIRD").startswith("MAX SECOND did not agree")
    assert whose_move(task(), [task()], "LEE FIRST") == "", "nobody was asked for a second look"
    assert [has_looked(decide, [decide, looked], who) for who in ("MAX SECOND", "LEE FIRST")] == [True, False]


@pytest.mark.slow
def test_the_rules_have_nothing_to_say_to_a_specialist(rig: Rig) -> None:
    assert advice(task(TaskKind.STATUS), rig.nodes[Role.SUPPORT_CENTER].services) is None


@pytest.mark.parametrize(
    ("code", "given", "field"),
    [
        ("REASON_MISSING", {}, "reason"),
        ("detainer-no-evidence", {}, "evidence"),
        ("detainer-victim-not-asked", {}, "victim_or_witness"),
        ("DETAIL_INVALID", {"citizenship_claim": "no", "victim_or_witness": "maybe"}, "victim_or_witness"),
        ("TEXT_INVALID", {"reason": "a\x00b", "legal_ground": "x"}, "reason"),
        ("TEXT_INVALID", {"reason": "fine", "legal_ground": "a long one\x00"}, "legal_ground"),
        ("detainer-citizen", {}, "answer"),
    ],
)
def test_a_refusal_leads_to_the_field_at_fault(code: str, given: dict[str, str], field: str) -> None:
    assert role_words.field_at_fault(code, given) == field


def test_what_belongs_to_a_detainer_is_not_taken_from_somebody_who_decides_otherwise() -> None:
    form = {"answer": "no_action", "reason": "x", **PERMITTED}
    assert role_words.form_fields(form) == {"answer": "no_action", "reason": "x"}
    for answer in ("detainer", "removable"):
        assert role_words.form_fields(form | {"answer": answer}) == form | {"answer": answer}


def test_held_hours_stop_at_the_end_of_the_hold() -> None:
    shown = {"held_from": to_wire(START), "hold_ends_at": to_wire(START + timedelta(hours=48))}
    for hours, held in ((-1, 0), (11, 11), (48, 48), (60, 48)):
        assert role_words.held_for(shown, START + timedelta(hours=hours)) == timedelta(hours=held)


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(hours=1, minutes=1), "1 hour 1 minute"),
        (timedelta(hours=48), "48 hours"),
        (timedelta(hours=72, minutes=5), "72 hours 5 minutes"),
        (timedelta(days=4, hours=2), "4 days 2 hours"),
    ],
)
def test_a_duration_is_said_in_whole_words_and_a_hold_in_hours(span: timedelta, said: str) -> None:
    assert spoken_span(span) == said


def test_a_task_without_a_deadline_says_so_and_not_that_time_stands_still() -> None:
    assert due_in_words(task(), START) == "no deadline"


def test_only_fields_with_a_value_are_shown() -> None:
    shown = {"name": "SAMPLE", "fin": "", "juvenile": False, "other": {}}
    assert [(line.label, line.text) for line in facts(shown, "fin", "juvenile", "name", "missing", "other")] == [
        ("under eighteen", "no"), ("name", "SAMPLE"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("5404", "Driving Under Influence-Liquor (NCIC code 5404)."),
        ("0399", "no charge"),
        ("", "The charge is not told."),
        ("9998", "an offence that the table of codes does not name (NCIC code 9998)."),
        (HIDDEN, "The charge is not shown to your role."),
    ],
)
def test_a_charge_is_told_in_words_and_called_an_accusation(code: str, said: str) -> None:
    told = role_words.offence(code)
    assert said in told
    assert ("accusation" in told) == (code in {"5404", "9998"})


def test_the_code_that_stands_for_no_charge_is_never_read_as_an_immigration_offence() -> None:
    assert offence_in_words("0399") == ""
    assert offence_in_words("1304") == "Aggravated Assault-Non-Family-Gun"
