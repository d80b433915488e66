"""Who may say what to whom (ARCHITECTURE section 3). What is not here is refused at the door.

TASK_ANSWER and TIMER are in no route: they are a party's messages to itself and never come by post.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from functools import cache

from tenprint.exchange.model.words import Kind, Role

_ASKS_FOR_A_TRAIL = {
    (Role.AGENCY, Role.STATE_BUREAU),
    (Role.AGENCY, Role.CRIMINAL_REPOSITORY),
    (Role.AGENCY, Role.IMMIGRATION_REPOSITORY),
}
"""Whom an agency may ask to whom its booking was disclosed."""
LINKS: frozenset[tuple[Role, Role]] = frozenset(
    pair
    for one, other in (
        (Role.COURT, Role.AGENCY),
        (Role.COURT, Role.STATE_BUREAU),
        (Role.AGENCY, Role.STATE_BUREAU),
        (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY),
        (Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY),
        (Role.CRIMINAL_REPOSITORY, Role.SUPPORT_CENTER),
        (Role.SUPPORT_CENTER, Role.FIELD_OFFICE),
        (Role.FIELD_OFFICE, Role.JAIL),
    )
    for pair in ((one, other), (other, one))
)
"""Who knows of a booking from whom: news about it travels along these, either way."""
RULE_MAKERS = (
    Role.STATE_BUREAU,
    Role.CRIMINAL_REPOSITORY,
    Role.IMMIGRATION_REPOSITORY,
    Role.SUPPORT_CENTER,
    Role.FIELD_OFFICE,
    Role.JURISDICTION,
)
"""Who decides on a rule, a route or an activation that binds others, whoever they are."""
_TELLS_OF_ITS_SWITCHES = {
    (Role.AGENCY, Role.CRIMINAL_REPOSITORY),
    (Role.AGENCY, Role.JURISDICTION),
    (Role.JAIL, Role.JURISDICTION),
}
"""Who tells of what it switches for itself, besides those that it has links with: an agency those who answer it, an
agency and a jail the city or county whose own they are."""
ASKABLE = (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.FIELD_OFFICE)
"""Whom a jurisdiction may ask: who forwards, who cascades, who decides."""

ROUTES: dict[Kind, frozenset[tuple[Role, Role]]] = {
    Kind.CAR: frozenset(
        {(Role.AGENCY, Role.STATE_BUREAU), (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY)},
    ),
    Kind.ACK: LINKS | {(Role.JURISDICTION, Role.FIELD_OFFICE)},
    Kind.STATE_SRE: frozenset({(Role.STATE_BUREAU, Role.AGENCY)}),
    Kind.SRE: frozenset({(Role.CRIMINAL_REPOSITORY, Role.STATE_BUREAU), (Role.STATE_BUREAU, Role.AGENCY)}),
    Kind.SECOND_SRE: frozenset({(Role.CRIMINAL_REPOSITORY, Role.STATE_BUREAU), (Role.STATE_BUREAU, Role.AGENCY)}),
    Kind.ERRT: frozenset({(Role.CRIMINAL_REPOSITORY, Role.STATE_BUREAU), (Role.STATE_BUREAU, Role.AGENCY)}),
    Kind.IDENT_SEARCH: frozenset({(Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY)}),
    Kind.IDR: frozenset({(Role.IMMIGRATION_REPOSITORY, Role.CRIMINAL_REPOSITORY)}),
    Kind.IAQ: frozenset({(Role.CRIMINAL_REPOSITORY, Role.SUPPORT_CENTER)}),
    Kind.IAR: frozenset({(Role.SUPPORT_CENTER, Role.FIELD_OFFICE), (Role.SUPPORT_CENTER, Role.CRIMINAL_REPOSITORY)}),
    Kind.DETAINER: frozenset({(Role.FIELD_OFFICE, Role.JAIL)}),
    Kind.DETAINER_ANSWER: frozenset({(Role.JAIL, Role.FIELD_OFFICE)}),
    Kind.CUSTODY: frozenset({(Role.JAIL, Role.FIELD_OFFICE)}),
    Kind.AUDIT_QUERY: frozenset(_ASKS_FOR_A_TRAIL | {(Role.AUDITOR, role) for role in Role if role != Role.AUDITOR}),
    Kind.AUDIT_ANSWER: frozenset(
        {(told, asker) for asker, told in _ASKS_FOR_A_TRAIL}
        | {(role, Role.AUDITOR) for role in Role if role != Role.AUDITOR}
    ),
    Kind.CNA: frozenset(
        {(Role.AGENCY, Role.STATE_BUREAU), (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY)},
    ),
    Kind.LATE_HIT: frozenset(
        {
            (Role.IMMIGRATION_REPOSITORY, Role.CRIMINAL_REPOSITORY),
            (Role.CRIMINAL_REPOSITORY, Role.STATE_BUREAU),
            (Role.STATE_BUREAU, Role.AGENCY),
        }
    ),
    Kind.WITHDRAWAL: frozenset(
        {
            (Role.AGENCY, Role.STATE_BUREAU),
            (Role.AGENCY, Role.COURT),
            (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY),
            (Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY),
            (Role.CRIMINAL_REPOSITORY, Role.SUPPORT_CENTER),
            (Role.SUPPORT_CENTER, Role.FIELD_OFFICE),
            (Role.STATE_BUREAU, Role.AGENCY),
        }
    ),
    Kind.COPY: frozenset({(Role.STATE_BUREAU, Role.AGENCY)}),
    Kind.NOTICE: frozenset({(Role.AGENCY, Role.COURT)}),
    Kind.DISPOSITION: LINKS,
    Kind.CORRECTION: LINKS | {(Role.FIELD_OFFICE, Role.JURISDICTION)},
    Kind.RULE_NOTICE: LINKS
    | _TELLS_OF_ITS_SWITCHES
    | {(one, other) for one in RULE_MAKERS for other in Role if other != Role.AUDITOR},
    Kind.CANCELLATION: frozenset({(Role.FIELD_OFFICE, Role.JAIL)}),
    Kind.OUTCOME: frozenset({(Role.FIELD_OFFICE, Role.JAIL), (Role.FIELD_OFFICE, Role.JURISDICTION)}),
    Kind.REQUEST: frozenset((Role.JURISDICTION, role) for role in ASKABLE),
    Kind.REQUEST_ANSWER: frozenset((role, Role.JURISDICTION) for role in ASKABLE),
}


@cache
def way_of_news(origin: Role) -> Mapping[Role, Role]:
    """Return, for each role that news of `origin` may reach, the one from which it hears it.

    Whoever could be told by several is told by one of them, the same whichever of these knows first: so how many copies
    travel hangs on who was told of the booking, and not on the order in which that happened. A court speaks to the
    agency that booked and to its state bureau, which alone knows whether the booking went on to the criminal
    repository; it hears from the agency that told it, and passes nothing on.
    """
    heard_from: dict[Role, Role] = {}
    open_ends = deque([origin])
    while open_ends:
        one = open_ends.popleft()
        for other in sorted(other for role, other in LINKS if role == one):
            is_open = Role.COURT not in (one, other) or one == origin == Role.COURT or one == Role.AGENCY
            if is_open and other != origin and other not in heard_from:
                heard_from[other] = one
                open_ends.append(other)
    return heard_from


def steps_of_news(way: Mapping[Role, Role], role: Role) -> tuple[Role, ...]:
    """Return the roles by way of which news reaches a role, the nearest first; `way` as of `way_of_news`."""
    steps: list[Role] = []
    while role in way:
        role = way[role]
        steps.append(role)
    return tuple(steps)


def may_say(kind: Kind, sender: Role, recipient: Role) -> bool:
    """Tell whether a party of role `sender` may send a message of this kind to one of role `recipient`."""
    return (sender, recipient) in ROUTES.get(kind, frozenset())
