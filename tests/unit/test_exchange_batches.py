"""Batches: one transaction for many messages, and still each for itself. All people are invented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from exchange_rig import Rig, card

from tenprint.adapters.writing import Writer
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch import batches, handling
from tenprint.exchange.model.bodies import Acknowledgement
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role
from tenprint.exchange.ports import Queue

AGENCY, STATE, IMMIGRATION = Role.AGENCY, Role.STATE_BUREAU, Role.IMMIGRATION_REPOSITORY


def submitted(rig: Rig, *people: str) -> list[str]:
    """Submit bookings, one after the other, before anything of them is worked on."""
    return [
        dispatch.submit(rig.nodes[AGENCY], card(person, tcn=f"TCN-2010-000000{number}")).case_id
        for number, person in enumerate(people)
    ]


def acknowledgements(rig: Rig, *cases: str) -> list[Envelope]:
    """Return the state bureau's word on bookings, as it would send it; an unknown case's cannot be handled yet."""
    body = Acknowledgement("TCN-2010-0000000", 10, {}).to_bytes()
    found = []
    for case in cases:
        envelope = Envelope(
            id=f"ack-{case}", kind=Kind.ACK, sender=str(STATE), recipient=str(AGENCY), case_id=case,
            sent_at=rig.clock.now(), body=body,
        )  # fmt: skip
        found.append(envelope.signed(rig.keys[STATE].sign(envelope.signed_bytes())))
    return found


def taken(rig: Rig, envelopes: list[Envelope]) -> list[object]:
    return dispatch.accept_many(rig.nodes[AGENCY], [envelope.to_bytes() for envelope in envelopes])


def test_one_message_that_fails_is_put_off_and_the_others_of_its_batch_are_handled(rig: Rig) -> None:
    cases = submitted(rig, "P1", "P2")
    taken(rig, acknowledgements(rig, cases[0], "case-nobody", cases[1]))
    assert dispatch.handle_due(rig.nodes[AGENCY], 32) == 3
    assert [rig.case(AGENCY, case).state for case in cases] == [CaseState.SEARCHING] * 2
    with rig.nodes[AGENCY].store.transaction() as tx:
        assert tx.failures_of(Queue.INBOX, acknowledgements(rig, "case-nobody")[0].key) == 1
    assert rig.nodes[AGENCY].store.due_inbox(rig.clock.now(), 9) == []
    rig.clock.advance(timedelta(seconds=2))
    assert [key.id for key in rig.nodes[AGENCY].store.due_inbox(rig.clock.now(), 9)] == ["ack-case-nobody"]


def test_what_a_failing_message_wrote_before_it_failed_is_undone_and_nothing_else(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = submitted(rig, "P1", "P2", "P3")
    taken(rig, acknowledgements(rig, *cases))
    whole = handling.PARTIES[AGENCY].HANDLERS[Kind.ACK]

    def second_fails(work: object, prepared: object) -> None:
        whole(work, prepared)
        if work.message.case_id == cases[1]:
            work.send(Kind.NOTICE, str(STATE), b"{}")
            raise StorageError("ANSWER_OUT_OF_ORDER", "not yet")

    monkeypatch.setitem(handling.PARTIES[AGENCY].HANDLERS, Kind.ACK, second_fails)
    before = len(rig.entries(AGENCY))
    dispatch.handle_due(rig.nodes[AGENCY], 32)
    states = [rig.case(AGENCY, case).state for case in cases]
    assert states == [CaseState.SEARCHING, CaseState.SUBMITTED, CaseState.SEARCHING]
    written = rig.entries(AGENCY)[before:]
    assert [(row["kind"], row["case"]) for row in written] == [("state", cases[0]), ("state", cases[2])]
    assert [row["sequence"] for row in rig.entries(AGENCY)] == list(range(before + 2))
    assert rig.messages(AGENCY, cases[1], Kind.NOTICE) == []


def test_a_bug_in_one_message_rolls_the_batch_back_and_all_of_it_stays_due(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = submitted(rig, "P1", "P2")
    taken(rig, acknowledgements(rig, *cases))
    whole = handling.PARTIES[AGENCY].HANDLERS[Kind.ACK]

    def second_is_broken(work: object, prepared: object) -> None:
        whole(work, prepared)
        if work.message.case_id == cases[1]:
            raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setitem(handling.PARTIES[AGENCY].HANDLERS, Kind.ACK, second_is_broken)
        with pytest.raises(ZeroDivisionError):
            dispatch.handle_due(rig.nodes[AGENCY], 32)
    assert [rig.case(AGENCY, case).state for case in cases] == [CaseState.SUBMITTED] * 2
    assert dispatch.handle_due(rig.nodes[AGENCY], 32) == 2
    assert [rig.case(AGENCY, case).state for case in cases] == [CaseState.SEARCHING] * 2


def test_a_batch_that_the_database_refuses_for_one_message_is_handled_one_by_one(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = submitted(rig, "P1", "P2", "P3")
    taken(rig, acknowledgements(rig, *cases))
    save = Writer.save_case

    def refuse(self: Writer, case: object) -> None:
        save(self, case)
        if case.case_id == cases[1]:
            self._open.exec_driver_sql("INSERT INTO cases (id) VALUES ('no such row may be')")

    monkeypatch.setattr(Writer, "save_case", refuse)
    dispatch.handle_due(rig.nodes[AGENCY], 32)
    states = [rig.case(AGENCY, case).state for case in cases]
    assert states == [CaseState.SEARCHING, CaseState.SUBMITTED, CaseState.SEARCHING]


def test_a_batch_is_one_transaction_and_writes_the_ledgers_edge_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = submitted(rig, "P1", "P2", "P3", "P4")
    finished = []
    finish = Writer.finish
    monkeypatch.setattr(Writer, "finish", lambda self: finished.append(self.ledger_size()) or finish(self))
    taken(rig, acknowledgements(rig, *cases))
    assert len(finished) == 1
    dispatch.handle_due(rig.nodes[AGENCY], 32)
    assert len(finished) == 2
    assert finished[1] - finished[0] == len(cases)
    finished.clear()
    assert dispatch.relay_due(rig.nodes[AGENCY], 32) == 4
    assert len(finished) == 2  # the receiver took all of them in, and the sender marked all of them


def test_the_second_of_two_bookings_of_a_person_finds_the_first_though_both_waited_together(rig: Rig) -> None:
    first, second, other = submitted(rig, "P1", "P1", "P2")
    rig.run()
    found = [rig.case(STATE, case).known["repositories"]["state"] for case in (first, second, other)]
    assert found == [RepositoryState.NO_MATCH, RepositoryState.MATCH, RepositoryState.NO_MATCH]


def test_of_several_messages_taken_in_together_a_bad_one_is_refused_and_a_repeat_gets_its_first_receipt(
    rig: Rig,
) -> None:
    cases = submitted(rig, "P1", "P2", "P3")
    one, two, three = acknowledgements(rig, *cases)
    forged = replace(two, signature=bytes(64))
    first = taken(rig, [one, forged, three])
    assert isinstance(first[1], SenderError) and first[1].code == "SIGNATURE_INVALID"
    rig.clock.advance(timedelta(minutes=1))
    again = taken(rig, [one, two, three, replace(three, sent_at=rig.clock.now())])
    assert [again[0], again[2]] == [first[0], first[2]]
    assert isinstance(again[1], bytes)
    assert isinstance(again[3], SenderError)  # its time is signed too, and the signature is the old one
    assert dispatch.handle_due(rig.nodes[AGENCY], 32) == 3


def test_receipts_are_given_after_the_commit_of_all(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = submitted(rig, "P1", "P2")

    def full(self: Writer) -> None:
        raise StorageError("STORE_FULL", "no room")

    with monkeypatch.context() as patched:
        patched.setattr(Writer, "finish", full)
        refused = taken(rig, acknowledgements(rig, *cases))
    assert [outcome.code for outcome in refused] == ["STORE_FULL", "STORE_FULL"]
    assert rig.nodes[AGENCY].store.due_inbox(rig.clock.now(), 9) == []


def test_bodies_are_read_in_parts_that_fit_into_memory(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = submitted(rig, "P1", "P2", "P3")
    envelopes = acknowledgements(rig, *cases)
    taken(rig, envelopes)
    store, size = rig.nodes[AGENCY].store, len(envelopes[0].body)
    keys = [envelope.key for envelope in envelopes]
    assert [key for key, _ in store.load(keys, 2 * size)] == keys[:2]
    assert [key for key, _ in store.load(keys, 1)] == keys[:1]
    monkeypatch.setattr(batches, "PART_BYTES", 1)
    assert dispatch.handle_due(rig.nodes[AGENCY], 32) == 3
    assert [rig.case(AGENCY, case).state for case in cases] == [CaseState.SEARCHING] * 3


def searched(rig: Rig, *people: str, at_once: int) -> list[tuple[int, str]]:
    """Let bookings' searches wait at the immigration repository and handle them; return whose cases ask an examiner."""
    cases = submitted(rig, *people)
    dispatch.run_until_idle([node for role, node in rig.nodes.items() if role != IMMIGRATION])
    while dispatch.handle_due(rig.nodes[IMMIGRATION], at_once):
        pass
    assert [row["case"] for row in rig.entries(IMMIGRATION, "searched")] == cases
    return [(cases.index(task.case_id), task.kind) for task in rig.tasks(IMMIGRATION, open_only=True)]


@pytest.mark.parametrize(("keeps", "sizes"), [(False, [3]), (True, [3, 1, 1, 1])])
def test_searches_stand_together_unless_one_of_them_enrols_whom_another_must_find(
    make: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch, keeps: bool, sizes: list[int]
) -> None:
    seen = []
    commit = handling._commit

    def counting(node: object, ready: list[object], *more: object, **how: object) -> object:
        if node is rig.nodes[IMMIGRATION] and ready:
            seen.append(len(ready))
        return commit(node, ready, *more, **how)

    rig = make(settings={IMMIGRATION: {"keeps_searches": keeps}})
    one_by_one = searched(rig, "P1", "P1", "P2", at_once=1)
    assert bool(one_by_one) == keeps
    rig = make(settings={IMMIGRATION: {"keeps_searches": keeps}})
    monkeypatch.setattr(handling, "_commit", counting)
    assert searched(rig, "P1", "P1", "P2", at_once=32) == one_by_one
    assert seen == sizes
