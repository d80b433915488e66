"""A whole log under check: what was bent is found, and found where it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tenprint.core.chance import SeededRandomSource
from tenprint.core.clock import to_wire
from tenprint.ledger.checkpoint import Checkpoint, sign_checkpoint
from tenprint.ledger.entry import erase, seal
from tenprint.ledger.keys import PrivateKey
from tenprint.ledger.tree import leaf_hash, root
from tenprint.ledger.verify import verify_log

KEY = PrivateKey(bytes(32))
ORIGIN = "tenprint/agency"
START = datetime(2010, 10, 4, 8, tzinfo=UTC)


def written(index, *, minutes=None, seed=0):
    time = to_wire(START + timedelta(minutes=index if minutes is None else minutes))
    fields = {"sequence": index, "time": time, "kind": "sent", "message": f"CAR-{index}", "note": "plain"}
    return seal(fields, SeededRandomSource(f"{seed}/{index}"))


def note_over(entries, key=KEY):
    checkpoint = Checkpoint(ORIGIN, len(entries), root(leaf_hash(e.leaf()) for e in entries), START)
    return sign_checkpoint(checkpoint, key)


ENTRIES = [written(index) for index in range(6)]
NOTE = note_over(ENTRIES)


def codes(entries, note=NOTE, **more):
    return [(f.code, f.index, f.is_fault) for f in verify_log(entries, note, KEY.public, ORIGIN, **more)]


def test_an_honest_log_has_no_findings_with_all_its_earlier_checkpoints():
    assert codes(ENTRIES, earlier=[note_over(ENTRIES[:n]) for n in range(6)]) == []


def test_an_empty_log_verifies():
    assert codes([], note_over([])) == []


def test_erased_fields_even_the_sequence_are_no_fault():
    assert codes([erase(entry, ["note", "sequence", "time"]) for entry in ENTRIES]) == []


def test_a_changed_value_is_found_at_its_entry():
    bent = list(ENTRIES)
    bent[3] = replace(bent[3], fields={**bent[3].fields, "note": "other"})
    assert codes(bent) == [("LEDGER_FIELD_CHANGED", 3, True)]


def test_a_rewritten_entry_with_fitting_commitments_is_found_by_the_root():
    rewritten = [*ENTRIES[:3], written(3, seed=9), *ENTRIES[4:]]
    assert codes(rewritten) == [("LEDGER_ROOT_DIFFERS", None, True)]


def test_a_log_signed_anew_is_found_by_a_checkpoint_that_somebody_kept():
    rewritten = [*ENTRIES[:3], written(3, seed=9), *ENTRIES[4:]]
    kept = note_over(ENTRIES[:4])
    assert codes(rewritten, note_over(rewritten)) == []
    assert codes(rewritten, note_over(rewritten), earlier=[kept]) == [("LEDGER_ROOT_DIFFERS", None, True)]


def test_exchanged_entries_are_found_by_sequence_root_and_time():
    swapped = [ENTRIES[1], ENTRIES[0], *ENTRIES[2:]]
    assert codes(swapped) == [
        ("LEDGER_SEQUENCE_BROKEN", 0, True),
        ("LEDGER_SEQUENCE_BROKEN", 1, True),
        ("LEDGER_TIME_BACKWARDS", 1, False),
        ("LEDGER_ROOT_DIFFERS", None, True),
    ]


def test_a_log_cut_short_is_found():
    assert codes(ENTRIES[:5]) == [("LEDGER_ENTRIES_MISSING", None, True)]


def test_entries_without_checkpoint_are_a_notice_not_a_fault():
    assert codes(ENTRIES, note_over(ENTRIES[:4])) == [("LEDGER_NOT_COVERED", 4, False)]


def test_an_entry_without_sequence_is_found():
    bare = [seal({"kind": "sent"}, SeededRandomSource(1))]
    assert codes(bare, note_over(bare)) == [("LEDGER_SEQUENCE_BROKEN", 0, True)]


def test_a_clock_that_went_back_is_a_notice():
    entries = [written(0, minutes=5), written(1, minutes=4)]
    assert codes(entries, note_over(entries)) == [("LEDGER_TIME_BACKWARDS", 1, False)]


def test_every_entry_dated_before_an_earlier_one_is_named():
    entries = [written(index, minutes=minutes) for index, minutes in enumerate([9, 1, 2, 9])]
    assert codes(entries, note_over(entries)) == [
        ("LEDGER_TIME_BACKWARDS", 1, False),
        ("LEDGER_TIME_BACKWARDS", 2, False),
    ]


@pytest.mark.parametrize(
    ("note", "code"),
    [(note_over(ENTRIES, PrivateKey(bytes([1]) * 32)), "CHECKPOINT_SIGNATURE"), (b"rubbish", "CHECKPOINT_FORM")],
)
def test_a_checkpoint_that_cannot_be_trusted_is_a_finding(note, code):
    assert codes(ENTRIES, note) == [(code, None, True)]


def test_no_finding_repeats_a_value():
    bent = [replace(e, fields={**e.fields, "note": "secret word", "message": "SECRET"}) for e in ENTRIES]
    assert "secret" not in str(verify_log(bent, NOTE, KEY.public, ORIGIN)).lower()
