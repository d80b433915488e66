"""What an auditor is shown of a log: enough to reconcile two parties, whole, and nothing about anybody."""

from datetime import UTC, datetime

import pytest

from tenprint.core.chance import SeededRandomSource
from tenprint.core.errors import RecordError
from tenprint.ledger.checkpoint import Checkpoint, sign_checkpoint
from tenprint.ledger.entry import Entry, erase, seal
from tenprint.ledger.keys import PrivateKey
from tenprint.ledger.reconcile import reconcile
from tenprint.ledger.tree import MerkleTree, leaf_hash
from tenprint.ledger.view import LogView, assemble, shown_entry, verify_view

KEY, ORIGIN = PrivateKey(bytes(32)), "tenprint/state"
AT = datetime(2010, 10, 4, 8, tzinfo=UTC)


def entries_of(*rows: dict[str, str]) -> list[Entry]:
    random = SeededRandomSource("view")
    dated = ({"time": "2010-10-04T08:00:00.000Z", "case": "case-1", "person": "OFFICER FIXTURE"} | row for row in rows)
    return [seal({"sequence": number} | row, random) for number, row in enumerate(dated)]


LOG = entries_of(
    {"kind": "received", "message": "m1", "message_hash": "a" * 64, "counterpart": "agency"},
    {"kind": "decision", "rule": "some-rule", "outcome": "forward"},
    {"kind": "sent", "message": "m2", "message_hash": "b" * 64, "counterpart": "fbi"},
    {"kind": "receipt", "message": "m2", "message_hash": "b" * 64, "receipt_hash": "c" * 64, "counterpart": "fbi"},
)


def note_of(entries, key=KEY) -> bytes:
    tree = MerkleTree(leaf_hash(entry.leaf()) for entry in entries)
    return sign_checkpoint(Checkpoint(ORIGIN, len(tree), tree.root(), AT), key)


def shown(entries=LOG, about="fbi") -> list[Entry]:
    return [shown_entry(entry, about) for entry in entries]


def codes(entries, note=None) -> list[str]:
    _, findings = verify_view(entries, note or note_of(LOG), KEY.public, ORIGIN)
    return [finding.code for finding in findings]


def test_a_whole_view_verifies_against_the_checkpoint_alone():
    assert codes(shown()) == []


def test_messages_with_the_party_asked_about_are_open_and_nothing_else():
    opened = [sorted(entry.fields) for entry in shown()]
    assert opened[0] == ["counterpart", "kind", "sequence"]
    assert opened[1] == ["kind", "sequence"]
    assert opened[2] == ["counterpart", "kind", "message", "message_hash", "sequence"]
    assert opened[3] == ["counterpart", "kind", "message", "message_hash", "receipt_hash", "sequence"]


def test_what_became_of_a_message_on_its_way_is_shown_to_whom_it_concerns():
    lost = entries_of({"kind": "undeliverable", "message": "m2", "message_hash": "b" * 64, "counterpart": "fbi"})
    assert [sorted(shown(lost, about)[0].fields) for about in ("fbi", "agency")] == [
        ["counterpart", "kind", "message", "message_hash", "sequence"],
        ["counterpart", "kind", "sequence"],
    ]


def test_no_case_person_or_time_is_in_the_pages_bytes():
    page = LogView(note_of(LOG), 0, tuple(shown())).to_bytes().replace(note_of(LOG)[:-1], b"")
    for word in (b"case-1", b"OFFICER", b"some-rule"):
        assert word not in page


def test_an_entry_left_out_is_noticed():
    assert "LEDGER_VIEW_INCOMPLETE" in codes(shown()[:-1])
    swapped = shown()
    swapped[2], swapped[3] = swapped[3], swapped[2]
    assert {"LEDGER_ROOT_DIFFERS", "LEDGER_SEQUENCE_BROKEN"} <= set(codes(swapped))


def test_a_field_opened_with_another_value_is_noticed():
    forged = shown()
    forged[2] = Entry(forged[2].fields | {"message_hash": "d" * 64}, forged[2].salts, forged[2].commitments)
    assert codes(forged) == ["LEDGER_FIELD_CHANGED"]


def test_a_message_passed_off_as_closed_is_noticed():
    hidden = shown()
    hidden[2] = erase(hidden[2], ["kind", "counterpart", "message", "message_hash"])
    assert codes(hidden) == ["LEDGER_VIEW_CLOSED"]
    hidden[2] = erase(shown()[2], ["counterpart"])
    assert codes(hidden) == ["LEDGER_VIEW_CLOSED"]


def test_a_note_of_another_key_is_no_ground_to_say_anything():
    with pytest.raises(RecordError, match="CHECKPOINT_SIGNATURE"):
        verify_view(shown(), note_of(LOG, PrivateKey(bytes([1]) * 32)), KEY.public, ORIGIN)


def test_pages_are_put_together_in_order_and_only_whole():
    note, entries = note_of(LOG), shown()
    first, second = LogView(note, 0, tuple(entries[:3])), LogView(note, 3, tuple(entries[3:]))
    again = [LogView.from_bytes(page.to_bytes()) for page in (second, first)]
    assert list(assemble(again)) == entries
    cosigned = LogView(note + "— auditor AAAA\n".encode(), 3, second.entries)  # a witness signed between the two
    assert list(assemble([first, cosigned])) == entries
    for wrong in ([second], [first, first], [first, LogView(note_of(LOG[:3]), 3, second.entries)]):
        with pytest.raises(RecordError, match="LEDGER_VIEW_FORM"):
            assemble(wrong)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff", b'{"entries":[{"c":1,"o":2}]}'])
def test_other_bytes_are_no_view(data):
    with pytest.raises(RecordError, match="LEDGER_VIEW_FORM"):
        LogView.from_bytes(data)


def test_two_views_are_reconciled_as_the_logs_themselves_would_be():
    fbi = entries_of(
        {"kind": "received", "message": "m2", "message_hash": "e" * 64, "counterpart": "state"},
        {"kind": "received", "message": "m9", "message_hash": "f" * 64, "counterpart": "state"},
    )
    seen = reconcile("state", shown(LOG, "fbi"), "fbi", [shown_entry(entry, "state") for entry in fbi])
    assert seen == reconcile("state", LOG, "fbi", fbi)
    assert {one.kind for one in seen} == {"hash_differs", "not_sent"}
