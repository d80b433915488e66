"""The envelope of a message (ARCHITECTURE section 7): a canonical header, an Ed25519 signature over it, a body.

On the wire: the header as canonical JSON with the signature, one line feed, then the body's bytes. The header holds
the body's SHA-256 and size, so the signature covers the body too. A header has one spelling: bytes that are written in
another way are no envelope, so what is kept and written again is, byte for byte, what was received.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from tenprint.core.canonical import canonical_json, sha256_hex
from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import RecordError, StorageError
from tenprint.exchange.model.words import Kind
from tenprint.ledger.keys import SIGNATURE_BYTES
from tenprint.ledger.vocabulary import (
    CASE,
    COUNTERPART,
    IN_REPLY_TO,
    MAX_INTEGER,
    MESSAGE,
    MESSAGE_HASH,
    TCN,
    TCR,
    VOCABULARY,
)

MAX_HEADER_BYTES = 16_384
EBTS_CONTENT = "application/vnd.tenprint.ebts"
NLETS_CONTENT = "text/vnd.tenprint.nlets"
JSON_CONTENT = "application/json"
_TEXTS = ("id", "sender", "recipient", "case_id", "in_reply_to", "tcn", "tcr", "content_type")
# What the ledger writes about a message must fit the ledger's fields, so their forms are the header's forms.
_TEXT_FORMS = {
    "id": VOCABULARY[MESSAGE].form,
    "case_id": VOCABULARY[CASE].form,
    "sender": VOCABULARY[COUNTERPART].form,
    "recipient": VOCABULARY[COUNTERPART].form,
    "in_reply_to": rf"({VOCABULARY[IN_REPLY_TO].form})?",
    "tcn": rf"({VOCABULARY[TCN].form})?",
    "tcr": rf"({VOCABULARY[TCR].form})?",
    "content_type": r"[a-z]{1,20}/[a-z0-9.+-]{1,80}",
}
_KEPT = ("body_hash", "_halves", "content_hash")
"""What of a message does not change with its signature."""
_FORMS = tuple((name, re.compile(form)) for name, form in _TEXT_FORMS.items())


@dataclass(frozen=True)
class MessageKey:
    """What tells a message from all others: ids are unique per sender only, since each party makes its own."""

    sender: str
    id: str

    def __str__(self) -> str:
        """Return ``sender/id``."""
        return f"{self.sender}/{self.id}"


@dataclass(frozen=True)
class Envelope:
    """One message.

    Args:
        id: unique among the sender's messages; made from content for effects, so that receivers drop repeats.
        kind: what it is.
        sender, recipient: party ids.
        case_id: the case, minted by the first Tenprint party that saw the booking.
        in_reply_to: id of the message that this one answers, or empty.
        tcn, tcr: transaction control number and reference (EBTS 1.009, 1.010), or empty.
        sent_at: UTC, milliseconds.
        content_type: media type of the body.
        body: bytes as received; forwarding forwards these.
        signature: Ed25519 by the sender's key over `signed_bytes()`, 64 bytes; empty until signed.

    Raises:
        RecordError: ``ENVELOPE_INVALID`` with the field at fault when a text has not the form that the ledger's field
            of that name has, or the signature has another length.
    """

    id: str
    kind: Kind
    sender: str
    recipient: str
    case_id: str
    sent_at: datetime
    body: bytes = b""
    content_type: str = JSON_CONTENT
    in_reply_to: str = ""
    tcn: str = ""
    tcr: str = ""
    signature: bytes = b""

    def __post_init__(self) -> None:
        for name, form in _FORMS:
            if form.fullmatch(getattr(self, name)) is None:
                raise _invalid("a text of the header has not the form of its field", name)
        if self.signature and len(self.signature) != SIGNATURE_BYTES:
            raise _invalid(f"a signature has {SIGNATURE_BYTES} bytes", "signature")

    @property
    def key(self) -> MessageKey:
        """Return what tells this message from all others."""
        return MessageKey(self.sender, self.id)

    def header(self) -> dict[str, Any]:
        """Return every field but body and signature as JSON values, with the body's hash and size."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in _TEXTS}
        fields.update(
            v=1,
            kind=str(self.kind),
            sent_at=to_wire(self.sent_at),
            body_sha256=self.body_hash,
            body_size=len(self.body),
        )
        return fields

    def signed_bytes(self) -> bytes:
        """Return what the signature covers: the canonical header."""
        before, after = self._halves
        return b'%b,"sent_at":"%b",%b' % (before, to_wire(self.sent_at).encode(), after)

    # A message does not change, so that its hashes, which several steps ask for, are made once.
    @cached_property
    def body_hash(self) -> str:
        """Return the SHA-256 of the body in hex."""
        return sha256_hex(self.body)

    @cached_property
    def content_hash(self) -> str:
        """Return the SHA-256 of header and body without time and signature: equal in equal runs (section 7)."""
        return sha256_hex(b"%b,%b" % self._halves)

    @cached_property
    def wire_hash(self) -> str:
        """Return the SHA-256 of the wire form, which a receipt names."""
        digest = hashlib.sha256(self.head() + b"\n")
        digest.update(self.body)
        return digest.hexdigest()

    def signed(self, signature: bytes) -> Envelope:
        """Return the same message with its signature."""
        signed = replace(self, signature=signature)
        signed.__dict__.update({name: self.__dict__[name] for name in _KEPT if name in self.__dict__})
        return signed

    def hashed(self, body_hash: str) -> Self:
        """Return this very message, told the SHA-256 of its body by who has just made it: a long body takes a while."""
        self.__dict__["body_hash"] = body_hash
        return self

    def head(self) -> bytes:
        """Return the wire form's first line without its line feed: the canonical header with the signature."""
        return self._head

    def to_bytes(self) -> bytes:
        """Return the wire form."""
        return self.head() + b"\n" + self.body

    @cached_property
    def _head(self) -> bytes:
        before, after = self._halves
        sent_at, signature = to_wire(self.sent_at).encode(), base64.b64encode(self.signature)
        return b'%b,"sent_at":"%b","signature":"%b",%b' % (before, sent_at, signature, after)

    @cached_property
    def _halves(self) -> tuple[bytes, bytes]:
        """Return the canonical header before and behind its time and signature, which stand side by side in it.

        Its three forms (with neither, with the time, with both) differ there only, so its JSON is written once.
        """
        fields = self.header()
        del fields["sent_at"]
        first = {name: value for name, value in fields.items() if name < "sent_at"}
        last = {name: value for name, value in fields.items() if name > "sent_at"}
        return canonical_json(first)[:-1], canonical_json(last)[1:]

    @classmethod
    def from_bytes(cls, data: bytes) -> Envelope:
        """Return the message that `to_bytes` wrote. Its signature is not yet verified.

        Raises:
            RecordError: ``ENVELOPE_INVALID`` when the header is not in its one form, or the body's hash is wrong.
        """
        head, line_feed, body = data.partition(b"\n")
        envelope = cls.of_parts(head, body, sha256_hex(body))
        if not line_feed:
            raise _invalid("the header is not written in the one form it has")
        return envelope

    @staticmethod
    def of_parts(head: bytes, body: bytes, body_hash: str) -> Envelope:
        """Return the message of a wire form's first line and its body, whose SHA-256 was made by who gives it.

        Raises:
            RecordError: as `from_bytes`.
        """
        values = _read_head(head)
        envelope = Envelope(body=body, **_fields(values)).hashed(body_hash)
        if values.get("body_sha256") != body_hash or values.get("body_size") != len(body):
            raise _invalid("the body does not have the hash and size that its header names", "body")
        if envelope.head() != head:
            raise _invalid("the header is not written in the one form it has")
        return envelope


@dataclass(frozen=True)
class Heading(Envelope):
    """A message of which only the header is at hand: in a listing, or because the body cannot be read any more.

    `body` is empty; `header()`, `content_hash` and `key` are those of the whole message.
    """

    body_sha256: str = ""
    body_size: int = 0

    @property
    def body_hash(self) -> str:
        """Return the SHA-256 of the body, which is not at hand."""
        return self.body_sha256

    def header(self) -> dict[str, Any]:
        """Return the whole message's header, with its body's hash and size."""
        return super().header() | {"body_sha256": self.body_sha256, "body_size": self.body_size}

    def to_bytes(self) -> bytes:
        """Refuse: without its body a message has no wire form.

        Raises:
            StorageError: ``MESSAGE_BODY_MISSING``.
        """
        raise StorageError("MESSAGE_BODY_MISSING", f"the body of message {self.id} is not at hand")

    def of_wire(self, wire_sha256: str) -> Heading:
        """Return the heading of a message whose whole wire form has this hash, which its receipt names."""
        whole = replace(self)
        whole.__dict__["wire_hash"] = wire_sha256
        return whole

    @classmethod
    def of_head(cls, head: bytes) -> Self:
        """Return the heading in a wire form's first line (`Envelope.head`).

        Raises:
            RecordError: ``ENVELOPE_INVALID``.
        """
        values = _read_head(head)
        digest, size = values.get("body_sha256"), values.get("body_size")
        if not isinstance(digest, str) or re.fullmatch(VOCABULARY[MESSAGE_HASH].form, digest) is None:
            raise _invalid("the body's hash is missing")
        if not isinstance(size, int) or not 0 <= size <= MAX_INTEGER:
            raise _invalid("the body's size is missing")
        heading = cls(body_sha256=digest, body_size=size, **_fields(values))
        if heading.head() != head:
            raise _invalid("the header is not written in the one form it has")
        return heading


@dataclass(frozen=True)
class ErasedHeading(Heading):
    """What is left of a message whose period of keeping is over: a header without control numbers.

    `content_hash` is still that of the whole message, so that a copy that comes again is known again. The signature was
    over the whole header: whoever holds a copy of that can still check it.
    """

    kept_hash: str = ""

    @property
    def content_hash(self) -> str:
        """Return the SHA-256 that the whole message had."""
        return self.kept_hash

    @classmethod
    def of_erased(cls, head: bytes, content_hash: str) -> ErasedHeading:
        """Return the heading in what was kept of a wire form's first line; raises as `of_head`."""
        return replace(cls.of_head(head), kept_hash=content_hash)


def _read_head(head: bytes) -> dict[str, Any]:
    if len(head) > MAX_HEADER_BYTES:
        raise _invalid(f"the header is longer than {MAX_HEADER_BYTES} bytes")
    try:
        values = json.loads(head)
    except (ValueError, RecursionError) as problem:
        raise _invalid("the header is no JSON") from problem
    if not isinstance(values, dict):
        raise _invalid("the header is no JSON object")
    return values


def _fields(values: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Envelope` but the body, from a header's JSON values."""
    texts = {name: values.get(name) for name in _TEXTS}
    if values.get("v") != 1 or not all(isinstance(text, str) for text in texts.values()):
        raise _invalid("not an envelope of version 1, or a field is no text")
    try:
        return texts | {
            "kind": Kind(values["kind"]),
            "sent_at": from_wire(values["sent_at"]),
            "signature": _signature(values["signature"]),
        }
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _invalid(f"kind, time or signature cannot be read ({type(problem).__name__})") from problem


def _signature(text: str) -> bytes:
    signature = base64.b64decode(text, validate=True)
    if len(signature) != SIGNATURE_BYTES:
        raise ValueError("length")
    return signature


def _invalid(why: str, name: str = "") -> RecordError:
    return RecordError("ENVELOPE_INVALID", f"this is no message: {why}", field=name)
