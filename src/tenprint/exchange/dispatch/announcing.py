"""A party tells those whom its switches bind what has changed in the party file since it last looked, once.

What it last knew stands on its own ledger: an entry `switch` for each switch, the newest one speaks. So a restart
announces nothing again, and what was announced can be proved. The first look only writes down: nothing has changed yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tenprint.core.canonical import sha256_hex
from tenprint.exchange.dispatch.reviews import work_of
from tenprint.exchange.model.aftermath import day_of
from tenprint.exchange.model.notices import RULES, RuleNotice
from tenprint.exchange.model.switches import BY, NOT_SAID, Position, bound_by, positions
from tenprint.exchange.model.words import Kind
from tenprint.exchange.ports import Node, Work
from tenprint.exchange.tasks.answers import official_name
from tenprint.ledger.entry import Entry
from tenprint.ledger.vocabulary import KIND, NOTE, PERSON, QUESTION, SEQUENCE
from tenprint.policy.switches import PEERS

LOOKED, SWITCH = "switches_noted", "switch"
"""Kinds of ledger entries: a party looked for the first time; what the file said of a switch, then or later."""
MOST_CHARACTERS: Final = 200
"""Of what the file says of a switch, twice in a notice; longer text is told by its hash."""
NOTHING: Final = "nothing"


@dataclass(frozen=True)
class Announced:
    """A change that was announced.

    Args:
        what: changed: the switch, what the file said and what it says.
        decided_by: who decided; ``not said`` when nobody says so.
        effective_from: the day from which it holds.
        told: ids of those who are told; empty when it binds nobody of this network.
    """

    what: str
    decided_by: str
    effective_from: str
    told: tuple[str, ...]


def announce(node: Node, *, by: str = "") -> tuple[Announced, ...]:
    """Tell those whom a party's switches bind what has changed in the file since it last looked; return it.

    Args:
        node: whose switches; its directory is the file as it is now.
        by: who decided what has changed, where the file names nobody; ``""`` for nobody.

    Raises:
        SenderError: ``PERSON_MISSING`` or ``TEXT_INVALID``; nothing was written.
        StorageError: it could not be written.
    """
    by = official_name(by) if by else ""
    services = node.services
    with node.store.transaction() as tx:
        entries = tx.case_entries(RULES)
        known = _known(entries)
        today = services.clock.now().date()
        found = list(positions(services.directory, node.party, services.programme, today, once=known.keys()))
        if not any(one.fields.get(KIND) == LOOKED for one in entries):
            work = work_of(tx, node, Kind.RULE_NOTICE, RULES, LOOKED)
            work.log(LOOKED, count=sum(bool(one.stated) for one in found))
            for one in found:
                if one.stated:
                    _note(work, one)
            return ()
        told = []
        for one in found:
            before = known.get(one.key)
            if _text(one.stated) != _noted(before):
                # The work speaks of the entry before: a switch that goes back and forth is told of each time.
                place = str(before.fields[SEQUENCE]) if before else ""
                work = work_of(tx, node, Kind.RULE_NOTICE, RULES, SWITCH, one.key, place)
                told.append(_announce(work, one, _noted(before), by))
        return tuple(told)


def deciders(node: Node) -> dict[str, str]:
    """Return who decided what the party's switches say, per key, as it was announced.

    Left out is a switch that nobody was named for, and one that says something else since.
    """
    services = node.services
    with node.store.transaction() as tx:
        known = _known(tx.case_entries(RULES))
    found = positions(services.directory, node.party, services.programme, services.clock.now().date())
    said = {
        one.key: known[one.key] for one in found if one.key in known and _noted(known[one.key]) == _text(one.stated)
    }
    return {key: str(entry.fields[PERSON]) for key, entry in said.items() if PERSON in entry.fields}


def _known(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Return the newest entry about each switch, by its key."""
    return {str(one.fields[QUESTION]): one for one in entries if one.fields.get(KIND) == SWITCH}


def _announce(work: Work, position: Position, before: str, by: str) -> Announced:
    """Write a change down and tell whom it binds."""
    party, directory = work.services.party, work.services.directory
    old, new = before.split(", ") if before else [], list(position.stated)
    days = [day for one in new if one not in old and (day := _day(one))]
    name = f"{position.switch.name} {position.about}".rstrip()
    what = f"{name} of {party.id}: the network file said {before or NOTHING}, and says {_text(new) or NOTHING}"
    effective_from = min(days) if days else work.now.date().isoformat()
    decided_by = (position.decided_by if new else "") or by or NOT_SAID
    besides = {one for one in old if position.switch.name == PEERS}
    told = bound_by(position, directory, party, besides)
    said = Announced(what if days else f"{what}; it names no day", decided_by, effective_from, told)
    _note(work, position, by=decided_by, count=len(told))
    body = RuleNotice(said.what, decided_by, effective_from, " ".join(told)).to_bytes() if told else b""
    for one in told:
        work.send(Kind.RULE_NOTICE, one, body)
    return said


def _note(work: Work, position: Position, *, by: str = "", count: int | str = "") -> None:
    work.log(
        SWITCH, question=position.key, note=_text(position.stated), person="" if by == NOT_SAID else by, count=count
    )


def _text(stated: Iterable[str]) -> str:
    text = ", ".join(stated)
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:80]}... ({len(text)} characters, SHA-256 {sha256_hex(text.encode())[:16]})"


def _noted(entry: Entry | None) -> str:
    return str(entry.fields.get(NOTE, "")) if entry else ""


def _day(stated: str) -> str:
    """Return the day of a stated value, or ``""``; what stands in the name of a person is none."""
    if stated.startswith(BY):
        return ""
    day = stated.rpartition(" from ")[2]
    return day if day_of(day) is not None else ""
