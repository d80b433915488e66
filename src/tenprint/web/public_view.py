"""What anybody may know of the network: who takes part, under which rules, how much happens, and how to check that.

A small count can point at a person, and so can the growth of a large one. So counts and ledgers' checkpoints are
published once in `PERIOD_DAYS` of the exchange's clock and stay as they are in between, however often somebody asks.
Every row is listed always, counts from 0 to 10 are one class, others are rounded to tens, and a number is told anew
only when it has changed by more than that class. What could be had by subtraction is not told (`NOT_TOLD`): a count
that is nearly the one above it, or the next smallest part of a whole when only one part would be in the class.
A ledger's checkpoint is published when it is `LEDGER_STEP` entries longer than the one before.

What was published is in memory: after a restart of the console it begins anew with the counts of then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tenprint.core.clock import to_wire
from tenprint.core.errors import RecordError
from tenprint.exchange.model.directory import CONNECTED_BY, CONNECTED_SINCE, Directory, Party
from tenprint.exchange.model.requests import RequestOutcome
from tenprint.exchange.model.stored import Counts
from tenprint.exchange.model.words import (
    CaseState,
    DispositionOutcome,
    Kind,
    OfficerDecision,
    OutcomeEvent,
    Review,
    Role,
    SecondLook,
    StatusFinding,
    TaskKind,
)
from tenprint.exchange.ports import Node
from tenprint.ledger.checkpoint import Checkpoint, ledger_origin, verify_checkpoint
from tenprint.policy.programme import Programme
from tenprint.web import case_words, words
from tenprint.web.desk import House

PERIOD_DAYS = 1
"""Days of the exchange's clock for which what was counted stays published."""
SMALL = 11
"""Counts below this are one class (the usual bound of US health and justice statistics); so are changes of a count."""
ROUND_TO = 10
LEDGER_STEP = 250
"""Entries. A case leaves some 10 to 20 on a ledger, looks included: so many are those of more than ten cases."""
FEW, NOT_TOLD = f"{SMALL - 1} or fewer", "not told: it would give away a small count"
MESSAGES = (
    Kind.CAR, Kind.ACK, Kind.STATE_SRE, Kind.SRE, Kind.SECOND_SRE, Kind.ERRT, Kind.IDENT_SEARCH, Kind.IDR, Kind.IAQ,
    Kind.IAR, Kind.DETAINER, Kind.CANCELLATION, Kind.DETAINER_ANSWER, Kind.CUSTODY, Kind.TASK_ANSWER, Kind.CNA,
    Kind.LATE_HIT, Kind.WITHDRAWAL, Kind.COPY,
)  # fmt: skip
"""The messages that are counted, each with its row also when there was none."""
LONG = 15
"""Rows. A longer table is folded at first."""
_FINDINGS = ("identification", "exclusion", "inconclusive")
DECISIONS: dict[str, tuple[str, ...]] = {
    TaskKind.EXAMINE: _FINDINGS,
    TaskKind.EXAMINE_SECOND: _FINDINGS,
    TaskKind.STATUS: tuple(StatusFinding),
    TaskKind.DECIDE: tuple(OfficerDecision),
    TaskKind.SECOND_LOOK: tuple(SecondLook),
    TaskKind.ANSWER_DETAINER: ("accept", "decline"),
    TaskKind.REPORT_RELEASE: ("would_be_released", "transferred", "released", "cancelled"),
    TaskKind.REPORT_CUSTODY: ("transferred", "released", "lapsed", "cancelled"),
    TaskKind.DISPOSE: tuple(DispositionOutcome),
    TaskKind.REVIEW: tuple(Review),
    TaskKind.REPORT_OUTCOME: tuple(OutcomeEvent),
    TaskKind.ANSWER_REQUEST: tuple(RequestOutcome),
}
"""The answers that are counted, likewise."""


@dataclass(frozen=True)
class Member:
    """A party: who it is, since when something is on its ledger, and its newest checkpoint.

    Args:
        party: as the directory has it.
        is_activated: an agency whose bookings go on to the immigration repository; None for other roles.
        connected_since: the day since which it takes part, by the party file; None when that says nothing.
        connected_by: by whose decision, likewise; ``""``.
        first_entry_at: time of the first ledger entry; None while no checkpoint is published, for a short ledger's
            first entry may be that of one person.
        note: the published signed checkpoint, or ``""``.
        checkpoint: the same, verified; None when none is published or the newest one does not verify.
        fault: why it does not verify, or ``""``.
        verifier_key: the party's key as a line that checkers of signed notes read.
        is_at_hand: its database is read here; else what is told is from the party file, and it has no checkpoint here.
    """

    party: Party
    is_activated: bool | None
    connected_since: date | None
    connected_by: str
    first_entry_at: datetime | None
    note: str
    checkpoint: Checkpoint | None
    fault: str
    verifier_key: str
    is_at_hand: bool


@dataclass(frozen=True)
class Table:
    """Counts of one kind, each a label and a word that gives no small number away."""

    title: str
    about: str
    rows: tuple[tuple[str, str], ...]

    @property
    def is_long(self) -> bool:
        """Tell whether the table is folded at first."""
        return len(self.rows) > LONG


@dataclass(frozen=True)
class NetworkView:
    """The network as anybody may see it."""

    name: str
    now: datetime
    programme: Programme
    members: tuple[Member, ...]
    tables: tuple[Table, ...]

    @property
    def counted_by(self) -> tuple[str, ...]:
        """Return the parties that were counted."""
        return tuple(member.party.id for member in self.members if member.is_at_hand)

    @property
    def is_whole(self) -> bool:
        """Tell whether all parties were counted."""
        return len(self.counted_by) == len(self.members)


class Published:
    """What was told already: a count or a checkpoint is told anew only when it has changed by much."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, str], tuple[int, str]] = {}
        self._notes: dict[str, tuple[int, bytes]] = {}

    def word(self, table: str, row: str, count: int, *, is_withheld: bool = False) -> str:
        """Return how a count is told: as before while it has changed by fewer than `SMALL`."""
        before = self._words.get((table, row))
        if before is None or abs(count - before[0]) >= SMALL:
            before = count, NOT_TOLD if is_withheld else told(count)
            self._words[table, row] = before
        return before[1]

    def parts(self, table: str, counts: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
        """Return the rows of a table whose sum is told elsewhere; a single small one takes another with it."""
        large = sorted((count, row) for row, count in counts.items() if count >= SMALL)
        withheld = large[0][1] if large and len(counts) - len(large) == 1 else None
        return tuple((row, self.word(table, row, n, is_withheld=row == withheld)) for row, n in counts.items())

    def nested(self, table: str, counts: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
        """Return rows of which each counts a part of the one above; the rest between two must not be small either."""
        rows, above = [], None
        for row, count in counts.items():
            is_close = above is not None and count >= SMALL and above - count < SMALL
            rows.append((row, self.word(table, row, count, is_withheld=is_close)))
            above = count
        return tuple(rows)

    def note(self, party: str, size: int, note: bytes) -> bytes:
        """Return the checkpoint to publish, given the newest one and its size; ``b""`` while none is long enough."""
        before = self._notes.get(party, (0, b""))
        if size - before[0] >= LEDGER_STEP:
            before = self._notes[party] = (size, note)
        return before[1]


def period_of(now: datetime) -> int:
    """Return the number of the period in which a moment lies."""
    return now.date().toordinal() // PERIOD_DAYS


def view_of(house: House, published: Published) -> NetworkView:
    """Return what anybody may know. Costs a few counting queries per party, and reads no message and no entry.

    Args:
        house: the network.
        published: what was told before; learns what is told now.
    """
    counts = {name: node.store.counts() for name, node in house.nodes.items()}
    counted = [(node.party, counts[name]) for name, node in house.nodes.items()]
    services = next(iter(house.nodes.values())).services
    directory = services.directory
    return NetworkView(
        name=directory.name,
        now=house.clock.now(),
        programme=services.programme,
        members=tuple(
            _member(party, directory, house.nodes.get(party.id), counts.get(party.id), published)
            for party in directory.parties
        ),
        tables=tuple(_tables(counted, published)),
    )


def told(count: int) -> str:
    """Return a count as it may be told to anybody: 10 or fewer, or rounded to tens."""
    return FEW if count < SMALL else f"about {(count + ROUND_TO // 2) // ROUND_TO * ROUND_TO}"


def twin(view: NetworkView) -> dict[str, Any]:
    """Return what the page says as JSON values."""
    programme = view.programme
    return {
        "network": view.name,
        "time": to_wire(view.now),
        "programme": {
            "name": programme.name,
            "title": programme.title,
            "effective_from": programme.effective_from.isoformat(),
            "effective_to": programme.effective_to.isoformat() if programme.effective_to else None,
            "was_in_force": programme.was_in_force,
            "text_sha256": programme.text_hash,
            "put_in_force_by": None,
        },
        "parties": [_member_twin(member) for member in view.members],
        "counted_by": list(view.counted_by),
        "counts": [{"title": table.title, "rows": dict(table.rows)} for table in view.tables],
        "small": f"counts from 0 to {SMALL - 1} are told as {FEW}, others are rounded to {ROUND_TO}",
        "published": {"every_days": PERIOD_DAYS, "anew_after_a_change_of": SMALL, "ledger_step": LEDGER_STEP},
    }


def _member(
    party: Party, directory: Directory, node: Node | None, counts: Counts | None, published: Published
) -> Member:
    origin, key = ledger_origin(party.id), party.verifier
    newest = node.store.newest_checkpoint() if node is not None else None
    note, checkpoint, fault = b"", None, ""
    if newest is not None:
        try:
            note = published.note(party.id, verify_checkpoint(newest, key, origin).size, newest)
            checkpoint = verify_checkpoint(note, key, origin) if note else None
        except RecordError as problem:
            fault = problem.message
    return Member(
        party=party,
        is_activated=party.ori in directory.activated_oris if party.role == Role.AGENCY else None,
        connected_since=_day(str(party.settings.get(CONNECTED_SINCE, ""))),
        connected_by=str(party.settings.get(CONNECTED_BY, "")),
        first_entry_at=counts.first_entry_at if counts is not None and checkpoint else None,
        note=note.decode(),
        checkpoint=checkpoint,
        fault=fault,
        verifier_key=key.to_verifier_line(origin),
        is_at_hand=node is not None,
    )


def _tables(counted: list[tuple[Party, Counts]], published: Published) -> Iterable[Table]:
    def at(role: Role) -> list[Counts]:
        return [counts for party, counts in counted if party.role == role]

    bookings: dict[str, int] = {}  # only what those who know it counted: another party's number is not 0
    if agencies := at(Role.AGENCY):
        bookings["bookings"] = sum(counts.cases for counts in agencies)
    if searched := at(Role.IMMIGRATION_REPOSITORY):
        bookings["searched in the immigration repository"] = sum(counts.cases for counts in searched)
        bookings["known to the immigration repository"] = sum(counts.matched for counts in searched)
    yield Table(
        "Bookings",
        "What was sent in, how much of it was searched in the immigration repository, and how often somebody was known "
        "there. Being known is no offence.",
        published.nested("Bookings", bookings),
    )
    yield Table(
        "Messages",
        "In how many cases a message of this kind was sent.",
        tuple((row, published.word("Messages", row, count)) for row, count in _messages(counted).items()),
    )
    answers: Counter[tuple[str, str]] = Counter()
    for _, counts in counted:
        answers.update(counts.answers)
    for kind, possible in DECISIONS.items():
        title = f"Decisions of people: {words.TASK_TITLES[kind]}"
        rows = {words.ANSWER_TITLES[one].partition(":")[0]: answers[str(kind), str(one)] for one in possible}
        yield Table(title, "How many questions were answered in which way.", published.parts(title, rows))
    for party, counts in counted:
        title = f"Cases as the {words.spoken_name(party.id)} knows them"
        states = {words.spoken_name(state): counts.states.get(state, 0) for state in CaseState}
        yield Table(title, "A case may stand elsewhere with another party.", published.parts(title, states))


def _messages(counted: list[tuple[Party, Counts]]) -> dict[str, int]:
    """Return in how many cases each kind was sent: by the role that sent it in most, as it is passed on in others."""
    by_role: dict[Role, Counter[str]] = {}
    for party, counts in counted:
        by_role.setdefault(party.role, Counter()).update(counts.cases_by_message)
    return {case_words.message_name(kind): max(counter[kind] for counter in by_role.values()) for kind in MESSAGES}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _member_twin(member: Member) -> dict[str, Any]:
    party = member.party
    return {
        "party": party.id,
        "name": party.name,
        "role": str(party.role),
        "ori": party.ori,
        "is_activated": member.is_activated,
        "first_entry_at": to_wire(member.first_entry_at) if member.first_entry_at else None,
        "connected_since": member.connected_since.isoformat() if member.connected_since else None,
        "takes_part_by_decision_of": member.connected_by or None,
        "checkpoint": member.note or None,
        "checkpoint_verifies": member.checkpoint is not None,
        "verifier_key": member.verifier_key,
        "is_at_hand": member.is_at_hand,
    }
