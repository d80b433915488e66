"""Offence level and priority of a person come from what courts have said and officers state; the rest stays unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import pytest
from console_rig import Desktop, console, text_of
from exchange_rig import PERMITTED, PROGRAMME, Rig
from test_exchange_after_transfer import ENDED, until_transferred
from test_exchange_tasks import refused

from tenprint.exchange.model.aftermath import OutcomeReport
from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.exchange.tasks import levels
from tenprint.policy import programme
from tenprint.web.advice import advice

ERO, JAIL, COURT = Role.FIELD_OFFICE, Role.JAIL, Role.COURT
CLEAN = {"aggravated_felony_conviction": "no", "felony_convictions": "0", "misdemeanour_convictions": "0"}
SAID = {"decided_on": "2010-10-04", "reference": "CR-2010-17 (fictitious)"}


def reported(rig: Rig, case_id: str) -> OutcomeReport:
    return OutcomeReport.from_bytes(rig.messages(JAIL, case_id, Kind.OUTCOME)[-1].body)


def level(rig: Rig, case_id: str) -> tuple[str, str, str]:
    report = reported(rig, case_id)
    return report.offence_level, report.level_rule, report.priority


@pytest.mark.parametrize(
    ("stated", "ranked"),
    [
        ({"aggravated_felony_conviction": "yes"}, ("1", "level-1-aggravated-felony", "1")),
        ({"felony_convictions": "2"}, ("1", "level-1-two-felonies", "1")),
        ({"felony_convictions": "1"}, ("2", "level-2-felony", "1")),
        ({"misdemeanour_convictions": "3"}, ("2", "level-2-three-misdemeanours", "1")),
        ({"misdemeanour_convictions": "1"}, ("3", "level-3-misdemeanour", "1")),
        (CLEAN, ("none", "level-none-charged-only", "none")),
        (CLEAN | {"recent_illegal_entrant": "yes"}, ("none", "level-none-charged-only", "2")),
        ({"fugitive_or_obstructor": "yes"}, ("unknown", "level-unknown", "3")),
        ({}, ("unknown", "level-unknown", "none")),
    ],
)
def test_an_outcome_has_the_level_that_follows_from_what_its_officer_states(
    rig: Rig, stated: Mapping[str, str], ranked: tuple[str, str, str]
) -> None:
    case_id = until_transferred(rig)
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "removed", **ENDED, **stated)
    assert level(rig, case_id) == ranked


def test_what_is_stated_at_the_decision_still_holds_at_the_outcome_and_the_newest_word_goes_before(rig: Rig) -> None:
    case_id = rig.until_status()
    rig.decide(ERO, TaskKind.DECIDE, case_id, "detainer", by="OFFICER ONE", **PERMITTED, misdemeanour_convictions="1")
    asked = [(row["question"], row["outcome"]) for row in rig.entries(ERO, "decision")]
    assert ("offence_level", "3") in asked and ("priority", "1") in asked
    rig.decide(JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    rig.decide(JAIL, TaskKind.REPORT_RELEASE, case_id, "transferred")
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "custody", by="OFFICER TWO", **ENDED)
    assert level(rig, case_id)[0] == "3"
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "removed", by="OFFICER TWO", **ENDED, felony_convictions="1")
    assert level(rig, case_id)[0] == "2"
    said = rig.case(ERO, case_id).known["stated"]
    assert [(name, said[name]["is"], said[name]["by"]) for name in sorted(said)] == [
        ("felony_convictions", 1, "OFFICER TWO"), ("misdemeanour_convictions", 1, "OFFICER ONE"),
    ]  # fmt: skip
    on_ledger = [(row["person"], row["note"]) for row in rig.entries(ERO, "stated")]
    assert on_ledger == [("OFFICER ONE", "misdemeanour_convictions"), ("OFFICER TWO", "felony_convictions")]


@pytest.mark.parametrize(("outcome", "offence"), [("dismissed", "5404"), ("convicted", "0911")])
def test_a_courts_word_makes_no_level_by_itself_and_the_outcome_says_what_is_not_known(
    make: Callable[..., Rig], outcome: str, offence: str
) -> None:
    rig = make(court=True)
    case_id = until_transferred(rig)
    rig.decide(COURT, TaskKind.DISPOSE, case_id, outcome, offence=offence, **SAID)
    assert levels.facts_of(rig.case(ERO, case_id), {}) == {"charged": True}
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "custody", **ENDED)
    assert level(rig, case_id)[0] == "unknown"
    assert "aggravated felony" in reported(rig, case_id).level_unknown
    now_known = CLEAN if outcome == "dismissed" else CLEAN | {"felony_convictions": "1"}
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "removed", **ENDED, **now_known)
    assert level(rig, case_id)[0] == ("none" if outcome == "dismissed" else "2")


def test_nobody_states_no_conviction_against_a_court_that_convicted(make: Callable[..., Rig]) -> None:
    rig = make(court=True)
    case_id = until_transferred(rig)
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "custody", **ENDED, **CLEAN)
    assert level(rig, case_id)[0] == "none"
    rig.decide(COURT, TaskKind.DISPOSE, case_id, "convicted", **SAID)
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "bond", **ENDED)
    assert level(rig, case_id)[0] == "unknown", "what was said before the conviction does not deny it"
    task_id = rig.task(ERO, TaskKind.REPORT_OUTCOME, case_id).id
    denied = refused(rig, ERO, task_id, answer="removed", by="OFFICER ONE", details=ENDED | CLEAN)
    assert denied.code == "CONVICTION_ON_RECORD"
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "removed", **ENDED, **CLEAN | {"misdemeanour_convictions": "1"})
    assert level(rig, case_id)[0] == "3"


def test_a_charge_that_was_never_brought_is_no_charge(make: Callable[..., Rig]) -> None:
    rig = make(court=True)
    case_id = until_transferred(rig)
    rig.decide(COURT, TaskKind.DISPOSE, case_id, "not_charged", **SAID)
    assert levels.facts_of(rig.case(ERO, case_id), {}) == {}


def test_an_outcome_of_a_later_year_says_which_version_of_the_rules_was_asked(rig: Rig) -> None:
    case_id = until_transferred(rig)
    rig.wait(timedelta(days=3000))
    rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, "removed", **ENDED | {"happened_on": "2018-11-03"})
    report = reported(rig, case_id)
    assert (report.rule_version, report.rules_on) == (
        "2010-10", f"{PROGRAMME}: in force at this party, which has no other version",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "name", "why"),
    [
        (date(2012, 1, 1), "secure-communities-2011-06", "in force on 2012-01-01"),
        (date(2011, 1, 1), PROGRAMME, "in force on 2011-01-01"),
        (date(2009, 1, 1), PROGRAMME, "in force at this party; no version of it was in force on 2009-01-01"),
    ],
)
def test_of_several_versions_the_one_of_the_day_is_asked(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, day: date, name: str, why: str
) -> None:
    own = programme.load(PROGRAMME)
    text = programme._text_of(PROGRAMME).replace('version = "2010-10"', 'version = "2011-06"')
    later = programme.parse_programme(text.replace("2010-10-01", "2011-06-17"), own.vocabulary)
    by_name = {own.name: own, later.name: later}
    for module in (programme, levels):
        monkeypatch.setattr(module, "available", lambda: tuple(by_name))
        monkeypatch.setattr(module, "load", by_name.__getitem__)
    chosen, said = levels.rules_on(rig.nodes[ERO].services, day)
    assert (chosen.name, said) == (name, f"{name}: {why}")


@pytest.mark.parametrize("wrong", ["two", "-1", "01", "1000", "1.5"])
def test_a_statement_that_cannot_be_read_is_refused_at_the_decision_and_at_the_outcome(rig: Rig, wrong: str) -> None:
    case_id = until_transferred(rig)
    task_id = rig.task(ERO, TaskKind.REPORT_OUTCOME, case_id).id
    bad = ENDED | {"felony_convictions": wrong}
    assert refused(rig, ERO, task_id, answer="removed", by="OFFICER ONE", details=bad).code == "DETAIL_INVALID"
    unsure = ENDED | {"aggravated_felony_conviction": wrong}
    assert refused(rig, ERO, task_id, answer="removed", by="OFFICER ONE", details=unsure).code == "DETAIL_INVALID"


def test_an_officer_who_decides_reads_the_level_that_follows_from_what_is_known(rig: Rig) -> None:
    case_id = until_transferred(rig)
    task, services = rig.task(ERO, TaskKind.REPORT_OUTCOME, case_id), rig.nodes[ERO].services
    assert advice(task, services, rig.case(ERO, case_id)).by_question["offence_level"].outcome == "unknown"
    officer = Desktop(console(rig)).take(ERO, "ANN OFFICER")
    page = officer.get(f"/tasks/{task.id}")
    assert all(f'name="{name}"' in page for name in CLEAN)
    said = {"answer": "custody", "reason": "x", **ENDED, **CLEAN}
    bad = officer.post(f"/tasks/{task.id}", 422, **said, recent_illegal_entrant="?")
    assert 'id="recent_illegal_entrant-fault"' in bad
    officer.post(f"/tasks/{task.id}", **said, recent_illegal_entrant="")
    told = advice(task, services, rig.case(ERO, case_id)).by_question
    assert (told["offence_level"].outcome, told["priority"].outcome) == ("none", "none")
    assert "Level and priority by what is on record: none, none" in text_of(officer.get(f"/tasks/{task.id}"))


def test_an_officer_states_convictions_on_the_form_of_a_decision_whatever_it_is(rig: Rig) -> None:
    case_id = rig.until_status()
    task = rig.task(ERO, TaskKind.DECIDE, case_id)
    officer = Desktop(console(rig)).take(ERO, "ANN OFFICER")
    assert 'name="felony_convictions"' in officer.get(f"/tasks/{task.id}")
    officer.post(f"/tasks/{task.id}", answer="no_action", reason="x", felony_convictions="0", evidence="")
    assert rig.case(ERO, case_id).known["stated"]["felony_convictions"]["by"] == "ANN OFFICER"
