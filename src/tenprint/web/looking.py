"""Looking at a person's data: who may, who must not yet, and that the look is written down before anything is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import NoReturn

from tenprint.exchange.ports import Node
from tenprint.exchange.tasks.looks import note_look
from tenprint.policy.access import Action
from tenprint.web.console import Console
from tenprint.web.desk import Desk, House, Refusal
from tenprint.web.sessions import Session
from tenprint.web.words import spoken_name

UNKNOWN_PARTY = "There is no such party."
ELSEWHERE = "Only the {owner} itself shows this. This console reads no other database than that of the {served}."


@contextmanager
def party_at_hand(console: Console, seat: Session, action: Action, party: str) -> Iterator[tuple[House, Node]]:
    """Hold the network while a person looks at a party's data.

    Raises:
        Refusal: 404 for an unknown party, 403 for one whose data this person may not see, 404 for one whose data are
            not at hand.
    """
    with console.desk.at_work() as house:
        if console.desk.knows(party):
            console.desk.require(seat, action, party)
        if party not in house.nodes:
            raise not_at_hand(console.desk, party)
        yield house, house.nodes[party]


def not_at_hand(desk: Desk, party: str) -> Refusal:
    """Return what is said of a party whose database this console does not read: it is unknown, or lies elsewhere."""
    if not desk.knows(party):
        return Refusal(HTTPStatus.NOT_FOUND, UNKNOWN_PARTY)
    served = " and the ".join(spoken_name(name) for name, _ in desk.parties())
    return Refusal(HTTPStatus.NOT_FOUND, ELSEWHERE.format(owner=spoken_name(party), served=served), "PARTY_ELSEWHERE")


def look(
    console: Console,
    house: House,
    seat: Session,
    case_id: str,
    *,
    action: Action,
    party: str,
    message_id: str = "",
) -> None:
    """Write a look at a case, or at one of its messages, to the looker's ledger. Call it inside `party_at_hand`.

    Args:
        console, house, seat: at hand.
        case_id: which case; ``""`` for what belongs to none, which is no look at a person.
        action, party: what is looked at, and whose it is.
        message_id: the message, or ``""``.

    Raises:
        Refusal: 403 while this person has a first finding of the case to make.
    """
    if case_id:
        verdict = console.desk.require(seat, action, party, case_id=case_id)
        about = {"case_id": case_id, "message_id": message_id}
        note_look(house.nodes[seat.party], person=seat.person, **about, **verdict.basis)


def refuse_missing(console: Console, seat: Session, action: Action, party: str, missing: Refusal) -> NoReturn:
    """Refuse something that is not there, or that is not shown to this person for another reason than a finding.

    Who has a first finding to make is told that, as if it were kept back: else the answers would tell one after the
    other what there is of that case.

    Raises:
        Refusal: 403 while this person has a first finding of any case to make; else `missing`.
    """
    for case_id in console.desk.kept_back(seat):
        console.desk.require(seat, action, party, case_id=case_id)
    raise missing
