"""What cannot be read, handled or enrolled stops itself and nothing else; and what was given up locks nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from exchange_rig import START, Rig, blob_file, card, fingers_of, reopened, run_through_retries

from tenprint.adapters import tables
from tenprint.adapters.reading import ENROLMENT, DeadLetter
from tenprint.core.errors import EngineError, PolicyRefusal, SenderError, StorageError, TenprintError
from tenprint.exchange import dispatch, story
from tenprint.exchange.dispatch import handling
from tenprint.exchange.model.envelope import Envelope, Heading
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.ports import Queue, Work

pytestmark = pytest.mark.slow

AGENCY, STATE, FBI, IDENT = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY
PEOPLE = ("P1", "P2", "P3")


def submitted(rig: Rig) -> list[str]:
    """Submit a booking of each of three people; return their cases."""
    return [
        dispatch.submit(rig.nodes[AGENCY], card(person, large=True, tcn=f"TCN-2010-000000{n}")).case_id
        for n, person in enumerate(PEOPLE)
    ]


def lose(rig: Rig, role: Role, body: bytes) -> None:
    blob_file(rig, role, body).unlink()


def dead_letters(rig: Rig, role: Role) -> list[DeadLetter]:
    with rig.nodes[role].store.reading() as reader:
        return reader.dead_letters()


def states(rig: Rig, role: Role, cases: list[str]) -> list[CaseState | None]:
    return [case and case.state for case in (rig.case(role, case_id) for case_id in cases)]


def test_a_booking_whose_bytes_are_lost_before_it_is_handled_keeps_no_other_from_its_way(rig: Rig) -> None:
    cases = submitted(rig)
    dispatch.relay_due(rig.nodes[AGENCY], 10)
    lose(rig, STATE, card("P2", large=True, tcn="TCN-2010-0000001"))
    rig.run()
    assert states(rig, AGENCY, cases) == [CaseState.NO_MATCH, CaseState.SUBMITTED, CaseState.NO_MATCH]
    assert dispatch.next_due(rig.all) > START
    run_through_retries(rig)
    (letter,) = dead_letters(rig, STATE)
    assert (letter.queue, letter.kind, letter.case_id, letter.failure) == (
        Queue.INBOX, "CAR", cases[1], "STORE_BLOB_MISSING",
    )  # fmt: skip
    (row,) = rig.entries(STATE, "dead_letter")
    (received,) = (r for r in rig.entries(STATE, "received") if r["case"] == cases[1])
    same = ("case", "message", "message_kind", "message_hash")
    assert row["note"] == "STORE_BLOB_MISSING"
    assert [row[name] for name in same] == [received[name] for name in same]


def test_a_booking_whose_bytes_are_damaged_before_they_are_sent_keeps_no_other_from_its_way(rig: Rig) -> None:
    cases = submitted(rig)
    blob_file(rig, AGENCY, card("P2", large=True, tcn="TCN-2010-0000001")).write_bytes(b"damaged")
    run_through_retries(rig)
    assert states(rig, AGENCY, cases) == [CaseState.NO_MATCH, CaseState.SUBMITTED, CaseState.NO_MATCH]
    (letter,) = dead_letters(rig, AGENCY)
    assert (letter.queue, letter.key.sender, letter.failure) == (Queue.OUTBOX, "agency", "STORE_BLOB_DAMAGED")
    (row,) = rig.entries(AGENCY, "undeliverable")
    assert (row["case"], row["counterpart"], row["note"]) == (cases[1], "state_bureau", "STORE_BLOB_DAMAGED")


def test_a_message_whose_row_is_damaged_is_given_up_with_what_can_still_be_said(rig: Rig) -> None:
    cases = submitted(rig)
    dispatch.relay_due(rig.nodes[AGENCY], 10)
    with rig.nodes[STATE].store.transaction() as tx:
        (key, *_) = rig.nodes[STATE].store.due_inbox(rig.clock.now(), 1)
        tx._connection.execute(
            sa.update(tables.messages).where(tables.messages.c.id == key.id).values(head="no header")
        )
    run_through_retries(rig)
    assert states(rig, AGENCY, cases) == [CaseState.SUBMITTED, CaseState.NO_MATCH, CaseState.NO_MATCH]
    (row,) = rig.entries(STATE, "dead_letter")
    assert (row["message"], row["note"]) == (key.id, "STORE_DAMAGED")
    assert [letter.key for letter in dead_letters(rig, STATE)] == [key]


def test_cases_tasks_stories_answers_and_dead_letters_are_listed_though_bodies_are_lost(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7", large=True))
    for role in (AGENCY, STATE, FBI, IDENT):
        lose(rig, role, card("P7", large=True))
        with pytest.raises(StorageError, match="STORE_BLOB_MISSING"):
            rig.messages(role, case_id)
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    assert [case.case_id for case in story.all_cases(rig.all)] == [case_id]
    assert story.final_state(rig.all, case_id) == CaseState.AWAITING_STATUS
    assert [task.kind for task in story.open_tasks(rig.all, case_id)] == [TaskKind.STATUS]
    assert len(story.case_story(rig.all, case_id)) > 20
    assert [line.message_kind for line in story.answers(rig.nodes[AGENCY], case_id)] == [
        "ACK", "STATE_SRE", "SRE",
    ]  # fmt: skip
    assert all(dead_letters(rig, role) == [] for role in rig.nodes)
    with rig.nodes[STATE].store.transaction() as tx:
        assert Kind.CAR in [heading.kind for heading in tx.headings(case_id)]


def test_a_repeat_of_a_booking_whose_bytes_were_lost_gets_its_first_receipt(rig: Rig) -> None:
    rig.book(card("P1", large=True))
    (wire,) = [w for recipient, w in rig.post.wires if recipient == "state_bureau" and b'"kind":"CAR"' in w]
    lose(rig, STATE, card("P1", large=True))
    rows = len(rig.entries(STATE))
    assert b"tenprint.receipt" in dispatch.accept(rig.nodes[STATE], wire)
    assert len(rig.entries(STATE)) == rows


def test_an_enrolment_that_cannot_be_read_stops_neither_others_nor_messages(rig: Rig) -> None:
    store = rig.nodes[STATE].store
    with store.transaction() as tx:
        for subject in ("S1", "S2"):
            tx.put_enrolment(subject, fingers_of(subject), START)
        row = tables.enrolments.c.subject_id == "S1"
        tx._connection.execute(sa.update(tables.enrolments).where(row).values(templates='{"1":"AAAA"}'))
    assert dispatch.next_due(rig.all) == START
    case_id = rig.book(card("P1"))
    assert rig.case(AGENCY, case_id).state == CaseState.NO_MATCH
    assert "S2" in rig.matcher(STATE).gallery
    run_through_retries(rig)
    (letter,) = dead_letters(rig, STATE)
    assert (letter.queue, letter.key, letter.kind, letter.failure) == (
        Queue.ENROLMENTS, "S1", ENROLMENT, "STORE_DAMAGED",
    )  # fmt: skip
    assert [row["note"] for row in rig.entries(STATE, "not_enrolled")] == ["STORE_DAMAGED"]
    assert dispatch.next_due(rig.all) is None


def test_an_enrolment_that_the_gallery_refuses_is_tried_again_until_it_goes(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    matcher, enroll = rig.matcher(STATE), rig.matcher(STATE).enroll

    def busy(subject_id: str, templates: object) -> None:
        raise StorageError("GALLERY_LOCKED", "another process is at it")

    with monkeypatch.context() as patched:
        patched.setattr(matcher, "enroll", busy)
        case_id = rig.book(card("P1"))
    assert (rig.case(AGENCY, case_id).state, matcher.gallery) == (CaseState.NO_MATCH, {})
    assert matcher.enroll == enroll
    rig.clock.jump_to(dispatch.next_due(rig.all))
    rig.run()
    assert len(matcher.gallery) == 1
    assert dispatch.next_due(rig.all) is None


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


def candidates_of_two_in_one_batch(rig: Rig, killed: bool) -> list[dict[str, object]]:
    """Book one person twice, both handled at the state bureau in one batch; return what its searches found."""
    node = rig.nodes[STATE]
    for n in (1, 2):
        dispatch.submit(rig.nodes[AGENCY], card("P7", tcn=f"TCN-2010-000000{n}"))
    assert dispatch.relay_due(rig.nodes[AGENCY], 10) == 2

    def kill(point: str) -> None:
        if point == "handle.after_commit":
            raise Killed

    if killed:
        with pytest.raises(Killed):
            dispatch.handle_due(replace(node, trigger=kill), 10)
        reopened(rig, STATE)
    rig.run()
    names = ("result", "candidates", "count")
    return [{name: row[name] for name in names} for row in rig.entries(STATE, "searched")]


def test_a_search_sees_all_that_was_enrolled_before_it_killed_in_between_or_not(make: Callable[..., Rig]) -> None:
    straight = candidates_of_two_in_one_batch(make(), killed=False)
    resumed = candidates_of_two_in_one_batch(make(), killed=True)
    assert straight == resumed
    assert [row["candidates"] for row in straight] == [0, 1]


def given_up_examination(rig: Rig, monkeypatch: pytest.MonkeyPatch, *, closes: bool = True) -> tuple[str, str]:
    """Let an examiner's answer become a dead letter; return its case and the task that is still open."""

    def forbidden(work: Work, prepared: object) -> None:
        raise PolicyRefusal("a-rule-of-the-day", "not today")

    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    with monkeypatch.context() as patched:
        patched.setitem(handling.PARTIES[IDENT].HANDLERS, Kind.TASK_ANSWER, forbidden)
        dispatch.decide_task(
            rig.nodes[IDENT], rig.task(IDENT, TaskKind.EXAMINE, case_id).id,
            answer="inconclusive", reason="as seen", by="EXAMINER ONE", closes=closes,
        )  # fmt: skip
        rig.run()
    task = rig.task(IDENT, TaskKind.EXAMINE, case_id)
    assert (task.is_open, task.findings) == (True, 0)
    return case_id, task.id


def test_an_answer_that_was_given_up_does_not_lock_its_task(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id, task_id = given_up_examination(rig, monkeypatch)
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "identification", by="EXAMINER TWO")
    task = rig.task(IDENT, TaskKind.EXAMINE, case_id)
    assert (task.answer, task.decided_by, task.is_open) == ("identification", "EXAMINER TWO", False)
    answers = [m.id for m in rig.messages(IDENT, case_id, Kind.TASK_ANSWER)]
    assert answers == [f"examine-{task_id}-1", f"examine-{task_id}-2"]
    assert rig.received(FBI, case_id, Kind.IDR)


def test_an_answer_revived_after_a_later_one_does_not_lock_its_task_either(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id, task_id = given_up_examination(rig, monkeypatch, closes=False)
    node, said = rig.nodes[IDENT], {"answer": "inconclusive", "by": "EXAMINER TWO"}
    dispatch.decide_task(node, task_id, reason="first look", closes=False, **said)
    rig.run()
    (letter,) = dead_letters(rig, IDENT)
    with node.store.transaction() as tx:
        assert tx.revive(letter.queue, letter.key, rig.clock.now())
    rig.run()
    task = rig.task(IDENT, TaskKind.EXAMINE, case_id)
    assert (task.findings, task.answer, task.is_open) == (2, "inconclusive", True)
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "exclusion", by="EXAMINER TWO")
    task = rig.task(IDENT, TaskKind.EXAMINE, case_id)
    assert (task.findings, task.answer, task.is_open) == (3, "exclusion", False)


def bad_iar(rig: Rig) -> Envelope:
    """Deliver an IAR that the criminal repository will give up: it cannot be read."""
    envelope = Envelope(
        id="iar-1", kind=Kind.IAR, sender="support_center", recipient="criminal_repository", case_id="case-1",
        sent_at=rig.clock.now(), body=b"no IAR",
    )  # fmt: skip
    envelope = envelope.signed(rig.keys[Role.SUPPORT_CENTER].sign(envelope.signed_bytes()))
    dispatch.accept(rig.nodes[FBI], envelope.to_bytes())
    return envelope


def test_a_party_is_told_in_the_same_transaction_that_a_message_was_given_up(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Envelope, str]] = []

    def on_failed(work: Work, problem: TenprintError) -> None:
        told.append((work.message, problem.code))
        work.log("told", note=problem.code)

    monkeypatch.setitem(handling.PARTIES[FBI].FAILED, Kind.IAR, on_failed)
    envelope = bad_iar(rig)
    rig.run()
    (letter,) = dead_letters(rig, FBI)
    assert told == [(envelope, letter.failure)]
    assert [row["kind"] for row in rig.entries(FBI)] == ["received", "dead_letter", "told"]


def test_a_party_is_told_of_a_message_whose_body_is_lost_by_its_heading(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Envelope] = []
    monkeypatch.setitem(handling.PARTIES[STATE].FAILED, Kind.CAR, lambda work, problem: told.append(work.message))
    (case_id, *_) = submitted(rig)
    dispatch.relay_due(rig.nodes[AGENCY], 10)
    lose(rig, STATE, card("P1", large=True, tcn="TCN-2010-0000000"))
    run_through_retries(rig)
    ((heading,), (sent,)) = told, rig.messages(AGENCY, case_id, Kind.CAR)[:1]
    assert isinstance(heading, Heading)
    assert (heading.key, heading.content_hash, heading.body) == (sent.key, sent.content_hash, b"")


@pytest.mark.parametrize("problem", [SenderError("NO_PEER", "no"), EngineError("X", "no"), StorageError("Y", "no")])
def test_a_party_that_cannot_be_told_loses_what_it_wrote_and_the_message_is_given_up_all_the_same(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, problem: TenprintError
) -> None:
    def on_failed(work: Work, _: TenprintError) -> None:
        work.log("told")
        work.open_task(TaskKind.EXAMINE, {}, ("yes",))
        raise problem

    monkeypatch.setitem(handling.PARTIES[FBI].FAILED, Kind.IAR, on_failed)
    bad_iar(rig)
    rig.run()
    assert len(dead_letters(rig, FBI)) == 1
    assert [row["kind"] for row in rig.entries(FBI)] == ["received", "dead_letter", "failure_not_told"]
    assert rig.entries(FBI, "failure_not_told")[0]["note"] == problem.code
    assert rig.tasks(FBI) == []
    assert dispatch.next_due(rig.all) is None


def test_a_bug_in_telling_is_seen_and_the_message_stays_due(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(work: Work, problem: TenprintError) -> None:
        raise ZeroDivisionError

    bad_iar(rig)
    with monkeypatch.context() as patched:
        patched.setitem(handling.PARTIES[FBI].FAILED, Kind.IAR, broken)
        with pytest.raises(ZeroDivisionError):
            rig.run()
    assert dead_letters(rig, FBI) == []
    assert dispatch.next_due(rig.all) == rig.clock.now()
    rig.clock.advance(timedelta(seconds=1))
    rig.run()
    assert len(dead_letters(rig, FBI)) == 1
