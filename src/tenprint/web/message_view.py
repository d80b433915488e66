"""A message as one party holds it: header, decoded fields, bytes, signature, receipts, and what ledgers say of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tenprint.core.canonical import sha256_hex
from tenprint.core.clock import to_wire
from tenprint.core.errors import RecordError, SenderError, StorageError
from tenprint.exchange import story
from tenprint.exchange.model.envelope import Envelope, ErasedHeading, Heading, MessageKey
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks.looks import LOOKED_AT
from tenprint.ledger.entry import Entry
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.receipt import SignedReceipt, verify_receipt
from tenprint.policy.access import Visible
from tenprint.web import case_words, written
from tenprint.web.decoding import Decoded, decoded
from tenprint.web.desk import NOTHING_SEEN
from tenprint.web.proofs import Logs, Proof
from tenprint.web.sight import gives_bytes

SHOWN_BYTES, LINE_BYTES = 1_024, 16
MISSING = "MESSAGE_MISSING"


@dataclass(frozen=True)
class Verdict:
    """What a check gave: whether it holds, and a sentence."""

    is_good: bool
    sentence: str


@dataclass(frozen=True)
class ReceiptView:
    """A receipt: who signed it, when, and whether it is the receiver's word for exactly this message."""

    by: str
    received_at: str
    digest: str
    verdict: Verdict


@dataclass(frozen=True)
class About:
    """A ledger entry about a message: its place, what it says, its proof, whether it names these very bytes."""

    party: str
    sequence: int
    sentence: str
    proof: Proof
    is_about_these_bytes: bool


@dataclass(frozen=True)
class Neighbour:
    """Another message of the case: its address and name."""

    href: str
    name: str


@dataclass(frozen=True)
class MessageView:
    """A message as it may be shown.

    Args:
        party: who holds it.
        message: with its body, or the heading alone when the body is not what was sent.
        is_whole: the body is at hand.
        content: decoded body.
        signature: whether the sender signed these bytes.
        key, key_fingerprint: the sender's key in the directory, base64, and its SHA-256; ``""`` for a stranger.
        receipts: what was signed for it.
        about: entries of the ledgers that may be seen.
        ledger_faults: ledgers of which the case's entries cannot be read, in sentences.
        answers, answered_by: messages of the case before and after it.
        seen: what of the content is masked for who looks.
    """

    party: str
    message: Envelope
    is_whole: bool
    content: Decoded
    signature: Verdict
    key: str
    key_fingerprint: str
    receipts: tuple[ReceiptView, ...]
    about: tuple[About, ...]
    ledger_faults: tuple[str, ...]
    answers: tuple[Neighbour, ...]
    answered_by: tuple[Neighbour, ...]
    seen: Visible = NOTHING_SEEN

    @property
    def gives_bytes(self) -> bool:
        """Tell whether the bytes may be seen, too."""
        return self.is_whole and gives_bytes(self.content, self.seen)

    @property
    def size(self) -> int:
        """Return the body's size in bytes, as its header states it."""
        return int(self.message.header()["body_size"])

    @property
    def digest(self) -> str:
        """Return the body's SHA-256, as its header states it."""
        return str(self.message.header()["body_sha256"])

    @property
    def dump(self) -> str:
        """Return the first bytes of the body as hexadecimal and ASCII."""
        return dump(self.message.body[:SHOWN_BYTES])


def message_at(node: Node, key: MessageKey) -> tuple[Envelope | None, str]:
    """Return a message of a party, or only its heading and why; nothing when it holds none or none can be read.

    Returns:
        the message, or None; why its body, or all of it, cannot be read, or ``""``.
    """
    try:
        return node.store.message(key), ""
    except StorageError as problem:
        if problem.code == MISSING:
            return None, ""
        why = f"{problem.message} ({problem.code})"
    try:
        with node.store.transaction() as tx:
            return tx.heading(key), why
    except StorageError:
        return None, why


def view_of(
    node: Node, message: Envelope, why: str, ledgers: Sequence[Node], logs: Logs, *, see: story.See
) -> MessageView:
    """Return what a page shows of a message.

    Args:
        node: who holds it.
        message, why: as `message_at` gave them.
        ledgers: parties whose ledgers may be seen.
        logs: the network's trees.
        see: how the reader sees what stands on ledgers.
    """
    key = _key_of(node, message.sender)
    answers, answered_by = _neighbours(node, message)
    about, faults = _about(message, ledgers, logs, see)
    return MessageView(
        party=node.party.id,
        message=message,
        is_whole=not why,
        content=_unread(message, why) if why else decoded(message),
        signature=_signature(message, key, why),
        key=key.to_text() if key else "",
        key_fingerprint=hashlib.sha256(key.raw).hexdigest() if key else "",
        receipts=tuple(_receipts(node, message)),
        about=tuple(about),
        ledger_faults=tuple(faults),
        answers=answers,
        answered_by=answered_by,
    )


def dump(data: bytes) -> str:
    """Return bytes as lines of place, hexadecimal and ASCII."""
    lines = []
    for start in range(0, len(data), LINE_BYTES):
        part = data[start : start + LINE_BYTES]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{start:06x}  {part.hex(' '):<47}  {text}")
    return "\n".join(lines)


def twin(view: MessageView) -> dict[str, Any]:
    """Return what the page says as JSON values; the body itself is a download."""
    message = view.message
    return {
        "party": view.party,
        "header": message.header(),
        "signature": {
            "hex": message.signature.hex(),
            "verifies": view.signature.is_good,
            "sentence": view.signature.sentence,
            "public_key": view.key,
            "key_sha256": view.key_fingerprint,
        },
        "body": [
            {
                "title": part.title,
                "fields": [{"tag": field.tag, "name": field.name, "value": field.value} for field in part.fields],
            }
            for part in view.content.sections
        ],
        "problems": list(view.content.problems),
        "ledger_faults": list(view.ledger_faults),
        "receipts": [
            {
                "by": one.by,
                "received_at": one.received_at,
                "sha256": one.digest,
                "verifies": one.verdict.is_good,
                "sentence": one.verdict.sentence,
            }
            for one in view.receipts
        ],
        "ledger": [
            {
                "party": one.party,
                "entry": one.sequence,
                "sentence": one.sentence,
                "state": one.proof.state,
                "is_about_these_bytes": one.is_about_these_bytes,
                "proof": f"{case_words.entry_path(one.party, one.sequence)}.json",
            }
            for one in view.about
        ],
    }


def _unread(message: Envelope, why: str) -> Decoded:
    said = f"{why[0].upper()}{why[1:]}." if isinstance(message, ErasedHeading) else f"The body cannot be shown: {why}."
    return Decoded((), (said,))


def _key_of(node: Node, sender: str) -> PublicKey | None:
    try:
        return node.services.directory.party(sender).verifier
    except (SenderError, RecordError):
        return None


def _signature(message: Envelope, key: PublicKey | None, why: str) -> Verdict:
    if key is None:
        return Verdict(False, "The sender is not in the network's directory, so nobody's key can be asked.")
    if isinstance(message, ErasedHeading):
        return Verdict(
            True, "The message was erased. Its signature is kept, for whoever holds a copy to check it with."
        )
    if not key.verify(message.signed_bytes(), message.signature):
        return Verdict(False, "The signature does not verify: this is not what the sender signed.")
    if why:
        return Verdict(False, "The header is what the sender signed, but the body here does not have the signed hash.")
    return Verdict(True, "The signature verifies: the sender's key signed this header, and with it the body's hash.")


def _receipts(node: Node, message: Envelope) -> list[ReceiptView]:
    with node.store.transaction() as tx:
        found = [tx.receipt_of(message.key), tx.delivery_receipt(message.key)]
    return [_receipt(node, message, data) for data in found if data is not None]


def _receipt(node: Node, message: Envelope, data: bytes) -> ReceiptView:
    digest = sha256_hex(data)
    try:
        signed = SignedReceipt.from_bytes(data)
    except RecordError as problem:
        return ReceiptView("", "", digest, Verdict(False, f"The receipt cannot be read: {problem.message}."))
    receipt, key = signed.receipt, _key_of(node, signed.receipt.recipient)
    names = (receipt.message, receipt.sender, receipt.recipient)
    is_signed = key is not None and verify_receipt(signed, key)
    fits = names == (message.id, message.sender, message.recipient)
    is_same = not isinstance(message, Heading) and receipt.message_hash == sha256_hex(message.to_bytes())
    if is_signed and fits and is_same:
        verdict = Verdict(True, "The receiver's key signed that exactly this message arrived.")
    elif not is_signed:
        verdict = Verdict(False, "The receipt does not verify: the receiver's key did not sign it.")
    else:
        verdict = Verdict(False, "The receiver signed for other bytes than those that lie here.")
    return ReceiptView(receipt.recipient, to_wire(receipt.received_at), digest, verdict)


def _about(message: Envelope, ledgers: Sequence[Node], logs: Logs, see: story.See) -> tuple[list[About], list[str]]:
    found: list[About] = []
    faults: list[str] = []
    for node in ledgers:
        if node.party.id not in (message.sender, message.recipient):
            continue
        read = written.of_case(node, message.case_id)
        faults += read.faults
        found += [_entry(node, entry, message, logs, see) for entry in read.entries if _is_about(entry, message)]
    return found, faults


def _is_about(entry: Entry, message: Envelope) -> bool:
    return entry.fields.get("message") == message.id and entry.fields.get("kind") != LOOKED_AT


def _entry(node: Node, entry: Entry, message: Envelope, logs: Logs, see: story.See) -> About:
    place = int(entry.fields.get("sequence", 0))
    is_same = entry.fields.get("message_hash", message.content_hash) == message.content_hash
    said = story.line_of(node, entry, see=see).sentence
    return About(node.party.id, place, said, logs.proof(node, place, entry), is_same)


def _neighbours(node: Node, message: Envelope) -> tuple[tuple[Neighbour, ...], tuple[Neighbour, ...]]:
    try:
        with node.store.transaction() as tx:
            headings = tx.headings(message.case_id)
    except StorageError:
        return (), ()
    others = [heading for heading in headings if heading.key != message.key]
    before = [heading for heading in others if message.in_reply_to and heading.id == message.in_reply_to]
    after = [heading for heading in others if heading.in_reply_to == message.id]
    return tuple(_neighbour(node, one) for one in before), tuple(_neighbour(node, one) for one in after)


def _neighbour(node: Node, heading: Heading) -> Neighbour:
    name = case_words.message_name(heading.kind)
    other = heading.recipient if heading.sender == node.party.id else heading.sender
    way = "to" if heading.sender == node.party.id else "from"
    named = name if other == node.party.id else f"{name} {way} {other.replace('_', ' ')}"
    return Neighbour(case_words.message_path(node.party.id, heading.sender, heading.id), named)
