"""What an answer says besides its word and its reason: each task knows its names, and drops no other silently."""

from __future__ import annotations

from datetime import timedelta

import pytest
from console_rig import Desktop, console
from exchange_rig import PERMITTED, Rig
from test_exchange_after_transfer import until_lodged
from test_exchange_tasks import refused

from tenprint.cli.tasks import show_task
from tenprint.exchange.model.words import CaseState, Role, TaskKind
from tenprint.exchange.tasks.details import DETAILS, details_of

ERO, JAIL = Role.FIELD_OFFICE, Role.JAIL


@pytest.mark.parametrize("name", ["At", "AT", "at ", "when", ""])
def test_a_time_under_a_name_that_nobody_reads_is_refused_and_begins_no_hold(rig: Rig, name: str) -> None:
    case_id = until_lodged(rig)
    accepted = rig.clock.now()
    rig.wait(timedelta(hours=20))
    task_id = rig.task(JAIL, TaskKind.REPORT_RELEASE, case_id).id
    at = (accepted + timedelta(minutes=1)).isoformat()
    told = refused(rig, JAIL, task_id, answer="would_be_released", by="JOE JAILER", details={name: at})
    assert (told.code, rig.case(JAIL, case_id).state) == ("DETAIL_UNKNOWN", CaseState.LODGED)
    assert "at: when" in told.hint
    rig.decide(JAIL, TaskKind.REPORT_RELEASE, case_id, "would_be_released", at=at)
    assert rig.case(JAIL, case_id).known["held_from"].startswith("2010-10-04T08:01")


@pytest.mark.parametrize("wrong", [{"citizen_claim": "yes"}, {"nonsense": "x"}, {"nonsense": ""}, {"at": "now"}])
def test_a_word_on_a_protection_that_is_misspelt_reaches_the_officer_and_not_the_jail(
    rig: Rig, wrong: dict[str, str]
) -> None:
    task_id = rig.task(ERO, TaskKind.DECIDE, rig.until_status()).id
    told = refused(rig, ERO, task_id, answer="detainer", by="OFFICER ONE", details=PERMITTED | wrong)
    assert told.code == "DETAIL_UNKNOWN"
    assert ("'citizenship_claim' may be meant" in told.message) == ("citizen_claim" in wrong)


def test_a_task_that_asks_nothing_besides_says_so(rig: Rig) -> None:
    task_id = rig.task(JAIL, TaskKind.ANSWER_DETAINER, rig.until_detainer()).id
    told = refused(rig, JAIL, task_id, answer="accept", by="JOE JAILER", details={"at": "2010-10-04T08:00Z"})
    assert (told.code, told.hint) == ("DETAIL_UNKNOWN", "it takes an answer and a reason only")


def test_a_form_with_a_field_that_the_task_does_not_take_is_shown_again_with_the_reason(rig: Rig) -> None:
    case_id = until_lodged(rig)
    clerk = Desktop(console(rig)).take(JAIL, "JOE JAILER")
    path = f"/tasks/{rig.task(JAIL, TaskKind.REPORT_RELEASE, case_id).id}"
    clerk.get(path)
    page = clerk.post(path, 422, answer="would_be_released", reason="bail is paid", At="2010-10-04T08:00Z")
    assert "DETAIL_UNKNOWN" in page and "Load the page anew" in page
    assert rig.case(JAIL, case_id).state == CaseState.LODGED
    clerk.post(path, answer="would_be_released", reason="bail is paid", at="2010-10-04T08:00Z")
    assert rig.case(JAIL, case_id).state == CaseState.HELD


def test_every_field_of_a_form_is_a_name_that_its_task_takes(rig: Rig) -> None:
    case_id = until_lodged(rig)
    clerk = Desktop(console(rig)).take(JAIL, "JOE JAILER")
    page = clerk.get(f"/tasks/{rig.task(JAIL, TaskKind.REPORT_RELEASE, case_id).id}")
    assert all(f'name="{name}"' in page for name in DETAILS[TaskKind.REPORT_RELEASE])


def test_tasks_show_lists_the_details_that_an_answer_takes(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    task = rig.task(JAIL, TaskKind.REPORT_RELEASE, until_lodged(rig))
    show_task(task)
    told = capsys.readouterr().out
    assert "--detail NAME=VALUE" in told and "such as 2010-10-05T09:30Z" in " ".join(told.split())


@pytest.mark.parametrize("kind", TaskKind)
def test_every_kind_of_task_knows_what_each_of_its_details_means(kind: TaskKind) -> None:
    assert all(name.isidentifier() and means for name, means in details_of(kind).items())
