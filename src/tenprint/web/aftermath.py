"""What a case has done to a person, counted from the ledgers: which party was told what and when, and who decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tenprint.core.clock import from_wire
from tenprint.exchange import story
from tenprint.exchange.ports import Node
from tenprint.ledger.entry import Entry
from tenprint.ledger.vocabulary import SENT
from tenprint.web import case_words, words

ANSWERED = "task_answered"
UNTOLD = frozenset({"ACK"})
"""Messages that tell nothing about a person."""


@dataclass(frozen=True)
class Learned:
    """What one party was told: its messages by name and time, the first one first."""

    party: str
    messages: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True)
class Decided:
    """Who answered what, at which party, when."""

    person: str
    party: str
    question: str
    answer: str
    time: datetime


@dataclass(frozen=True)
class Happened:
    """All that ledgers tell of a case: who was told, and who decided; no reasons, no data of the person."""

    learned: tuple[Learned, ...]
    decided: tuple[Decided, ...]

    @property
    def disclosures(self) -> int:
        """Return how often something about the person was sent."""
        return sum(len(one.messages) for one in self.learned)


def happened_in(nodes: Iterable[Node], case_id: str) -> Happened:
    """Return what the ledgers of these parties tell of a case."""
    told: dict[str, list[tuple[str, datetime]]] = {}
    decided = []
    written = [(node, story.entries_of(node, case_id)) for node in nodes]
    for node, entry in story.in_order(written):
        line = story.line_of(node, entry, with_reason=False)
        if entry.fields.get("kind") == SENT and line.message_kind not in UNTOLD:
            told.setdefault(line.counterpart, []).append((case_words.message_name(line.message_kind), line.time))
        elif entry.fields.get("kind") == ANSWERED:
            decided.append(_decided(entry, line.person, node.party.id))
    return Happened(tuple(Learned(party, tuple(sent)) for party, sent in told.items()), tuple(decided))


def _decided(entry: Entry, person: str, party: str) -> Decided:
    kind, outcome = str(entry.fields.get("note", "")), str(entry.fields.get("outcome", ""))
    question = words.TASK_TITLES.get(kind, words.spoken_name(kind))
    return Decided(person, party, question, case_words.answer_in_words(outcome), from_wire(str(entry.fields["time"])))
