"""How a party's work stands, in figures: counted in its database, without reading what anybody wrote."""

import json
from datetime import timedelta

import pytest
from console_rig import sign
from exchange_rig import START, Rig, card, fingers_of
from sqlalchemy import Engine, event

from tenprint.adapters import health as counting
from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model import failures
from tenprint.exchange.model.health import Condition, Health, QueueFigures, TaskFigures, TimerFigures
from tenprint.exchange.model.stored import Queue
from tenprint.exchange.model.words import Kind, Role, TaskKind


def health(rig: Rig, role: Role) -> Health:
    return rig.nodes[role].store.health(rig.clock.now())


def unreachable(rig: Rig, recipient: str) -> None:
    """Let the post lose one receiver, as when its process is not running."""
    deliver = rig.post.deliver

    def failing(wire: bytes, to: str) -> bytes:
        if to == recipient:
            raise StorageError("PARTY_UNREACHABLE", "it is not there")
        return deliver(wire, to)

    rig.post.deliver = failing  # type: ignore[method-assign]


def test_a_party_that_has_nothing_to_do_is_ok(rig: Rig) -> None:
    found = health(rig, Role.JAIL)
    assert (found.condition, found.dead, found.last_handled_at) == (Condition.OK, 0, None)
    assert found.queues == {name: QueueFigures() for name in ("inbox", "outbox", "enrolments")}
    assert found.database_bytes > 4096


def test_a_delivery_that_failed_is_told_with_its_code_its_next_try_and_since_when_it_waits(rig: Rig) -> None:
    unreachable(rig, "state_bureau")
    case_id = rig.book(card("P7"))
    found = health(rig, Role.AGENCY)
    outbox = found.queues["outbox"]
    assert (outbox.waiting, outbox.due, outbox.retrying, outbox.dead) == (1, 0, 1, 0)
    assert outbox.oldest_since == START
    assert found.condition == Condition.WAITING
    (retry,) = found.retries
    assert (retry.queue, retry.kind, retry.case_id, retry.code) == ("outbox", "CAR", case_id, "PARTY_UNREACHABLE")
    assert retry.attempts == 1
    assert retry.next_try == outbox.next_try > rig.clock.now()


def test_what_has_been_due_for_more_than_a_minute_makes_a_party_behind(rig: Rig) -> None:
    dispatch.submit(rig.nodes[Role.AGENCY], card("P7"))
    rig.clock.advance(timedelta(seconds=59))
    assert health(rig, Role.AGENCY).condition == Condition.WAITING
    rig.clock.advance(timedelta(seconds=2))
    found = health(rig, Role.AGENCY)
    assert found.condition == Condition.BEHIND
    assert (found.queues["outbox"].due, found.queues["outbox"].due_since) == (1, START)


def test_a_message_given_up_makes_a_party_stuck_until_somebody_tries_it_again_by_name(rig: Rig) -> None:
    rig.say(Role.SUPPORT_CENTER, Role.CRIMINAL_REPOSITORY, Kind.IAR, b"no IAR", "case-1")
    node = rig.nodes[Role.CRIMINAL_REPOSITORY]
    found = health(rig, Role.CRIMINAL_REPOSITORY)
    assert (found.condition, found.queues["inbox"].dead, found.dead) == (Condition.STUCK, 1, 1)
    (letter,) = node.store.dead_letters()
    assert dispatch.revive(node, [letter], person="OPAL OPERATOR") == 1
    assert health(rig, Role.CRIMINAL_REPOSITORY).dead == 0
    (entry,) = rig.entries(Role.CRIMINAL_REPOSITORY, "revived")
    assert (entry["person"], entry["case"], entry["message"]) == ("OPAL OPERATOR", "case-1", letter.id)
    assert dispatch.revive(node, [letter], person="OPAL OPERATOR") == 0
    assert len(rig.entries(Role.CRIMINAL_REPOSITORY, "revived")) == 1


def test_a_revival_under_a_name_that_no_ledger_takes_changes_nothing(rig: Rig) -> None:
    rig.say(Role.SUPPORT_CENTER, Role.CRIMINAL_REPOSITORY, Kind.IAR, b"no IAR", "case-1")
    node = rig.nodes[Role.CRIMINAL_REPOSITORY]
    with pytest.raises(Exception, match="LEDGER_FIELD_VALUE"):
        dispatch.revive(node, node.store.dead_letters(), person="two\nlines")
    assert health(rig, Role.CRIMINAL_REPOSITORY).dead == 1


def test_a_given_up_enrolment_is_revived_without_its_number_on_the_ledger(rig: Rig) -> None:
    node = rig.nodes[Role.IMMIGRATION_REPOSITORY]

    def refuses(*_: object) -> None:
        raise SenderError("NO_USABLE_FINGER", "the gallery takes it not")

    node.services.matcher.enroll = refuses  # type: ignore[attr-defined]
    with node.store.transaction() as tx:
        tx.put_enrolment("FIN-SECRET-7", fingers_of("P7"), rig.clock.now())
    waiting = health(rig, Role.IMMIGRATION_REPOSITORY).queues["enrolments"]
    assert (waiting.waiting, waiting.due, waiting.oldest_since) == (1, 1, START)
    rig.run()
    found = health(rig, Role.IMMIGRATION_REPOSITORY)
    assert found.queues["enrolments"].dead == 1
    assert dispatch.revive(node, node.store.dead_letters(), person="OPAL OPERATOR") == 1
    (entry,) = rig.entries(Role.IMMIGRATION_REPOSITORY, "revived")
    assert "SECRET" not in json.dumps(entry) + json.dumps(found.as_json())


def test_open_tasks_are_counted_by_kind_and_those_past_their_time_make_a_party_behind(rig: Rig) -> None:
    rig.until_detainer()
    found = health(rig, Role.JAIL)
    assert found.tasks.open == {"answer_detainer": 1}
    assert found.condition == Condition.WAITING
    case_id = rig.tasks(Role.JAIL)[0].case_id
    rig.decide(Role.JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    rig.decide(Role.JAIL, TaskKind.REPORT_RELEASE, case_id, "would_be_released")
    held = health(rig, Role.JAIL)
    assert held.tasks.open == {"report_custody": 1}
    assert held.tasks.oldest_since == START
    hold_ends_at = held.tasks.next_deadline
    assert hold_ends_at is not None and held.timers.next_due is not None
    rig.clock.jump_to(hold_ends_at + timedelta(minutes=2))
    late = health(rig, Role.JAIL)
    assert late.condition == Condition.BEHIND
    assert (late.tasks.overdue, late.tasks.next_deadline) == (1, None)
    assert late.timers.overdue > 0


def test_the_ledger_is_told_with_its_newest_checkpoint_and_who_cosigned_that(rig: Rig) -> None:
    rig.book(card("P7"))
    assert health(rig, Role.AGENCY).ledger.checkpoint_at is None
    sign(rig)
    node = rig.nodes[Role.AGENCY]
    signed = health(rig, Role.AGENCY).ledger
    assert signed.size == signed.checkpoint_size == len(node.store.entries()) > 0
    assert (signed.checkpoint_at, signed.cosigned_by) == (rig.clock.now(), ())
    with node.store.transaction() as tx:
        tx.keep_cosignature(signed.size, "jail", b"a line", rig.clock.now())
    assert health(rig, Role.AGENCY).ledger.cosigned_by == ("jail",)
    assert health(rig, Role.AGENCY).last_handled_at is not None


def test_the_figures_are_json_with_times_as_on_the_wire(rig: Rig) -> None:
    rig.until_detainer()
    sign(rig)
    figures = json.loads(json.dumps(health(rig, Role.JAIL).as_json()))
    assert figures["at"] == to_wire(rig.clock.now())
    assert figures["condition"] == "waiting"
    assert set(figures) == {
        "at", "condition", "database_bytes", "dead", "last_handled_at", "ledger", "queues", "retries", "tasks",
        "timers",
    }  # fmt: skip
    assert set(figures["queues"]["inbox"]) == {
        "waiting", "due", "due_since", "oldest_since", "retrying", "next_try", "unreached", "unreached_since", "dead",
    }  # fmt: skip
    assert figures["tasks"]["open"] == {"answer_detainer": 1}


def test_no_body_is_read_for_the_figures(rig: Rig) -> None:
    unreachable(rig, "state_bureau")
    rig.book(card("P7"))
    asked: list[str] = []

    def watch(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", watch)
    try:
        health(rig, Role.AGENCY)
    finally:
        event.remove(Engine, "before_cursor_execute", watch)
    selects = [statement for statement in asked if statement.startswith("SELECT")]
    assert len(selects) >= 10
    assert not [statement for statement in selects if "body" in statement or "shown" in statement]


def test_given_up_goes_before_late_and_late_before_waiting() -> None:
    late = QueueFigures(waiting=1, due=1, due_since=START - timedelta(hours=1))
    assert Health(START, {"inbox": QueueFigures(dead=1), "outbox": late}).condition == Condition.STUCK
    assert Health(START, {"outbox": late}, tasks=TaskFigures({"decide": 1})).condition == Condition.BEHIND
    assert Health(START, timers=TimerFigures(1, None, 1, START - timedelta(hours=1))).condition == Condition.BEHIND
    assert Health(START, timers=TimerFigures(1, START + timedelta(hours=1))).condition == Condition.OK
    assert Health(START, {"inbox": QueueFigures(waiting=1)}).condition == Condition.WAITING


@pytest.mark.parametrize("queue", list(Queue))
def test_every_failure_has_a_sentence_and_something_to_do(queue: Queue) -> None:
    for code in (*failures.WHY, "SOMETHING_NEW"):
        assert failures.why(code).endswith(".")
        assert failures.what_to_do(queue, "IAR", code)


def test_only_so_many_retries_are_told_one_by_one_and_the_others_are_counted(rig: Rig) -> None:
    unreachable(rig, "state_bureau")
    many = counting.MOST_RETRIES + 3
    for number in range(many):
        dispatch.submit(rig.nodes[Role.AGENCY], card("P7", tcn=f"TCN-2010-{number:07}"))
    rig.run()
    found = health(rig, Role.AGENCY)
    assert found.queues["outbox"].retrying == many
    assert len(found.retries) == counting.MOST_RETRIES


def test_the_figures_touch_no_row_that_is_finished(rig: Rig) -> None:
    engine, asked = rig.nodes[Role.AGENCY].store._engine, []

    def listen(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", listen)
    health(rig, Role.AGENCY)
    event.remove(engine, "before_cursor_execute", listen)
    with engine.begin() as connection:
        plans = [
            step[3]
            for statement, parameters in asked
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert len(plans) > 10
    assert [
        step for step in plans if step in {f"SCAN {box}" for box in ("inbox", "outbox", "enrolments", "tasks")}
    ] == []
    assert any("ix_inbox_handled" in step for step in plans)
