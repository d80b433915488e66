"""Claiming a task, releasing it, taking it over; and who can answer meanwhile."""

import threading
from collections.abc import Iterator

import pytest
from exchange_rig import PERMITTED, Rig, card, rigs

from tenprint.core.errors import SenderError
from tenprint.exchange import dispatch, story
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import Role, TaskKind
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks.claims import claim, release, take_over

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared() -> Iterator[Rig]:
    with rigs() as make:
        rig = make()
        rig.until_status()
        yield rig


@pytest.fixture
def waiting(shared: Rig) -> Iterator[tuple[Node, Task]]:
    """A field office, and its task that waits for an officer, claimed by nobody; also after the test."""
    node, (task,) = shared.nodes[Role.FIELD_OFFICE], shared.tasks(Role.FIELD_OFFICE, open_only=True)
    yield node, task
    (left,) = shared.tasks(Role.FIELD_OFFICE, open_only=True)
    if left.claimed_by:
        release(node, task.id, left.claimed_by)


def entries(node: Node) -> list[tuple[str, str]]:
    rows = [entry.fields for entry in node.store.entries()]
    return [
        (str(row["kind"]), str(row["person"]))
        for row in rows
        if str(row["kind"]).startswith(("task_c", "task_r", "task_ta"))
    ]


def size(node: Node) -> int:
    return len(node.store.entries())


def decide(node: Node, task: Task, by: str) -> Task:
    return dispatch.decide_task(node, task.id, answer="no_action", reason="x", by=by)


def test_a_claim_is_kept_and_stands_on_the_ledger_once(waiting) -> None:
    node, task = waiting
    before = size(node)
    assert claim(node, task.id, "ANN OFFICER").claimed_by == "ANN OFFICER"
    claim(node, task.id, "ann  officer")
    assert size(node) == before + 1
    assert entries(node)[-1] == ("task_claimed", "ANN OFFICER")
    release(node, task.id, "ANN OFFICER")
    release(node, task.id, "ANN OFFICER")
    assert size(node) == before + 2
    assert entries(node)[-1] == ("task_released", "ANN OFFICER")


def test_a_claimed_task_is_neither_claimed_nor_released_nor_answered_by_somebody_else(waiting) -> None:
    node, task = waiting
    claim(node, task.id, "ANN OFFICER")
    before = size(node)
    for wish in (claim, release, decide):
        with pytest.raises(SenderError, match="TASK_CLAIMED") as caught:
            wish(node, task if wish is decide else task.id, "BEA OTHER")
        assert "ANN OFFICER" in caught.value.message and "take" in caught.value.hint
    assert size(node) == before


def test_a_task_is_taken_over_openly_and_both_names_stand_on_the_ledger(waiting) -> None:
    node, task = waiting
    claim(node, task.id, "ANN OFFICER")
    assert take_over(node, task.id, "BEA OTHER", seen="ANN OFFICER").claimed_by == "BEA OTHER"
    row = node.store.entries()[-1].fields
    assert (row["kind"], row["person"]) == ("task_taken_over", "BEA OTHER")
    assert row["note"] == "decide, claimed before by ANN OFFICER"
    with pytest.raises(SenderError, match="TASK_CLAIMED"):
        take_over(node, task.id, "CAL THIRD", seen="ANN OFFICER")
    before = size(node)
    take_over(node, task.id, "BEA OTHER", seen="ANN OFFICER")
    assert size(node) == before
    lines = [line.sentence for line in story.case_story([node], task.case_id)]
    assert "BEA OTHER takes a task over: decide, claimed before by ANN OFFICER" in lines


def test_of_many_who_claim_at_once_one_wins_and_the_others_are_told(waiting) -> None:
    node, task = waiting
    told, gate = [], threading.Barrier(6)

    def run(name: str) -> None:
        gate.wait()
        try:
            told.append(claim(node, task.id, name).claimed_by)
        except SenderError as problem:
            told.append(problem.code)

    before = size(node)
    threads = [threading.Thread(target=run, args=(f"OFFICER {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count("TASK_CLAIMED") == 5 and size(node) == before + 1
    (winner,) = set(told) - {"TASK_CLAIMED"}
    with node.store.transaction() as tx:
        assert tx.task(task.id).claimed_by == winner


@pytest.mark.parametrize("name", ["", "n/a", "a\nb", "x" * 501])
def test_a_claim_needs_a_name(waiting, name: str) -> None:
    node, task = waiting
    for wish in (claim, release, take_over):
        with pytest.raises(SenderError, match=r"PERSON_MISSING|TEXT_INVALID"):
            wish(node, task.id, name)


def test_what_is_unknown_or_closed_cannot_be_claimed(rig: Rig) -> None:
    rig.until_status()
    office, (task,) = rig.nodes[Role.FIELD_OFFICE], rig.tasks(Role.FIELD_OFFICE)
    decide(office, task, "ANN OFFICER")
    rig.run()
    for wish in (claim, release, take_over):
        with pytest.raises(SenderError, match="TASK_CLOSED"):
            wish(office, task.id, "BEA OTHER")
        with pytest.raises(SenderError, match="UNKNOWN_TASK"):
            wish(office, "task-none", "BEA OTHER")


def test_the_claimer_answers_and_an_unclaimed_task_is_everybodys(rig: Rig) -> None:
    case_id = rig.until_status()
    office, task = rig.nodes[Role.FIELD_OFFICE], rig.task(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id)
    claim(office, task.id, "ANN OFFICER")
    rig.decide(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id, "detainer", by="ANN OFFICER", **PERMITTED)
    assert rig.task(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id).claimed_by == "ANN OFFICER"
    rig.decide(Role.JAIL, TaskKind.ANSWER_DETAINER, case_id, "decline")
    assert story.final_state(rig.all, case_id) == "declined"


def test_who_must_not_answer_cannot_claim_either(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    house = rig.nodes[Role.IMMIGRATION_REPOSITORY]
    rig.decide(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id, "inconclusive", by="ANN FIRST")
    second = rig.task(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE_SECOND, case_id)
    for wish in (claim, take_over):
        with pytest.raises(SenderError, match="SAME_EXAMINER"):
            wish(house, second.id, "ann first")
    claim(house, second.id, "BEA SECOND")
    with pytest.raises(SenderError, match="SAME_EXAMINER"):
        take_over(house, second.id, "ANN FIRST", seen="BEA SECOND")


def test_an_answer_given_before_a_claim_is_still_recorded(rig: Rig) -> None:
    rig.until_status()
    office, (task,) = rig.nodes[Role.FIELD_OFFICE], rig.tasks(Role.FIELD_OFFICE)
    decide(office, task, "ANN OFFICER")
    claim(office, task.id, "BEA OTHER")
    rig.run()
    assert rig.tasks(Role.FIELD_OFFICE)[0].decided_by == "ANN OFFICER"
