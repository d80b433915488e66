"""Receipts: signed over one statement, refused when anything in them moves."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tenprint.core.canonical import canonical_json
from tenprint.core.errors import RecordError
from tenprint.ledger.keys import PrivateKey
from tenprint.ledger.receipt import Receipt, SignedReceipt, sign_receipt, verify_receipt

KEY = PrivateKey(bytes(32))
RECEIPT = Receipt("CAR-1", "ab" * 32, "agency", "state_bureau", datetime(2010, 10, 4, 8, 0, 0, 5000, tzinfo=UTC))
SIGNED = sign_receipt(RECEIPT, KEY)


def test_a_receipt_verifies_with_the_receivers_key_only():
    assert verify_receipt(SIGNED, KEY.public)
    assert not verify_receipt(SIGNED, PrivateKey(bytes([1]) * 32).public)


@pytest.mark.parametrize(
    "change",
    [
        {"message": "CAR-2"},
        {"message_hash": "cd" * 32},
        {"sender": "jail"},
        {"recipient": "jail"},
        {"received_at": datetime(2010, 10, 5, tzinfo=UTC)},
    ],
)
def test_a_changed_receipt_does_not_verify(change):
    assert not verify_receipt(replace(SIGNED, receipt=replace(RECEIPT, **change)), KEY.public)


def test_the_statement_names_its_type_inside_what_is_signed():
    statement = json.loads(RECEIPT.statement())
    assert statement["type"] == "tenprint.receipt"
    assert statement["received_at"] == "2010-10-04T08:00:00.005Z"


def test_a_receipt_survives_its_bytes_and_has_a_stable_digest():
    again = SignedReceipt.from_bytes(SIGNED.to_bytes())
    assert again == SIGNED
    assert again.digest == SIGNED.digest
    assert len(SIGNED.digest) == 64


def _bent(**changes):
    parsed = json.loads(SIGNED.to_bytes())
    parsed["receipt"].update(changes)
    return canonical_json(parsed)


MALFORMED = {
    "empty": b"",
    "no JSON": b"\xff",
    "a list": b"[]",
    "deep": b"[" * 100_000,
    "other type": _bent(type="tenprint.envelope"),
    "other version": _bent(v=2),
    "extra name": _bent(extra=1),
    "number for a party": _bent(sender=7),
    "empty message": _bent(message=""),
    "upper-case hash": _bent(message_hash="AB" * 32),
    "hash of a number": _bent(message_hash=7),
    "time without zone": _bent(received_at="2010-10-04T08:00:00.000"),
    "time written otherwise": _bent(received_at="2010-10-04T08:00:00Z"),
    "time a number": _bent(received_at=7),
    "spaces": SIGNED.to_bytes().replace(b":", b": "),
    "short signature": SIGNED.to_bytes().replace(SIGNED.signature.hex().encode(), b"00"),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_bytes_are_refused_with_one_code(data):
    with pytest.raises(RecordError) as caught:
        SignedReceipt.from_bytes(data)
    assert caught.value.code == "RECEIPT_FORM"


def test_a_receipt_without_zone_is_refused():
    with pytest.raises(RecordError, match="RECEIPT_FORM"):
        replace(RECEIPT, received_at=datetime(2010, 10, 4))
