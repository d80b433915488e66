"""The envelope of a message (ARCHITECTURE section 7): a canonical header, an Ed25519 signature over it, a body.

On the wire: the header as canonical JSON with the signature, one line feed, then the body's bytes. The header holds
the body's SHA-256 and size, so the signature covers the body too.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tenprint.core.canonical import canonical_json, sha256_hex
from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import RecordError
from tenprint.exchange.model.words import Kind

MAX_HEADER_BYTES = 16_384
EBTS_CONTENT = "application/vnd.tenprint.ebts"
NLETS_CONTENT = "text/vnd.tenprint.nlets"
JSON_CONTENT = "application/json"
_TEXTS = ("id", "sender", "recipient", "case_id", "in_reply_to", "tcn", "tcr", "content_type")


@dataclass(frozen=True)
class Envelope:
    """One message.

    Args:
        id: unique; made from content for effects, so that receivers drop repeats.
        kind: what it is.
        sender, recipient: party ids.
        case_id: the case, minted by the first Tenprint party that saw the booking.
        in_reply_to: id of the message that this one answers, or empty.
        tcn, tcr: transaction control number and reference (EBTS 1.009, 1.010), or empty.
        sent_at: UTC, milliseconds.
        content_type: media type of the body.
        body: bytes as received; forwarding forwards these.
        signature: Ed25519 by the sender's key over `signed_bytes()`; empty until signed.
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

    def header(self) -> dict[str, Any]:
        """Return every field but body and signature as JSON values, with the body's hash and size."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in _TEXTS}
        fields.update(
            v=1,
            kind=str(self.kind),
            sent_at=to_wire(self.sent_at),
            body_sha256=sha256_hex(self.body),
            body_size=len(self.body),
        )
        return fields

    def signed_bytes(self) -> bytes:
        """Return what the signature covers: the canonical header."""
        return canonical_json(self.header())

    @property
    def content_hash(self) -> str:
        """Return the SHA-256 of header and body without time and signature: equal in equal runs (section 7)."""
        fields = self.header()
        del fields["sent_at"]
        return sha256_hex(canonical_json(fields))

    def signed(self, signature: bytes) -> Envelope:
        """Return the same message with its signature."""
        return replace(self, signature=signature)

    def to_bytes(self) -> bytes:
        """Return the wire form."""
        head = self.header() | {"signature": base64.b64encode(self.signature).decode()}
        return canonical_json(head) + b"\n" + self.body

    @classmethod
    def from_bytes(cls, data: bytes) -> Envelope:
        """Return the message that `to_bytes` wrote. Its signature is not yet verified.

        Raises:
            RecordError: ``ENVELOPE_INVALID`` when the header or the body's hash is wrong.
        """
        head, _, body = data.partition(b"\n")
        if len(head) > MAX_HEADER_BYTES:
            raise RecordError("ENVELOPE_INVALID", f"header is longer than {MAX_HEADER_BYTES} bytes")
        try:
            fields = json.loads(head)
            texts = {name: fields[name] for name in _TEXTS}
            envelope = cls(
                kind=Kind(fields["kind"]),
                sent_at=from_wire(fields["sent_at"]),
                body=body,
                signature=base64.b64decode(fields["signature"], validate=True),
                **texts,
            )
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError) as problem:
            raise RecordError(
                "ENVELOPE_INVALID", f"not an envelope of version 1 ({type(problem).__name__})"
            ) from problem
        if fields.get("v") != 1 or not all(isinstance(text, str) for text in texts.values()):
            raise RecordError("ENVELOPE_INVALID", "not an envelope of version 1, or a field is no text")
        if fields.get("body_sha256") != sha256_hex(body) or fields.get("body_size") != len(body):
            raise RecordError("ENVELOPE_INVALID", "the body does not have the hash and size that its header names")
        return envelope
