"""The door through which a party tells whom a change of rule, route or activation binds; and what was told so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tenprint.core.errors import SenderError
from tenprint.exchange.dispatch.reviews import work_of
from tenprint.exchange.model.aftermath import day_of
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.model.notices import RULES, RuleNotice, notices_among
from tenprint.exchange.model.routes import may_say
from tenprint.exchange.model.words import Kind
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks.answers import official_name, reason_given


@dataclass(frozen=True)
class Notice:
    """A notice as one party has it.

    Args:
        said: what was told.
        sender, recipient, sent_at: from whom, to whom, when.
        is_delivered: True when the receiver has signed for it, and at the receiver.
    """

    said: RuleNotice
    sender: str
    recipient: str
    sent_at: datetime
    is_delivered: bool


def notify(node: Node, *, what: str, by: str, effective_from: str, binds: Sequence[str]) -> tuple[str, ...]:
    """Tell every party that a change binds; return their ids. The same notice again is sent once more to nobody.

    Args:
        node: whose rule, route or activation changes.
        what: what changes.
        by: who decided.
        effective_from: the day from which it holds, YYYY-MM-DD; it may lie in the past or ahead.
        binds: party ids, or roles: all parties of a role.

    Raises:
        SenderError: ``NOBODY_BOUND``, ``UNKNOWN_PARTY``, ``NOTICE_NOT_YOURS``, ``DAY_IMPOSSIBLE``, ``PERSON_MISSING``,
            ``REASON_MISSING``, ``TEXT_INVALID``; nothing was written.
        StorageError: it could not be written.
    """
    by, what = official_name(by), reason_given(what)
    if day_of(effective_from) is None:
        raise SenderError(
            "DAY_IMPOSSIBLE", f"{effective_from!r} is no day of the calendar", hint="write it as 2010-10-05"
        )
    bound = _bound(node, binds)
    said = RuleNotice(what=what, decided_by=by, effective_from=effective_from, binds=" ".join(bound))
    with node.store.transaction() as tx:
        work = work_of(tx, node, Kind.RULE_NOTICE, RULES, what, by, effective_from, said.binds)
        work.log("notifies", person=by, count=len(bound), note=f"a change that holds from {effective_from}")
        for party in bound:
            work.send(Kind.RULE_NOTICE, party, said.to_bytes())
    return bound


def notices(node: Node) -> list[Notice]:
    """Return the notices that a party has sent and received, in its order."""
    found = []
    with node.store.transaction() as tx:
        for message, said in notices_among(tx.messages(RULES)):
            is_own = message.sender == node.party.id
            is_delivered = not is_own or tx.delivery_receipt(MessageKey(message.sender, message.id)) is not None
            found.append(Notice(said, message.sender, message.recipient, message.sent_at, is_delivered))
    return found


def _bound(node: Node, binds: Sequence[str]) -> tuple[str, ...]:
    directory, own = node.services.directory, node.party
    found: dict[str, None] = {}
    for name in binds:
        of_role = [party for party in directory.parties if party.role == name]
        for party in of_role or [directory.party(name)]:
            if party.id != own.id:
                found[party.id] = None
    if not found:
        raise SenderError("NOBODY_BOUND", "say whom the change binds", hint="name parties, or roles such as agency")
    for party_id in found:
        if not may_say(Kind.RULE_NOTICE, own.role, directory.party(party_id).role):
            raise SenderError("NOTICE_NOT_YOURS", f"a {own.role.replace('_', ' ')} changes no rule for {party_id}")
    return tuple(found)
