"""What a party keeps in `Case.known`: names of the entries, and pure ways to read and extend them.

Everything in `known` is JSON. Message ids and control numbers are kept by what they are for, so that an answer can be
tied to what it answers; repositories have a state each, and one that was never asked is `not_asked`, not `no_match`.
"""

from __future__ import annotations

from enum import StrEnum

from tenprint.core.chance import content_id
from tenprint.core.errors import SenderError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.words import CaseState, RepositoryState

REPOSITORIES = "repositories"
MESSAGES = "messages"
TCNS = "tcns"
FAILURES = "failures"
PRIORITY = "priority"
NO_ANSWER = "no_answer"
"""Why no answer follows: the booking asks for none (CNA), or the state keeps it."""
LATE = "late_examinations"
"""At an immigration repository: id of a late examination -> the subject enrolled later that it is about."""
ERASED = "erased"
"""What was erased of the case, when and under which rule (`tasks.periods`)."""
_SETTLED = frozenset(map(str, (RepositoryState.NOT_ASKED, RepositoryState.NO_MATCH, RepositoryState.MATCH)))


class Repository(StrEnum):
    """The three galleries that a booking is searched in."""

    STATE = "state"
    CRIMINAL = "criminal"
    IMMIGRATION = "immigration"


class Wake(StrEnum):
    """Purposes of timers."""

    ANSWER_DUE = "answer_due"
    HOLD_END = "hold_end"
    ACK_OVERDUE = "ack_overdue"
    ANSWER_OVERDUE = "answer_overdue"
    SEARCH_OVERDUE = "search_overdue"
    STATUS_OVERDUE = "status_overdue"
    INTERIM_DUE = "interim_due"
    RETENTION = "retention"
    REQUEST_OVERDUE = "request_overdue"


def repository_state(case: Case, repository: Repository) -> RepositoryState:
    """Return what this party knows of a repository's answer."""
    states = case.known.get(REPOSITORIES, {})
    return RepositoryState(states.get(repository, RepositoryState.NOT_ASKED))


def with_repository(case: Case, repository: Repository, state: RepositoryState) -> Case:
    """Return the case with a repository's answer noted."""
    return case.moved(**{REPOSITORIES: case.known.get(REPOSITORIES, {}) | {str(repository): str(state)}})


def unsettled(case: Case) -> bool:
    """Tell whether a repository that was asked has not answered in full: pending, error or partial."""
    return not _SETTLED.issuperset(case.known.get(REPOSITORIES, {}).values())


def unsettled_of(case: Case) -> dict[str, str]:
    """Return the repositories that were asked and have not answered in full, with their states."""
    found = case.known.get(REPOSITORIES, {}).items()
    return {str(name): str(state) for name, state in found if state not in _SETTLED}


def message_of(case: Case, purpose: str) -> str:
    """Return the id of the message kept for a purpose (mostly its kind), or ``""``."""
    return str(case.known.get(MESSAGES, {}).get(purpose, ""))


def with_message(case: Case, purpose: str, message_id: str, tcn: str = "") -> Case:
    """Return the case with a message's id, and its control number when it has one, kept for a purpose."""
    known = {MESSAGES: case.known.get(MESSAGES, {}) | {str(purpose): message_id}}
    if tcn:
        known[TCNS] = case.known.get(TCNS, {}) | {str(purpose): tcn}
    return case.moved(**known)


def advanced(case: Case, state: CaseState) -> Case:
    """Return the case in `state`, unless it stands in a final state or further on: messages may come out of order."""
    order = list(CaseState)
    if case.is_final or order.index(state) < order.index(case.state):
        return case
    return case.moved(state)


def reopened(case: Case, state: CaseState) -> Case:
    """Return the case in an earlier state: the one legal way back, when something new has come (a late hit).

    Raises:
        SenderError: ``CASE_NOT_REOPENED``: a booking that was rejected or withdrawn stays so.
    """
    if case.state in (CaseState.REJECTED, CaseState.WITHDRAWN):
        raise SenderError("CASE_NOT_REOPENED", f"a case that is {case.state} is not reopened by a late answer")
    return case.moved(state)


def erased_number(ori: str, tcn: str) -> str:
    """Return what stands in a case for its control number once that was erased.

    Whoever brings the number again is known again; the number itself is not there any more.
    """
    return content_id("erased", ori, tcn)


def is_erased(case: Case) -> bool:
    """Tell whether the messages of this case were erased: its handlers would find nothing of what they look for."""
    return "messages" in case.known.get(ERASED, {})
