"""Which bookings were shared with the immigration repository, and how their charges ended: shared and never convicted.

A booking is shared when its prints have reached the immigration repository: its own ledger holds a `received` entry of
the message IDENT_SEARCH, or the criminal repository's ledger holds a `receipt`, which that repository signed, for one.
These entries stay when a case is erased. What courts have said stands on both ledgers too, as entries `disposition`.
Of several repositories on this machine each is read, and each booking counted once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.corrections import is_to_be_forgotten
from tenprint.exchange.model.known import is_erased
from tenprint.exchange.model.withdrawal import was_withdrawn
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks.convictions import NEVER_CONVICTED, Disposed, Standing, disposed
from tenprint.exchange.tasks.spread import DISPOSITION_ENTRY, dispositions_of
from tenprint.ledger.entry import Entry
from tenprint.ledger.tree import MerkleTree
from tenprint.ledger.vocabulary import CASE, KIND, MESSAGE, MESSAGE_KIND, OUTCOME, RECEIPT, RECEIVED, SENT, SEQUENCE

PROOF_OF_SHARING = {Role.CRIMINAL_REPOSITORY: RECEIPT, Role.IMMIGRATION_REPOSITORY: RECEIVED}
"""Whose ledger shows that prints have reached the immigration repository, and by which kind of entry."""
RECOMPUTE = (
    "From each ledger's first `entries` entries, whose Merkle root is `root`: take the cases of the entries `receipt` "
    "(criminal repository) and `received` (immigration repository) with message_kind IDENT_SEARCH, each case once; "
    "then the entries `disposition` of these cases. The message of each, whose hash is on the ledger, says which "
    "charge it is about, by number and text, and when the court said it: per charge the one said last holds; one "
    "conviction makes the booking a conviction; without one, a booking with an open charge is pending. A message of "
    "before numbers were carried names one of several charges of the same text, and nobody can say which: it holds "
    "until each of these has a later one with its number."
)


class Aside(StrEnum):
    """Why a shared booking is in none of the lines by disposition."""

    WITHDRAWN = "withdrawn"
    FORGOTTEN = "expunged_or_sealed"
    ERASED = "erased"


@dataclass(frozen=True)
class Place:
    """Where on a ledger something stands.

    Args:
        party: whose ledger.
        sequence: of the entry.
        kind: of the entry.
        message: id of the message that it is about.
        outcome: what a court said, or ``""``.
    """

    party: str
    sequence: int
    kind: str
    message: str
    outcome: str = ""


@dataclass(frozen=True)
class SharedBooking:
    """A booking whose prints have reached the immigration repository.

    Args:
        case_id: which.
        disposed: how its charges ended.
        aside: why it is in none of the lines by disposition, or None.
        shared: entries that show that it was shared; at least one.
        dispositions: entries about what courts have said.
    """

    case_id: str
    disposed: Disposed
    aside: Aside | None
    shared: tuple[Place, ...] = ()
    dispositions: tuple[Place, ...] = ()


@dataclass(frozen=True)
class LedgerRead:
    """How far a ledger was read.

    Args:
        party: whose.
        entries: how many there are.
        root: of the Merkle tree over all of them, hex.
    """

    party: str
    entries: int
    root: str


@dataclass(frozen=True)
class SharedCount:
    """How many bookings were shared, by last disposition.

    Args:
        counted_until: moment up to which this counts.
        ledgers: that were read.
        bookings: shared ones, in the order in which the first ledger tells of them.
        under_way: cases whose search was sent and for which no receipt has come yet: not shared as far as is known.
    """

    counted_until: datetime
    ledgers: tuple[LedgerRead, ...]
    bookings: tuple[SharedBooking, ...]
    under_way: tuple[str, ...]

    @property
    def by_standing(self) -> dict[Standing, int]:
        """Return how many bookings stand how, with a line for each word."""
        found = Counter(one.disposed.standing for one in self._counted)
        return {standing: found[standing] for standing in Standing}

    @property
    def aside(self) -> dict[Aside, int]:
        """Return how many are in no line by disposition, and why."""
        found = Counter(one.aside for one in self.bookings)
        return {why: found[why] for why in Aside}

    @property
    def never_convicted(self) -> int:
        """Return how many were shared and, by their last disposition, not convicted; a pending one is none of these."""
        return sum(self.by_standing[standing] for standing in NEVER_CONVICTED)

    @property
    def set_aside(self) -> int:
        """Return how many of these a court had convicted before its later decision took the place of that."""
        return sum(one.disposed.was_convicted for one in self._counted if one.disposed.standing in NEVER_CONVICTED)

    @property
    def _counted(self) -> list[SharedBooking]:
        return [one for one in self.bookings if one.aside is None]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; bookings by case key, without names and charges."""
        return {
            "counted_until": to_wire(self.counted_until),
            "ledgers": [dict(vars(one)) for one in self.ledgers],
            "shared": len(self.bookings),
            "by_last_disposition": {str(standing): count for standing, count in self.by_standing.items()},
            "shared_and_never_convicted": self.never_convicted,
            "of_these_convicted_before": self.set_aside,
            "said_separately": {str(why): count for why, count in self.aside.items()},
            "sent_without_receipt": len(self.under_way),
            "bookings": [
                {
                    "case": one.case_id,
                    "stands": str(one.aside or one.disposed.standing),
                    "decided_on": "" if one.aside else one.disposed.decided_on,
                    "shared": [dict(vars(place)) for place in one.shared],
                    "dispositions": [dict(vars(place)) for place in one.dispositions],
                }
                for one in self.bookings
            ],
            "recompute": RECOMPUTE,
        }


def shared_bookings(nodes: Iterable[Node]) -> SharedCount:
    """Count the bookings that were shared with the immigration repository, by last disposition.

    Args:
        nodes: the parties at hand; the criminal and the immigration repositories among them are read.

    Raises:
        SenderError: ``NO_REPOSITORY_HERE`` when none of these is at hand.
    """
    readers = [node for node in nodes if node.party.role in PROOF_OF_SHARING]
    if not readers:
        hint = "run it where the criminal or the immigration repository runs"
        raise SenderError("NO_REPOSITORY_HERE", "no ledger here tells what was shared", hint=hint)
    found: dict[str, SharedBooking] = {}
    sent: dict[str, None] = {}
    ledgers = []
    for node in readers:
        with node.store.transaction() as tx:  # entries and their hashes of one moment
            entries, leaves = tx.entries(), tx.leaf_hashes()
        ledgers.append(LedgerRead(node.party.id, len(entries), MerkleTree(leaves).root().hex()))
        for entry in entries:
            _note(node, entry, found, sent)
    standing = {name: _stands([case for node in readers if (case := _case(node, name))]) for name in found}
    return SharedCount(
        counted_until=max(node.services.clock.now() for node in readers),
        ledgers=tuple(ledgers),
        bookings=tuple(
            replace(one, disposed=standing[name][0], aside=standing[name][1])
            for name, one in found.items()
            if one.shared
        ),
        under_way=tuple(name for name in sent if name not in found or not found[name].shared),
    )


def _note(node: Node, entry: Entry, found: dict[str, SharedBooking], sent: dict[str, None]) -> None:
    """Note an entry that tells of sharing or of a disposition; that of an erased case names no case any more."""
    fields = entry.fields
    name, kind = str(fields.get(CASE, "")), str(fields.get(KIND, ""))
    is_search = fields.get(MESSAGE_KIND) == Kind.IDENT_SEARCH
    if not name or (kind != DISPOSITION_ENTRY and not is_search):
        return
    place = Place(
        node.party.id,
        int(fields[SEQUENCE]),
        kind,
        str(fields.get(MESSAGE, "")),
        str(fields.get(OUTCOME, "")) if kind == DISPOSITION_ENTRY else "",
    )
    booking = found.get(name, SharedBooking(name, Disposed(Standing.PENDING, "", False), None))
    if kind == DISPOSITION_ENTRY:
        found[name] = replace(booking, dispositions=(*booking.dispositions, place))
    elif kind == PROOF_OF_SHARING[node.party.role]:
        found[name] = replace(booking, shared=(*booking.shared, place))
    elif kind == SENT:
        sent[name] = None


def _stands(cases: Sequence[Case]) -> tuple[Disposed, Aside | None]:
    """Return how a booking's charges ended as its repositories know it, and why it is in no line by disposition."""
    kept = [case for case in cases if not is_erased(case)]
    unknown = Disposed(Standing.PENDING, "", False)
    if cases and not kept:
        return unknown, Aside.ERASED
    if any(is_to_be_forgotten(case) for case in cases):
        return unknown, Aside.FORGOTTEN
    if any(was_withdrawn(case) for case in kept):
        return unknown, Aside.WITHDRAWN
    # News may be on its way from one repository to the other: who has heard more speaks.
    return (disposed(max(kept, key=lambda case: len(dispositions_of(case)))) if kept else unknown), None


def _case(node: Node, case_id: str) -> Case | None:
    with node.store.transaction() as tx:
        return tx.case(case_id)
