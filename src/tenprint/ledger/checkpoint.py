"""Signed checkpoints: what a log stood at, in a form that other agencies can keep and compare.

A C2SP tlog-checkpoint in a C2SP signed-note, with one extension line for the time::

    tenprint/immigration_repository            origin: which log
    42                                         number of entries
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=   root, base64
    time 2010-10-04T08:00:00.000Z              extension line, ours
                                               (empty line)
    — tenprint/immigration_repository Az3grl…  name, base64 of key id (4 bytes) and Ed25519 signature (64 bytes)

The signature covers the text up to and with the last newline before the empty line. Witnesses add cosignatures
(C2SP tlog-cosignature): a line with key id, the time as seconds since 1970 (8 bytes, big-endian) and a signature over::

    cosignature/v1
    time 1286179200
    (the note's text)
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import RecordError
from tenprint.ledger.keys import (
    KEY_ID_BYTES,
    NOTE_ALGORITHM_COSIGNATURE,
    SIGNATURE_BYTES,
    PrivateKey,
    PublicKey,
)
from tenprint.ledger.tree import HASH_BYTES, MAX_SIZE

LOG_ORIGIN: Final = "tenprint/{party}"
SIGNATURE_MARK: Final = "— "
TIME_MARK: Final = "time "
MAX_NOTE_BYTES: Final = 64 * 1024
COSIGNATURE_MARK: Final = "cosignature/v1"
COSIGNATURE_TIME_BYTES: Final = 8
MAX_COSIGNATURE_SECONDS: Final = 253_402_300_799  # the end of the year 9999, as far as a time can be told here
_NAME = re.compile(r"[^\s+]{1,120}")  # C2SP signed-note: key names have neither spaces nor plus signs


def ledger_origin(party_id: str) -> str:
    """Return the name of a party's log, as its checkpoints state it; its name as a witness too."""
    return LOG_ORIGIN.format(party=party_id)


@dataclass(frozen=True)
class Checkpoint:
    """The state of one log at one time.

    Args:
        origin: name of the log, unique to it: no white space, no plus sign, at most 120 characters.
        size: number of entries.
        root: Merkle root over them, 32 bytes.
        time: when it was signed, UTC, milliseconds.

    Raises:
        RecordError: ``CHECKPOINT_FORM`` when a value is out of range.
    """

    origin: str
    size: int
    root: bytes
    time: datetime

    def __post_init__(self) -> None:
        if _NAME.fullmatch(self.origin) is None or self.time.tzinfo is None:
            raise _malformed("its origin or its time is out of range")
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_BYTES:
            raise _malformed("its size or its root is out of range")

    def body(self) -> bytes:
        """Return the bytes that are signed."""
        encoded = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{encoded}\n{TIME_MARK}{to_wire(self.time)}\n".encode()


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: whose, by which key, the signature (64 bytes), and a cosignature's seconds since 1970."""

    name: str
    key_id: bytes
    signature: bytes
    seconds: int | None = None


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint that was read, with the bytes that its signatures cover. Not verified yet."""

    checkpoint: Checkpoint
    body: bytes
    signatures: tuple[NoteSignature, ...]


def sign_checkpoint(checkpoint: Checkpoint, private_key: PrivateKey) -> bytes:
    """Return the checkpoint as a note signed under its origin's name."""
    body = checkpoint.body()
    return body + b"\n" + _signature_line(checkpoint.origin, body, private_key)


def cosignature_line(note: bytes, name: str, key: PublicKey, sign: Callable[[bytes], bytes], at: datetime) -> bytes:
    """Return the line by which a witness says that it saw this checkpoint, and all before it as its beginning.

    Args:
        note: the checkpoint as signed by its log.
        name: of the witness, as a signed note takes it.
        key, sign: the witness's public key, and what signs with its other half (64 bytes).
        at: when, to the second.

    Raises:
        RecordError: ``CHECKPOINT_FORM`` when note or name have another form.
    """
    if _NAME.fullmatch(name) is None:
        raise _malformed("a signer's name has white space or a plus sign, or is too long")
    seconds = int(at.timestamp())
    signature = sign(_cosigned(parse_checkpoint(note).body, seconds))
    return _line(
        name, key.key_id(name, NOTE_ALGORITHM_COSIGNATURE) + seconds.to_bytes(COSIGNATURE_TIME_BYTES, "big") + signature
    )


def with_cosignature(note: bytes, line: bytes, name: str, public_key: PublicKey) -> bytes:
    """Return the note with a witness's line, which must be that witness's over this very note; twice changes nothing.

    Raises:
        RecordError: ``CHECKPOINT_FORM``, or ``COSIGNATURE_INVALID``.
    """
    before = parse_checkpoint(note)
    after = parse_checkpoint(note + line)
    added = after.signatures[len(before.signatures) :]
    alone = SignedCheckpoint(after.checkpoint, after.body, added)
    if len(added) != 1 or witnessed_at(alone, name, public_key) is None:
        raise RecordError("COSIGNATURE_INVALID", f"this is no cosignature of {name} over this checkpoint")
    return note if witnessed_at(before, name, public_key) is not None else note + line


def witnessed_at(signed: SignedCheckpoint, name: str, public_key: PublicKey) -> datetime | None:
    """Return when `name` cosigned the checkpoint with that key, or None when it did not."""
    key_ids = {key.key_id(name, NOTE_ALGORITHM_COSIGNATURE) for key in public_key.each()}
    for line in signed.signatures:
        if line.name != name or line.key_id not in key_ids or line.seconds is None:
            continue
        if public_key.verify(_cosigned(signed.body, line.seconds), line.signature):
            return datetime.fromtimestamp(line.seconds, UTC)
    return None


def parse_checkpoint(note: bytes) -> SignedCheckpoint:
    """Return what a note says, strictly read. No signature is checked here.

    Raises:
        RecordError: ``CHECKPOINT_FORM`` for every departure from the form in this module's docstring.
    """
    if len(note) > MAX_NOTE_BYTES:
        raise _malformed("it is too long")
    try:
        text = note.decode()
    except UnicodeDecodeError as problem:
        raise _malformed("it is no UTF-8") from problem
    head, gap, tail = text.rpartition("\n\n")
    if not gap or not tail.endswith("\n") or any(ord(sign) < 32 and sign != "\n" for sign in text):
        raise _malformed("text, empty line and signatures cannot be told apart")
    signatures = tuple(_parsed_signature(line) for line in tail[:-1].split("\n"))
    checkpoint = _parsed_body(head.split("\n"))
    body = f"{head}\n".encode()
    if checkpoint.body() != body:
        raise _malformed("its text is not written in the one form it has")
    return SignedCheckpoint(checkpoint, body, signatures)


def verify_checkpoint(note: bytes, public_key: PublicKey, origin: str) -> Checkpoint:
    """Return the checkpoint of the log `origin` if its own key signed it.

    Raises:
        RecordError: ``CHECKPOINT_FORM`` as `parse_checkpoint`; ``CHECKPOINT_ORIGIN`` when it is another log's;
            ``CHECKPOINT_SIGNATURE`` when the log's key did not sign this text.
    """
    signed = parse_checkpoint(note)
    if signed.checkpoint.origin != origin:
        raise RecordError("CHECKPOINT_ORIGIN", "this is the checkpoint of another log")
    if not is_signed_by(signed, origin, public_key):
        raise RecordError("CHECKPOINT_SIGNATURE", "the log's key did not sign this checkpoint")
    return signed.checkpoint


def is_signed_by(signed: SignedCheckpoint, name: str, public_key: PublicKey) -> bool:
    """Tell whether `name` signed the checkpoint with that key; other people's signatures do not matter."""
    key_ids = {key.key_id(name) for key in public_key.each()}
    mine = [line.signature for line in signed.signatures if line.name == name and line.key_id in key_ids]
    return bool(mine) and all(public_key.verify(signed.body, signature) for signature in mine)


def _signature_line(name: str, body: bytes, private_key: PrivateKey) -> bytes:
    return _line(name, private_key.public.key_id(name) + private_key.sign(body))


def _line(name: str, blob: bytes) -> bytes:
    return f"{SIGNATURE_MARK}{name} {base64.b64encode(blob).decode()}\n".encode()


def _cosigned(body: bytes, seconds: int) -> bytes:
    return f"{COSIGNATURE_MARK}\n{TIME_MARK}{seconds}\n".encode() + body


def _parsed_body(lines: list[str]) -> Checkpoint:
    if len(lines) != 4 or not lines[3].startswith(TIME_MARK):
        raise _malformed("it has other lines than origin, size, root and time")
    if re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]) is None:
        raise _malformed("its size is no decimal number")
    try:
        root, time = base64.b64decode(lines[2], validate=True), from_wire(lines[3].removeprefix(TIME_MARK))
    except (binascii.Error, ValueError) as problem:
        raise _malformed("its root is no base64 or its time no time") from problem
    return Checkpoint(lines[0], int(lines[1]), root, time)


def _parsed_signature(line: str) -> NoteSignature:
    words = line.removeprefix(SIGNATURE_MARK).split(" ")
    if not line.startswith(SIGNATURE_MARK) or len(words) != 2 or _NAME.fullmatch(words[0]) is None:
        raise _malformed("a signature line has another form")
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError) as problem:
        raise _malformed("a signature is no base64") from problem
    key_id, signature = blob[:KEY_ID_BYTES], blob[-SIGNATURE_BYTES:]
    if len(blob) == KEY_ID_BYTES + SIGNATURE_BYTES:
        return NoteSignature(words[0], key_id, signature)
    seconds = int.from_bytes(blob[KEY_ID_BYTES:-SIGNATURE_BYTES], "big")
    if len(blob) != KEY_ID_BYTES + COSIGNATURE_TIME_BYTES + SIGNATURE_BYTES or seconds > MAX_COSIGNATURE_SECONDS:
        raise _malformed("a signature has another length than signatures and cosignatures of Ed25519 have")
    return NoteSignature(words[0], key_id, signature, seconds)


def _malformed(why: str) -> RecordError:
    return RecordError("CHECKPOINT_FORM", f"this is no signed checkpoint: {why}")
