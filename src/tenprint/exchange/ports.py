"""What the exchange needs of the outside, as protocols, and `Work`: what a handler may do inside its transaction.

Handling one message is one database transaction (ARCHITECTURE section 4). A handler gets a `Work`; everything it does
through it (case, tasks, timers, ledger entries, outgoing messages) commits with the inbox row or not at all.
What must be computed first (extraction, search) is pure, runs before the transaction as the kind's `Preparer`, and is
memoised by its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any, NamedTuple, Protocol, runtime_checkable

from tenprint.core.candidate import SearchResult
from tenprint.core.canonical import canonical_json, sha256_hex
from tenprint.core.chance import RandomSource, content_id
from tenprint.core.clock import Clock, to_wire
from tenprint.core.errors import SenderError, StorageError, TenprintError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.model.case import Case, Task, Timer
from tenprint.exchange.model.directory import Directory, Party
from tenprint.exchange.model.envelope import JSON_CONTENT, Envelope
from tenprint.exchange.model.observing import Event, Happening, Observer, Stage, no_observer
from tenprint.exchange.model.stored import Queue, RowKey
from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.exchange.store import Store, Transaction
from tenprint.ledger.entry import seal
from tenprint.ledger.receipt import Receipt
from tenprint.ledger.vocabulary import MAX_NOTE_CHARACTERS
from tenprint.policy.evaluate import Decision, decide
from tenprint.policy.programme import Programme
from tenprint.records import EncodedImage

Trigger = Callable[[str], None]


def no_trigger(point: str) -> None:
    """Do nothing at a named point; crash tests put a self-kill here."""


@dataclass(frozen=True)
class Extraction:
    """What the images of a submission gave.

    Args:
        templates: per single finger, the usable ones.
        failures: per position, why an image gave none; codes and sentences, no personal data.
    """

    templates: Mapping[FingerPosition, Template]
    failures: Mapping[FingerPosition, str]


class ScoreRow(NamedTuple):
    """One row of why a score is what it is: term, measured value, thousandths of a point it gave."""

    name: str
    value: float
    points: int


@dataclass(frozen=True, eq=False)
class Pairing:
    """Which minutiae of two images of one finger belong together, and what that is worth.

    Args:
        probe, candidate: the templates; positions are pixels at 500 ppi.
        pairs: places of minutiae that belong together, (in the probe, in the candidate).
        score: thousandths of a point.
        rows: what the score is made of; the points add up to it, unless they fall below 0.
    """

    probe: Template
    candidate: Template
    pairs: tuple[tuple[int, int], ...]
    score: int
    rows: tuple[ScoreRow, ...]


class Matcher(Protocol):
    """One party's extractor and gallery. Pure and memoised but for `enroll`, `delete`, `compact` and `forget`."""

    def extract(self, images: Iterable[EncodedImage]) -> Extraction:
        """Return templates of the single-finger images, memoised by image digest and extractor version."""
        ...

    def search(self, probe: Mapping[FingerPosition, Template], limit: int) -> SearchResult:
        """Return the most similar enrolled subjects of this party's gallery, best first."""
        ...

    def enroll(self, subject_id: str, templates: Mapping[FingerPosition, Template]) -> None:
        """Put a subject into the gallery; enrolling the same again changes nothing."""
        ...

    def delete(self, subject_id: str) -> None:
        """Take a subject out of the gallery; removing one who is not there changes nothing."""
        ...

    def compact(self) -> None:
        """Make the bytes of deleted subjects leave the gallery's files."""
        ...

    def forget(self, image_digest: str) -> None:
        """Remove the remembered template of the image with this digest; one that is not there changes nothing."""
        ...

    def remembered(self, image: EncodedImage) -> Template | None:
        """Return the template of an image that was extracted before, or None; never extracts."""
        ...

    def pairing(self, probe: EncodedImage, candidate: EncodedImage) -> Pairing:
        """Return which minutiae of two images belong together; extracts what was not extracted before.

        Raises:
            EngineError: an image cannot be decoded, or gives no template; the code says why.
        """
        ...


class Blobs(Protocol):
    """Bytes kept under the SHA-256 of their content until their period is over."""

    def put(self, data: bytes, digest: str = "") -> str:
        """Store durably and return the SHA-256 as hex, which who has made it already gives along."""
        ...

    def put_many(self, blobs: Sequence[bytes], digests: Sequence[str] = ()) -> list[str]:
        """Store durably, faster than one by one; all of them or an error, after which some may be there."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes; raises StorageError ``STORE_BLOB_MISSING`` or ``STORE_BLOB_DAMAGED``."""
        ...

    def delete(self, digest: str) -> None:
        """Remove the bytes; removing what is not there changes nothing."""
        ...


class Post(Protocol):
    """Delivers a message to another party and brings back its signed receipt."""

    def deliver(self, wire: bytes, recipient: str) -> bytes:
        """Deliver the wire form; return the receipt's bytes.

        Raises:
            StorageError: the receiver could not keep it; try again.
            SenderError: the receiver refuses it; trying again is useless.
        """
        ...

    def cosign(self, request: bytes, witness: str) -> bytes:
        """Show a witness a checkpoint (`ledger.witness`); return its signature line.

        Raises:
            StorageError: the witness cannot be reached or could not keep it; try again.
            SenderError: ``WITNESS_BEHIND`` with the size it knows as field, or a refusal.
        """
        ...


@runtime_checkable
class GroupPost(Post, Protocol):
    """A post that can hand several messages over together."""

    def deliver_many(self, wires: Sequence[bytes], recipient: str) -> list[bytes | TenprintError]:
        """Deliver wire forms to one recipient; return for each its receipt's bytes, or what `deliver` would raise."""
        ...


@runtime_checkable
class ParallelPost(Post, Protocol):
    """A post whose recipients can take their messages at the same time."""

    def deliver_all(self, letters: Sequence[tuple[bytes, str]]) -> list[bytes | TenprintError]:
        """Deliver wire forms, each to its recipient; return for each its receipt, or what `deliver` would raise."""
        ...


class Signer(Protocol):
    """Holds one party's private key."""

    def sign(self, data: bytes) -> bytes:
        """Return the Ed25519 signature of 64 bytes."""
        ...


@dataclass(frozen=True)
class Services:
    """What a party has besides its database; shared by preparers and handlers."""

    party: Party
    directory: Directory
    programme: Programme
    clock: Clock
    random: RandomSource
    signer: Signer
    blobs: Blobs
    matcher: Matcher


@dataclass(frozen=True)
class Node:
    """One running party: database, post, services, the trigger that crash tests set, and who hears what happens.

    Args:
        store, post, services, trigger, observe: as said.
        contains_faults: True for a party that is a process of its own: a bug is put down to the row at which it
            happens (`dispatch.faults`). False where it is to be seen.
    """

    store: Store
    post: Post
    services: Services
    trigger: Trigger = no_trigger
    observe: Observer = no_observer
    contains_faults: bool = False

    @property
    def party(self) -> Party:
        """Return whose node it is."""
        return self.services.party

    def note(self, event: Event, about: Envelope | None = None, **more: str | tuple[str, ...]) -> None:
        """Tell the observer what happened, after it was committed.

        Args:
            event: what.
            about: the message that it is about, of which kind, id and case are told.
            more: further fields of `Happening`, or other ones than the message's.
        """
        told: dict[str, Any] = (
            {} if about is None else {"kind": str(about.kind), "message": about.id, "case": about.case_id}
        )
        self.observe(Happening(event, self.party.id, **told | more))

    @contextmanager
    def timed(self, stage: Stage, kind: str) -> Iterator[None]:
        """Tell the observer how long the block took, also when it fails."""
        begun = perf_counter()
        try:
            yield
        finally:
            spent = perf_counter() - begun
            self.observe(Happening(Event.STAGE_DONE, self.party.id, kind, stage=str(stage), seconds=spent))


@dataclass(frozen=True)
class Work:
    """What a handler may do inside the transaction of one message.

    Args:
        tx, services, message: at hand.
        now: the clock's time when the message was taken up: one moment for all that the message causes.
        opened: tasks that were opened, for the observer to be told of after the commit.
    """

    tx: Transaction
    services: Services
    message: Envelope
    now: datetime = field(init=False)
    opened: list[Task] = field(default_factory=list)

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", self.services.clock.now())

    def peer(self, role: Role) -> str:
        """Return the id of the peer with this role.

        Raises:
            SenderError: ``NO_PEER`` when this party has none.
        """
        peer = self.services.party.peers.get(role)
        if peer is None:
            raise SenderError("NO_PEER", f"{self.services.party.id} has no peer with role {role}")
        return peer

    def case(self) -> Case:
        """Return this message's case.

        Raises:
            StorageError: ``UNKNOWN_CASE`` when this party does not know it (an earlier message may be under way).
        """
        case = self.tx.case(self.message.case_id)
        if case is None:
            raise StorageError("UNKNOWN_CASE", f"{self.services.party.id} does not know case {self.message.case_id}")
        return case

    def send(
        self,
        kind: Kind,
        recipient: str,
        body: bytes,
        *,
        content_type: str = JSON_CONTENT,
        tcn: str = "",
        tcr: str = "",
        case_id: str = "",
        in_reply_to: str = "",
    ) -> Envelope:
        """Queue a signed message whose id is made from its content; log it as ``sent``. Repeats change nothing.

        Everything but the time goes into the id, so that no two messages of this party share one.

        Raises:
            RecordError: ``ENVELOPE_INVALID`` when a value has not the form of its field.
        """
        party, case = self.services.party.id, case_id or self.message.case_id
        reply_to = in_reply_to or self.message.id
        body_hash = self.message.body_hash if body is self.message.body else sha256_hex(body)
        content = (party, recipient, case, reply_to, tcn, tcr, content_type, body_hash)
        message_id = content_id(kind.lower(), *content)
        envelope = Envelope(
            id=message_id,
            kind=kind,
            sender=party,
            recipient=recipient,
            case_id=case,
            sent_at=self.now,
            body=body,
            content_type=content_type,
            in_reply_to=reply_to,
            tcn=tcn,
            tcr=tcr,
        ).hashed(body_hash)
        envelope = envelope.signed(self.services.signer.sign(envelope.signed_bytes()))
        if (said := self.tx.said_before(envelope)) is not None:  # it came back after a restore
            if said.id != message_id:
                self.log("said_before", envelope=said, counterpart=recipient)
            return said
        if self.tx.put_outbox(envelope):
            self.log("sent", envelope=envelope, counterpart=recipient)
        return envelope

    def log(
        self,
        kind: str,
        *,
        envelope: Envelope | None = None,
        counterpart: str = "",
        rule: str = "",
        person: str = "",
        note: str = "",
        **more: str | int,
    ) -> None:
        """Append a ledger entry: what happened, to which message and case, under which rule, by which official.

        Args:
            kind: what happened, one word.
            envelope: the message it is about; the one at hand when None.
            counterpart, rule, person, note: fields of that name, left out when empty.
            more: further fields of the ledger's vocabulary (`tenprint.ledger.vocabulary`), left out when ``""``.

        Raises:
            RecordError: ``LEDGER_FIELD_UNKNOWN`` or ``LEDGER_FIELD_VALUE``.
        """
        about = envelope or self.message
        write_down(
            self.tx,
            self.services,
            kind,
            self.now,
            case=about.case_id,
            message=about.id,
            message_kind=str(about.kind),
            message_hash=about.content_hash,
            counterpart=counterpart,
            rule=rule,
            person=person,
            note=note,
            **more,
        )

    def decide(self, question: str, facts: Mapping[str, Any], rules: Programme | None = None) -> Decision:
        """Ask the programme in force, or the rules of another day, and log which rule spoke and how."""
        decision = decide(rules or self.services.programme, question, facts)
        self.log(
            "decision",
            rule=decision.rule,
            question=question,
            outcome=str(decision.outcome),
            version=decision.version,
            note=decision.sentence[:MAX_NOTE_CHARACTERS],
        )
        return decision

    def open_task(
        self,
        kind: TaskKind,
        shown: dict[str, Any],
        answers: tuple[str, ...],
        *,
        due_at: datetime | None = None,
        about: str = "",
    ) -> Task:
        """Open a task for a person, once per case and kind, and once for each thing that it is `about`; log it."""
        case_id = self.message.case_id
        task_id = content_id("task", self.services.party.id, case_id, kind, *([about] if about else []))
        existing = self.tx.task(task_id)
        if existing is not None:
            return existing
        task = Task(
            id=task_id,
            case_id=case_id,
            party=self.services.party.id,
            kind=kind,
            opened_at=self.now,
            due_at=due_at,
            shown=shown,
            shown_hash=sha256_hex(canonical_json(shown)),
            answers=answers,
        )
        self.tx.save_task(task)
        self.opened.append(task)
        self.log("task_opened", task=task.id, shown_hash=task.shown_hash, note=str(kind))
        return task

    def set_timer(self, purpose: str, due_at: datetime, *, about: str = "") -> None:
        """Set a timer of this case, once per purpose, and once for each thing that it is `about`."""
        more = [about] if about else []
        timer_id = content_id("wake", self.services.party.id, self.message.case_id, purpose, *more)
        self.tx.set_timer(Timer(timer_id, self.message.case_id, purpose, due_at))


def write_down(tx: Transaction, services: Services, kind: str, at: datetime, **fields: str | int) -> None:
    """Append an entry to a party's ledger, also where no message is at hand to speak about.

    Args:
        tx, services: whose.
        kind: what happened, one word.
        at: when.
        fields: of the ledger's vocabulary, left out when ``""``.

    Raises:
        RecordError: ``LEDGER_FIELD_UNKNOWN`` or ``LEDGER_FIELD_VALUE``.
    """
    entry: dict[str, str | int] = {"sequence": tx.ledger_size(), "time": to_wire(at), "kind": kind}
    entry.update({name: value for name, value in fields.items() if value != ""})
    tx.append_entry(seal(entry, services.random))


Handler = Callable[[Work, Any], None]
Preparer = Callable[[Services, Envelope], Any]
FailureHandler = Callable[[Work, TenprintError], None]
"""Told, in the transaction in which an inbox message of its kind becomes a dead letter, why. `Work.message` is a
`Heading` without body when the body cannot be read. An error of our families undoes what the handler wrote, and only
that: the message is a dead letter all the same."""

__all__ = [
    "Blobs", "Extraction", "FailureHandler", "GroupPost", "Handler", "Matcher", "Node", "Pairing", "Post", "Preparer",
    "Queue", "Receipt", "RowKey", "ScoreRow", "Services", "Signer", "Store", "Transaction", "Trigger", "Work",
    "no_trigger", "write_down",
]  # fmt: skip
