"""The rig at work: takes submissions in, says which answers wait, notes how the client took each of them.

What happened is a list of small events, kept by a `Keeper` before anything is told to the client; answers are made from
bytes and seed. So a rig that was killed plays the events again and stands where it stood, with the same answers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from tenprint.core.canonical import sha256_hex
from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import RecordError, SenderError, StorageError
from tenprint.records import Transaction, read
from tenprint.records.itl.findings import ERROR, Finding, has_errors
from tenprint.records.itl.table_model import Table
from tenprint.studies.rig_answers import OUTCOMES, Answer, Asked, answers_to, rejection
from tenprint.studies.rig_judge import Known, judge
from tenprint.studies.rig_plays import ERRT, Play, Plays, play_of

MAX_BYTES = 64 * 1024 * 1024
MAX_SUBMISSIONS = 10_000
MAX_NOTED = 1_000
"""Refusals, copies of one submission and fetches of one answer that are counted."""
CNA = "CNA"
SUBMISSION, DOOR, OFFERED, FETCHED, ACKNOWLEDGED = "submission", "refused", "offered", "fetched", "acknowledged"
NO_ANSWER_WANTED = "a CNA asks for no answer (EBTS 8.001, section 3.1.1.2)"


class Keeper(Protocol):
    """Where a rig keeps what happened; `adapters.rig_data.RigData` is one."""

    def events(self) -> Iterable[Mapping[str, Any]]:
        """Return what was kept, in order."""
        ...

    def keep(self, event: Mapping[str, Any], body: bytes | None = None) -> None:
        """Keep an event, and the bytes that belong to it, durably."""
        ...

    def body(self, digest: str) -> bytes:
        """Return kept bytes by their SHA-256."""
        ...


@dataclass(frozen=True)
class Settings:
    """What a rig is told at its beginning.

    Args:
        role: whom it plays. table: the profile that submissions are judged by. plays: who gets what.
        ori: of whom it plays; ``""`` takes any destination.
        seed: of the answers. plays_anyway: also when the submission is wrong, instead of rejecting it.
    """

    role: str
    table: Table
    plays: Plays = field(default_factory=Plays)
    ori: str = ""
    seed: int = 1
    plays_anyway: bool = False


@dataclass
class Came:
    """A submission that came, and what became of it.

    Args:
        number: from 1. at: when. way: ``https`` or ``folder``. size, digest: of its bytes.
        tot, ori, tcn: as its header says. findings: what is wrong.
        tags: the fields of Type-1 and Type-2 that it has. images: how many fingers and plain sets can be read.
        play: what was chosen; is_played: whether it is played, or the submission was rejected.
        answers: to it. repeats: how often the same bytes came again.
    """

    number: int
    at: datetime
    way: str
    size: int
    digest: str
    tot: str
    ori: str
    tcn: str
    findings: tuple[Finding, ...]
    tags: tuple[str, ...]
    images: int
    play: Play
    is_played: bool
    answers: tuple[Answer, ...]
    repeats: int = 0


@dataclass
class Taking:
    """How the client took one answer: when it fetched it, and what it then said of it."""

    fetched: list[datetime] = field(default_factory=list)
    outcome: str = ""
    outcome_at: datetime | None = None


@dataclass(frozen=True)
class Receipt:
    """What is said at the door: the submission's number, and whether these bytes were here before."""

    number: int
    is_repeat: bool


class Rig:
    """One side of an exchange, played.

    Args:
        settings: of this run; the same ones must be used when it is begun anew on the same data.
        keeper: where what happened is kept.
    """

    def __init__(self, settings: Settings, keeper: Keeper) -> None:
        self.settings = settings
        self.came: list[Came] = []
        self.refused: list[tuple[datetime, str]] = []
        self.takings: dict[str, Taking] = {}
        self.offered: set[str] = set()
        self.last_event: datetime | None = None
        self._keeper = keeper
        self._lock = threading.RLock()
        self._answers: dict[str, Answer] = {}
        self._by_digest: dict[str, Came] = {}
        self._used: dict[tuple[str, str], str] = {}
        for event in keeper.events():
            try:
                self._replay(event)
            except (KeyError, TypeError, ValueError) as problem:
                message = "the data of the rig are damaged: an event cannot be understood"
                raise StorageError("RIG_DAMAGED", message, hint="begin with another --data") from problem

    def receive(self, data: bytes, now: datetime, way: str) -> Receipt:
        """Take a submission in.

        Raises:
            SenderError: ``RIG_EMPTY``, ``RIG_TOO_LARGE``.
            RecordError: ``RIG_NOT_EBTS`` for bytes in which no transaction can be read.
            StorageError: ``RIG_FULL``, or it could not be kept.
        """
        received, digest = _readable(data), sha256_hex(data)
        with self._lock:
            first = self._by_digest.get(digest)
            if first is None and len(self.came) >= MAX_SUBMISSIONS:
                message = f"this rig has taken {MAX_SUBMISSIONS} submissions"
                raise StorageError("RIG_FULL", message, hint="begin another one with another --data")
            came = first or self._judged(received, len(data), digest, now, way)
            if came.repeats < MAX_NOTED:
                self._keeper.keep({"event": SUBMISSION, "at": to_wire(now), "way": way, "digest": digest}, data)
                self._take_in(came, now)
            return Receipt(came.number, is_repeat=first is not None)

    def note_refusal(self, code: str, now: datetime) -> None:
        """Note that something was refused at the door; the first thousand are kept."""
        with self._lock:
            if len(self.refused) < MAX_NOTED:
                self._keeper.keep({"event": DOOR, "at": to_wire(now), "code": code})
                self.refused.append((now, code))

    def waiting(self, now: datetime) -> list[Answer]:
        """Return the answers that are there and not acknowledged, in the order in which they became due."""
        with self._lock:
            due = [(at, a) for a in self._answers.values() if not self.taking(a).outcome and (at := self.due(a))]
            return [a for at, a in sorted(due, key=lambda pair: pair[0]) if at <= now]

    def fetch(self, answer_id: str, now: datetime) -> Answer:
        """Return an answer to be sent, without noting anything yet.

        Raises:
            SenderError: ``RIG_NO_ANSWER``: there is none of this id, or not yet.
        """
        with self._lock:
            answer = self._answers.get(answer_id)
            due = self.due(answer) if answer else None
            if answer is None or due is None or due > now:
                raise SenderError(
                    "RIG_NO_ANSWER", "there is no answer with this id", hint="ask GET /answers for the ids"
                )
            return answer

    def note_fetched(self, answer: Answer, now: datetime) -> None:
        """Note that the client has got an answer's bytes to their end."""
        with self._lock:
            if len(self.taking(answer).fetched) >= MAX_NOTED:
                return
            self._keeper.keep({"event": FETCHED, "at": to_wire(now), "id": answer.id})
            self._fetched(answer.id, now)

    def note_offered(self, answer: Answer, now: datetime) -> None:
        """Note that an answer is being put where the client finds it: from now on it is taken when it is gone."""
        with self._lock:
            self._keeper.keep({"event": OFFERED, "at": to_wire(now), "id": answer.id})
            self.offered.add(answer.id)

    def acknowledge(self, answer_id: str, outcome: str, now: datetime) -> None:
        """Note what the client says of an answer; saying the same again changes nothing.

        Raises:
            SenderError: ``RIG_NO_ANSWER``, ``RIG_OUTCOME`` for an unknown word, ``RIG_ACKNOWLEDGED`` for another word
                than the first time.
        """
        with self._lock:
            answer = self.fetch(answer_id, now)
            if outcome not in OUTCOMES:
                raise SenderError("RIG_OUTCOME", "an answer is " + ", ".join(OUTCOMES), field="as")
            before = self.taking(answer).outcome
            if before == outcome:
                return
            if before:
                raise SenderError("RIG_ACKNOWLEDGED", f"this answer was acknowledged as {before} before", field="as")
            self._keeper.keep({"event": ACKNOWLEDGED, "at": to_wire(now), "id": answer_id, "as": outcome})
            self._acknowledged(answer_id, outcome, now)

    def taking(self, answer: Answer) -> Taking:
        """Return how an answer was taken so far."""
        return self.takings.get(answer.id) or Taking()

    def due(self, answer: Answer) -> datetime | None:
        """Return when an answer is there for the client, None while it waits for what the client does."""
        base: datetime | None = self.came[answer.submission - 1].at
        if answer.after:
            before = self.takings.get(answer.after, Taking())
            base = before.outcome_at if before.outcome == answer.when else None
        return base and base + timedelta(seconds=answer.seconds)

    def is_idle(self, now: datetime, seconds: float) -> bool:
        """Tell whether something came once, nothing happened for so long, and no answer is still to become due."""
        with self._lock:
            if self.last_event is None or now - self.last_event < timedelta(seconds=seconds):
                return False
            return not any((at := self.due(a)) and at > now for a in self._answers.values())

    def _take_in(self, came: Came, now: datetime) -> None:
        """Enter a submission, or one more copy of it."""
        self.last_event = now
        if came.number <= len(self.came):
            came.repeats += 1
            return
        self.came.append(came)
        self._by_digest[came.digest] = came
        if came.tcn:
            self._used.setdefault((came.ori, came.tcn), came.digest)
        self._answers |= {answer.id: answer for answer in came.answers}

    def _judged(self, received: Transaction, size: int, digest: str, now: datetime, way: str) -> Came:
        number, settings = len(self.came) + 1, self.settings
        findings = judge(received, digest, settings.table, self._known())
        play = self._play_for(received, number)
        asked = Asked(number, digest, received, now.strftime("%Y%m%d"), settings.role, settings.ori, settings.seed)
        is_played = settings.plays_anyway or not has_errors(findings)
        try:
            answers = answers_to(asked, play) if is_played else rejection(asked, findings)
        except RecordError as problem:
            is_played = False
            findings = (Finding(problem.code, problem.field, "", problem.message, ERROR), *findings)
            answers = rejection(asked, findings)
        return Came(
            number, now, way, size, digest, received.tot, received.ori, received.tcn, findings, _tags(received),
            len(received.images()), play, is_played, answers,
        )  # fmt: skip

    def _play_for(self, received: Transaction, number: int) -> Play:
        play = self.settings.plays.choose(received.tcn, received.ori, received.tot, number)
        meaning = self.settings.table.meaning_of(received.tot) if received.tot else ""
        return play_of("none", chosen_by=NO_ANSWER_WANTED) if meaning == CNA and play.name != ERRT else play

    def _known(self) -> Known:
        answers = self._answers.values()
        return Known(
            self.settings.role,
            self.settings.ori,
            self._used,
            frozenset(answer.tcn for answer in answers if answer.tot == "ERRT"),
            frozenset(answer.tcn for answer in answers),
        )

    def _replay(self, event: Mapping[str, Any]) -> None:
        at, kind = from_wire(event["at"]), event["event"]
        if kind == SUBMISSION:
            self._again(event, at)
        elif kind == DOOR:
            self.refused.append((at, event["code"]))
        elif kind == OFFERED:
            self.offered.add(event["id"])
        elif kind == FETCHED:
            self._fetched(event["id"], at)
        elif kind == ACKNOWLEDGED:
            self._acknowledged(event["id"], event["as"], at)

    def _again(self, event: Mapping[str, Any], at: datetime) -> None:
        digest = event["digest"]
        came = self._by_digest.get(digest)
        if came is None:
            data = self._keeper.body(digest)
            came = self._judged(read(data), len(data), digest, at, event["way"])
        self._take_in(came, at)

    def _fetched(self, answer_id: str, now: datetime) -> None:
        self.last_event = now
        self.takings.setdefault(answer_id, Taking()).fetched.append(now)

    def _acknowledged(self, answer_id: str, outcome: str, now: datetime) -> None:
        self.last_event = now
        taking = self.takings.setdefault(answer_id, Taking())
        taking.outcome, taking.outcome_at = outcome, now


def _readable(data: bytes) -> Transaction:
    if not data:
        raise SenderError("RIG_EMPTY", "nothing was sent", hint="send the bytes of one EBTS file as the body")
    if len(data) > MAX_BYTES:
        raise SenderError("RIG_TOO_LARGE", f"a submission has at most {MAX_BYTES} bytes")
    received = read(data)
    if not received.records:
        hint = "send the file as it is, without JSON, multipart or base64 around it"
        raise RecordError("RIG_NOT_EBTS", "no ANSI/NIST-ITL transaction can be read in these bytes", hint=hint)
    return received


def _tags(received: Transaction) -> tuple[str, ...]:
    first_two = (record for record in received.records if record.type in (1, 2))
    tags = (f"{record.type}.{field.number:03d}" for record in first_two for field in record.fields)
    return tuple(dict.fromkeys(islice(tags, MAX_NOTED)))
