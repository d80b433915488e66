"""The Store port: what one transaction writes is all there or not at all, in order, once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from postgres_rig import DATABASES
from tenprint.adapters import tables
from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.database import sqlite_url
from tenprint.adapters.reading import DeadLetter
from tenprint.adapters.store import SqlStore
from tenprint.core.canonical import sha256_hex
from tenprint.core.chance import SeededRandomSource
from tenprint.core.errors import SenderError, StorageError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.dispatch.doors import LONGEST_SUBJECT_ID
from tenprint.exchange.model.case import Case, Task, Timer
from tenprint.exchange.model.envelope import Envelope, MessageKey
from tenprint.exchange.model.known import Wake
from tenprint.exchange.model.stored import Erasure, ErasureKind, Rule
from tenprint.exchange.model.words import CaseState, Kind, TaskKind
from tenprint.exchange.ports import Queue
from tenprint.exchange.tasks.waits import WAKES
from tenprint.ledger.checkpoint import verify_checkpoint
from tenprint.ledger.entry import seal
from tenprint.ledger.keys import generate_key
from tenprint.ledger.tree import leaf_hash, root
from tenprint.policy.programme import MAX_IDENTIFIER

NOW = datetime(2010, 10, 4, 8, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture(params=DATABASES)
def url(request, tmp_path):
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "party" / "tenprint.db")
    return request.getfixturevalue("postgres").migrated()


@pytest.fixture
def store(url, tmp_path):
    opened = SqlStore(url, FileBlobs(tmp_path / "blobs"), "agency")
    yield opened
    opened.close()


def envelope(number: int = 1, body: bytes = b"{}", **more) -> Envelope:
    values = {"kind": Kind.CAR, "sender": "agency", "recipient": "state", "case_id": "case-1", "sent_at": NOW}
    return Envelope(id=f"car-{number}", body=body, signature=bytes(64), **(values | more))


def key(number: int = 1, sender: str = "agency") -> MessageKey:
    return MessageKey(sender, f"car-{number}")


def due(store, queue: Queue, now: datetime = NOW, limit: int = 9) -> list[Envelope]:
    keys = {Queue.INBOX: store.due_inbox, Queue.OUTBOX: store.due_outbox}[queue](now, limit)
    return [store.message(each) for each in keys]


def entry(sequence: int):
    fields = {"sequence": sequence, "kind": "sent", "case": f"case-{sequence % 3}"}
    return seal(fields, SeededRandomSource(sequence))


def template(seed: int = 0) -> Template:
    columns = np.random.default_rng(seed).integers(0, 200, (3, 20), dtype=np.uint16)
    kinds = np.ones(20, np.uint8)
    return Template(*columns, kinds, kinds, 200, 200, FingerPosition.RIGHT_THUMB)


def task(number: int = 1, **more) -> Task:
    values = {"case_id": "case-1", "due_at": None, "opened_at": NOW, "kind": TaskKind.EXAMINE, "party": "agency"}
    return Task(
        id=f"task-{number}",
        shown={"ü": [1, {"a": None}]},
        shown_hash="0" * 64,
        answers=("yes", "no"),
        **(values | more),
    )


def test_a_case_comes_back_as_it_was_saved_and_replacing_it_keeps_its_place(store) -> None:
    first = Case("case-1", NOW, CaseState.SUBMITTED, "XX0000001", "TCN1", {"messages": {"CAR": "car-1"}, "ß": [1]})
    with store.transaction() as tx:
        tx.save_case(first)
        tx.save_case(Case("case-0", NOW, CaseState.SUBMITTED))
        tx.save_case(first.moved(CaseState.HELD, n=3))
    with store.transaction() as tx:
        assert [c.case_id for c in tx.cases()] == ["case-1", "case-0"]
        assert tx.case("case-1") == first.moved(CaseState.HELD, n=3)
        assert tx.case_by_tcn("XX0000001", "TCN1") == tx.case("case-1")
        assert tx.case("case-9") is None
        assert tx.case_by_tcn("XX0000001", "TCN2") is None


def test_a_task_comes_back_as_it_was_saved(store) -> None:
    answered = task(2, decided_at=LATER, decided_by="Ms Example", answer="yes", findings=1, due_at=LATER)
    with store.transaction() as tx:
        tx.save_task(task(1))
        tx.save_task(task(2))
        tx.save_task(task(3, case_id="case-2"))
        tx.save_task(answered)
    with store.transaction() as tx:
        assert tx.task("task-2") == answered
        assert [t.id for t in tx.tasks()] == ["task-1", "task-2", "task-3"]
        assert [t.id for t in tx.tasks("case-1", open_only=True)] == ["task-1"]


def test_the_longest_values_that_any_door_lets_in_fit_their_columns(store) -> None:
    """PostgreSQL refuses what is longer than its column, after the message was taken in; SQLite does not."""
    ident, control, line, code = "I" * 160, "9" * 80, "Ä" * 500, "C" * 64
    case = Case(ident, NOW, max(CaseState, key=len), "XX0000001", control)
    asked = task(1, case_id=ident, party="p" * 64, kind=max(TaskKind, key=len), claimed_by=line, decided_by=line)
    letter = replace(
        envelope(case_id=ident, sender=ident, recipient=ident, kind=max(Kind, key=len), tcn=control), id=ident
    )
    timers = [Timer(f"{n:I>160}", ident, wake, NOW) for n, wake in enumerate((*Wake, *WAKES))]
    rule = Rule("r" * MAX_IDENTIFIER, "v" * MAX_IDENTIFIER)
    with store.transaction() as tx:
        tx.save_case(case)
        tx.save_task(asked)
        tx.put_inbox(letter, NOW, b"receipt")
        tx.mark_failed(Queue.INBOX, letter.key, code, None)
        tx.put_enrolment("S" * LONGEST_SUBJECT_ID, {FingerPosition.RIGHT_THUMB: template()}, NOW)
        tx.put_erasure(Erasure(ErasureKind.SUBJECT, "S" * LONGEST_SUBJECT_ID))
        for timer in timers:
            tx.set_timer(timer)
    with store.transaction() as tx:
        assert tx.case_by_tcn("XX0000001", control) == case
        assert tx.task("task-1") == asked
        assert [letter.failure for letter in tx.dead_letters()] == [code]
        tx.erase_message(letter.key, NOW, rule)
    with pytest.raises(StorageError, match=f"MESSAGE_ERASED.*{rule}"):
        store.message(letter.key)


@pytest.mark.parametrize("size", [0, tables.INLINE_BODY_BYTES, tables.INLINE_BODY_BYTES + 1, 300_000])
def test_a_message_comes_back_byte_for_byte_whether_its_body_is_in_the_row_or_a_blob(store, tmp_path, size) -> None:
    sent = envelope(body=b"\n\x00\xff" * (size // 3) + b"x" * (size % 3), tcn="T 1", in_reply_to="car-0")
    with store.transaction() as tx:
        assert tx.put_outbox(sent)
    (found,) = due(store, Queue.OUTBOX)
    assert found == sent
    assert found.to_bytes() == sent.to_bytes()
    assert (tmp_path / "blobs").exists() == (size > tables.INLINE_BODY_BYTES)


def test_a_repeated_message_is_taken_once_and_its_first_receipt_stays(store) -> None:
    with store.transaction() as tx:
        assert tx.put_inbox(envelope(), NOW, b"first")
        assert not tx.put_inbox(envelope(), LATER, b"second")
    with store.transaction() as tx:
        assert tx.receipt_of(key(1)) == b"first"
        assert tx.receipt_of(key(2)) is None
        assert tx.put_outbox(envelope())
        assert not tx.put_outbox(envelope())
    assert due(store, Queue.INBOX, NOW) == [envelope()]


def test_two_senders_may_use_one_id_and_each_keeps_its_own_message_receipt_and_row(store) -> None:
    mine, theirs = envelope(), envelope(sender="stranger", recipient="agency", body=b"theirs")
    with store.transaction() as tx:
        assert tx.put_inbox(theirs, NOW, b"for the stranger")
        assert tx.put_outbox(mine)
        tx.mark_failed(Queue.INBOX, theirs.key, "BODY_INVALID", None)
    assert due(store, Queue.OUTBOX) == [mine]
    assert store.message(theirs.key) == theirs
    with store.transaction() as tx:
        assert (tx.receipt_of(mine.key), tx.receipt_of(theirs.key)) == (None, b"for the stranger")
        assert (tx.failures_of(Queue.OUTBOX, mine.key), tx.failures_of(Queue.INBOX, theirs.key)) == (0, 1)
        tx.mark_delivered(mine.key, NOW, b"r")
        assert tx.is_dead_letter(Queue.INBOX, theirs.key)
        assert not tx.is_dead_letter(Queue.OUTBOX, mine.key)


@pytest.mark.parametrize("first", ["put_inbox", "put_outbox"])
@pytest.mark.parametrize("second", ["put_inbox", "put_outbox"])
def test_no_box_ever_takes_a_row_for_another_message_of_the_same_sender_and_id(store, first, second) -> None:
    def put(tx, how: str, message: Envelope) -> bool:
        return tx.put_outbox(message) if how == "put_outbox" else tx.put_inbox(message, NOW, b"r")

    with store.transaction() as tx:
        put(tx, first, envelope())
    with pytest.raises(SenderError, match="MESSAGE_ID_REUSED"), store.transaction() as tx:
        put(tx, second, envelope(body=b"other"))
    with store.transaction() as tx:
        assert put(tx, second, replace(envelope(), sent_at=LATER)) == (first != second)
        assert tx.messages("case-1") == [envelope()]


def test_headers_are_listed_and_the_good_bodies_read_when_a_blob_is_gone(store, tmp_path) -> None:
    lost, good = envelope(1, body=bytes(100_000)), envelope(2)
    with store.transaction() as tx:
        tx.put_inbox(lost, NOW, b"r")
        tx.put_inbox(good, NOW, b"r")
    (blob,) = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    blob.unlink()
    assert store.due_inbox(NOW, 9) == [lost.key, good.key]
    with store.transaction() as tx:
        first, second = tx.headings("case-1")
        assert (first.key, first.header(), first.content_hash) == (lost.key, lost.header(), lost.content_hash)
        assert tx.heading(good.key) == second
        assert tx.heading(key(7)) is None
    assert store.message(good.key) == good
    with pytest.raises(StorageError, match="STORE_BLOB_MISSING"):
        store.message(lost.key)
    with pytest.raises(StorageError, match="MESSAGE_MISSING"):
        store.message(key(7))
    with pytest.raises(StorageError, match="MESSAGE_BODY_MISSING"):
        first.to_bytes()


def test_an_exception_inside_a_savepoint_undoes_that_part_only_the_ledger_included(store) -> None:
    with store.transaction() as tx:
        tx.append_entry(entry(0))
        with pytest.raises(StorageError, match="STORE_FULL"), tx.savepoint():
            tx.append_entry(entry(1))
            tx.save_task(task())
            raise StorageError("STORE_FULL", "no room")
        assert tx.ledger_size() == 1
        with tx.savepoint():
            tx.append_entry(entry(1))
    with store.transaction() as tx:
        assert (tx.tasks(), tx.ledger_size()) == ([], 2)
        frontier = tx.frontier()
    assert frontier.root() == root([leaf_hash(e.leaf()) for e in store.entries()])


def test_an_enrolment_that_failed_waits_and_is_given_up_like_a_message(store) -> None:
    with store.transaction() as tx:
        tx.put_enrolment("S1", {FingerPosition.RIGHT_THUMB: template()}, NOW)
    assert store.next_due() == NOW
    with store.transaction() as tx:
        tx.mark_failed(Queue.ENROLMENTS, "S1", "STORE_DAMAGED", LATER)
    assert (store.due_enrolments(NOW, 9), store.next_due()) == ([], LATER)
    assert store.due_enrolments(LATER, 9) == ["S1"]
    with store.transaction() as tx:
        tx.mark_failed(Queue.ENROLMENTS, "S1", "STORE_DAMAGED", None)
        assert tx.failures_of(Queue.ENROLMENTS, "S1") == 2
    with store.reading() as reader:
        assert reader.dead_letters() == [DeadLetter(Queue.ENROLMENTS, "S1", "ENROLMENT", "", 2, "STORE_DAMAGED")]
    with store.transaction() as tx:
        assert tx.revive(Queue.ENROLMENTS, "S1", LATER)
        tx.mark_enrolled("S1")
    assert store.next_due() is None


def test_a_handled_message_is_no_longer_due_but_still_there(store) -> None:
    with store.transaction() as tx:
        for number in (3, 1, 2):
            tx.put_inbox(envelope(number), NOW, b"r")
    assert [m.id for m in store.due_inbox(NOW, 2)] == ["car-3", "car-1"]
    with store.transaction() as tx:
        tx.mark_handled(key(3), NOW)
        assert tx.message(key(3)) == envelope(3)
    assert [m.id for m in store.due_inbox(NOW, 9)] == ["car-1", "car-2"]


def test_a_failed_message_waits_for_its_next_try_and_without_one_becomes_a_dead_letter(store) -> None:
    with store.transaction() as tx:
        tx.put_inbox(envelope(), NOW, b"r")
        tx.mark_failed(Queue.INBOX, key(1), "UNKNOWN_CASE", LATER)
    assert store.due_inbox(NOW, 9) == []
    assert store.next_due() == LATER
    assert due(store, Queue.INBOX, LATER) == [envelope()]
    with store.transaction() as tx:
        tx.mark_failed(Queue.INBOX, key(1), "STORE_FULL", None)
        assert tx.failures_of(Queue.INBOX, key(1)) == 2
        assert tx.failures_of(Queue.INBOX, key(7)) == 0
    assert store.next_due() is None
    with store.reading() as reader:
        (letter,) = reader.dead_letters()
    assert letter == DeadLetter(Queue.INBOX, key(1), "CAR", "case-1", 2, "STORE_FULL")
    with store.transaction() as tx:
        assert tx.revive(Queue.INBOX, key(1), LATER)
        assert not tx.revive(Queue.INBOX, key(1), LATER)
    assert store.next_due() == LATER


def test_what_waits_for_a_receiver_that_was_away_becomes_due_for_him_alone_the_oldest_in_front(store) -> None:
    receivers = ("state", "state", "state1", "state_", "state", "state", "state")
    failures = ("PARTY_UNREACHABLE", "STORE_FULL", *["PARTY_UNREACHABLE"] * 3, "RECEIPT_INVALID", "DOOR_FULL")
    with store.transaction() as tx:
        for number, (receiver, failure) in enumerate(zip(receivers, failures, strict=True), 1):
            tx.put_outbox(envelope(number, recipient=receiver))
            tx.mark_failed(Queue.OUTBOX, key(number), failure, LATER + timedelta(minutes=9 - number))
    with store.transaction() as tx:
        tx.hasten("state", NOW, 3)
    assert [m.id for m in store.due_outbox(NOW, 9)] == ["car-1", "car-2", "car-5"]
    with store.transaction() as tx:
        tx.mark_delivered(key(1), NOW, b"receipt")
        tx.hasten("state", NOW, 3)
        tx.hasten("state_", NOW, 3)
    assert [m.id for m in store.due_outbox(NOW, 9)] == ["car-2", "car-4", "car-5", "car-7"]
    assert store.health(NOW).queues["outbox"].unreached == 5
    with store.transaction() as tx:
        assert tx.failures_of(Queue.OUTBOX, key(2)) == 1


def test_an_undelivered_message_is_tried_again_and_its_receipt_kept(store) -> None:
    with store.transaction() as tx:
        tx.put_outbox(envelope(1))
        tx.put_outbox(envelope(2))
        tx.mark_failed(Queue.OUTBOX, key(1), "STORE_BUSY", LATER)
    assert [m.id for m in store.due_outbox(NOW, 9)] == ["car-2"]
    with store.transaction() as tx:
        tx.mark_delivered(key(2), NOW, b"receipt")
        assert tx.failures_of(Queue.OUTBOX, key(1)) == 1
    assert [m.id for m in store.due_outbox(LATER, 9)] == ["car-1"]
    with store.reading() as reader:
        assert reader.delivery_receipt(key(2)) == b"receipt"
        assert reader.message_counts() == {"CAR": 2}


def test_messages_of_a_case_come_in_the_order_in_which_they_were_written(store) -> None:
    with store.transaction() as tx:
        tx.put_inbox(envelope(5), NOW, b"r")
        tx.put_outbox(envelope(2))
        tx.put_inbox(envelope(9, case_id="case-2"), NOW, b"r")
        tx.put_inbox(envelope(1), NOW, b"r")
        assert [m.id for m in tx.messages("case-1")] == ["car-5", "car-2", "car-1"]


def test_a_message_to_oneself_is_held_once_in_both_boxes(store) -> None:
    own = envelope(recipient="agency")
    with store.transaction() as tx:
        tx.put_outbox(own)
        tx.put_inbox(own, NOW, b"r")
        assert tx.messages("case-1") == [own]
    assert due(store, Queue.INBOX) == due(store, Queue.OUTBOX) == [own]


def test_a_timer_is_set_once_fires_once_and_can_be_cancelled_before(store) -> None:
    with store.transaction() as tx:
        tx.set_timer(Timer("b", "case-1", "hold_end", LATER))
        tx.set_timer(Timer("b", "case-1", "hold_end", NOW))
        tx.set_timer(Timer("a", "case-1", "answer_due", NOW))
        tx.set_timer(Timer("c", "case-2", "hold_end", LATER))
    assert store.next_due() == NOW
    assert [t.id for t in store.due_timers(LATER, 9)] == ["a", "b", "c"]
    with store.transaction() as tx:
        tx.mark_fired("a", NOW)
        tx.cancel_timers("case-1", "hold_end")
        tx.cancel_timers("case-1", "answer_due")
    assert [t.id for t in store.due_timers(LATER, 9)] == ["c"]
    with store.transaction() as tx:
        tx.set_timer(Timer("a", "case-1", "answer_due", NOW))
    assert store.next_due() == LATER


def test_a_queued_enrolment_comes_back_until_it_is_marked_and_the_same_again_changes_nothing(store) -> None:
    finger = FingerPosition.RIGHT_THUMB
    with store.transaction() as tx:
        tx.put_enrolment("S1", {finger: template()}, NOW)
    assert store.due_enrolments(NOW, 9) == ["S1"]
    assert store.enrolment("S1")[finger].to_bytes() == template().to_bytes()
    with store.transaction() as tx:
        tx.mark_enrolled("S1")
        tx.put_enrolment("S1", {finger: template()}, NOW)
    assert store.due_enrolments(NOW, 9) == []
    with store.transaction() as tx:
        tx.put_enrolment("S1", {finger: template(1)}, NOW)
    assert store.due_enrolments(NOW, 9) == ["S1"]


def test_the_stored_frontier_has_the_root_over_all_stored_leaves_after_many_transactions(store) -> None:
    for batch in (1, 3, 0, 7, 2, 5):
        with store.transaction() as tx:
            for _ in range(batch):
                tx.append_entry(entry(tx.ledger_size()))
        with store.reading() as reader:
            frontier = reader.frontier()
        leaves = [leaf_hash(e.leaf()) for e in store.entries()]
        assert frontier.size == len(leaves)
        assert frontier.root() == root(leaves)
    assert [e.fields["sequence"] for e in store.entries(4, 7)] == [4, 5, 6]


def test_an_entry_comes_back_with_fields_salts_and_commitments(store) -> None:
    written = entry(0)
    with store.transaction() as tx:
        tx.append_entry(written)
    assert store.entries() == [written]


def test_an_entry_out_of_sequence_is_refused(store) -> None:
    with pytest.raises(StorageError, match="LEDGER_SEQUENCE"), store.transaction() as tx:
        tx.append_entry(entry(1))


def test_a_rolled_back_transaction_leaves_nothing(store) -> None:
    class Unrelated(Exception):
        pass

    with pytest.raises(Unrelated), store.transaction() as tx:
        tx.save_case(Case("case-1", NOW, CaseState.SUBMITTED))
        tx.save_task(task())
        tx.set_timer(Timer("a", "case-1", "p", NOW))
        tx.put_inbox(envelope(1), NOW, b"r")
        tx.put_outbox(envelope(2))
        tx.put_enrolment("S1", {FingerPosition.RIGHT_THUMB: template()}, NOW)
        tx.append_entry(entry(0))
        raise Unrelated
    with store.transaction() as tx:
        assert (tx.cases(), tx.tasks(), tx.messages("case-1"), tx.ledger_size()) == ([], [], [], 0)
    assert store.next_due() is None
    assert store.due_enrolments(NOW, 9) == store.entries() == []


def test_a_checkpoint_signs_the_present_root_once(store) -> None:
    key = generate_key(SeededRandomSource(2))
    with store.transaction() as tx:
        tx.append_entry(entry(0))
    note = store.sign_checkpoint("tenprint/agency", key, NOW)
    assert store.sign_checkpoint("tenprint/agency", key, LATER) == note
    checkpoint = verify_checkpoint(note, key.public, "tenprint/agency")
    assert (checkpoint.size, checkpoint.root) == (1, root([leaf_hash(store.entries()[0].leaf())]))
    with store.transaction() as tx:
        tx.append_entry(entry(1))
    second = store.sign_checkpoint("tenprint/agency", key, LATER)
    assert store.checkpoints() == [note, second]


def test_marking_a_row_that_is_not_there_is_refused(store) -> None:
    with pytest.raises(StorageError, match="STORE_ROW_MISSING"), store.transaction() as tx:
        tx.mark_handled(key(1), NOW)


def test_readers_see_committed_rows_only(store) -> None:
    with store.transaction() as tx:
        tx.put_inbox(envelope(), NOW, b"r")
        assert store.due_inbox(NOW, 9) == []
    assert due(store, Queue.INBOX, NOW) == [envelope()]


def test_what_was_written_is_there_when_the_database_is_opened_again(url, tmp_path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    first = SqlStore(url, blobs)
    with first.transaction() as tx:
        tx.put_inbox(envelope(body=bytes(100_000)), NOW, b"r")
        tx.append_entry(entry(0))
    first.close()
    second = SqlStore(url, FileBlobs(tmp_path / "blobs"))
    assert due(second, Queue.INBOX) == [envelope(body=bytes(100_000))]
    with second.transaction() as tx:
        tx.append_entry(entry(tx.ledger_size()))
    second.close()


def test_entries_of_a_case_are_found_by_it_and_leaves_come_without_their_fields(store) -> None:
    with store.transaction() as tx:
        for sequence in range(7):
            tx.append_entry(entry(sequence))
    assert [e.fields["sequence"] for e in store.case_entries("case-1")] == [1, 4]
    assert store.case_entries("case-9") == []
    assert store.leaf_hashes() == [leaf_hash(e.leaf()) for e in store.entries()]


def test_a_subject_keeps_its_files_newest_first_and_a_file_is_noted_once(store) -> None:
    short, long = b"a card", b"c" * 9_000
    with store.transaction() as tx:
        tx.put_inbox(envelope(1, body=short), NOW, b"")
        tx.put_inbox(envelope(2, body=long), NOW, b"")
        digests = [sha256_hex(short), sha256_hex(long)]
        assert [tx.keep_exemplar("S1", digest, NOW) for digest in (*digests, digests[0])] == [True, True, False]
    assert store.exemplars("S1") == digests[::-1] and store.exemplars("S2") == []
    assert [store.file(digest) for digest in digests] == [short, long]
    with pytest.raises(StorageError, match="STORE_BLOB_MISSING"):
        store.file("00" * 32)


def test_a_row_that_was_finished_is_neither_finished_nor_failed_again(store) -> None:
    with store.transaction() as tx:
        tx.put_inbox(envelope(), NOW, b"r")
        tx.put_outbox(envelope(2))
        assert tx.mark_handled(key(1), NOW)
        assert tx.mark_delivered(key(2), NOW, b"theirs")
    with store.transaction() as tx:
        assert not tx.mark_handled(key(1), LATER)
        assert not tx.mark_delivered(key(2), LATER, b"another")
        assert not tx.mark_failed(Queue.INBOX, key(1), "STORE_BUSY", LATER)
        assert tx.delivery_receipt(key(2)) == b"theirs"
    assert store.next_due() is None


def test_claimed_rows_come_in_order_and_what_was_given_back_is_due_at_once(store) -> None:
    with store.transaction() as tx:
        for number in (3, 1, 2):
            tx.put_inbox(envelope(number), NOW, b"r")
            tx.put_outbox(envelope(number + 10))
    assert [m.id for m in store.claim_inbox(NOW, 2)] == ["car-3", "car-1"]
    assert [m.id for m in store.claim_outbox(NOW, 9)] == ["car-13", "car-11", "car-12"]
    with store.transaction() as tx:
        tx.mark_handled(key(3), NOW)
    store.release(Queue.INBOX, [key(1), key(3)], NOW)
    assert [m.id for m in store.claim_inbox(NOW, 9)] == ["car-1", "car-2"]


def test_the_bell_rings_once_for_what_was_queued_and_not_for_what_was_rolled_back(store) -> None:
    store.wait(0)  # from now on it listens
    assert not store.wait(0.01)
    with store.transaction() as tx:
        tx.put_inbox(envelope(1), NOW, b"r")
        tx.put_inbox(envelope(2), NOW, b"r")
    assert store.wait(5)
    assert not store.wait(0.01)
    with store.transaction() as tx:
        tx.save_case(Case("case-1", NOW, CaseState.SUBMITTED))
    with pytest.raises(StorageError, match="STORE_FULL"), store.transaction() as tx:
        tx.put_outbox(envelope(3))
        raise StorageError("STORE_FULL", "no room")
    assert not store.wait(0.01)
