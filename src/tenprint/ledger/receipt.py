"""Receipts: the receiver's signed word that a message arrived, which the sender logs.

Signed are the bytes of the canonical JSON (RFC 8785) of::

    {"type": "tenprint.receipt", "v": 1, "message": id, "message_hash": hex SHA-256 of the envelope's bytes,
     "sender": party, "recipient": party, "received_at": UTC with milliseconds}

The type stands inside what is signed, so that no signature over anything else can pass for a receipt.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from tenprint.core.canonical import canonical_json, sha256_hex
from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import RecordError
from tenprint.ledger.keys import SIGNATURE_BYTES, PrivateKey, PublicKey

RECEIPT_TYPE: Final = "tenprint.receipt"
RECEIPT_VERSION: Final = 1
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_STATEMENT_NAMES = {"type", "v", "message", "message_hash", "sender", "recipient", "received_at"}


@dataclass(frozen=True)
class Receipt:
    """What the receiver states.

    Args:
        message: id of the message.
        message_hash: SHA-256 of the envelope's bytes, time and signature included, lower-case hex. Not the hash that
            a ledger entry has under this name: that one leaves time and signature out, to be equal in equal runs.
        sender, recipient: the two parties.
        received_at: when the receiver stored it, UTC, milliseconds.

    Raises:
        RecordError: ``RECEIPT_FORM`` when a value is empty, the hash is none, or the time has no zone.
    """

    message: str
    message_hash: str
    sender: str
    recipient: str
    received_at: datetime

    def __post_init__(self) -> None:
        if not all(isinstance(text, str) and text for text in (self.message, self.sender, self.recipient)):
            raise _malformed("message, sender or recipient is missing")
        if not isinstance(self.message_hash, str) or _HASH.fullmatch(self.message_hash) is None:
            raise _malformed("the message hash is no SHA-256 in lower-case hex")
        if self.received_at.tzinfo is None:
            raise _malformed("the time has no zone")

    def statement(self) -> bytes:
        """Return the bytes that are signed, as in this module's docstring."""
        return self._statement

    @cached_property
    def _statement(self) -> bytes:
        stated = {
            "type": RECEIPT_TYPE,
            "v": RECEIPT_VERSION,
            "message": self.message,
            "message_hash": self.message_hash,
            "sender": self.sender,
            "recipient": self.recipient,
            "received_at": to_wire(self.received_at),
        }
        return canonical_json(stated)


@dataclass(frozen=True)
class SignedReceipt:
    """A receipt with the receiver's signature (64 bytes). Not verified by being one."""

    receipt: Receipt
    signature: bytes

    def to_bytes(self) -> bytes:
        """Return ``{"receipt": …, "signature": hex}`` as canonical JSON."""
        return b'{"receipt":%b,"signature":"%b"}' % (self.receipt.statement(), self.signature.hex().encode())

    @property
    def digest(self) -> str:
        """Return the SHA-256 of `to_bytes` in hex: what the sender's log holds as ``receipt_hash``."""
        return sha256_hex(self.to_bytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> SignedReceipt:
        """Return the signed receipt that `to_bytes` wrote.

        Raises:
            RecordError: ``RECEIPT_FORM`` when the bytes are something else, or written in another way.
        """
        try:
            parsed = json.loads(data)
            statement, signature = parsed["receipt"], bytes.fromhex(parsed["signature"])
            receipt = _receipt_from_json(statement)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            raise _malformed("it cannot be read") from problem
        signed = cls(receipt, signature)
        if len(signature) != SIGNATURE_BYTES or signed.to_bytes() != data:
            raise _malformed("it is not written in the one form it has")
        return signed


def sign_receipt(receipt: Receipt, private_key: PrivateKey) -> SignedReceipt:
    """Return the receipt with the receiver's signature."""
    return SignedReceipt(receipt, private_key.sign(receipt.statement()))


def verify_receipt(signed: SignedReceipt, public_key: PublicKey) -> bool:
    """Tell whether the receiver's key signed exactly this receipt."""
    return public_key.verify(signed.receipt.statement(), signed.signature)


def _receipt_from_json(statement: dict[str, Any]) -> Receipt:
    if set(statement) != _STATEMENT_NAMES or statement["type"] != RECEIPT_TYPE or statement["v"] != RECEIPT_VERSION:
        raise _malformed("its statement is of another type or version")
    return Receipt(
        message=statement["message"],
        message_hash=statement["message_hash"],
        sender=statement["sender"],
        recipient=statement["recipient"],
        received_at=from_wire(statement["received_at"]),
    )


def _malformed(why: str) -> RecordError:
    return RecordError("RECEIPT_FORM", f"this is no receipt: {why}")
