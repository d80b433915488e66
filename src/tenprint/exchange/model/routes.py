"""Who may say what to whom (ARCHITECTURE section 3). What is not here is refused at the door.

TASK_ANSWER and TIMER are in no route: they are a party's messages to itself and never come by post.
"""

from __future__ import annotations

from tenprint.exchange.model.words import Kind, Role

_ASKS_FOR_A_TRAIL = {
    (Role.AGENCY, Role.STATE_BUREAU),
    (Role.AGENCY, Role.CRIMINAL_REPOSITORY),
    (Role.AGENCY, Role.IMMIGRATION_REPOSITORY),
}
"""Whom an agency may ask to whom its booking was disclosed."""

ROUTES: dict[Kind, frozenset[tuple[Role, Role]]] = {
    Kind.CAR: frozenset(
        {(Role.AGENCY, Role.STATE_BUREAU), (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY)},
    ),
    Kind.ACK: frozenset({(Role.STATE_BUREAU, Role.AGENCY)}),
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
            (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY),
            (Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY),
            (Role.CRIMINAL_REPOSITORY, Role.SUPPORT_CENTER),
            (Role.SUPPORT_CENTER, Role.FIELD_OFFICE),
        }
    ),
}


def may_say(kind: Kind, sender: Role, recipient: Role) -> bool:
    """Tell whether a party of role `sender` may send a message of this kind to one of role `recipient`."""
    return (sender, recipient) in ROUTES.get(kind, frozenset())
