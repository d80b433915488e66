"""What a party keeps in `Case.known`: names of the entries, and pure ways to read and extend them.

Everything in `known` is JSON. Message ids and control numbers are kept by what they are for, so that an answer can be
tied to what it answers; repositories have a state each, and one that was never asked is `not_asked`, not `no_match`.
"""

from __future__ import annotations

from enum import StrEnum

from tenprint.core.chance import content_id
from tenprint.core.errors import SenderError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState

REPOSITORIES = "repositories"
MESSAGES = "messages"
TCNS = "tcns"
FAILURES = "failures"
PRIORITY = "priority"
NO_ANSWER = "no_answer"
"""Why no answer follows: the booking asks for none (CNA), or the state keeps it."""
COPIED_BY = "copied_by"
"""At an agency: the state bureau that sends copies of the answers to another agency's booking; no own case has it."""
COPIES = "copies"
"""There, by control number of the answer: the message that brought the copy, and what the answer is to (1.010)."""
LATE = "late_examinations"
"""At an immigration repository: id of a late examination -> the subject enrolled later that it is about."""
ERASED = "erased"
"""What was erased of the case, when and under which rule (`tasks.periods`)."""
LAPSE = f"{Kind.CUSTODY}:lapsed"
"""Purpose of the clock's report of a hold's end, once a person has spoken of it."""
_SETTLED = frozenset(map(str, (RepositoryState.NOT_ASKED, RepositoryState.NO_MATCH, RepositoryState.MATCH)))


class Repository(StrEnum):
    """The three galleries that a booking is searched in."""

    STATE = "state"
    CRIMINAL = "criminal"
    IMMIGRATION = "immigration"


EMPTY_REPOSITORY = "L0010"
"""EBTS 8.001: the code of a search of a repository without subjects, told apart from a search with no results."""
NOBODY_ON_FILE = "nobody_on_file"
"""In `Case.known`: repositories that had nobody to compare with. Their `no_match` says nothing about the person."""


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
    DETAINER_OVERDUE = "detainer_overdue"
    HOLD_OVERDUE = "hold_overdue"
    SECOND_OVERDUE = "second_overdue"
    CORRECTION_OVERDUE = "correction_overdue"
    AUDIT_OVERDUE = "audit_overdue"


def repository_state(case: Case, repository: Repository) -> RepositoryState:
    """Return what this party knows of a repository's answer."""
    states = case.known.get(REPOSITORIES, {})
    return RepositoryState(states.get(repository, RepositoryState.NOT_ASKED))


def with_repository(case: Case, repository: Repository, state: RepositoryState) -> Case:
    """Return the case with a repository's answer noted."""
    return case.moved(**{REPOSITORIES: case.known.get(REPOSITORIES, {}) | {str(repository): str(state)}})


def empty_file(repository: Repository) -> str:
    """Return the advice of a repository that keeps nobody with whom the person could have been compared."""
    return f"{repository.upper()} FILE EMPTY ({EMPTY_REPOSITORY}): NOBODY WAS ON FILE TO BE COMPARED WITH"


def with_nobody_on_file(case: Case, repository: Repository) -> Case:
    """Return the case with a repository noted that had nobody to compare with."""
    return case.moved(nobody_on_file=sorted({*case.known.get(NOBODY_ON_FILE, ()), str(repository)}))


def is_file_empty(case: Case, repository: Repository) -> bool:
    """Tell whether a repository's `no_match` means that nobody was on file there."""
    is_told = str(repository) in case.known.get(NOBODY_ON_FILE, ())
    return is_told and repository_state(case, repository) == RepositoryState.NO_MATCH


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


def with_lapse(case: Case) -> Case:
    """Return a case that has lapsed with the report of that kept apart: a person's word on the hold's end follows."""
    if case.state != CaseState.LAPSED:
        return case
    return with_message(case, LAPSE, message_of(case, Kind.CUSTODY))


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


def is_copy(case: Case) -> bool:
    """Tell whether this is no booking of the party's own: it gets copies of the answers to another agency's."""
    return COPIED_BY in case.known


def erased_number(ori: str, tcn: str) -> str:
    """Return what stands in a case for its control number once that was erased.

    Whoever brings the number again is known again; the number itself is not there any more.
    """
    return content_id("erased", ori, tcn)


def is_erased(case: Case) -> bool:
    """Tell whether the messages of this case were erased: its handlers would find nothing of what they look for."""
    return "messages" in case.known.get(ERASED, {})
