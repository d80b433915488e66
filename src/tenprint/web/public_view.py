"""What anybody may know of the network: who takes part, under which rules, how much happens, and how to check that.

A small count can point at a person. Counts below `SMALL` are not told, all others are rounded to tens, and no total
is told exactly beside them. Ledgers and their sizes are exact, for they are there to be checked. Whoever watches them
grow in a network with little to do can therefore guess at small counts; counts once a period will end that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tenprint.bootstrap import ledger_origin
from tenprint.core.clock import to_wire
from tenprint.core.errors import RecordError
from tenprint.exchange.model.directory import Party
from tenprint.exchange.model.words import Role
from tenprint.exchange.ports import Node
from tenprint.exchange.store import Counts
from tenprint.ledger.checkpoint import Checkpoint, verify_checkpoint
from tenprint.ledger.keys import PublicKey
from tenprint.policy.programme import Programme
from tenprint.web import case_words, words
from tenprint.web.desk import House

SMALL = 11
"""Counts from 1 to one below this are told as "fewer than 11" (the usual bound of US health and justice statistics)."""
ROUND_TO = 10
NONE = "none"


@dataclass(frozen=True)
class Member:
    """A party: who it is, since when something is on its ledger, and its newest checkpoint.

    Args:
        party: as the directory has it.
        is_activated: an agency whose bookings go on to the immigration repository; None for other roles.
        first_entry_at: time of the first ledger entry, or None.
        note: the newest signed checkpoint, or ``""``.
        checkpoint: the same, verified; None when there is none or it does not verify.
        fault: why it does not verify, or ``""``.
        verifier_key: the party's key as a line that checkers of signed notes read.
    """

    party: Party
    is_activated: bool | None
    first_entry_at: datetime | None
    note: str
    checkpoint: Checkpoint | None
    fault: str
    verifier_key: str


@dataclass(frozen=True)
class Table:
    """Counts of one kind, each a label and a word that gives no small number away."""

    title: str
    about: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class NetworkView:
    """The network as anybody may see it."""

    name: str
    now: datetime
    programme: Programme
    members: tuple[Member, ...]
    tables: tuple[Table, ...]


def view_of(house: House) -> NetworkView:
    """Return what anybody may know. Costs a few counting queries per party, and reads no message and no entry."""
    nodes = list(house.nodes.values())
    counted = [(node.party, node.store.counts()) for node in nodes]
    services = nodes[0].services
    return NetworkView(
        name=services.directory.name,
        now=house.clock.now(),
        programme=services.programme,
        members=tuple(_member(node, counts) for node, (_, counts) in zip(nodes, counted, strict=True)),
        tables=tuple(_tables(counted)),
    )


def told(count: int) -> str:
    """Return a count as it may be told to anybody: none, fewer than 11, or rounded to tens."""
    if count == 0:
        return NONE
    if count < SMALL:
        return f"fewer than {SMALL}"
    return f"about {(count + ROUND_TO // 2) // ROUND_TO * ROUND_TO}"


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
            "text_sha256": programme.text_hash,
            "put_in_force_by": None,
        },
        "parties": [_member_twin(member) for member in view.members],
        "counts": [{"title": table.title, "rows": dict(table.rows)} for table in view.tables],
        "small": f"counts from 1 to {SMALL - 1} are told as fewer than {SMALL}, others are rounded to {ROUND_TO}",
    }


def _member(node: Node, counts: Counts) -> Member:
    party, origin = node.party, ledger_origin(node.party.id)
    key, note = PublicKey(party.public_key), node.store.newest_checkpoint()
    checkpoint, fault = None, ""
    if note is not None:
        try:
            checkpoint = verify_checkpoint(note, key, origin)
        except RecordError as problem:
            fault = problem.message
    return Member(
        party=party,
        is_activated=party.ori in node.services.directory.activated_oris if party.role == Role.AGENCY else None,
        first_entry_at=counts.first_entry_at,
        note=note.decode() if note else "",
        checkpoint=checkpoint,
        fault=fault,
        verifier_key=key.to_verifier_line(origin),
    )


def _tables(counted: list[tuple[Party, Counts]]) -> Iterable[Table]:
    def at(role: Role) -> list[Counts]:
        return [counts for party, counts in counted if party.role == role]

    searched = at(Role.IMMIGRATION_REPOSITORY)
    yield Table(
        "Bookings",
        "What was sent in, how much of it was searched in the immigration repository, and how often somebody was known "
        "there. Being known is no offence.",
        (
            ("bookings", told(sum(counts.cases for counts in at(Role.AGENCY)))),
            ("searched in the immigration repository", told(sum(counts.cases for counts in searched))),
            ("known to the immigration repository", told(sum(counts.matched for counts in searched))),
        ),
    )
    yield Table("Messages", "In how many cases a message of this kind was sent.", _messages(counted))
    answers: Counter[tuple[str, str]] = Counter()
    for _, counts in counted:
        answers.update(counts.answers)
    yield Table(
        "Decisions of people",
        "How many questions to people were answered in which way.",
        tuple(
            (
                f"{words.TASK_TITLES.get(kind, kind)}: {words.ANSWER_TITLES.get(answer, answer).partition(':')[0]}",
                told(n),
            )
            for (kind, answer), n in sorted(answers.items())
        ),
    )
    for party, counts in counted:
        yield Table(
            f"Cases as the {words.spoken_name(party.id)} knows them",
            "A case may stand elsewhere with another party.",
            tuple((words.spoken_name(state), told(number)) for state, number in sorted(counts.states.items())),
        )


def _messages(counted: list[tuple[Party, Counts]]) -> tuple[tuple[str, str], ...]:
    """Return in how many cases each kind was sent: by the role that sent it in most, as it is passed on in others."""
    by_role: dict[Role, Counter[str]] = {}
    for party, counts in counted:
        by_role.setdefault(party.role, Counter()).update(counts.cases_by_message)
    kinds = sorted({kind for counter in by_role.values() for kind in counter})
    most: Mapping[str, int] = {kind: max(counter[kind] for counter in by_role.values()) for kind in kinds}
    return tuple((case_words.message_name(kind), told(number)) for kind, number in most.items())


def _member_twin(member: Member) -> dict[str, Any]:
    party = member.party
    return {
        "party": party.id,
        "name": party.name,
        "role": str(party.role),
        "ori": party.ori,
        "is_activated": member.is_activated,
        "first_entry_at": to_wire(member.first_entry_at) if member.first_entry_at else None,
        "takes_part_by_decision_of": None,
        "checkpoint": member.note or None,
        "checkpoint_verifies": member.checkpoint is not None,
        "verifier_key": member.verifier_key,
    }
