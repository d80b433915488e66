"""Disclosures: checked by somebody who holds nothing but the checkpoint."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tenprint.core.chance import SeededRandomSource
from tenprint.core.errors import RecordError, SenderError
from tenprint.ledger.checkpoint import Checkpoint
from tenprint.ledger.disclosure import Disclosure, disclose, verify_disclosure
from tenprint.ledger.entry import OpenedField, erase, seal
from tenprint.ledger.tree import MerkleTree, leaf_hash

SOURCE = SeededRandomSource(1)
ENTRIES = [seal({"sequence": n, "kind": "sent", "counterpart": "jail", "note": f"note {n}"}, SOURCE) for n in range(11)]
TREE = MerkleTree(leaf_hash(entry.leaf()) for entry in ENTRIES)


def checkpoint(size=11):
    return Checkpoint("tenprint/agency", size, TREE.root(size), datetime(2010, 10, 4, tzinfo=UTC))


def test_every_entry_can_be_shown_field_by_field_to_somebody_who_holds_the_checkpoint():
    for index, entry in enumerate(ENTRIES):
        shown = disclose(entry, ["counterpart"], TREE, index)
        assert [one.value for one in shown.opened] == ["jail"]
        assert b"note " not in shown.to_bytes()
        assert verify_disclosure(Disclosure.from_bytes(shown.to_bytes()), checkpoint())


def test_a_disclosure_can_be_made_for_an_older_checkpoint_and_holds_for_that_only():
    shown = disclose(ENTRIES[2], ["note"], TREE, 2, size=5)
    assert verify_disclosure(shown, checkpoint(5))
    assert not verify_disclosure(shown, checkpoint())


def test_erasing_other_fields_changes_nothing():
    shown = disclose(erase(ENTRIES[3], ["note"]), ["kind"], TREE, 3)
    assert shown == disclose(ENTRIES[3], ["kind"], TREE, 3)
    with pytest.raises(SenderError, match="LEDGER_FIELD_ERASED"):
        disclose(erase(ENTRIES[3], ["note"]), ["note"], TREE, 3)


@pytest.mark.parametrize(
    "bend",
    [
        lambda d: replace(d, index=4),
        lambda d: replace(d, size=12),
        lambda d: replace(d, path=d.path[:-1]),
        lambda d: replace(d, opened=(OpenedField("counterpart", "court", d.opened[0].salt),)),
        lambda d: replace(d, opened=(*d.opened, OpenedField("note", "forged", bytes(16)))),
        lambda d: replace(d, opened=(OpenedField("note", "forged", bytes(16)), *d.opened)),
        lambda d: replace(d, commitments={**d.commitments, "note": "0" * 64}),
        lambda d: replace(d, commitments={name: one.upper() for name, one in d.commitments.items()}),
        lambda d: replace(d, commitments={**d.commitments, "note": "zero"}),
        lambda d: replace(d, commitments={}),
    ],
)
def test_a_bent_disclosure_does_not_verify(bend):
    shown = disclose(ENTRIES[3], ["counterpart"], TREE, 3)
    assert verify_disclosure(shown, checkpoint())
    assert not verify_disclosure(bend(shown), checkpoint())


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"[]", b"{}", b"[" * 100_000, disclose(ENTRIES[0], [], TREE, 0).to_bytes().replace(b":", b": ")]
    + [
        disclose(ENTRIES[0], ["kind"], TREE, 0).to_bytes().replace(b'"index":0', other)
        for other in (b'"index":false', b'"index":0.0')
    ],
)
def test_malformed_bytes_are_refused_with_one_code(data):
    with pytest.raises(RecordError) as caught:
        Disclosure.from_bytes(data)
    assert caught.value.code == "DISCLOSURE_FORM"
